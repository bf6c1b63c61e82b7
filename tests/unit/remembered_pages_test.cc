// Pages that a thread has found good stay remembered; not those that the library itself has taken
// away since, or made read-only, in whatever thread. Rows: PTR-11.

#include <gtest/gtest.h>
#include <zircon/syscalls.h>

#include <thread>

#include "contract.h"
#include "handles_in_tests.h"

namespace zircon::test {
namespace {

constexpr size_t kPage = 4096;
constexpr zx_vm_option_t kReadWrite = ZX_VM_PERM_READ | ZX_VM_PERM_WRITE;

class RememberedPages : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(zx_port_create(0, &port_), ZX_OK);
    ASSERT_EQ(zx_vmo_create(2 * kPage, ZX_VMO_RESIZABLE, &vmo_), ZX_OK);
    ASSERT_EQ(zx_vmar_allocate(zx_vmar_root_self(),
                               ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_WRITE | ZX_VM_CAN_MAP_SPECIFIC, 0,
                               4 * kPage, &vmar_, &base_),
              ZX_OK);
    zx_vaddr_t mapped = 0;
    ASSERT_EQ(zx_vmar_map(vmar_, kReadWrite | ZX_VM_SPECIFIC, 0, vmo_, 0, 2 * kPage, &mapped),
              ZX_OK);
    // In the second page, which shrinking takes.
    packet_ = reinterpret_cast<zx_port_packet_t*>(mapped + kPage);
    // Remembered as good for both.
    packet_->key = 1;
    ASSERT_EQ(zx_port_queue(port_, packet_), ZX_OK);
    ASSERT_EQ(zx_port_wait(port_, kPast, packet_), ZX_OK);
  }
  void TearDown() override {
    (void)zx_vmar_destroy(vmar_);
    for (const zx_handle_t handle : {port_, vmo_, vmar_}) zx_handle_close(handle);
  }
  zx_vaddr_t address() const { return reinterpret_cast<zx_vaddr_t>(packet_); }
  zx_status_t WaitIntoIt() {
    const zx_port_packet_t packet{};
    EXPECT_EQ(zx_port_queue(port_, &packet), ZX_OK);
    return zx_port_wait(port_, kPast, packet_);
  }
  void ExpectUnreadable() {
    EXPECT_EQ(zx_port_queue(port_, packet_), ZX_ERR_INVALID_ARGS);
    EXPECT_EQ(WaitIntoIt(), ZX_ERR_INVALID_ARGS);
  }

  zx_handle_t port_ = ZX_HANDLE_INVALID;
  zx_handle_t vmo_ = ZX_HANDLE_INVALID;
  zx_handle_t vmar_ = ZX_HANDLE_INVALID;
  zx_vaddr_t base_ = 0;
  zx_port_packet_t* packet_ = nullptr;
};

TEST_F(RememberedPages, Protect) {
  Shows("PTR-11 PORT-WAIT-5");
  ASSERT_EQ(zx_vmar_protect(vmar_, ZX_VM_PERM_READ, address(), kPage), ZX_OK);
  EXPECT_EQ(WaitIntoIt(), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(zx_port_queue(port_, packet_), ZX_OK);
}

TEST_F(RememberedPages, ProtectInAnotherThread) {
  Shows("PTR-11");
  std::thread([&] {
    EXPECT_EQ(zx_vmar_protect(vmar_, ZX_VM_PERM_READ, address(), kPage), ZX_OK);
  }).join();
  EXPECT_EQ(WaitIntoIt(), ZX_ERR_INVALID_ARGS);
}

TEST_F(RememberedPages, Unmap) {
  Shows("PTR-11 PORT-QUEUE-2");
  ASSERT_EQ(zx_vmar_unmap(vmar_, address(), kPage), ZX_OK);
  ExpectUnreadable();
}

TEST_F(RememberedPages, Destroy) {
  Shows("PTR-11");
  ASSERT_EQ(zx_vmar_destroy(vmar_), ZX_OK);
  ExpectUnreadable();
}

TEST_F(RememberedPages, Overwrite) {
  Shows("PTR-11");
  zx_vaddr_t mapped = 0;
  ASSERT_EQ(zx_vmar_map(vmar_, ZX_VM_PERM_READ | ZX_VM_SPECIFIC_OVERWRITE, address() - base_, vmo_,
                        0, kPage, &mapped),
            ZX_OK);
  EXPECT_EQ(WaitIntoIt(), ZX_ERR_INVALID_ARGS);
}

TEST_F(RememberedPages, Shrink) {
  Shows("PTR-11");
  ASSERT_EQ(zx_vmo_set_size(vmo_, kPage), ZX_OK);
  ExpectUnreadable();
}

}  // namespace
}  // namespace zircon::test
