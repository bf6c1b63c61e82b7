// ZX_INFO_VMO in its versions. Rows: VMO-INFO, GEN.

#include <gtest/gtest.h>
#include <zircon/syscalls.h>

#include <cstddef>
#include <cstring>
#include <string>

#include "contract.h"
#include "handles/handle_table.h"
#include "objects/vmo.h"
#include "syscalls/layouts_2018.h"
#include "unit/process_memory.h"
#include "unit/vmo_handles.h"

// Bound to the plain name by the headers under ZX_API_2018.
extern "C" zx_status_t zx_object_get_info_2018(zx_handle_t handle, uint32_t topic, void* buffer,
                                               size_t buffer_size, size_t* actual, size_t* avail);
extern "C" zx_status_t zx_vmo_create_2018(uint64_t size, uint32_t options, zx_handle_t* out);

namespace zircon::objects {
namespace {

class VmoInfo : public testing::Test {
 protected:
  void SetUp() override { vmo_ = CreateVmo(4 * kPage); }
  void TearDown() override { zx_handle_close(vmo_); }
  zx_status_t Get(uint32_t topic, void* buffer, size_t size, size_t* actual = nullptr,
                  size_t* avail = nullptr) {
    return zx_object_get_info(vmo_, topic, buffer, size, actual, avail);
  }
  zx_handle_t vmo_ = ZX_HANDLE_INVALID;
};

TEST_F(VmoInfo, OneRecordInThreeVersions) {
  Shows("VMO-INFO-1 VMO-INFO-8 INFO-3 INFO-4 INFO-7");
  ASSERT_EQ(zx_vmo_set_cache_policy(vmo_, 3), ZX_OK);
  const zx_info_vmo_t whole = InfoOf(vmo_);
  EXPECT_EQ(whole.metadata_bytes, 0u);
  EXPECT_EQ(whole.committed_change_events, 0u);
  const std::pair<uint32_t, size_t> versions[] = {
      {ZX_INFO_VMO_V1, 104}, {ZX_INFO_VMO_V2, 120}, {ZX_INFO_VMO_V3, 128}};
  for (auto [topic, size] : versions) {
    uint8_t bytes[160];
    std::memset(bytes, 0xAA, sizeof(bytes));
    size_t actual = 7;
    size_t avail = 7;
    EXPECT_EQ(Get(topic, bytes, size - 1, &actual, &avail), ZX_ERR_BUFFER_TOO_SMALL) << topic;
    EXPECT_EQ(actual, 0u);
    EXPECT_EQ(avail, 1u);
    EXPECT_EQ(bytes[0], 0xAA);
    EXPECT_EQ(Get(topic, bytes, sizeof(bytes), &actual, &avail), ZX_OK) << topic;
    EXPECT_EQ(actual, 1u);
    EXPECT_EQ(avail, 1u);
    EXPECT_EQ(std::memcmp(bytes, &whole, size), 0) << topic;
    EXPECT_EQ(bytes[size], 0xAA) << topic;
    EXPECT_EQ(Get(topic, nullptr, size), ZX_ERR_INVALID_ARGS);
  }
  EXPECT_EQ(Get(23u | 3u << 28, nullptr, 0), ZX_ERR_NOT_SUPPORTED);
}

TEST_F(VmoInfo, NeedsAVmoAndNoRight) {
  Shows("INFO-3 VMO-INFO-7");
  const zx_handle_t bare = WithRights(vmo_, ZX_RIGHT_NONE);
  EXPECT_EQ(InfoOf(bare).handle_rights, 0u);
  EXPECT_EQ(InfoOf(vmo_).handle_rights, 0xD0EFu);
  EXPECT_EQ(InfoOf(bare).koid, InfoOf(vmo_).koid);
  zx_info_vmo_t info;
  for (uint32_t topic : {ZX_INFO_VMO_V1, ZX_INFO_VMO_V2, ZX_INFO_VMO_V3}) {
    EXPECT_EQ(zx_object_get_info(ZX_HANDLE_INVALID, topic, &info, 0, nullptr, nullptr),
              ZX_ERR_BAD_HANDLE);
    EXPECT_EQ(zx_object_get_info(zx_vmar_root_self(), topic, &info, 0, nullptr, nullptr),
              ZX_ERR_WRONG_TYPE);
  }
  zx_handle_close(bare);
}

TEST_F(VmoInfo, TellsOfANewOne) {
  Shows("VMO-INFO-2 VMO-INFO-3 VMO-INFO-4 VMO-INFO-5 VMO-INFO-6");
  const zx_info_vmo_t info = InfoOf(vmo_);
  EXPECT_EQ(info.koid, BasicOf(vmo_).koid);
  EXPECT_EQ(std::string(info.name, sizeof(info.name)), std::string(32, '\0'));
  EXPECT_EQ(info.size_bytes, 4 * kPage);
  EXPECT_EQ(info.parent_koid, 0u);
  EXPECT_EQ(info.num_children, 0u);
  EXPECT_EQ(info.num_mappings, 0u);
  EXPECT_EQ(info.share_count, 0u);
  EXPECT_EQ(info.flags, 1u | 8u);
  EXPECT_EQ(info.committed_bytes, 0u);
  EXPECT_EQ(info.populated_bytes, 0u);
  EXPECT_EQ(info.cache_policy, 0u);
}

TEST_F(VmoInfo, TellsTheName) {
  Shows("VMO-INFO-2 VMO-INFO-5 VMO-CHILD-19");
  handles::TypedRef<Vmo> vmo;
  ASSERT_EQ(vmo.Lookup(vmo_, ZX_RIGHT_NONE), ZX_OK);
  vmo->name()->Set("guest memory", 12);
  EXPECT_STREQ(InfoOf(vmo_).name, "guest memory");
  const zx_handle_t child = CreateChild(vmo_, ZX_VMO_CHILD_SNAPSHOT, 0, kPage);
  EXPECT_STREQ(InfoOf(child).name, "guest memory");
  EXPECT_EQ(InfoOf(child).flags, 1u | 4u | 8u);
  const zx_handle_t slice = CreateChild(vmo_, ZX_VMO_CHILD_SLICE, 0, kPage);
  EXPECT_EQ(InfoOf(slice).flags, 1u | 8u);
  EXPECT_STREQ(InfoOf(slice).name, "guest memory");
  const zx_handle_t reference = CreateChild(vmo_, ZX_VMO_CHILD_REFERENCE);
  EXPECT_STREQ(InfoOf(reference).name, "guest memory");
  // At its creation only, and its own afterwards.
  ASSERT_EQ(zx_object_set_property(slice, ZX_PROP_NAME, "part", 4), ZX_OK);
  vmo->name()->Set("other", 5);
  EXPECT_STREQ(InfoOf(slice).name, "part");
  EXPECT_STREQ(InfoOf(child).name, "guest memory");
  EXPECT_STREQ(InfoOf(vmo_).name, "other");
  zx_handle_close(reference);
  zx_handle_close(child);
  zx_handle_close(slice);
}

TEST_F(VmoInfo, SaysWhoMayChangeItsSize) {
  Shows("VMO-INFO-5");
  const zx_handle_t resizable = CreateVmo(kPage, ZX_VMO_RESIZABLE);
  EXPECT_EQ(InfoOf(resizable).flags, 1u | 2u | 8u);
  EXPECT_EQ(InfoOf(vmo_).flags, 1u | 8u);
  constexpr uint32_t kReference = ZX_VMO_CHILD_REFERENCE;
  const zx_handle_t bound = CreateChild(resizable, kReference);
  const zx_handle_t free = CreateChild(resizable, kReference | ZX_VMO_CHILD_RESIZABLE);
  EXPECT_EQ(InfoOf(bound).flags, 1u | 8u);
  EXPECT_EQ(InfoOf(free).flags, 1u | 2u | 8u);
  const zx_handle_t copy =
      CreateChild(vmo_, ZX_VMO_CHILD_SNAPSHOT | ZX_VMO_CHILD_RESIZABLE, 0, kPage);
  EXPECT_EQ(InfoOf(copy).flags, 1u | 2u | 4u | 8u);
  for (zx_handle_t handle : {resizable, bound, free, copy}) zx_handle_close(handle);
}

TEST_F(VmoInfo, CommittedBytesOfChildren) {
  Shows("VMO-INFO-6");
  Store(vmo_, 0, 1);
  Store(vmo_, 2 * kPage, 1);
  const zx_handle_t reference = CreateChild(vmo_, ZX_VMO_CHILD_REFERENCE);
  const zx_handle_t slice = CreateChild(vmo_, ZX_VMO_CHILD_SLICE, 2 * kPage, 2 * kPage);
  const zx_handle_t snapshot = CreateChild(vmo_, ZX_VMO_CHILD_SNAPSHOT, 0, 4 * kPage);
  EXPECT_EQ(InfoOf(vmo_).committed_bytes, 2 * kPage);
  EXPECT_EQ(InfoOf(reference).committed_bytes, 0u);
  EXPECT_EQ(InfoOf(reference).populated_bytes, 0u);
  EXPECT_EQ(InfoOf(slice).committed_bytes, kPage);
  const zx_handle_t first = CreateChild(vmo_, ZX_VMO_CHILD_SLICE, 0, kPage);
  EXPECT_EQ(InfoOf(first).committed_bytes, kPage);
  // The difference: Zircon's has none yet.
  EXPECT_EQ(InfoOf(snapshot).committed_bytes, 2 * kPage);
  for (zx_handle_t handle : {reference, slice, first, snapshot}) zx_handle_close(handle);
}

TEST_F(VmoInfo, CountsMappings) {
  Shows("VMO-INFO-4");
  const zx_handle_t root = zx_vmar_root_self();
  {
    ProcessMapping first(vmo_, 0, 4 * kPage);
    EXPECT_EQ(InfoOf(vmo_).num_mappings, 1u);
    EXPECT_EQ(InfoOf(vmo_).share_count, 1u);
    ProcessMapping second(vmo_, 0, kPage);
    EXPECT_EQ(InfoOf(vmo_).num_mappings, 2u);
    EXPECT_EQ(InfoOf(vmo_).share_count, 1u);
    // Split in three, then without its middle.
    ASSERT_EQ(zx_vmar_protect(root, ZX_VM_PERM_READ, first.address() + kPage, kPage), ZX_OK);
    EXPECT_EQ(InfoOf(vmo_).num_mappings, 4u);
    ASSERT_EQ(zx_vmar_unmap(root, first.address() + kPage, kPage), ZX_OK);
    EXPECT_EQ(InfoOf(vmo_).num_mappings, 3u);
    // One that fails is none.
    zx_vaddr_t at = 0;
    zx_info_vmar_t space{};
    ASSERT_EQ(zx_object_get_info(root, ZX_INFO_VMAR, &space, sizeof(space), nullptr, nullptr),
              ZX_OK);
    ASSERT_EQ(zx_vmar_map(root, ZX_VM_PERM_READ | ZX_VM_SPECIFIC, first.address() - space.base,
                          vmo_, 0, kPage, &at),
              ZX_ERR_ALREADY_EXISTS);
    EXPECT_EQ(InfoOf(vmo_).num_mappings, 3u);
  }
  EXPECT_EQ(InfoOf(vmo_).num_mappings, 0u);
  EXPECT_EQ(InfoOf(vmo_).share_count, 0u);
}

TEST_F(VmoInfo, In2018) {
  Shows("GEN-22");
  static_assert(offsetof(zx_info_vmo_t, cache_policy) == 100);
  Store(vmo_, 0, 1);
  uint8_t bytes[120];
  std::memset(bytes, 0xAA, sizeof(bytes));
  ASSERT_EQ(zx_object_get_info_2018(vmo_, 23, bytes, 111, nullptr, nullptr),
            ZX_ERR_BUFFER_TOO_SMALL);
  ASSERT_EQ(zx_object_get_info_2018(vmo_, 23, bytes, sizeof(bytes), nullptr, nullptr), ZX_OK);
  const zx_info_vmo_t now = InfoOf(vmo_);
  EXPECT_EQ(std::memcmp(bytes, &now, 100), 0);
  EXPECT_EQ(bytes[112], 0xAA);
  syscalls::api_2018::InfoVmo then;
  std::memcpy(&then, bytes, sizeof(then));
  EXPECT_EQ(then.committed_bytes, kPage);
  EXPECT_EQ(then.create_options, 0u);
  EXPECT_EQ(then.cache_policy, 0u);

  zx_handle_t resizable = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_vmo_create_2018(kPage, 0, &resizable), ZX_OK);
  ASSERT_EQ(zx_vmo_set_cache_policy(resizable, 2), ZX_OK);
  ASSERT_EQ(zx_object_get_info_2018(resizable, 23, &then, sizeof(then), nullptr, nullptr), ZX_OK);
  EXPECT_EQ(then.create_options, 1u);
  EXPECT_EQ(then.flags, 1u | 8u);
  EXPECT_EQ(then.cache_policy, 2u);
  EXPECT_EQ(then.handle_rights, 0xD0FFu);
  zx_handle_close(resizable);
}

}  // namespace
}  // namespace zircon::objects
