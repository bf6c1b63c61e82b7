// Resources: what they stand for, and the two that the library hands out.
// Rows: GUEST-CREATE-3, GUEST-CREATE-4, HOST-1, HOST-2, HOST-3.

#include "objects/resource.h"

#include <gtest/gtest.h>
#include <zircon-kvm/host.h>
#include <zircon/syscalls.h>

#include <set>

#include "contract.h"
#include "handles/handle_table.h"

namespace zircon::objects {
namespace {

zx_status_t Check(zx_rsrc_kind_t kind, uint64_t base, uint64_t size, uint64_t wanted) {
  return base::MakeRef<Resource>(Resource::Range{kind, 0, base, size})->CheckSystem(wanted);
}

TEST(Resource, ASystemResourceStandsForItsRange) {
  Shows("GUEST-CREATE-4 VMO-EXEC-3");
  EXPECT_EQ(Check(ZX_RSRC_KIND_SYSTEM, 0, 1, ZX_RSRC_SYSTEM_HYPERVISOR_BASE), ZX_OK);
  EXPECT_EQ(Check(ZX_RSRC_KIND_SYSTEM, 0, 1, ZX_RSRC_SYSTEM_VMEX_BASE), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(Check(ZX_RSRC_KIND_SYSTEM, 1, 1, ZX_RSRC_SYSTEM_HYPERVISOR_BASE), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(Check(ZX_RSRC_KIND_SYSTEM, 1, 1, ZX_RSRC_SYSTEM_VMEX_BASE), ZX_OK);
  EXPECT_EQ(Check(ZX_RSRC_KIND_SYSTEM, 0, 14, ZX_RSRC_SYSTEM_VMEX_BASE), ZX_OK);
  EXPECT_EQ(Check(ZX_RSRC_KIND_SYSTEM, 0, 0, ZX_RSRC_SYSTEM_HYPERVISOR_BASE), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(Check(ZX_RSRC_KIND_SYSTEM, 5, UINT64_MAX, 6), ZX_OK);
}

TEST(Resource, TheRootStandsForAll) {
  EXPECT_EQ(Check(ZX_RSRC_KIND_ROOT, 0, 0, ZX_RSRC_SYSTEM_HYPERVISOR_BASE), ZX_OK);
  EXPECT_EQ(Check(ZX_RSRC_KIND_ROOT, 0, 0, ZX_RSRC_SYSTEM_STALL_BASE), ZX_OK);
}

TEST(Resource, AnotherKindIsTheWrongType) {
  Shows("GUEST-CREATE-3 VMO-EXEC-3");
  for (zx_rsrc_kind_t kind :
       {ZX_RSRC_KIND_MMIO, ZX_RSRC_KIND_IRQ, ZX_RSRC_KIND_IOPORT, ZX_RSRC_KIND_SMC}) {
    EXPECT_EQ(Check(kind, 0, UINT64_MAX, ZX_RSRC_SYSTEM_HYPERVISOR_BASE), ZX_ERR_WRONG_TYPE);
  }
}

struct HandedOut {
  zx_status_t (*get)(zx_handle_t*);
  uint64_t base;
  uint64_t other;
};

class ResourceFromHost : public testing::TestWithParam<HandedOut> {};

TEST_P(ResourceFromHost, IsOneOfKindSystem) {
  Shows("HOST-1 HOST-2 INFO-10 RIGHTS-10");
  zx_handle_t handle = ZX_HANDLE_INVALID;
  ASSERT_EQ(GetParam().get(&handle), ZX_OK);
  zx_info_handle_basic_t info{};
  ASSERT_EQ(zx_object_get_info(handle, ZX_INFO_HANDLE_BASIC, &info, sizeof(info), nullptr, nullptr),
            ZX_OK);
  EXPECT_EQ(info.type, ZX_OBJ_TYPE_RESOURCE);
  EXPECT_EQ(info.rights, 0x800Bu);
  handles::TypedRef<Resource> resource;
  ASSERT_EQ(resource.Lookup(handle, ZX_RIGHT_NONE), ZX_OK);
  EXPECT_EQ(resource->range().kind, ZX_RSRC_KIND_SYSTEM);
  EXPECT_EQ(resource->CheckSystem(GetParam().base), ZX_OK);
  EXPECT_EQ(resource->CheckSystem(GetParam().other), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(resource->CheckSystem(2), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(zx_handle_close(handle), ZX_OK);
}

TEST_P(ResourceFromHost, IsANewHandleEachTime) {
  Shows("HOST-1 HOST-2");
  std::set<zx_handle_t> handles;
  for (int i = 0; i < 5; ++i) {
    zx_handle_t handle = ZX_HANDLE_INVALID;
    ASSERT_EQ(GetParam().get(&handle), ZX_OK);
    handles.insert(handle);
  }
  EXPECT_EQ(handles.size(), 5u);
  for (zx_handle_t handle : handles) EXPECT_EQ(zx_handle_close(handle), ZX_OK);
}

TEST_P(ResourceFromHost, IsDroppedWhenItCannotBeGiven) {
  Shows("HOST-3 PTR-5");
  const uint32_t before = handles::HandleTable::Process().live();
  EXPECT_EQ(GetParam().get(nullptr), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(handles::HandleTable::Process().live(), before);
}

INSTANTIATE_TEST_SUITE_P(
    All, ResourceFromHost,
    testing::Values(HandedOut{zircon_kvm_hypervisor_resource, ZX_RSRC_SYSTEM_HYPERVISOR_BASE,
                              ZX_RSRC_SYSTEM_VMEX_BASE},
                    HandedOut{zircon_kvm_vmex_resource, ZX_RSRC_SYSTEM_VMEX_BASE,
                              ZX_RSRC_SYSTEM_HYPERVISOR_BASE}),
    [](const auto& tested) { return tested.param.base == 0 ? "Hypervisor" : "Vmex"; });

}  // namespace
}  // namespace zircon::objects
