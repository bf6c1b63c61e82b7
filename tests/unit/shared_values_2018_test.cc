// What the two generations share, of calls that have a second symbol: programs of 2018 see it too.

#define ZX_API_2018

#include <gtest/gtest.h>
#include <zircon-kvm/host.h>
#include <zircon/syscalls.h>
#include <zircon/syscalls/port.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "contract.h"

namespace {

constexpr uint64_t kPage = 4096;
constexpr uint32_t kReadWrite = ZX_VM_PERM_READ | ZX_VM_PERM_WRITE;
constexpr uint32_t kCanReadWrite = ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_WRITE;

// A VMO of four pages, and a VMAR of the process with room for eight.
class SharedValues2018 : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(zx_vmo_create(4 * kPage, 0, &vmo_), ZX_OK);
    region_ = Region(zx_vmar_root_self(), kCanReadWrite | ZX_VM_CAN_MAP_SPECIFIC, 8 * kPage);
  }
  void TearDown() override {
    EXPECT_EQ(zx_vmar_destroy(region_), ZX_OK);
    zx_handle_close(region_);
    zx_handle_close(vmo_);
  }

  static zx_handle_t Region(zx_handle_t parent, uint32_t options, uint64_t size) {
    zx_handle_t region = ZX_HANDLE_INVALID;
    zx_vaddr_t base = 0;
    EXPECT_EQ(zx_vmar_allocate(parent, options, 0, size, &region, &base), ZX_OK);
    return region;
  }
  // Of the page at `offset`, to the address `mapped`.
  zx_status_t Map(zx_handle_t region, uint32_t options, uint64_t offset, uint64_t vmo_offset,
                  zx_vaddr_t* mapped) {
    return zx_vmar_map(region, options, offset, vmo_, vmo_offset, kPage, mapped);
  }
  static zx_handle_t Without(zx_handle_t handle, zx_rights_t rights) {
    zx_handle_t less = ZX_HANDLE_INVALID;
    EXPECT_EQ(zx_handle_duplicate(handle, BasicOf(handle).rights & ~rights, &less), ZX_OK);
    return less;
  }
  static zx_info_handle_basic_t BasicOf(zx_handle_t handle) {
    zx_info_handle_basic_t info{};
    EXPECT_EQ(
        zx_object_get_info(handle, ZX_INFO_HANDLE_BASIC, &info, sizeof(info), nullptr, nullptr),
        ZX_OK);
    return info;
  }
  static size_t MappingsOf(zx_handle_t vmo) {
    zx_info_vmo_t info{};
    EXPECT_EQ(zx_object_get_info(vmo, ZX_INFO_VMO, &info, sizeof(info), nullptr, nullptr), ZX_OK);
    return info.num_mappings;
  }

  zx_handle_t vmo_ = ZX_HANDLE_INVALID;
  zx_handle_t region_ = ZX_HANDLE_INVALID;
};

TEST_F(SharedValues2018, AMappingWhoseAddressCannotBeWrittenIsUndone) {
  Shows("VMAR-MAP-21");
  auto* const unwritable = reinterpret_cast<zx_vaddr_t*>(8);
  EXPECT_EQ(Map(region_, kReadWrite | ZX_VM_SPECIFIC, 0, 0, unwritable), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(zx_vmar_map_old(region_, 0, vmo_, 0, kPage, kReadWrite | ZX_VM_SPECIFIC, unwritable),
            ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(MappingsOf(vmo_), 0u);
  zx_vaddr_t mapped = 0;
  EXPECT_EQ(Map(region_, kReadWrite | ZX_VM_SPECIFIC, 0, 0, &mapped), ZX_OK);
}

TEST_F(SharedValues2018, TheNewestWaitFiresFirst) {
  Shows("WAIT-ASYNC-13");
  zx_handle_t event = ZX_HANDLE_INVALID;
  zx_handle_t port = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_event_create(0, &event), ZX_OK);
  ASSERT_EQ(zx_port_create(0, &port), ZX_OK);
  for (const uint64_t key : {1, 2, 3}) {
    // The kinds of wait stand in one list.
    const uint32_t options = key == 2 ? ZX_WAIT_ASYNC_REPEATING : ZX_WAIT_ASYNC_ONCE;
    ASSERT_EQ(zx_object_wait_async(event, port, key, ZX_EVENT_SIGNALED, options), ZX_OK);
  }
  ASSERT_EQ(zx_object_signal(event, 0, ZX_EVENT_SIGNALED), ZX_OK);
  for (const uint64_t key : {3, 2, 1}) {
    zx_port_packet_t packet{};
    ASSERT_EQ(zx_port_wait(port, 0, &packet), ZX_OK);
    EXPECT_EQ(packet.key, key);
  }
  zx_handle_close(event);
  zx_handle_close(port);
}

TEST_F(SharedValues2018, AMappingMayLieBehindTheEndOfEveryFile) {
  Shows("VMAR-MAP-22");
  zx_vaddr_t mapped = 0;
  for (const uint64_t offset : {UINT64_MAX - 2 * kPage + 1, uint64_t{1} << 63, uint64_t{1} << 62}) {
    EXPECT_EQ(Map(region_, kReadWrite, 0, offset, &mapped), ZX_OK);
  }
}

TEST_F(SharedValues2018, CachesHaveNoEmptyRange) {
  Shows("VMO-OP-15");
  for (const uint32_t op : {ZX_VMO_OP_CACHE_SYNC, ZX_VMO_OP_CACHE_INVALIDATE, ZX_VMO_OP_CACHE_CLEAN,
                            ZX_VMO_OP_CACHE_CLEAN_INVALIDATE}) {
    EXPECT_EQ(zx_vmo_op_range(vmo_, op, 0, 0, nullptr, 0), ZX_ERR_INVALID_ARGS) << op;
    EXPECT_EQ(zx_vmo_op_range(vmo_, op, 0, 1, nullptr, 0), ZX_OK) << op;
  }
}

TEST_F(SharedValues2018, ACloneHasTheNameOfItsParent) {
  Shows("VMO-CHILD-19");
  ASSERT_EQ(zx_object_set_property(vmo_, ZX_PROP_NAME, "parent", 6), ZX_OK);
  zx_handle_t clone = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_vmo_clone(vmo_, ZX_VMO_CLONE_COPY_ON_WRITE, 0, kPage, &clone), ZX_OK);
  ASSERT_EQ(zx_object_set_property(vmo_, ZX_PROP_NAME, "other", 5), ZX_OK);
  char name[ZX_MAX_NAME_LEN] = {};
  ASSERT_EQ(zx_object_get_property(clone, ZX_PROP_NAME, name, sizeof(name)), ZX_OK);
  EXPECT_EQ(std::string(name), "parent");
  zx_handle_close(clone);
}

