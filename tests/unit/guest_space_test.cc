// GuestSpace: mappings become memory slots. Rows: GPAS, VMAR.

#include "guest/guest_space.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include "contract.h"
#include "fake/machine_test.h"
#include "fake/memory_shortage.h"
#include "kvm/counters.h"
#include "unit/process_memory.h"

namespace zircon {
namespace {

using fake::DefaultHost;
using fake::HostModel;
using fake::Machine;
using fake::Slot;

constexpr zx_vm_option_t kReadWrite = ZX_VM_PERM_READ | ZX_VM_PERM_WRITE;

class GuestSpace : public fake::OnMachine {
 protected:
  void SetUp() override {
    OnMachine::SetUp();
    base_ = machine().vm().slots()[0].host;
  }
  // A part of the machine's VMO somewhere.
  zx_status_t MapPart(uint64_t gpa, uint64_t offset, uint64_t size,
                      zx_vm_option_t options = kReadWrite | ZX_VM_SPECIFIC) {
    zx_gpaddr_t at = 0;
    return zx_vmar_map(machine().vmar, options, gpa, machine().vmo, offset, size, &at);
  }
  // The slots above the machine's own memory.
  std::vector<Slot> Upper() {
    std::vector<Slot> upper;
    for (const Slot& slot : machine().vm().slots()) {
      if (slot.gpa >= Machine::kMemorySize) upper.push_back(slot);
    }
    return upper;
  }
  uint64_t base_ = 0;  // the host's address of the VMO
};

TEST_F(GuestSpace, NeighboursThatContinueEachOtherAreOneSlot) {
  ASSERT_EQ(MapPart(0x200000, 0, 0x1000), ZX_OK);
  ASSERT_EQ(MapPart(0x202000, 0x2000, 0x1000), ZX_OK);
  EXPECT_EQ(Upper().size(), 2u);
  ASSERT_EQ(MapPart(0x201000, 0x1000, 0x1000), ZX_OK);
  EXPECT_EQ(Upper(), std::vector<Slot>({{0x200000, 0x3000, base_, false}}));
}

// Windows of two VMOs may lie side by side in this process, as mmap has it; the one may go before
// the other.
TEST_F(GuestSpace, NeighboursOfTwoVmosStayApartWhereTheirWindowsTouch) {
  constexpr uint64_t kSize = 0x1000, kApart = 0x200000, kFirst = 0x10000000;
  struct Known {
    zx_handle_t vmo;
    uint64_t host;
  };
  std::vector<Known> known;
  const Known* low = nullptr;
  const Known* high = nullptr;
  known.reserve(64);
  while (low == nullptr && known.size() < 64) {
    zx_handle_t vmo = ZX_HANDLE_INVALID;
    zx_gpaddr_t at = 0;
    const uint64_t gpa = kFirst + known.size() * kApart;
    ASSERT_EQ(zx_vmo_create(kSize, 0, &vmo), ZX_OK);
    ASSERT_EQ(zx_vmar_map(machine().vmar, kReadWrite | ZX_VM_SPECIFIC, gpa, vmo, 0, kSize, &at),
              ZX_OK);
    for (const Slot& slot : Upper()) {
      if (slot.gpa == gpa) known.push_back({vmo, slot.host});
    }
    for (const Known& other : known) {
      if (other.host + kSize == known.back().host) low = &other, high = &known.back();
      if (known.back().host + kSize == other.host) low = &known.back(), high = &other;
    }
  }
  ASSERT_NE(low, nullptr) << "no two windows have come to lie side by side";
  zx_gpaddr_t at = 0;
  ASSERT_EQ(
      zx_vmar_map(machine().vmar, kReadWrite | ZX_VM_SPECIFIC, kApart, low->vmo, 0, kSize, &at),
      ZX_OK);
  ASSERT_EQ(zx_vmar_map(machine().vmar, kReadWrite | ZX_VM_SPECIFIC, kApart + kSize, high->vmo, 0,
                        kSize, &at),
            ZX_OK);
  std::vector<Slot> lowest = Upper();
  lowest.resize(2);
  EXPECT_EQ(lowest, std::vector<Slot>({{kApart, kSize, low->host, false},
                                       {kApart + kSize, kSize, high->host, false}}));
  for (const Known& one : known) zx_handle_close(one.vmo);
}

TEST_F(GuestSpace, NeighboursThatDoNotContinueStayApart) {
  ASSERT_EQ(MapPart(0x200000, 0, 0x1000), ZX_OK);
  ASSERT_EQ(MapPart(0x201000, 0x8000, 0x1000), ZX_OK);
  ASSERT_EQ(MapPart(0x202000, 0x9000, 0x1000, ZX_VM_PERM_READ | ZX_VM_SPECIFIC), ZX_OK);
  EXPECT_EQ(Upper(), std::vector<Slot>({{0x200000, 0x1000, base_, false},
                                        {0x201000, 0x1000, base_ + 0x8000, false},
                                        {0x202000, 0x1000, base_ + 0x9000, true}}));
}

TEST_F(GuestSpace, MoreThanOneSlotHoldsIsTwo) {
  // KVM takes 2^31 - 1 pages in a slot.
  constexpr uint64_t kMost = ((uint64_t{1} << 31) - 1) * 4096;
  constexpr uint64_t kSize = uint64_t{9} << 40;
  constexpr uint64_t kPlace = uint64_t{1} << 40;
  zx_handle_t vmo = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_vmo_create(kSize, 0, &vmo), ZX_OK);
  zx_gpaddr_t at = 0;
  // At once, and in two parts that continue each other.
  for (const uint64_t first : {kSize, kSize / 2}) {
    for (uint64_t offset = 0; offset < kSize; offset += first) {
      const uint64_t size = std::min(first, kSize - offset);
      const zx_status_t status = zx_vmar_map(machine().vmar, kReadWrite | ZX_VM_SPECIFIC,
                                             kPlace + offset, vmo, offset, size, &at);
      if (status == ZX_ERR_NO_MEMORY) {
        zx_handle_close(vmo);
        GTEST_SKIP() << "this process has no room for 9 TiB";
      }
      ASSERT_EQ(status, ZX_OK) << first;
    }
    const std::vector<Slot> upper = Upper();
    ASSERT_EQ(upper.size(), 2u) << first;
    EXPECT_EQ(upper[0], (Slot{kPlace, kMost, upper[0].host, false})) << first;
    EXPECT_EQ(upper[1], (Slot{kPlace + kMost, kSize - kMost, upper[0].host + kMost, false}))
        << first;
    ASSERT_EQ(zx_vmar_unmap(machine().vmar, kPlace, kSize), ZX_OK);
  }
  zx_handle_close(vmo);
}

TEST_F(GuestSpace, UnmapInTheMiddle) {
  Shows("VMAR-5 VMAR-UNMAP-5");
  ASSERT_EQ(MapPart(0x200000, 0, 0x4000), ZX_OK);
  ASSERT_EQ(zx_vmar_unmap(machine().vmar, 0x201000, 0x2000), ZX_OK);
  EXPECT_EQ(Upper(), std::vector<Slot>({{0x200000, 0x1000, base_, false},
                                        {0x203000, 0x1000, base_ + 0x3000, false}}));
  ASSERT_EQ(zx_vmar_unmap(machine().vmar, 0x200000, 0x4000), ZX_OK);
  EXPECT_TRUE(Upper().empty());
}

TEST_F(GuestSpace, NothingIsUnmappedWhenTheKernelRefusesWhatIsLeft) {
  Shows("GPAS-18 VMAR-UNMAP-9");
  ASSERT_EQ(MapPart(0x200000, 0, 0x4000), ZX_OK);
  const std::vector<Slot> before = Upper();
  // The slot in front of the hole is made, the one behind it is not.
  machine().kernel.Fail(KVM_SET_USER_MEMORY_REGION, ENOMEM, 3);
  EXPECT_EQ(zx_vmar_unmap(machine().vmar, 0x201000, 0x2000), ZX_ERR_NO_MEMORY);
  EXPECT_EQ(Upper(), before);
}

TEST_F(GuestSpace, UnmapAcrossMappings) {
  Shows("VMAR-5 VMAR-UNMAP-5");
  ASSERT_EQ(MapPart(0x200000, 0, 0x2000), ZX_OK);
  ASSERT_EQ(MapPart(0x204000, 0x8000, 0x2000), ZX_OK);
  ASSERT_EQ(zx_vmar_unmap(machine().vmar, 0x201000, 0x4000), ZX_OK);
  EXPECT_EQ(Upper(), std::vector<Slot>({{0x200000, 0x1000, base_, false},
                                        {0x205000, 0x1000, base_ + 0x9000, false}}));
}

TEST_F(GuestSpace, ProtectSplitsAndMerges) {
  Shows("VMAR-5 VMAR-PROTECT-9");
  ASSERT_EQ(MapPart(0x200000, 0, 0x3000), ZX_OK);
  ASSERT_EQ(zx_vmar_protect(machine().vmar, ZX_VM_PERM_READ, 0x201000, 0x1000), ZX_OK);
  EXPECT_EQ(Upper(), std::vector<Slot>({{0x200000, 0x1000, base_, false},
                                        {0x201000, 0x1000, base_ + 0x1000, true},
                                        {0x202000, 0x1000, base_ + 0x2000, false}}));
  ASSERT_EQ(zx_vmar_protect(machine().vmar, kReadWrite, 0x201000, 0x1000), ZX_OK);
  EXPECT_EQ(Upper(), std::vector<Slot>({{0x200000, 0x3000, base_, false}}));
  // Without any permission nothing can be reached.
  ASSERT_EQ(zx_vmar_protect(machine().vmar, 0, 0x200000, 0x3000), ZX_OK);
  EXPECT_TRUE(Upper().empty());
}

TEST_F(GuestSpace, MappingWithoutPermissionsHasNoSlot) {
  Shows("VMAR-MAP-27");
  ASSERT_EQ(MapPart(0x200000, 0, 0x1000, ZX_VM_SPECIFIC), ZX_OK);
  EXPECT_TRUE(Upper().empty());
}

TEST_F(GuestSpace, WhatLiesBeyondTheVmoHasNoSlot) {
  Shows("VMAR-MAP-22");
  ASSERT_EQ(MapPart(0x200000, Machine::kMemorySize - 0x1000, 0x4000), ZX_OK);
  ASSERT_EQ(MapPart(0x300000, Machine::kMemorySize + 0x1000, 0x1000), ZX_OK);
  EXPECT_EQ(Upper(),
            std::vector<Slot>({{0x200000, 0x1000, base_ + Machine::kMemorySize - 0x1000, false}}));
}

TEST_F(GuestSpace, OverwriteReplaces) {
  Shows("VMAR-MAP-24");
  ASSERT_EQ(MapPart(0x200000, 0, 0x3000), ZX_OK);
  ASSERT_EQ(MapPart(0x201000, 0x9000, 0x1000, kReadWrite | ZX_VM_SPECIFIC_OVERWRITE), ZX_OK);
  EXPECT_EQ(Upper(), std::vector<Slot>({{0x200000, 0x1000, base_, false},
                                        {0x201000, 0x1000, base_ + 0x9000, false},
                                        {0x202000, 0x1000, base_ + 0x2000, false}}));
}

TEST_F(GuestSpace, FirstFitFromZero) {
  Shows("GPAS-4 VMAR-MAP-23");
  // "without SPECIFIC: first fit from gpa 0, never randomised"
  zx_gpaddr_t at = 0;
  ASSERT_EQ(MapPart(0x101000, 0, 0x1000), ZX_OK);
  ASSERT_EQ(zx_vmar_map(machine().vmar, kReadWrite, 0, machine().vmo, 0, 0x2000, &at), ZX_OK);
  EXPECT_EQ(at, 0x102000u);
  ASSERT_EQ(zx_vmar_map(machine().vmar, kReadWrite, 0, machine().vmo, 0, 0x1000, &at), ZX_OK);
  EXPECT_EQ(at, 0x100000u);
}

TEST_F(GuestSpace, TwoGuestsShareTheirPages) {
  Shows("GPAS-5 GPAS-7");
  Machine other(DefaultHost(), false);
  ASSERT_EQ(other.status(), ZX_OK);
  zx_gpaddr_t at = 0;
  ASSERT_EQ(zx_vmar_map(other.vmar, kReadWrite | ZX_VM_SPECIFIC, 0x200000, machine().vmo, 0x8000,
                        0x1000, &at),
            ZX_OK);
  machine().memory(0x8000)[5] = 0x5A;
  EXPECT_EQ(other.memory(0x200000)[5], 0x5A);
  EXPECT_EQ(other.memory(0x200000), machine().memory(0x8000));
}

TEST_F(GuestSpace, MapRangeBringsPagesIntoTheWindow) {
  Shows("VMAR-MAP-33 VMAR-OP-14");
  zx_handle_t vmo = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_vmo_create(0x4000, 0, &vmo), ZX_OK);
  const uint8_t byte = 1;
  ASSERT_EQ(zx_vmo_write(vmo, &byte, 0x2000, 1), ZX_OK);
  // Only the pages of the mapping, and only those that exist; beyond the end there is nothing.
  zx_gpaddr_t at = 0;
  ASSERT_EQ(
      zx_vmar_map(machine().vmar, kReadWrite | ZX_VM_SPECIFIC, 0x200000, vmo, 0x1000, 0x8000, &at),
      ZX_OK);
  const uint64_t window = Upper()[0].host;  // of the page at 0x1000
  EXPECT_FALSE(objects::IsPresent(window + 0x1000));
  if (madvise(nullptr, 0, /*MADV_POPULATE_READ=*/22) != 0) {
    GTEST_SKIP() << "this kernel cannot populate a mapping";
  }
  ASSERT_EQ(zx_vmar_map(machine().vmar, kReadWrite | ZX_VM_SPECIFIC | ZX_VM_MAP_RANGE, 0x300000,
                        vmo, 0x1000, 0x8000, &at),
            ZX_OK);
  EXPECT_TRUE(objects::IsPresent(window + 0x1000));
  EXPECT_FALSE(objects::IsPresent(window));
  EXPECT_FALSE(objects::IsPresent(window + 0x2000));
  // And by zx_vmar_op_range, of a page that has come since.
  ASSERT_EQ(zx_vmo_write(vmo, &byte, 0x3000, 1), ZX_OK);
  EXPECT_EQ(zx_vmar_op_range(machine().vmar, ZX_VMAR_OP_MAP_RANGE, 0x200000, 0x8000, nullptr, 0),
            ZX_OK);
  EXPECT_TRUE(objects::IsPresent(window + 0x2000));
  zx_handle_close(vmo);
}

