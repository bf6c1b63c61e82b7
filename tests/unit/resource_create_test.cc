// Resources that programs make. Rows: RESOURCE, GEN-40.

#include <gtest/gtest.h>
#include <zircon-kvm/host.h>
#include <zircon/syscalls.h>

#include <cstring>
#include <string>

#include "contract.h"
#include "handles_in_tests.h"

// Bound to the plain names by the headers under ZX_API_2018.
extern "C" zx_status_t zx_resource_create_2018(zx_handle_t parent, uint32_t options, uint64_t base,
                                               size_t size, const char* name, size_t name_size,
                                               zx_handle_t* out);
extern "C" zx_status_t zx_object_get_info_2018(zx_handle_t handle, uint32_t topic, void* buffer,
                                               size_t buffer_size, size_t* actual, size_t* avail);

namespace zircon::test {
namespace {

class ResourceCreateTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(zircon_kvm_root_resource(&root_), ZX_OK); }
  void TearDown() override {
    zx_handle_close(root_);
    if (made_ != ZX_HANDLE_INVALID) zx_handle_close(made_);
  }
  zx_status_t Create(uint32_t options, uint64_t base, size_t size, zx_handle_t* out) {
    return zx_resource_create(root_, options, base, size, "name", 4, out);
  }
  // Makes one and closes it.
  zx_status_t Try(uint32_t options, uint64_t base, size_t size) {
    zx_handle_t handle = ZX_HANDLE_INVALID;
    const zx_status_t status = Create(options, base, size, &handle);
    if (status == ZX_OK) zx_handle_close(handle);
    return status;
  }
  static zx_info_resource_t Info(zx_handle_t handle) {
    zx_info_resource_t info{};
    EXPECT_EQ(zx_object_get_info(handle, ZX_INFO_RESOURCE, &info, sizeof(info), nullptr, nullptr),
              ZX_OK);
    return info;
  }
  zx_handle_t root_ = ZX_HANDLE_INVALID;
  zx_handle_t made_ = ZX_HANDLE_INVALID;
};

TEST_F(ResourceCreateTest, TheRoot) {
  Shows("RESOURCE-1 RESOURCE-3");
  EXPECT_EQ(Basic(root_).rights, 0x800Bu);
  const auto info = Info(root_);
  EXPECT_EQ(info.kind, ZX_RSRC_KIND_ROOT);
  EXPECT_EQ(info.base, 0u);
  EXPECT_EQ(info.size, 0u);
  const uint32_t live = LiveHandles();
  EXPECT_EQ(zircon_kvm_root_resource(nullptr), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(LiveHandles(), live);
}

TEST_F(ResourceCreateTest, TellsWhatItIs) {
  Shows("RESOURCE-3 RESOURCE-CREATE-9 RIGHTS-10");
  ASSERT_EQ(Create(ZX_RSRC_KIND_MMIO | ZX_RSRC_FLAG_EXCLUSIVE, 0x1000, 0x2000, &made_), ZX_OK);
  EXPECT_EQ(Basic(made_).type, ZX_OBJ_TYPE_RESOURCE);
  EXPECT_EQ(Basic(made_).rights, 0x800Bu);
  const auto info = Info(made_);
  EXPECT_EQ(info.kind, ZX_RSRC_KIND_MMIO);
  EXPECT_EQ(info.flags, ZX_RSRC_FLAG_EXCLUSIVE);
  EXPECT_EQ(info.base, 0x1000u);
  EXPECT_EQ(info.size, 0x2000u);
  EXPECT_EQ(std::string(info.name, 32), std::string("name") + std::string(28, '\0'));
}

TEST_F(ResourceCreateTest, LongNamesAreCut) {
  Shows("RESOURCE-CREATE-4");
  const std::string name(100, 'n');
  ASSERT_EQ(zx_resource_create(root_, ZX_RSRC_KIND_MMIO, 0, 1, name.data(), 100, &made_), ZX_OK);
  EXPECT_EQ(std::string(Info(made_).name), std::string(31, 'n'));
  zx_handle_t root = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_resource_create(root_, ZX_RSRC_KIND_ROOT, 0, 0, name.data(), 100, &root), ZX_OK);
  EXPECT_EQ(std::string(Info(root).name, 32), std::string(31, 'n') + '\0');
  zx_handle_close(root);
}