TEST_F(SharedValues2018, AChildMayHavePlacesThatItsParentDoesNotGive) {
  Shows("VMAR-ALLOC-5 VMAR-ALLOC-8 VMAR-MAP-14");
  const zx_handle_t parent = Region(region_, kCanReadWrite, 4 * kPage);
  const zx_handle_t child = Region(parent, ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_SPECIFIC, 2 * kPage);
  zx_vaddr_t mapped = 0;
  EXPECT_EQ(Map(child, ZX_VM_PERM_READ | ZX_VM_SPECIFIC, kPage, 0, &mapped), ZX_OK);
  for (const uint32_t place : {ZX_VM_SPECIFIC, ZX_VM_OFFSET_IS_UPPER_LIMIT}) {
    EXPECT_EQ(Map(parent, ZX_VM_PERM_READ | place, 3 * kPage, 0, &mapped), ZX_ERR_ACCESS_DENIED);
    zx_handle_t refused = ZX_HANDLE_INVALID;
    EXPECT_EQ(
        zx_vmar_allocate(parent, ZX_VM_CAN_MAP_READ | place, 3 * kPage, kPage, &refused, &mapped),
        ZX_ERR_ACCESS_DENIED);
  }
  zx_handle_close(child);
  zx_handle_close(parent);
}

TEST_F(SharedValues2018, ProtectLooksAtTheHandleFirst) {
  Shows("VMAR-PROTECT-2");
  zx_vaddr_t mapped = 0;
  ASSERT_EQ(Map(region_, kReadWrite, 0, 0, &mapped), ZX_OK);
  const zx_handle_t reader = Without(region_, ZX_RIGHT_WRITE);
  EXPECT_EQ(zx_vmar_protect(reader, ZX_VM_PERM_WRITE, mapped, kPage), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(zx_vmar_protect_old(reader, mapped, kPage, ZX_VM_PERM_WRITE), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(zx_vmar_protect(region_, ZX_VM_PERM_WRITE, mapped, kPage), ZX_ERR_INVALID_ARGS);
  zx_handle_close(reader);
}

// In a thread that has not asked for its handle.
TEST_F(SharedValues2018, TheCallerIsAmongTheThreadsOfItsProcess) {
  Shows("TASK-7 TASK-15");
  std::vector<zx_koid_t> koids(4096);
  size_t count = 0;
  zx_info_handle_basic_t thread{};
  std::thread([&] {
    EXPECT_EQ(zx_object_get_info(zx_process_self(), ZX_INFO_PROCESS_THREADS, koids.data(),
                                 koids.size() * sizeof(zx_koid_t), &count, nullptr),
              ZX_OK);
    thread = BasicOf(zx_thread_self());
  }).join();
  koids.resize(count);
  EXPECT_EQ(std::count(koids.begin(), koids.end(), thread.koid), 1);
  EXPECT_EQ(thread.related_koid, BasicOf(zx_process_self()).koid);
}

}  // namespace