TEST_F(GuestSpace, TrapsCutMappingsAndOneSlotGoesAround) {
  Shows("TRAP-14");
  ASSERT_EQ(machine().TrapMemory(0x202000, 0x1000), ZX_OK);
  ASSERT_EQ(machine().TrapMemory(0x204000, 0x1000), ZX_OK);
  ASSERT_EQ(machine().TrapMemory(0x1FF000, 0x1000), ZX_OK);
  ASSERT_EQ(MapPart(0x200000, 0, 0x5000), ZX_OK);
  EXPECT_EQ(Upper(), std::vector<Slot>({{0x200000, 0x2000, base_, false},
                                        {0x203000, 0x1000, base_ + 0x3000, false}}));
}

TEST_F(GuestSpace, AMappingInsideATrapHasNoSlot) {
  Shows("TRAP-14");
  ASSERT_EQ(machine().TrapMemory(0x200000, 0x10000), ZX_OK);
  ASSERT_EQ(MapPart(0x204000, 0, 0x1000), ZX_OK);
  EXPECT_TRUE(Upper().empty());
}

TEST_F(GuestSpace, AboveTheHostsAddressWidthIsBookkeepingOnly) {
  Shows("GPAS-14");
  const uint64_t width = machine().kernel.host().physical_bits;
  EXPECT_EQ(MapPart(uint64_t{1} << width, 0, 0x1000), ZX_OK);
  EXPECT_TRUE(Upper().empty());
}

