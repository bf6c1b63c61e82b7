// VMOs that change their size while guests map them. Rows: VMO-SIZE, FAULT, GPAS.

#include <gtest/gtest.h>
#include <zircon/syscalls.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <vector>

#include "contract.h"
#include "fake/machine_test.h"
#include "fake/memory_shortage.h"
#include "guest/resize_listener.h"
#include "unit/process_memory.h"
#include "unit/vmo_handles.h"

namespace zircon {
namespace {

using fake::DefaultHost;
using fake::HostModel;
using fake::Machine;
using fake::MmioRead;
using fake::Slot;

constexpr uint64_t kPage = 4096;
constexpr uint64_t kPlace = 0x200000;
constexpr zx_vm_option_t kReadWrite = ZX_VM_PERM_READ | ZX_VM_PERM_WRITE;

class VmoResizeInGuest : public fake::OnMachine {
 protected:
  void SetUp() override {
    OnMachine::SetUp();
    vmo_ = objects::CreateVmo(2 * kPage, ZX_VMO_RESIZABLE);
  }
  void TearDown() override {
    zx_handle_close(vmo_);
    OnMachine::TearDown();
  }
  zx_status_t Map(zx_handle_t vmo, uint64_t gpa, uint64_t offset, uint64_t length,
                  zx_vm_option_t options = kReadWrite) {
    zx_gpaddr_t at = 0;
    return zx_vmar_map(machine().vmar, options | ZX_VM_SPECIFIC, gpa, vmo, offset, length, &at);
  }
  // What is mapped above the machine's own memory, as pairs of place and size.
  std::vector<std::pair<uint64_t, uint64_t>> Upper() {
    std::vector<std::pair<uint64_t, uint64_t>> upper;
    for (const Slot& slot : machine().vm().slots()) {
      if (slot.gpa >= Machine::kMemorySize) upper.emplace_back(slot.gpa, slot.size);
    }
    return upper;
  }
  using Slots = std::vector<std::pair<uint64_t, uint64_t>>;

