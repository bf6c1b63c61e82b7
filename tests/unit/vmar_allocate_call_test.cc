// The vmar calls on VMARs of a guest and their children: handles, rights and result pointers.
// Rows: VMAR-ALLOC, VMAR-CHILD, VMAR-DESTROY, RIGHTS.

#include <gtest/gtest.h>
#include <zircon/syscalls.h>

#include <cstdint>
#include <vector>

#include "contract.h"
#include "fake/machine_test.h"
#include "rights/rights.h"

// Bound by the headers under ZX_API_2018 only.
extern "C" {
zx_status_t zx_vmar_allocate_old(zx_handle_t parent_vmar, uint64_t offset, uint64_t size,
                                 uint32_t map_flags, zx_handle_t* child_vmar,
                                 zx_vaddr_t* child_addr);
zx_status_t zx_vmar_map_old(zx_handle_t handle, uint64_t vmar_offset, zx_handle_t vmo,
                            uint64_t vmo_offset, uint64_t len, uint32_t map_flags,
                            zx_vaddr_t* mapped_addr);
zx_status_t zx_vmar_protect_old(zx_handle_t handle, zx_vaddr_t addr, uint64_t len,
                                uint32_t prot_flags);
}

namespace zircon {
namespace {

using fake::DefaultHost;
using fake::Machine;
using fake::Slot;

constexpr uint64_t kPage = 4096;
constexpr uint64_t kPlace = 0x200000;  // above the machine's own memory
constexpr zx_vm_option_t kReadWrite = ZX_VM_PERM_READ | ZX_VM_PERM_WRITE;
constexpr zx_vm_option_t kCanAll =
    ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_WRITE | ZX_VM_CAN_MAP_EXECUTE | ZX_VM_CAN_MAP_SPECIFIC;

class VmarCallsOnGuest : public fake::OnMachine {
 protected:
  void TearDown() override {
    for (zx_handle_t handle : handles_) zx_handle_close(handle);
    OnMachine::TearDown();
  }
  zx_handle_t Keep(zx_handle_t handle) {
    handles_.push_back(handle);
    return handle;
  }
  zx_handle_t Child(zx_handle_t parent, uint64_t offset, uint64_t size,
                    zx_vm_option_t options = kCanAll) {
    zx_handle_t child = ZX_HANDLE_INVALID;
    zx_vaddr_t address = 0;
    EXPECT_EQ(zx_vmar_allocate(parent, options | ZX_VM_SPECIFIC, offset, size, &child, &address),
              ZX_OK);
    return Keep(child);
  }
  zx_status_t Map(zx_handle_t vmar, uint64_t offset, uint64_t vmo_offset, uint64_t size,
                  zx_vm_option_t options = kReadWrite) {
    zx_gpaddr_t at = 0;
    return zx_vmar_map(vmar, options | ZX_VM_SPECIFIC, offset, machine().vmo, vmo_offset, size,
                       &at);
  }
  zx_handle_t WithRights(zx_handle_t handle, zx_rights_t rights) {
    zx_handle_t reduced = ZX_HANDLE_INVALID;
    EXPECT_EQ(zx_handle_duplicate(handle, rights, &reduced), ZX_OK);
    return Keep(reduced);
  }
  zx_info_handle_basic_t Basic(zx_handle_t handle) {
    zx_info_handle_basic_t basic{};
    EXPECT_EQ(
        zx_object_get_info(handle, ZX_INFO_HANDLE_BASIC, &basic, sizeof(basic), nullptr, nullptr),
        ZX_OK);
    return basic;
  }
  std::vector<Slot> Upper() {
    std::vector<Slot> upper;
    for (const Slot& slot : machine().vm().slots()) {
      if (slot.gpa >= Machine::kMemorySize) upper.push_back(slot);
    }
    return upper;
  }
  uint64_t Host(uint64_t offset) { return machine().vm().slots()[0].host + offset; }