TEST_F(GuestSpace, SlotFailuresLeaveTheRangeAsItWas) {
  Shows("CALL-4 VMAR-3 VMAR-MAP-19 VMAR-MAP-25");
  const struct {
    int error;
    zx_status_t status;
  } kRows[] = {
      {ENOMEM, ZX_ERR_NO_MEMORY}, {ENOSPC, ZX_ERR_NO_RESOURCES}, {EINVAL, ZX_ERR_INTERNAL}};
  ASSERT_EQ(MapPart(0x200000, 0, 0x1000), ZX_OK);
  const std::vector<Slot> before = machine().vm().slots();
  for (const auto& row : kRows) {
    machine().kernel.Fail(KVM_SET_USER_MEMORY_REGION, row.error);
    EXPECT_EQ(MapPart(0x300000, 0, 0x1000), row.status);
    EXPECT_EQ(machine().vm().slots(), before);
    // Where it would have been merged: the delete succeeds, the larger slot is refused.
    machine().kernel.Fail(KVM_SET_USER_MEMORY_REGION, row.error, 2);
    EXPECT_EQ(MapPart(0x201000, 0x1000, 0x1000), row.status);
    EXPECT_EQ(machine().vm().slots(), before);
    // The range is free afterwards.
    ASSERT_EQ(MapPart(0x300000, 0, 0x1000), ZX_OK);
    ASSERT_EQ(zx_vmar_unmap(machine().vmar, 0x300000, 0x1000), ZX_OK);
  }
}