TEST_F(ResourceCreateTest, ChecksInOrder) {
  Shows(
      "RESOURCE-CREATE-1 RESOURCE-CREATE-2 RESOURCE-CREATE-3 RESOURCE-CREATE-4 RESOURCE-CREATE-5 "
      "RESOURCE-CREATE-6 RESOURCE-CREATE-8 RIGHTS-56 PTR-5");
  const zx_handle_t event = NewEvent();
  const zx_handle_t no_write = WithRights(root_, 0x800B & ~ZX_RIGHT_WRITE);
  zx_handle_t system = ZX_HANDLE_INVALID;
  ASSERT_EQ(zircon_kvm_hypervisor_resource(&system), ZX_OK);
  const char* const wild = Wild<char>();
  const auto create = [&](zx_handle_t parent, uint32_t options, uint64_t base, size_t size,
                          const char* name) {
    return zx_resource_create(parent, options, base, size, name, 4, nullptr);
  };
  EXPECT_EQ(create(0, 99, 0, 0, wild), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(create(event, 99, 0, 0, wild), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(create(no_write, 99, 0, 0, wild), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(create(system, 99, 0, 0, wild), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(create(root_, ZX_RSRC_KIND_COUNT, 0, 0, wild), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(create(root_, ZX_RSRC_KIND_MMIO | 0x20000, 0, 0, wild), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(create(root_, ZX_RSRC_KIND_MMIO, 0, 1, wild), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(create(root_, ZX_RSRC_KIND_MMIO, 0, 0, "name"), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(create(root_, ZX_RSRC_KIND_ROOT, 1, 0, "name"), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(create(root_, ZX_RSRC_KIND_ROOT, 0, 1, "name"), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(create(root_, ZX_RSRC_KIND_SYSTEM, 14, 1, "name"), ZX_ERR_NOT_FOUND);
  // Two wrong things at once, beside a base where the kind has ended.
  EXPECT_EQ(create(root_, ZX_RSRC_KIND_SYSTEM, 14, 1, wild), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(create(root_, ZX_RSRC_KIND_SYSTEM, 14, 0, "name"), ZX_ERR_INVALID_ARGS);
  const uint32_t live = LiveHandles();
  EXPECT_EQ(create(root_, ZX_RSRC_KIND_SYSTEM, 13, 1, "name"), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(LiveHandles(), live);
  const zx_handle_t alone = WithRights(root_, ZX_RIGHT_WRITE);
  EXPECT_EQ(zx_resource_create(alone, ZX_RSRC_KIND_ROOT, 0, 0, nullptr, 0, &made_), ZX_OK);
  for (const zx_handle_t handle : {event, no_write, system, alone}) zx_handle_close(handle);
}

TEST_F(ResourceCreateTest, RangesEnd) {
  Shows("RESOURCE-CREATE-6");
  EXPECT_EQ(Try(ZX_RSRC_KIND_IOPORT, 0, 65536), ZX_OK);
  EXPECT_EQ(Try(ZX_RSRC_KIND_IOPORT, 1, 65536), ZX_ERR_NOT_FOUND);
  EXPECT_EQ(Try(ZX_RSRC_KIND_IOPORT, 65536, 1), ZX_ERR_NOT_FOUND);
  EXPECT_EQ(Try(ZX_RSRC_KIND_IRQ, (uint64_t{1} << 32) - 1, 1), ZX_OK);
  EXPECT_EQ(Try(ZX_RSRC_KIND_IRQ, uint64_t{1} << 32, 1), ZX_ERR_NOT_FOUND);
  EXPECT_EQ(Try(ZX_RSRC_KIND_MMIO, UINT64_MAX, 1), ZX_ERR_NOT_FOUND);
  EXPECT_EQ(Try(ZX_RSRC_KIND_MMIO, 2, SIZE_MAX), ZX_ERR_NOT_FOUND);
  EXPECT_EQ(Try(ZX_RSRC_KIND_SYSTEM, 0, 14), ZX_OK);
}

// Whoever is in a call on the resource when its last handle is closed.
TEST_F(ResourceCreateTest, ARangeIsFreeWhenTheLastHandleIsClosed) {
  Shows("RESOURCE-2");
  constexpr uint32_t kOptions = ZX_RSRC_KIND_MMIO | ZX_RSRC_FLAG_EXCLUSIVE;
  ASSERT_EQ(Create(kOptions, 0x8000, 0x1000, &made_), ZX_OK);
  EXPECT_EQ(Try(kOptions, 0x8000, 0x1000), ZX_ERR_NOT_FOUND);
  handles::HandleRef in_a_call;
  ASSERT_EQ(handles::HandleTable::Process().Lookup(made_, &in_a_call), ZX_OK);
  ASSERT_EQ(zx_handle_close(made_), ZX_OK);
  made_ = ZX_HANDLE_INVALID;
  EXPECT_EQ(Try(kOptions, 0x8000, 0x1000), ZX_OK);
}

TEST_F(ResourceCreateTest, ExclusiveRanges) {
  Shows("RESOURCE-2 RESOURCE-CREATE-6");
  constexpr uint32_t kExclusive = ZX_RSRC_FLAG_EXCLUSIVE;
  ASSERT_EQ(Create(ZX_RSRC_KIND_IOPORT | kExclusive, 100, 10, &made_), ZX_OK);
  for (const uint32_t flag : {0u, kExclusive}) {
    EXPECT_EQ(Try(ZX_RSRC_KIND_IOPORT | flag, 100, 10), ZX_ERR_NOT_FOUND);
    EXPECT_EQ(Try(ZX_RSRC_KIND_IOPORT | flag, 99, 2), ZX_ERR_NOT_FOUND);
    EXPECT_EQ(Try(ZX_RSRC_KIND_IOPORT | flag, 109, 1), ZX_ERR_NOT_FOUND);
    EXPECT_EQ(Try(ZX_RSRC_KIND_IOPORT | flag, 99, 1), ZX_OK);
    EXPECT_EQ(Try(ZX_RSRC_KIND_IOPORT | flag, 110, 1), ZX_OK);
    EXPECT_EQ(Try(ZX_RSRC_KIND_IRQ | flag, 100, 10), ZX_OK);
  }
  zx_handle_close(made_);
  ASSERT_EQ(Create(ZX_RSRC_KIND_IOPORT, 100, 10, &made_), ZX_OK);
  EXPECT_EQ(Try(ZX_RSRC_KIND_IOPORT, 100, 10), ZX_OK);
  EXPECT_EQ(Try(ZX_RSRC_KIND_IOPORT | kExclusive, 105, 1), ZX_ERR_NOT_FOUND);
  // What the library hands out is beside them.
  zx_handle_t library = ZX_HANDLE_INVALID;
  ASSERT_EQ(zircon_kvm_hypervisor_resource(&library), ZX_OK);
  EXPECT_EQ(Try(ZX_RSRC_KIND_SYSTEM | kExclusive, 0, 1), ZX_OK);
  zx_handle_close(library);
}

TEST_F(ResourceCreateTest, KindsOf2018) {
  Shows("GEN-40");
  struct Kind {
    uint32_t kind;
    uint64_t base;
    size_t size;
    zx_status_t expected;
  };
  for (const Kind& each : {Kind{0, 1, 1, ZX_OK},
                           {1, 1, 1, ZX_OK},
                           {2, 1, 1, ZX_OK},
                           {3, 0, 0, ZX_OK},
                           {3, 0, 1, ZX_ERR_INVALID_ARGS},
                           {4, 0, 0, ZX_OK},
                           {4, 1, 0, ZX_ERR_INVALID_ARGS},
                           {5, 0, 0, ZX_OK},
                           {5, 1, 1, ZX_ERR_INVALID_ARGS},
                           {6, 1, 1, ZX_OK},
                           {7, 0, 0, ZX_ERR_INVALID_ARGS}}) {
    zx_handle_t handle = ZX_HANDLE_INVALID;
    EXPECT_EQ(zx_resource_create_2018(root_, each.kind, each.base, each.size, "", 0, &handle),
              each.expected)
        << each.kind;
    if (each.expected != ZX_OK) continue;
    zx_info_resource_t info{};
    EXPECT_EQ(
        zx_object_get_info_2018(handle, ZX_INFO_RESOURCE, &info, sizeof(info), nullptr, nullptr),
        ZX_OK);
    EXPECT_EQ(info.kind, each.kind);
    EXPECT_EQ(info.base, each.base);
    EXPECT_EQ(info.size, each.size);
    zx_handle_close(handle);
  }
  // They do what the current kinds do.
  ASSERT_EQ(zx_resource_create_2018(root_, 5, 0, 0, "", 0, &made_), ZX_OK);
  EXPECT_EQ(Info(made_).kind, ZX_RSRC_KIND_SYSTEM);
  EXPECT_EQ(Info(made_).base, ZX_RSRC_SYSTEM_VMEX_BASE);
  zx_handle_t vmo = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_vmo_create(4096, 0, &vmo), ZX_OK);
  EXPECT_EQ(zx_vmo_replace_as_executable(vmo, made_, &vmo), ZX_OK);
  zx_handle_close(vmo);
}

}  // namespace
}  // namespace zircon::test
