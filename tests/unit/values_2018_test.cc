// Calls that give a program of the 2018 generation other statuses and values. Rows: GEN.

#define ZX_API_2018

#include <gtest/gtest.h>
#include <zircon-kvm/host.h>
#include <zircon/syscalls.h>
#include <zircon/syscalls/port.h>

#include <cstdint>
#include <cstring>

#include "contract.h"

namespace {

constexpr uint64_t kPage = 4096;
constexpr uint32_t kReadWrite = ZX_VM_PERM_READ | ZX_VM_PERM_WRITE;

// A VMO of four pages, and a VMAR of the process with room for eight.
class Values2018 : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(zx_vmo_create(4 * kPage, 0, &vmo_), ZX_OK);
    ASSERT_EQ(zx_vmar_allocate(zx_vmar_root_self(),
                               ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_WRITE | ZX_VM_CAN_MAP_SPECIFIC, 0,
                               8 * kPage, &region_, &base_),
              ZX_OK);
  }
  void TearDown() override {
    EXPECT_EQ(zx_vmar_destroy(region_), ZX_OK);
    zx_handle_close(region_);
    zx_handle_close(vmo_);
  }
  zx_status_t Map(uint32_t options, uint64_t offset, uint64_t vmo_offset, uint64_t length) {
    zx_vaddr_t address = 0;
    return zx_vmar_map(region_, options | kReadWrite, offset, vmo_, vmo_offset, length, &address);
  }
  zx_status_t Allocate(uint32_t options, uint64_t offset, uint64_t size) {
    zx_handle_t child = ZX_HANDLE_INVALID;
    zx_vaddr_t address = 0;
    const zx_status_t status = zx_vmar_allocate(region_, options, offset, size, &child, &address);
    zx_handle_close(child);
    return status;
  }
  zx_status_t Op(uint32_t op, uint64_t offset, uint64_t size) {
    return zx_vmo_op_range(vmo_, op, offset, size, nullptr, 0);
  }
  void Store(uint64_t offset, uint8_t byte) {
    EXPECT_EQ(zx_vmo_write(vmo_, &byte, offset, 1), ZX_OK);
  }
  static int Load(zx_handle_t vmo, uint64_t offset) {
    uint8_t byte = 0xEE;
    const zx_status_t status = zx_vmo_read(vmo, &byte, offset, 1);
    return status == ZX_OK ? byte : status;
  }
  static zx_info_vmo_t InfoOf(zx_handle_t vmo) {
    zx_info_vmo_t info{};
    EXPECT_EQ(zx_object_get_info(vmo, ZX_INFO_VMO, &info, sizeof(info), nullptr, nullptr), ZX_OK);
    return info;
  }

  zx_handle_t vmo_ = ZX_HANDLE_INVALID;
  zx_handle_t region_ = ZX_HANDLE_INVALID;
  zx_vaddr_t base_ = 0;
};

TEST_F(Values2018, APlaceThatCannotBeHadIsNoMemory) {
  Shows("GEN-48 GEN-14");
  ASSERT_EQ(Map(ZX_VM_SPECIFIC, kPage, 0, kPage), ZX_OK);
  EXPECT_EQ(Map(ZX_VM_SPECIFIC, 0, 0, 2 * kPage), ZX_ERR_NO_MEMORY);
  EXPECT_EQ(Map(0, 0, 0, 7 * kPage), ZX_ERR_NO_MEMORY);
  EXPECT_EQ(Allocate(ZX_VM_SPECIFIC, kPage, kPage), ZX_ERR_NO_MEMORY);
  EXPECT_EQ(Allocate(0, 0, 7 * kPage), ZX_ERR_NO_MEMORY);
  zx_vaddr_t address = 0;
  zx_handle_t child = ZX_HANDLE_INVALID;
  EXPECT_EQ(zx_vmar_map_old(region_, kPage, vmo_, 0, kPage, kReadWrite | ZX_VM_SPECIFIC, &address),
            ZX_ERR_NO_MEMORY);
  EXPECT_EQ(zx_vmar_allocate_old(region_, kPage, kPage, ZX_VM_SPECIFIC, &child, &address),
            ZX_ERR_NO_MEMORY);
  // The second names are the same calls.
  EXPECT_EQ(_zx_vmar_map(region_, kReadWrite | ZX_VM_SPECIFIC, kPage, vmo_, 0, kPage, &address),
            ZX_ERR_NO_MEMORY);
}