// Wherever memory ends: all of the slots go, or none.
TEST_F(GuestSpace, WithoutMemoryUnmappingIsWholeOrNotAtAll) {
  Shows("CALL-6");
  constexpr uint64_t kParts = 8;
  for (uint64_t i = 0; i < kParts; ++i) {
    ASSERT_EQ(MapPart(0x200000 + i * 0x2000, i * 0x1000, 0x1000), ZX_OK);
  }
  const std::vector<Slot> before = Upper();
  ASSERT_EQ(before.size(), kParts);
  zx_status_t status = ZX_ERR_NO_MEMORY;
  for (int allocations = 0; status != ZX_OK; ++allocations) {
    std::optional<fake::MemoryShortage> shortage;
    {
      const auto begin = [&shortage] { shortage.emplace(); };
      const fake::AtAllocation hook(allocations, begin);
      status = zx_vmar_unmap(machine().vmar, 0x200000, kParts * 0x2000);
      shortage.reset();
    }
    if (status == ZX_OK) break;
    ASSERT_EQ(status, ZX_ERR_NO_MEMORY);
    ASSERT_EQ(Upper(), before) << allocations;
  }
  EXPECT_EQ(Upper(), std::vector<Slot>());
}

TEST_F(GuestSpace, FailedOverwriteKeepsWhatWasThere) {
  Shows("CALL-4 VMAR-3 VMAR-MAP-25");
  ASSERT_EQ(MapPart(0x200000, 0, 0x3000), ZX_OK);
  const std::vector<Slot> before = machine().vm().slots();
  machine().kernel.Fail(KVM_SET_USER_MEMORY_REGION, ENOMEM, 3);
  EXPECT_EQ(MapPart(0x201000, 0x9000, 0x1000, kReadWrite | ZX_VM_SPECIFIC_OVERWRITE),
            ZX_ERR_NO_MEMORY);
  EXPECT_EQ(machine().vm().slots(), before);
}