  zx_handle_t vmo_ = ZX_HANDLE_INVALID;
};

TEST_F(VmoResizeInGuest, SlotsFollow) {
  Shows("VMO-SIZE-9 VMO-2");
  ASSERT_EQ(Map(vmo_, kPlace, 0, 8 * kPage), ZX_OK);
  EXPECT_EQ(Upper(), Slots({{kPlace, 2 * kPage}}));
  // Far enough for new windows; the mapping is the limit.
  for (uint64_t pages : {3, 6, 1, 7, 100, 8, 1000, 0, 5}) {
    ASSERT_EQ(zx_vmo_set_size(vmo_, pages * kPage), ZX_OK);
    const uint64_t seen = std::min<uint64_t>(pages, 8) * kPage;
    EXPECT_EQ(Upper(), pages == 0 ? Slots() : Slots({{kPlace, seen}})) << pages;
    if (pages == 0) continue;
    *machine().memory(kPlace + seen - 1) = static_cast<uint8_t>(pages);
    EXPECT_EQ(objects::Load(vmo_, seen - 1), static_cast<uint8_t>(pages));
    objects::Store(vmo_, 0, static_cast<uint8_t>(pages + 1));
    EXPECT_EQ(*machine().memory(kPlace), static_cast<uint8_t>(pages + 1));
  }
}

TEST_F(VmoResizeInGuest, EveryMappingFollows) {
  Shows("VMO-SIZE-9");
  ASSERT_EQ(Map(vmo_, kPlace, kPage, 4 * kPage), ZX_OK);
  ASSERT_EQ(Map(vmo_, 2 * kPlace, 3 * kPage, kPage, ZX_VM_PERM_READ), ZX_OK);
  const zx_handle_t reference = objects::CreateChild(vmo_, ZX_VMO_CHILD_REFERENCE);
  ASSERT_EQ(Map(reference, 3 * kPlace, 0, 3 * kPage), ZX_OK);
  const zx_handle_t other = objects::CreateVmo(kPage, ZX_VMO_RESIZABLE);
  ASSERT_EQ(Map(other, 4 * kPlace, 0, 3 * kPage), ZX_OK);
  EXPECT_EQ(Upper(), Slots({{kPlace, kPage}, {3 * kPlace, 2 * kPage}, {4 * kPlace, kPage}}));
  ASSERT_EQ(zx_vmo_set_size(vmo_, 4 * kPage), ZX_OK);
  EXPECT_EQ(Upper(), Slots({{kPlace, 3 * kPage},
                            {2 * kPlace, kPage},
                            {3 * kPlace, 3 * kPage},
                            {4 * kPlace, kPage}}));
  ASSERT_EQ(zx_vmo_set_size(vmo_, kPage), ZX_OK);
  EXPECT_EQ(Upper(), Slots({{3 * kPlace, kPage}, {4 * kPlace, kPage}}));
  // What has been unmapped does not come back.
  ASSERT_EQ(zx_vmar_unmap(machine().vmar, 3 * kPlace, 3 * kPage), ZX_OK);
  ASSERT_EQ(zx_vmo_set_size(vmo_, 2 * kPage), ZX_OK);
  EXPECT_EQ(Upper(), Slots({{kPlace, kPage}, {4 * kPlace, kPage}}));
  zx_handle_close(reference);
  zx_handle_close(other);
}

TEST_F(VmoResizeInGuest, AnAccessBehindTheEndIsOutOfRange) {
  Shows("FAULT-5 VMO-SIZE-9");
  machine().Code({0x8B, 0x03, 0x8B, 0x03});
  ASSERT_EQ(Map(vmo_, kPlace, 0, 4 * kPage), ZX_OK);
  const auto read = [&](uint64_t gpa) {
    cpu().Push(MmioRead(gpa, 4, 2, {0, 4}));
    return machine().Enter();
  };
  EXPECT_EQ(read(kPlace + 2 * kPage), ZX_ERR_OUT_OF_RANGE);
  ASSERT_EQ(zx_vmo_set_size(vmo_, kPage), ZX_OK);
  EXPECT_EQ(read(kPlace + kPage), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(read(kPlace + 4 * kPage), ZX_ERR_NOT_FOUND);
  ASSERT_EQ(zx_vmo_set_size(vmo_, 3 * kPage), ZX_OK);
  EXPECT_EQ(read(kPlace + 3 * kPage), ZX_ERR_OUT_OF_RANGE);
}

TEST_F(VmoResizeInGuest, TrapsStay) {
  Shows("VMO-SIZE-9 TRAP-14");
  ASSERT_EQ(machine().TrapMemory(kPlace + 2 * kPage, kPage), ZX_OK);
  ASSERT_EQ(Map(vmo_, kPlace, 0, 8 * kPage), ZX_OK);
  ASSERT_EQ(zx_vmo_set_size(vmo_, 5 * kPage), ZX_OK);
  EXPECT_EQ(Upper(), Slots({{kPlace, 2 * kPage}, {kPlace + 3 * kPage, 2 * kPage}}));
}

TEST_F(VmoResizeInGuest, GrowthThatTheKernelRefusesIsUndone) {
  Shows("CALL-4 VMO-SIZE-6");
  HostModel host = DefaultHost();
  host.capabilities[KVM_CAP_NR_MEMSLOTS] = 3;
  Use(std::move(host));
  ASSERT_EQ(Map(vmo_, kPlace, 0, kPage), ZX_OK);
  ASSERT_EQ(Map(vmo_, 2 * kPlace, kPage, kPage), ZX_OK);
  ASSERT_EQ(Map(vmo_, 3 * kPlace, 2 * kPage, kPage), ZX_OK);
  objects::Store(vmo_, 0, 5);
  const std::vector<Slot> before = machine().vm().slots();
  EXPECT_EQ(zx_vmo_set_size(vmo_, 3 * kPage), ZX_ERR_NO_RESOURCES);
  EXPECT_EQ(objects::SizeOf(vmo_), 2 * kPage);
  EXPECT_EQ(machine().vm().slots(), before);
  // Behind the end there is nothing for the process either.
  zx_vaddr_t here = 0;
  ASSERT_EQ(zx_vmar_map(zx_vmar_root_self(), ZX_VM_PERM_READ | ZX_VM_ALLOW_FAULTS, 0, vmo_, 0,
                        3 * kPage, &here),
            ZX_OK);
  objects::Pipe pipe;
  EXPECT_TRUE(pipe.CanRead(here + kPage));
  EXPECT_FALSE(pipe.CanRead(here + 2 * kPage));
  EXPECT_EQ(zx_vmar_unmap(zx_vmar_root_self(), here, 3 * kPage), ZX_OK);
  EXPECT_EQ(objects::Load(vmo_, 0), 5);
  // With a slot that is free again it works.
  ASSERT_EQ(zx_vmar_unmap(machine().vmar, 2 * kPlace, kPage), ZX_OK);
  EXPECT_EQ(zx_vmo_set_size(vmo_, 3 * kPage), ZX_OK);
  EXPECT_EQ(Upper(), Slots({{kPlace, kPage}, {3 * kPlace, kPage}}));
}

TEST_F(VmoResizeInGuest, WhatIsCutOffIsOutOfReachWhateverTheKernelRefuses) {
  Shows("VMO-SIZE-9 GPAS-19");
  ASSERT_EQ(Map(vmo_, kPlace, 0, 8 * kPage), ZX_OK);
  // The slot goes; the shorter one is not made.
  machine().kernel.Fail(KVM_SET_USER_MEMORY_REGION, ENOMEM, 2);
  EXPECT_EQ(zx_vmo_set_size(vmo_, kPage), ZX_OK);
  EXPECT_EQ(objects::SizeOf(vmo_), kPage);
  // Before the guest runs the slots are those that should be.
  machine().Code({0x8B, 0x03});
  cpu().Push(MmioRead(kPlace + kPage, 4, 2, {0, 4}));
  EXPECT_EQ(machine().Enter(), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(Upper(), Slots({{kPlace, kPage}}));
}

TEST_F(VmoResizeInGuest, GuestsThatHaveGoneAreForgotten) {
  Shows("VMO-SIZE-9 GPAS-17");
  ASSERT_EQ(Map(vmo_, kPlace, 0, 4 * kPage), ZX_OK);
  for (int round = 0; round < 3; ++round) {
    Use(DefaultHost());
    ASSERT_EQ(zx_vmo_set_size(vmo_, (3 + static_cast<uint64_t>(round)) * kPage), ZX_OK);
    ASSERT_EQ(Map(vmo_, kPlace, 0, 8 * kPage), ZX_OK);
    EXPECT_EQ(Upper(), Slots({{kPlace, (3 + static_cast<uint64_t>(round)) * kPage}}));
  }
}

// What a VMO keeps of a guest gives its place to the next guest's, once that one is gone.
TEST(ResizeListener, OfASpaceThatIsGoneSaysSo) {
  guest::ResizeListener listener(nullptr);
  EXPECT_FALSE(listener.gone());
  listener.Forget();
  EXPECT_TRUE(listener.gone());
}

// Wherever memory ends while it is mapped for the first time.
TEST_F(VmoResizeInGuest, IsToldAlsoAfterAMappingThatFailed) {
  Shows("VMO-SIZE-9 CALL-6");
  zx_status_t status = ZX_ERR_NO_MEMORY;
  for (int allocations = 0; status != ZX_OK; ++allocations) {
    const zx_handle_t vmo = objects::CreateVmo(2 * kPage, ZX_VMO_RESIZABLE);
    std::optional<fake::MemoryShortage> shortage;
    {
      const auto begin = [&shortage] { shortage.emplace(); };
      const fake::AtAllocation hook(allocations, begin);
      status = Map(vmo, kPlace, 0, 8 * kPage);
      shortage.reset();
    }
    if (status != ZX_OK) {
      ASSERT_EQ(status, ZX_ERR_NO_MEMORY);
      ASSERT_EQ(Map(vmo, kPlace, 0, 8 * kPage), ZX_OK);
    }
    ASSERT_EQ(zx_vmo_set_size(vmo, 5 * kPage), ZX_OK);
    EXPECT_EQ(Upper(), Slots({{kPlace, 5 * kPage}})) << allocations;
    ASSERT_EQ(zx_vmar_unmap(machine().vmar, kPlace, 8 * kPage), ZX_OK);
    zx_handle_close(vmo);
  }
}

TEST_F(VmoResizeInGuest, ASliceEndsInAGuestToo) {
  Shows("VMO-CHILD-14 FAULT-5");
  const zx_handle_t parent = objects::CreateVmo(4 * kPage);
  for (uint8_t page = 0; page < 4; ++page) objects::Store(parent, page * kPage, page + 1);
  const zx_handle_t slice = objects::CreateChild(parent, ZX_VMO_CHILD_SLICE, kPage, 2 * kPage);
  ASSERT_EQ(Map(slice, kPlace, kPage, 3 * kPage), ZX_OK);
  EXPECT_EQ(Upper(), Slots({{kPlace, kPage}}));
  EXPECT_EQ(*machine().memory(kPlace), 3);
  ASSERT_EQ(Map(parent, kPlace * 2, 0, 4 * kPage), ZX_OK);
  *machine().memory(kPlace * 2 + 2 * kPage) = 9;
  EXPECT_EQ(*machine().memory(kPlace), 9);
  EXPECT_EQ(objects::InfoOf(slice).num_mappings, 1u);
  zx_handle_close(slice);
  zx_handle_close(parent);
}

}  // namespace
}  // namespace zircon