TEST_F(Values2018, AnOffsetThatWrapsIsAnInvalidArgument) {
  Shows("GEN-49");
  EXPECT_EQ(Map(0, 0, UINT64_MAX - kPage + 1, 2 * kPage), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Map(0, 0, UINT64_MAX - kPage + 1, kPage), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Map(0, 0, UINT64_MAX - 2 * kPage + 1, kPage), ZX_OK);
}

TEST_F(Values2018, ProtectStopsAtChildren) {
  Shows("GEN-14 GEN-57");
  zx_handle_t child = ZX_HANDLE_INVALID;
  zx_vaddr_t start = 0;
  ASSERT_EQ(
      zx_vmar_allocate(region_, ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_WRITE, 0, kPage, &child, &start),
      ZX_OK);
  zx_vaddr_t address = 0;
  ASSERT_EQ(zx_vmar_map(child, kReadWrite, 0, vmo_, 0, kPage, &address), ZX_OK);
  EXPECT_EQ(zx_vmar_protect(region_, ZX_VM_PERM_READ, address, kPage), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(zx_vmar_protect_old(region_, address, kPage, ZX_VM_PERM_READ), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(zx_vmar_protect(child, ZX_VM_PERM_READ, address, kPage), ZX_OK);
  zx_handle_close(child);
}

TEST_F(Values2018, APortTakes2049Packets) {
  Shows("GEN-50");
  zx_handle_t port = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_port_create(0, &port), ZX_OK);
  zx_port_packet_t packet{};
  for (int i = 0; i < 2049; ++i) ASSERT_EQ(zx_port_queue(port, &packet), ZX_OK) << i;
  EXPECT_EQ(zx_port_queue(port, &packet), ZX_ERR_SHOULD_WAIT);
  EXPECT_EQ(_zx_port_queue(port, &packet), ZX_ERR_SHOULD_WAIT);
  ASSERT_EQ(zx_port_wait(port, 0, &packet), ZX_OK);
  EXPECT_EQ(zx_port_queue(port, &packet), ZX_OK);
  EXPECT_EQ(zx_port_queue(ZX_HANDLE_INVALID, &packet), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(zx_port_queue(port, nullptr), ZX_ERR_INVALID_ARGS);
  zx_handle_close(port);
}

TEST_F(Values2018, FifosHavePowersOfTwo) {
  Shows("GEN-51");
  zx_handle_t a = ZX_HANDLE_INVALID;
  zx_handle_t b = ZX_HANDLE_INVALID;
  EXPECT_EQ(zx_fifo_create(35, 8, 0, &a, &b), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(zx_fifo_create(23, 8, 8, &a, &b), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(zx_fifo_create(0, 0, 1, &a, &b), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(zx_fifo_create(128, 33, 0, &a, &b), ZX_ERR_OUT_OF_RANGE);
  for (uint32_t options : {0u, 1u, UINT32_MAX}) {
    EXPECT_EQ(zx_fifo_create(32, 8, options, &a, &b), ZX_OK);
    zx_handle_close(a);
    zx_handle_close(b);
  }
}

TEST_F(Values2018, DecommitTakesTheWholePagesAround) {
  Shows("GEN-52");
  for (uint64_t page = 0; page < 4; ++page) Store(page * kPage, 7);
  EXPECT_EQ(Op(ZX_VMO_OP_DECOMMIT, 0x10, 0x100), ZX_OK);
  EXPECT_EQ(Load(vmo_, 0), 0);
  EXPECT_EQ(Load(vmo_, kPage), 7);
  EXPECT_EQ(Op(ZX_VMO_OP_DECOMMIT, 2 * kPage - 1, 2), ZX_OK);
  EXPECT_EQ(Load(vmo_, kPage), 0);
  EXPECT_EQ(Load(vmo_, 2 * kPage), 0);
  EXPECT_EQ(Load(vmo_, 3 * kPage), 7);
}

TEST_F(Values2018, CommitAndDecommitEndWithTheVmo) {
  Shows("GEN-52");
  for (uint32_t op : {ZX_VMO_OP_COMMIT, ZX_VMO_OP_DECOMMIT}) {
    EXPECT_EQ(Op(op, 3 * kPage, UINT64_MAX), ZX_OK) << op;
    EXPECT_EQ(Op(op, 4 * kPage, 1), ZX_OK) << op;
    EXPECT_EQ(Op(op, 4 * kPage + 1, 0), ZX_ERR_OUT_OF_RANGE) << op;
    EXPECT_EQ(Op(op, 5 * kPage, kPage), ZX_ERR_OUT_OF_RANGE) << op;
  }
  EXPECT_EQ(Op(ZX_VMO_OP_COMMIT, 3 * kPage, 2 * kPage), ZX_OK);
  EXPECT_EQ(InfoOf(vmo_).committed_bytes, kPage);
}

TEST_F(Values2018, TheOptionsOfAVmoSayWhetherItIsResizable) {
  Shows("GEN-22");
  EXPECT_EQ(InfoOf(vmo_).create_options, 1u);
  EXPECT_EQ(InfoOf(vmo_).flags & 2u, 0u);
  zx_handle_t fixed = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_vmo_create(kPage, ZX_VMO_NON_RESIZABLE, &fixed), ZX_OK);
  EXPECT_EQ(InfoOf(fixed).create_options, 0u);
  zx_handle_close(fixed);
}

TEST_F(Values2018, TheCachePolicyIsForAVmoWithoutPages) {
  Shows("GEN-53");
  EXPECT_EQ(zx_vmo_set_cache_policy(vmo_, 4), ZX_ERR_INVALID_ARGS);
  Store(0, 1);
  EXPECT_EQ(zx_vmo_set_cache_policy(vmo_, ZX_CACHE_POLICY_UNCACHED), ZX_ERR_BAD_STATE);
  EXPECT_EQ(Op(ZX_VMO_OP_DECOMMIT, 0, kPage), ZX_OK);
  EXPECT_EQ(zx_vmo_set_cache_policy(vmo_, ZX_CACHE_POLICY_UNCACHED), ZX_OK);
}

TEST_F(Values2018, NoTimerCountsUtc) {
  Shows("GEN-54");
  zx_handle_t timer = ZX_HANDLE_INVALID;
  EXPECT_EQ(zx_timer_create(0, ZX_CLOCK_UTC, &timer), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(zx_timer_create(0, ZX_CLOCK_THREAD, &timer), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(zx_timer_create(3, ZX_CLOCK_MONOTONIC, &timer), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(zx_timer_create(0, ZX_CLOCK_MONOTONIC, &timer), ZX_OK);
  zx_handle_close(timer);
}

TEST_F(Values2018, AResourceThatWrapsIsAnInvalidArgument) {
  Shows("GEN-55");
  zx_handle_t root = ZX_HANDLE_INVALID;
  ASSERT_EQ(zircon_kvm_root_resource(&root), ZX_OK);
  zx_handle_t made = ZX_HANDLE_INVALID;
  for (uint32_t kind : {ZX_RSRC_KIND_MMIO, ZX_RSRC_KIND_IRQ, ZX_RSRC_KIND_IOPORT}) {
    EXPECT_EQ(zx_resource_create(root, kind, UINT64_MAX, 2, "", 0, &made), ZX_ERR_INVALID_ARGS)
        << kind;
    EXPECT_EQ(zx_resource_create(root, kind, kPage, UINT64_MAX, "", 0, &made), ZX_ERR_INVALID_ARGS)
        << kind;
  }
  EXPECT_EQ(zx_resource_create(root, ZX_RSRC_KIND_IOPORT, 0x10000, 1, "", 0, &made),
            ZX_ERR_NOT_FOUND);
  zx_handle_close(root);
}

// The difference of VMO-CLONE-4: in 2018 the clone would show the parent's stores, after DECOMMIT
// the parent's byte, and zeros when the parent had been cut off.
TEST_F(Values2018, ACloneIsASnapshot) {
  Shows("VMO-CLONE-4");
  Store(0, 1);
  Store(2 * kPage, 4);
  zx_handle_t clone = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_vmo_clone(vmo_, ZX_VMO_CLONE_COPY_ON_WRITE, 0, 3 * kPage, &clone), ZX_OK);
  Store(0, 2);
  Store(kPage, 3);
  EXPECT_EQ(Load(clone, 0), 1);
  EXPECT_EQ(Load(clone, kPage), 0);
  ASSERT_EQ(zx_vmo_op_range(clone, ZX_VMO_OP_DECOMMIT, 0, kPage, nullptr, 0), ZX_OK);
  EXPECT_EQ(Load(clone, 0), 0);
  ASSERT_EQ(zx_vmo_set_size(vmo_, 0), ZX_OK);
  EXPECT_EQ(Load(clone, 2 * kPage), 4);
  zx_handle_close(clone);
}

}  // namespace