TEST_F(GuestSpace, FailedProtectKeepsThePermissions) {
  Shows("CALL-4 VMAR-3");
  ASSERT_EQ(MapPart(0x200000, 0, 0x3000), ZX_OK);
  const std::vector<Slot> before = machine().vm().slots();
  machine().kernel.Fail(KVM_SET_USER_MEMORY_REGION, ENOMEM, 3);
  EXPECT_EQ(zx_vmar_protect(machine().vmar, ZX_VM_PERM_READ, 0x201000, 0x1000), ZX_ERR_NO_MEMORY);
  EXPECT_EQ(machine().vm().slots(), before);
}

TEST_F(GuestSpace, AFailedProtectIsNotMadeUpForLater) {
  Shows("CALL-4");
  ASSERT_EQ(MapPart(0x200000, 0, 0x3000), ZX_OK);
  machine().kernel.Fail(KVM_SET_USER_MEMORY_REGION, ENOMEM, 3);
  ASSERT_EQ(zx_vmar_protect(machine().vmar, ZX_VM_PERM_READ, 0x201000, 0x1000), ZX_ERR_NO_MEMORY);
  // A change next to it has the slots made anew, from the permissions as they are known.
  ASSERT_EQ(zx_vmar_unmap(machine().vmar, 0x200000, 0x1000), ZX_OK);
  EXPECT_EQ(Upper(), std::vector<Slot>({{0x201000, 0x2000, base_ + 0x1000, false}}));
}

