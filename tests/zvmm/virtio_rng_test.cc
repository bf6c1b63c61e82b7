// The virtio source of random bytes.

#include "virtio/virtio_rng.h"

#include <gtest/gtest.h>
#include <linux/virtio_ids.h>

#include <algorithm>

#include "virtio_driver.h"

namespace zvmm {
namespace {

constexpr uint64_t kRings = 0x10000;
constexpr uint64_t kBuffer = 0x20000;

class VirtioRngTest : public testing::Test {
 protected:
  void SetUp() override { driver_.Configure(queue_); }

  TestMemory memory_;
  TestQueue driver_{memory_, kRings};
  Virtqueue queue_{memory_.view()};
  VirtioRng device_;
};

TEST_F(VirtioRngTest, FillsWhatItIsGiven) {
  EXPECT_EQ(device_.id(), VIRTIO_ID_RNG);
  driver_.Add(0, {{kBuffer, 100, true}, {kBuffer + 0x100, 1000, true}});
  ASSERT_TRUE(device_.Serve(0, queue_).ok());
  EXPECT_EQ(driver_.used_entry(0).len, 1100u);
  const std::string bytes = memory_.Text(kBuffer + 0x100, 1000);
  EXPECT_LT(std::count(bytes.begin(), bytes.end(), '\0'), 100) << "they are all the same";
  EXPECT_EQ(memory_.Text(kBuffer + 0x100 + 1000, 100), std::string(100, '\0'));
}

TEST_F(VirtioRngTest, ALargeRequestGetsAPart) {
  driver_.Add(0, {{0x30000, 0x80000, true}});
  driver_.Add(1, {{kBuffer, 0, true}});
  driver_.Add(2, {{kBuffer, 4, false}});
  ASSERT_TRUE(device_.Serve(0, queue_).ok());
  ASSERT_EQ(driver_.used_index(), 3);
  EXPECT_EQ(driver_.used_entry(0).len, VirtioRng::kMostAtOnce);
  EXPECT_EQ(driver_.used_entry(1).len, 0u);
  EXPECT_EQ(driver_.used_entry(2).len, 0u) << "nothing to write to";
}

}  // namespace
}  // namespace zvmm
