// The virtio console of zvmm.

#include "virtio/virtio_console.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>

#include "virtio_driver.h"

namespace zvmm {
namespace {

constexpr uint64_t kBuffer = 0x20000;

std::span<const uint8_t> BytesOf(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

class VirtioConsoleTest : public testing::Test {
 protected:
  void SetUp() override {
    console_.SetWaker([this] { ++wakings_; });
    receive_driver_.Configure(receive_);
    transmit_driver_.Configure(transmit_);
  }
  void ServeReceive() { EXPECT_TRUE(console_.Serve(VirtioConsole::kReceive, receive_).ok()); }

  TestMemory memory_;
  TestQueue receive_driver_{memory_, 0x10000};
  TestQueue transmit_driver_{memory_, 0x14000};
  Virtqueue receive_{memory_.view()};
  Virtqueue transmit_{memory_.view()};
  std::string sent_;
  std::atomic<unsigned> wakings_{0};
  VirtioConsole console_{
      [this](std::span<const uint8_t> bytes) { sent_.append(bytes.begin(), bytes.end()); }};
};

TEST_F(VirtioConsoleTest, SendsWhatTheGuestTransmits) {
  memory_.Put(kBuffer, "hello, world");
  transmit_driver_.Add(0, {{kBuffer, 5, false}, {kBuffer + 5, 7, false}});
  transmit_driver_.Add(2, {{kBuffer, 2, false}});
  EXPECT_TRUE(console_.Serve(VirtioConsole::kTransmit, transmit_).ok());
  EXPECT_EQ(sent_, "hello, worldhe");
  EXPECT_EQ(transmit_driver_.used_index(), 2);
  EXPECT_EQ(transmit_driver_.used_entry(0).len, 0u);
}

TEST_F(VirtioConsoleTest, InputFillsTheBuffersInOrder) {
  EXPECT_TRUE(console_.Receive(BytesOf("abcdefg"), WhenFull::kWait));
  EXPECT_EQ(wakings_, 1u);
  receive_driver_.Add(0, {{kBuffer, 4, true}});
  ServeReceive();
  EXPECT_EQ(receive_driver_.used_entry(0).len, 4u);
  EXPECT_EQ(memory_.Text(kBuffer, 4), "abcd");
  receive_driver_.Add(1, {{kBuffer + 0x10, 1, true}, {kBuffer + 0x20, 10, true}});
  ServeReceive();
  EXPECT_EQ(receive_driver_.used_entry(1).len, 3u);
  EXPECT_EQ(memory_.Text(kBuffer + 0x10, 1) + memory_.Text(kBuffer + 0x20, 2), "efg");
}

TEST_F(VirtioConsoleTest, BuffersWaitForInput) {
  receive_driver_.Add(0, {{kBuffer, 4, true}});
  ServeReceive();
  EXPECT_EQ(receive_driver_.used_index(), 0) << "an empty buffer is no input";
  EXPECT_TRUE(console_.Receive(BytesOf("x"), WhenFull::kWait));
  ServeReceive();
  EXPECT_EQ(receive_driver_.used_index(), 1);
}

TEST_F(VirtioConsoleTest, ABufferWithoutRoomIsGivenBackEmpty) {
  EXPECT_TRUE(console_.Receive(BytesOf("x"), WhenFull::kWait));
  receive_driver_.Add(0, {{kBuffer, 4, false}});
  receive_driver_.Add(1, {{kBuffer, 4, true}});
  ServeReceive();
  EXPECT_EQ(receive_driver_.used_index(), 2);
  EXPECT_EQ(receive_driver_.used_entry(0).len, 0u);
  EXPECT_EQ(receive_driver_.used_entry(1).len, 1u);
}

TEST_F(VirtioConsoleTest, BrokenBuffersAreReported) {
  EXPECT_TRUE(console_.Receive(BytesOf("x"), WhenFull::kWait));
  receive_driver_.Add(0, {{TestMemory::kSize, 4, true}});
  EXPECT_FALSE(console_.Serve(VirtioConsole::kReceive, receive_).ok());
  transmit_driver_.Add(0, {{TestMemory::kSize, 4, false}});
  EXPECT_FALSE(console_.Serve(VirtioConsole::kTransmit, transmit_).ok());
}

TEST_F(VirtioConsoleTest, MuchInputWaitsForRoomAndNoneIsLost) {
  std::string text;
  for (unsigned i = 0; text.size() < 3 * VirtioConsole::kCapacity; ++i) {
    text += std::to_string(i) + ' ';
  }
  std::thread input([&] { EXPECT_TRUE(console_.Receive(BytesOf(text), WhenFull::kWait)); });
  std::string got;
  for (uint16_t i = 0; got.size() < text.size(); ++i) {
    receive_driver_.Add(i % TestQueue::kSize, {{kBuffer, 1000, true}});
    const uint16_t before = receive_driver_.used_index();
    while (receive_driver_.used_index() == before) {
      ServeReceive();
      std::this_thread::yield();
    }
    got += memory_.Text(kBuffer, receive_driver_.used_entry(before).len);
  }
  input.join();
  EXPECT_EQ(got, text);
}

TEST_F(VirtioConsoleTest, CloseEndsWhoWaits) {
  const std::string text(2 * VirtioConsole::kCapacity, 'x');
  std::thread input([&] { EXPECT_FALSE(console_.Receive(BytesOf(text), WhenFull::kWait)); });
  while (wakings_ == 0) {
    std::this_thread::yield();
  }
  console_.Close();
  input.join();
  EXPECT_FALSE(console_.Receive(BytesOf("x"), WhenFull::kWait));
}

}  // namespace
}  // namespace zvmm