TEST_F(GuestSpace, ASlotThatKvmRefusesIsNotUsedUp) {
  Shows("CALL-4 GPAS-15");
  HostModel host = DefaultHost();
  host.capabilities[KVM_CAP_NR_MEMSLOTS] = 4;
  Use(std::move(host));
  base_ = machine().vm().slots()[0].host;
  for (int i = 0; i < 8; ++i) {
    machine().kernel.Fail(KVM_SET_USER_MEMORY_REGION, ENOMEM);
    ASSERT_EQ(MapPart(0x200000, 0, 0x1000), ZX_ERR_NO_MEMORY);
  }
  for (uint64_t i = 0; i < 3; ++i) EXPECT_EQ(MapPart(0x200000 + i * 0x2000, 0, 0x1000), ZX_OK);
}

TEST_F(GuestSpace, SlotTableFull) {
  HostModel host = DefaultHost();
  host.capabilities[KVM_CAP_NR_MEMSLOTS] = 4;
  Use(std::move(host));
  base_ = machine().vm().slots()[0].host;
  for (uint64_t i = 0; i < 3; ++i) {
    ASSERT_EQ(MapPart(0x200000 + i * 0x2000, 0, 0x1000), ZX_OK);
  }
  EXPECT_EQ(MapPart(0x300000, 0, 0x1000), ZX_ERR_NO_RESOURCES);
  // One that continues another needs no slot of its own.
  EXPECT_EQ(MapPart(0x201000, 0x1000, 0x1000), ZX_OK);
  // A freed one is used again.
  ASSERT_EQ(zx_vmar_unmap(machine().vmar, 0x204000, 0x1000), ZX_OK);
  EXPECT_EQ(MapPart(0x300000, 0, 0x1000), ZX_OK);
}

TEST_F(GuestSpace, AHoleThatTakesASlotTooManyIsNotMade) {
  Shows("GPAS-15 VMAR-UNMAP-9 TRAP-9");
  HostModel host = DefaultHost();
  host.capabilities[KVM_CAP_NR_MEMSLOTS] = 2;
  Use(std::move(host));
  base_ = machine().vm().slots()[0].host;
  ASSERT_EQ(MapPart(0x200000, 0, 0x4000), ZX_OK);
  const std::vector<Slot> before = Upper();
  const uint64_t calls = machine().kernel.calls(KVM_SET_USER_MEMORY_REGION);
  EXPECT_EQ(zx_vmar_unmap(machine().vmar, 0x201000, 0x1000), ZX_ERR_NO_RESOURCES);
  EXPECT_EQ(zx_vmar_protect(machine().vmar, ZX_VM_PERM_READ, 0x201000, 0x1000),
            ZX_ERR_NO_RESOURCES);
  EXPECT_EQ(MapPart(0x201000, 0, 0x1000, kReadWrite | ZX_VM_SPECIFIC_OVERWRITE),
            ZX_ERR_NO_RESOURCES);
  // That is known before anything is tried.
  EXPECT_EQ(machine().kernel.calls(KVM_SET_USER_MEMORY_REGION), calls);
  EXPECT_EQ(Upper(), before);
  EXPECT_EQ(zx_vmar_unmap(machine().vmar, 0x200000, 0x1000), ZX_OK);
  EXPECT_EQ(Upper(), std::vector<Slot>({{0x201000, 0x3000, base_ + 0x1000, false}}));
}

TEST_F(GuestSpace, MappingsOutliveHandlesAndEndWithTheGuest) {
  Shows("GPAS-16 GPAS-17 HANDLE-5 VMAR-PROTECT-5 VMAR-UNMAP-3 VMO-3");
  ASSERT_EQ(MapPart(0x200000, 0, 0x1000), ZX_OK);
  const uint64_t slots = kvm::g_counters.memory_slots.load();
  EXPECT_GE(slots, 2u);
  zx_handle_t vmar = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_handle_duplicate(machine().vmar, ZX_RIGHT_SAME_RIGHTS, &vmar), ZX_OK);
  for (zx_handle_t* handle : {&machine().vmar, &machine().vmo}) {
    ASSERT_EQ(zx_handle_close(*handle), ZX_OK);
    *handle = ZX_HANDLE_INVALID;
  }
  EXPECT_EQ(machine().vm().slots().size(), 2u);
  for (zx_handle_t* handle : {&machine().vcpu, &machine().guest}) {
    ASSERT_EQ(zx_handle_close(*handle), ZX_OK);
    *handle = ZX_HANDLE_INVALID;
  }
  EXPECT_EQ(kvm::g_counters.memory_slots.load(), slots - 2);
  // "a still-open VMAR handle then answers BAD_STATE"
  EXPECT_EQ(zx_vmar_unmap(vmar, 0x200000, 0x1000), ZX_ERR_BAD_STATE);
  EXPECT_EQ(zx_vmar_protect(vmar, ZX_VM_PERM_READ, 0x200000, 0x1000), ZX_ERR_BAD_STATE);
  zx_handle_close(vmar);
}