  std::vector<zx_handle_t> handles_;
};

TEST_F(VmarCallsOnGuest, AllocateLooksAtTheHandleFirst) {
  Shows("CALL-1 CALL-2 VMAR-ALLOC-1 VMAR-ALLOC-2 RIGHTS-29");
  zx_handle_t child = 7;
  zx_vaddr_t address = 7;
  // Everything else is wrong too.
  const uint32_t bad = kCanAll | ZX_VM_PERM_READ;
  EXPECT_EQ(zx_vmar_allocate(ZX_HANDLE_INVALID, bad, 1, 0, &child, &address), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(zx_vmar_allocate(machine().port, bad, 1, 0, &child, &address), ZX_ERR_WRONG_TYPE);
  const struct {
    zx_vm_option_t option;
    zx_rights_t right;
  } kRows[] = {{ZX_VM_CAN_MAP_READ, ZX_RIGHT_READ},
               {ZX_VM_CAN_MAP_WRITE, ZX_RIGHT_WRITE},
               {ZX_VM_CAN_MAP_EXECUTE, ZX_RIGHT_EXECUTE}};
  for (const auto& row : kRows) {
    const zx_handle_t without = WithRights(machine().vmar, rights::kRootVmar & ~row.right);
    EXPECT_EQ(zx_vmar_allocate(without, row.option | ZX_VM_PERM_READ, 1, 0, &child, &address),
              ZX_ERR_ACCESS_DENIED);
    // The others are enough for the others.
    zx_handle_t other = ZX_HANDLE_INVALID;
    EXPECT_EQ(zx_vmar_allocate(without, kCanAll & ~row.option, 0, kPage, &other, &address), ZX_OK);
    Keep(other);
    const zx_handle_t with = WithRights(machine().vmar, row.right);
    EXPECT_EQ(zx_vmar_allocate(with, row.option, 0, kPage, &other, &address), ZX_OK);
    Keep(other);
  }
  EXPECT_EQ(zx_vmar_allocate(machine().vmar, bad, 1, 0, &child, &address), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(child, 7u);
}

TEST_F(VmarCallsOnGuest, ChildRightsAreWhatWasAsked) {
  Shows("VMAR-ALLOC-13 RIGHTS-28");
  constexpr zx_rights_t kAlways =
      ZX_RIGHT_DUPLICATE | ZX_RIGHT_TRANSFER | ZX_RIGHT_INSPECT | ZX_RIGHT_OP_CHILDREN;
  const struct {
    zx_vm_option_t options;
    zx_rights_t rights;
  } kRows[] = {
      {0, 0},
      {ZX_VM_CAN_MAP_SPECIFIC, 0},
      {ZX_VM_CAN_MAP_READ, ZX_RIGHT_READ},
      {ZX_VM_CAN_MAP_WRITE, ZX_RIGHT_WRITE},
      {ZX_VM_CAN_MAP_EXECUTE, ZX_RIGHT_EXECUTE},
      {kCanAll, ZX_RIGHT_READ | ZX_RIGHT_WRITE | ZX_RIGHT_EXECUTE},
  };
  uint64_t offset = kPlace;
  for (const auto& row : kRows) {
    const zx_handle_t child = Child(machine().vmar, offset, kPage, row.options);
    const zx_info_handle_basic_t basic = Basic(child);
    EXPECT_EQ(basic.type, ZX_OBJ_TYPE_VMAR);
    EXPECT_EQ(basic.rights, kAlways | row.rights) << row.options;
    zx_info_vmar_t info{};
    EXPECT_EQ(zx_object_get_info(child, ZX_INFO_VMAR, &info, sizeof(info), nullptr, nullptr),
              ZX_OK);
    EXPECT_EQ(info.base, offset);
    EXPECT_EQ(info.len, kPage);
    offset += kPage;
  }
}

TEST_F(VmarCallsOnGuest, WhatAChildCannotMap) {
  Shows("VMAR-MAP-6 VMAR-PROTECT-3 VMAR-CHILD-2");
  const zx_handle_t child =
      Child(machine().vmar, kPlace, 8 * kPage, ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_SPECIFIC);
  EXPECT_EQ(Map(child, 0, 0, kPage, kReadWrite), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Map(child, 0, 0, kPage, ZX_VM_PERM_READ), ZX_OK);
  EXPECT_EQ(zx_vmar_protect(child, kReadWrite, kPlace, kPage), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(zx_vmar_protect(child, 0, kPlace, kPage), ZX_OK);
  EXPECT_EQ(zx_vmar_protect(child, ZX_VM_PERM_READ, kPlace, kPage), ZX_OK);
  // Its own children neither.
  zx_handle_t inner = ZX_HANDLE_INVALID;
  zx_vaddr_t address = 0;
  EXPECT_EQ(zx_vmar_allocate(child, ZX_VM_CAN_MAP_WRITE, 0, kPage, &inner, &address),
            ZX_ERR_ACCESS_DENIED);
}

TEST_F(VmarCallsOnGuest, AChildThatNobodyCanNameIsDestroyed) {
  Shows("VMAR-ALLOC-15 PTR-4");
  zx_handle_t child = ZX_HANDLE_INVALID;
  zx_vaddr_t address = 0;
  auto* const wild = reinterpret_cast<zx_handle_t*>(uintptr_t{8});
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(zx_vmar_allocate(machine().vmar, ZX_VM_SPECIFIC, kPlace, kPage, nullptr, &address),
              ZX_ERR_INVALID_ARGS);
    EXPECT_EQ(zx_vmar_allocate(machine().vmar, ZX_VM_SPECIFIC, kPlace, kPage, wild, &address),
              ZX_ERR_INVALID_ARGS);
    EXPECT_EQ(zx_vmar_allocate(machine().vmar, ZX_VM_SPECIFIC, kPlace, kPage, &child, nullptr),
              ZX_ERR_INVALID_ARGS);
    EXPECT_EQ(zx_vmar_allocate(machine().vmar, ZX_VM_SPECIFIC, kPlace, kPage, &child,
                               reinterpret_cast<zx_vaddr_t*>(wild)),
              ZX_ERR_INVALID_ARGS);
  }
  EXPECT_EQ(child, ZX_HANDLE_INVALID);
  Child(machine().vmar, kPlace, kPage);
}

TEST_F(VmarCallsOnGuest, DestroyNeedsOpChildren) {
  Shows("VMAR-DESTROY-1 VMAR-DESTROY-2 VMAR-DESTROY-4 VMAR-CHILD-5 RIGHTS-20");
  const zx_handle_t child = Child(machine().vmar, kPlace, 4 * kPage);
  const zx_handle_t inner = Child(child, kPage, 2 * kPage);
  ASSERT_EQ(Map(inner, 0, 0, 2 * kPage), ZX_OK);
  ASSERT_EQ(Upper().size(), 1u);
  EXPECT_EQ(zx_vmar_destroy(WithRights(child, ZX_RIGHT_READ | ZX_RIGHT_WRITE)),
            ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(zx_vmar_destroy(WithRights(child, ZX_RIGHT_OP_CHILDREN)), ZX_OK);
  EXPECT_TRUE(Upper().empty());
  zx_vaddr_t address = 0;
  zx_handle_t never = ZX_HANDLE_INVALID;
  for (zx_handle_t gone : {child, inner}) {
    EXPECT_EQ(zx_vmar_destroy(gone), ZX_ERR_BAD_STATE);
    EXPECT_EQ(zx_vmar_map(gone, kReadWrite, 0, machine().vmo, 0, kPage, &address),
              ZX_ERR_BAD_STATE);
    EXPECT_EQ(zx_vmar_unmap(gone, kPlace, kPage), ZX_ERR_BAD_STATE);
    EXPECT_EQ(zx_vmar_protect(gone, kReadWrite, kPlace, kPage), ZX_ERR_BAD_STATE);
    EXPECT_EQ(zx_vmar_allocate(gone, 0, 0, kPage, &never, &address), ZX_ERR_BAD_STATE);
    EXPECT_EQ(zx_vmar_op_range(gone, ZX_VMAR_OP_PREFETCH, kPlace, kPage, nullptr, 0),
              ZX_ERR_BAD_STATE);
  }
}

TEST_F(VmarCallsOnGuest, ClosedHandlesLeaveTheirMappings) {
  Shows("VMAR-CHILD-6");
  const zx_handle_t child = Child(machine().vmar, kPlace, 4 * kPage);
  const zx_handle_t inner = Child(child, 0, 4 * kPage);
  ASSERT_EQ(Map(inner, kPage, 0x3000, kPage), ZX_OK);
  ASSERT_EQ(zx_handle_close(child), ZX_OK);
  ASSERT_EQ(zx_handle_close(inner), ZX_OK);
  EXPECT_EQ(Upper(), std::vector<Slot>({{kPlace + kPage, kPage, Host(0x3000), false}}));
  EXPECT_EQ(zx_vmar_unmap(WithRights(machine().vmar, ZX_RIGHT_WRITE), kPlace, 4 * kPage),
            ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(zx_vmar_unmap(machine().vmar, kPlace, 4 * kPage), ZX_OK);
  EXPECT_TRUE(Upper().empty());
}

TEST_F(VmarCallsOnGuest, MappingsOfAChildAreGuestMemory) {
  Shows("VMAR-CHILD-2 GPAS-3");
  // Mappings that continue each other are one slot, whichever VMAR they are in.
  const zx_handle_t child = Child(machine().vmar, kPlace + kPage, 2 * kPage);
  ASSERT_EQ(Map(machine().vmar, kPlace, 0x1000, kPage), ZX_OK);
  ASSERT_EQ(Map(child, 0, 0x2000, 2 * kPage), ZX_OK);
  ASSERT_EQ(Map(machine().vmar, kPlace + 3 * kPage, 0x4000, kPage), ZX_OK);
  EXPECT_EQ(Upper(), std::vector<Slot>({{kPlace, 4 * kPage, Host(0x1000), false}}));
  EXPECT_EQ(zx_vmar_protect(child, ZX_VM_PERM_READ, kPlace + kPage, kPage), ZX_OK);
  EXPECT_EQ(Upper(), std::vector<Slot>({{kPlace, kPage, Host(0x1000), false},
                                        {kPlace + kPage, kPage, Host(0x2000), true},
                                        {kPlace + 2 * kPage, 2 * kPage, Host(0x3000), false}}));
  EXPECT_EQ(zx_vmar_destroy(child), ZX_OK);
  EXPECT_EQ(Upper(), std::vector<Slot>({{kPlace, kPage, Host(0x1000), false},
                                        {kPlace + 3 * kPage, kPage, Host(0x4000), false}}));
}

TEST_F(VmarCallsOnGuest, ATrapReachesIntoChildren) {
  Shows("TRAP-13 TRAP-19");
  const zx_handle_t child = Child(machine().vmar, kPlace, 4 * kPage);
  const zx_handle_t inner = Child(child, 2 * kPage, 2 * kPage);
  ASSERT_EQ(Map(child, 0, 0, 2 * kPage), ZX_OK);
  ASSERT_EQ(Map(inner, 0, 0x2000, 2 * kPage), ZX_OK);
  ASSERT_EQ(machine().TrapMemory(kPlace + kPage, 2 * kPage), ZX_OK);
  EXPECT_EQ(Upper(), std::vector<Slot>({{kPlace, kPage, Host(0), false},
                                        {kPlace + 3 * kPage, kPage, Host(0x3000), false}}));
  // The pages are free in the VMARs that had them, which live on; the trap stays above.
  EXPECT_EQ(zx_vmar_protect(child, ZX_VM_PERM_READ, kPlace + kPage, kPage), ZX_ERR_NOT_FOUND);
  EXPECT_EQ(Map(child, kPage, 0x1000, kPage), ZX_OK);
  EXPECT_EQ(Map(inner, 0, 0x2000, kPage), ZX_OK);
  EXPECT_EQ(Upper().size(), 2u);
}

TEST_F(VmarCallsOnGuest, ChildrenOfTwoGuestsShareAVmo) {
  Shows("GPAS-5 GPAS-7");
  Machine other(DefaultHost(), false);
  ASSERT_EQ(other.status(), ZX_OK);
  const zx_handle_t here = Child(machine().vmar, kPlace, 2 * kPage);
  const zx_handle_t there = Child(other.vmar, kPlace, 2 * kPage);
  ASSERT_EQ(Map(here, 0, 0x8000, kPage), ZX_OK);
  ASSERT_EQ(Map(there, kPage, 0x8000, kPage), ZX_OK);
  machine().memory(kPlace)[5] = 0x5A;
  EXPECT_EQ(other.memory(kPlace + kPage)[5], 0x5A);
  // One zeroes it for both.
  EXPECT_EQ(zx_vmar_op_range(there, ZX_VMAR_OP_ZERO, kPlace + kPage, kPage, nullptr, 0), ZX_OK);
  EXPECT_EQ(machine().memory(kPlace)[5], 0);
  // One going leaves the other.
  EXPECT_EQ(zx_vmar_destroy(there), ZX_OK);
  machine().memory(kPlace)[5] = 0x5B;
  EXPECT_EQ(machine().memory(0x8000)[5], 0x5B);
}

TEST_F(VmarCallsOnGuest, AfterItsGuestAChildAnswersBadState) {
  Shows("VMAR-CHILD-7 GPAS-17");
  const zx_handle_t child = Child(machine().vmar, kPlace, 2 * kPage);
  ASSERT_EQ(Map(child, 0, 0, kPage), ZX_OK);
  zx_handle_t vmo = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_vmo_create(kPage, 0, &vmo), ZX_OK);
  Keep(vmo);
  machine().Close();
  zx_vaddr_t address = 0;
  EXPECT_EQ(zx_vmar_map(child, kReadWrite, 0, vmo, 0, kPage, &address), ZX_ERR_BAD_STATE);
  EXPECT_EQ(zx_vmar_destroy(child), ZX_ERR_BAD_STATE);
}

TEST_F(VmarCallsOnGuest, TheOrderOfEarlyCalls) {
  Shows("GEN-14");
  zx_handle_t child = ZX_HANDLE_INVALID;
  zx_vaddr_t address = 0;
  ASSERT_EQ(zx_vmar_allocate_old(machine().vmar, kPlace, 4 * kPage, kCanAll | ZX_VM_SPECIFIC,
                                 &child, &address),
            ZX_OK);
  Keep(child);
  EXPECT_EQ(address, kPlace);
  ASSERT_EQ(zx_vmar_map_old(child, kPage, machine().vmo, 0x3000, 2 * kPage,
                            kReadWrite | ZX_VM_SPECIFIC, &address),
            ZX_OK);
  EXPECT_EQ(address, kPlace + kPage);
  EXPECT_EQ(zx_vmar_protect_old(child, kPlace + 2 * kPage, kPage, ZX_VM_PERM_READ), ZX_OK);
  EXPECT_EQ(Upper(), std::vector<Slot>({{kPlace + kPage, kPage, Host(0x3000), false},
                                        {kPlace + 2 * kPage, kPage, Host(0x4000), true}}));
  // The same errors.
  EXPECT_EQ(zx_vmar_allocate_old(child, 0, kPage + 1, 0, &child, &address), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(zx_vmar_map_old(child, 0, ZX_HANDLE_INVALID, 0, kPage, 0, &address), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(zx_vmar_protect_old(machine().port, kPlace, kPage, 0), ZX_ERR_WRONG_TYPE);
}

}  // namespace
}  // namespace zircon