TEST_F(GuestSpace, ClosingTheGuestHandleAloneKeepsItForItsVcpu) {
  zx_handle_t guest = machine().guest;
  machine().guest = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_handle_close(guest), ZX_OK);
  EXPECT_EQ(machine().vm().slots().size(), 1u);
  ASSERT_EQ(zx_vcpu_kick(machine().vcpu), ZX_OK);
  EXPECT_EQ(machine().Enter(), ZX_ERR_CANCELED);
}

// ---- Lookups, on the space alone ----

TEST(GuestSpaceLookup, ExplainsAndChecks) {
  Shows("FAULT-3 FAULT-4 FAULT-5 FAULT-6");
  guest::VcpuSet vcpus;
  auto space = base::MakeRef<guest::GuestSpace>(nullptr, &vcpus, 4u);
  base::RefPtr<objects::Vmo> vmo;
  ASSERT_EQ(objects::Vmo::Create(0x2000, false, &vmo), ZX_OK);
  objects::Mapping mapping{vmo, 0x1000, ZX_VM_PERM_READ};
  ASSERT_EQ(space->Map(0x10000, 0x2000, mapping), ZX_OK);
  // FAULT-3, FAULT-4, FAULT-5, FAULT-2, FAULT-6.
  EXPECT_EQ(space->Explain(guest::GuestSpace::kSize, false), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(space->Explain(0xFFFF, false), ZX_ERR_NOT_FOUND);
  EXPECT_EQ(space->Explain(0x12000, false), ZX_ERR_NOT_FOUND);
  EXPECT_EQ(space->Explain(0x11000, false), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(space->Explain(0x11000, true), ZX_ERR_OUT_OF_RANGE) << "nor may it be written";
  EXPECT_EQ(space->Explain(0x10FFF, false), ZX_OK);
  EXPECT_EQ(space->Explain(0x10FFF, true), ZX_ERR_ACCESS_DENIED);
  // A record must lie inside one mapping, where that has memory.
  EXPECT_EQ(space->CheckRecord(guest::GuestSpace::kSize, 32), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(space->CheckRecord(0, 32), ZX_ERR_NOT_FOUND);
  EXPECT_EQ(space->CheckRecord(0x10000, 32), ZX_OK);
  EXPECT_EQ(space->CheckRecord(0x10FE0, 32), ZX_OK);
  EXPECT_EQ(space->CheckRecord(0x10FE1, 32), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(space->CheckRecord(0x11FE1, 32), ZX_ERR_OUT_OF_RANGE);
  mapping.vmo_offset = 0;
  ASSERT_EQ(space->Map(0x20000, 0x1000, mapping), ZX_OK);
  EXPECT_EQ(space->CheckRecord(0x20FE1, 32), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(space->CheckRecord(0x20FE0, 32), ZX_OK);
  auto trap = std::make_unique<guest::Trap>();
  trap->kind = ZX_GUEST_TRAP_MEM;
  trap->base = 0x20000;
  trap->size = 0x1000;
  ASSERT_EQ(space->AddMemoryTrap(std::move(trap)), ZX_OK);
  EXPECT_EQ(space->CheckRecord(0x20FE0, 32), ZX_ERR_NOT_FOUND);
  // Without a machine there are no slots.
  EXPECT_EQ(space->FindSlot(0x10000, nullptr), nullptr);
  EXPECT_EQ(space->Unmap(0x10000, 0x2000), ZX_OK);
  EXPECT_EQ(space->Explain(0x10000, false), ZX_ERR_NOT_FOUND);
}

}  // namespace
}  // namespace zircon
