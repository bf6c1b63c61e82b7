// GuestView: the guest's own page tables in every mode, by the processor's manuals: large leaves,
// bytes across pages. Rows: TRAP-MEM-14.

#include "vcpu/x86/guest_view.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>

#include "contract.h"
#include "fake/guest_memory.h"

namespace zircon::vcpu::x86 {
namespace {

constexpr uint64_t kPresent = 1;
constexpr uint64_t kLarge = 0x80;

class GuestViewTest : public ::testing::Test {
 protected:
  uint64_t Walk(const kvm_sregs& sregs, uint64_t linear) {
    uint64_t gpa = 0;
    return view_.Translate(sregs, linear, &gpa) ? gpa : kFault;
  }
  static constexpr uint64_t kFault = ~uint64_t{0};

  fake::GuestMemory memory_;
  GuestView view_{memory_.space()};
};

TEST_F(GuestViewTest, WithoutPagingLinearIsPhysical) {
  Shows("TRAP-MEM-14");
  EXPECT_EQ(Walk(fake::RealModeSregs(), 0x12345), 0x12345u);
  EXPECT_EQ(Walk(fake::ProtectedModeSregs(), 0x1'FFFF'FFFF), 0xFFFFFFFFu);
}

TEST_F(GuestViewTest, FourLevels) {
  Shows("TRAP-MEM-14");
  const kvm_sregs sregs = fake::LongModeSregs(0x10000);
  const uint64_t linear =
      uint64_t{3} << 39 | uint64_t{5} << 30 | uint64_t{7} << 21 | 9 << 12 | 0xABC;
  EXPECT_EQ(Walk(sregs, linear), kFault);
  memory_.Put64(0x10000 + 8 * 3, 0x11000 | kPresent);
  EXPECT_EQ(Walk(sregs, linear), kFault);
  memory_.Put64(0x11000 + 8 * 5, 0x12000 | kPresent);
  EXPECT_EQ(Walk(sregs, linear), kFault);
  memory_.Put64(0x12000 + 8 * 7, 0x13000 | kPresent);
  EXPECT_EQ(Walk(sregs, linear), kFault);
  memory_.Put64(0x13000 + 8 * 9, uint64_t{1} << 63 | 0x4567'8000 | kPresent);  // NX is no address
  EXPECT_EQ(Walk(sregs, linear), 0x45678ABCu);
  // A leaf of 2 MiB, with PAT (bit 12) set; then one of 1 GiB.
  memory_.Put64(0x12000 + 8 * 7, 0x1234'0000'0000 | 0x1000 | kLarge | kPresent);
  EXPECT_EQ(Walk(sregs, linear), 0x1234'0000'0000u | 0x9ABC);
  memory_.Put64(0x11000 + 8 * 5, 0x1'C000'0000 | kLarge | kPresent);
  EXPECT_EQ(Walk(sregs, linear), 0x1'C000'0000u | (7 << 21 | 0x9ABC));
  // The large bit of the root level is no leaf.
  memory_.Put64(0x10000 + 8 * 3, 0x11000 | kLarge | kPresent);
  EXPECT_EQ(Walk(sregs, linear), 0x1'C000'0000u | (7 << 21 | 0x9ABC));
}

// A walk that is remembered goes through the tables as they are.
TEST_F(GuestViewTest, RememberedWalksSeeEveryChange) {
  Shows("TRAP-MEM-14");
  kvm_sregs sregs = fake::LongModeSregs(0x10000);
  const uint64_t linear = uint64_t{1} << 30 | 2 << 21 | 3 << 12 | 0xABC;
  memory_.Put64(0x10000, 0x11000 | kPresent);
  memory_.Put64(0x11000 + 8, 0x12000 | kPresent);
  memory_.Put64(0x12000 + 16, 0x13000 | kPresent);
  memory_.Put64(0x13000 + 24, 0x20'0000 | kPresent);
  memory_.Put64(0x14000 + 24, 0x21'0000 | kPresent);
  EXPECT_EQ(Walk(sregs, linear), 0x20'0ABCu);
  // The processor's marks are no change; each entry's address is.
  memory_.Put64(0x13000 + 24, 0x20'0000 | kPresent | 0x60);
  EXPECT_EQ(Walk(sregs, linear), 0x20'0ABCu);
  memory_.Put64(0x13000 + 24, 0x22'0000 | kPresent);
  EXPECT_EQ(Walk(sregs, linear), 0x22'0ABCu);
  memory_.Put64(0x12000 + 16, 0x14000 | kPresent);
  EXPECT_EQ(Walk(sregs, linear), 0x21'0ABCu);
  memory_.Put64(0x12000 + 16, 0);
  EXPECT_EQ(Walk(sregs, linear), kFault);
  memory_.Put64(0x12000 + 16, 0x13000 | kPresent);
  EXPECT_EQ(Walk(sregs, linear), 0x22'0ABCu);
  memory_.Put64(0x11000 + 8, 0x15000 | kPresent);
  memory_.Put64(0x15000 + 16, 0x40'0000 | kLarge | kPresent);
  EXPECT_EQ(Walk(sregs, linear), 0x40'3ABCu);
  // Other tables.
  memory_.Put64(0x18000, 0x19000 | kPresent);
  memory_.Put64(0x19000 + 8, uint64_t{7} << 30 | kLarge | kPresent);
  sregs.cr3 = 0x18000;
  EXPECT_EQ(Walk(sregs, linear), uint64_t{7} << 30 | 2 << 21 | 0x3ABC);
  // Another page at the same place of the memory.
  EXPECT_EQ(Walk(sregs, linear + 16 * 4096), uint64_t{7} << 30 | 2 << 21 | 0x13ABC);
  EXPECT_EQ(Walk(sregs, linear), uint64_t{7} << 30 | 2 << 21 | 0x3ABC);
}

TEST_F(GuestViewTest, RememberedWalksGoWithTheSlots) {
  Shows("TRAP-MEM-14");
  const kvm_sregs sregs = fake::LongModeSregs(0x10000);
  memory_.Put64(0x10000, 0x11000 | kPresent);
  memory_.Put64(0x11000, 0 | kLarge | kPresent);
  Place place;
  ASSERT_TRUE(view_.Find(sregs, 0x800123, &place));
  EXPECT_EQ(place.gpa, 0x800123u);
  EXPECT_EQ(place.host, nullptr);
  ASSERT_TRUE(memory_.Map(0x800000, 0x1000, ZX_VM_PERM_READ));
  ASSERT_TRUE(view_.Find(sregs, 0x800123, &place));
  EXPECT_EQ(place.host, memory_.at(0x800123));
  EXPECT_FALSE(place.TakesStores());
  memory_.space().Unmap(0x800000, 0x1000);
  ASSERT_TRUE(view_.Find(sregs, 0x800123, &place));
  EXPECT_EQ(place.host, nullptr);
}

TEST_F(GuestViewTest, FiveLevels) {
  Shows("TRAP-MEM-14");
  kvm_sregs sregs = fake::LongModeSregs(0x10000);
  sregs.cr4 |= 1 << 12;
  memory_.Put64(0x10000 + 8 * 2, 0x20000 | kPresent);
  memory_.PutIdentityTables(0x20000);
  EXPECT_EQ(Walk(sregs, uint64_t{2} << 48 | 0x123456), 0x123456u);
  EXPECT_EQ(Walk(sregs, 0x123456), kFault);
}

TEST_F(GuestViewTest, PaePaging) {
  Shows("TRAP-MEM-14");
  kvm_sregs sregs = fake::ProtectedModeSregs();
  sregs.cr0 |= 0x80000000;
  sregs.cr4 = 0x20;
  sregs.cr3 = 0x10020;  // aligned to 32 bytes
  const uint64_t linear = uint64_t{2} << 30 | 3 << 21 | 4 << 12 | 0x567;
  EXPECT_EQ(Walk(sregs, linear), kFault);
  memory_.Put64(0x10020 + 8 * 2, 0x11000 | kPresent);
  EXPECT_EQ(Walk(sregs, linear), kFault);
  memory_.Put64(0x11000 + 8 * 3, 0x12000 | kPresent);
  EXPECT_EQ(Walk(sregs, linear), kFault);
  memory_.Put64(0x12000 + 8 * 4, 0x9'8765'4000 | kPresent);
  EXPECT_EQ(Walk(sregs, linear), 0x9'8765'4567u);
  memory_.Put64(0x11000 + 8 * 3, 0x9'8760'0000 | kLarge | kPresent);
  EXPECT_EQ(Walk(sregs, linear), 0x9'8760'4567u);
  EXPECT_EQ(Walk(sregs, 0x1'0000'0000 | linear), 0x9'8760'4567u);  // 32 bits only
  const uint64_t page = linear & ~uint64_t{0x1FFFFF};
  for (int bit = 0; bit < 21; ++bit) {
    EXPECT_EQ(Walk(sregs, page | 1 << bit), 0x9'8760'0000u | 1 << bit) << bit;
  }
}

// A processor that holds the page-directory pointers goes on with those that were in memory when
// CR3 was loaded; whether it does, and which they are, the kernel says.
TEST_F(GuestViewTest, PaePointersThatTheProcessorHolds) {
  Shows("TRAP-MEM-14");
  std::unique_ptr<kvm::VcpuFd> fd;
  ASSERT_EQ(memory_.vm().CreateVcpu(0, &fd), 0);
  fake::FakeVcpu& cpu = *memory_.kernel().vcpu();
  GuestView view(memory_.space(), fd.get());
  kvm_sregs sregs = fake::ProtectedModeSregs();
  sregs.cr0 |= 0x80000000;
  sregs.cr4 = 0x20;
  sregs.cr3 = 0x10000;
  const uint64_t linear = uint64_t{2} << 30 | 3 << 21 | 0x567;
  memory_.Put64(0x10000 + 8 * 2, 0x11000 | kPresent);
  memory_.Put64(0x11000 + 8 * 3, 0x1234'5000'0000 | kLarge | kPresent);
  memory_.Put64(0x12000 + 8 * 3, 0x1234'6000'0000 | kLarge | kPresent);
  uint64_t gpa = 0;
  EXPECT_TRUE(view.Translate(sregs, linear, &gpa));
  EXPECT_EQ(gpa, 0x1234'5000'0567u);
  // Asked once an exit.
  cpu.has_pdptrs = true;
  cpu.pdptrs[2] = 0x12000 | kPresent;
  EXPECT_TRUE(view.Translate(sregs, linear, &gpa));
  EXPECT_EQ(gpa, 0x1234'5000'0567u);
  view.Forget();
  EXPECT_TRUE(view.Translate(sregs, linear, &gpa));
  EXPECT_EQ(gpa, 0x1234'6000'0567u);
  cpu.pdptrs[2] = 0;
  view.Forget();
  EXPECT_FALSE(view.Translate(sregs, linear, &gpa));
  // A kernel that does not tell.
  memory_.kernel().Fail(KVM_GET_SREGS2, ENOTTY);
  view.Forget();
  EXPECT_TRUE(view.Translate(sregs, linear, &gpa));
  EXPECT_EQ(gpa, 0x1234'5000'0567u);
}

TEST_F(GuestViewTest, TwoLevels) {
  Shows("TRAP-MEM-14");
  kvm_sregs sregs = fake::ProtectedModeSregs();
  sregs.cr0 |= 0x80000000;
  sregs.cr3 = 0x10000;
  const uint32_t linear = 5 << 22 | 6 << 12 | 0x789;
  EXPECT_EQ(Walk(sregs, linear), kFault);
  memory_.Put32(0x10000 + 4 * 5, 0x11000 | kPresent);
  EXPECT_EQ(Walk(sregs, linear), kFault);
  memory_.Put32(0x11000 + 4 * 6, 0xABCDE000 | kPresent);
  EXPECT_EQ(Walk(sregs, linear), 0xABCDE789u);
  // The table has 1,024 entries.
  memory_.Put32(0x11000 + 4 * (512 + 6), 0x12345000 | kPresent);
  EXPECT_EQ(Walk(sregs, linear + (512 << 12)), 0x12345789u);
  // Large pages only with CR4.PSE; bits 13 to 20 are bits 32 to 39 of the address.
  memory_.Put32(0x10000 + 4 * 5, 0x00400000 | 0x11000 | kLarge | kPresent);
  EXPECT_EQ(Walk(sregs, linear), kFault);  // a table at 0x411000, which is not there
  sregs.cr4 = 0x10;
  memory_.Put32(0x10000 + 4 * 5, 0x00C00000 | 3 << 13 | kLarge | kPresent);
  EXPECT_EQ(Walk(sregs, linear), uint64_t{3} << 32 | 0xC00000 | 0x6789);
}

TEST_F(GuestViewTest, TablesThatAreNotMapped) {
  kvm_sregs sregs = fake::LongModeSregs(0x10'0000'0000);
  EXPECT_EQ(Walk(sregs, 0), kFault);
  sregs.cr3 = 0x10000;
  memory_.Put64(0x10000, 0x7F'FFFF'F000 | kPresent);
  EXPECT_EQ(Walk(sregs, 0), kFault);
}

TEST_F(GuestViewTest, ReadsAcrossPagesThatLieApart) {
  const kvm_sregs sregs = fake::LongModeSregs(0x10000);
  memory_.Put64(0x10000, 0x11000 | kPresent);
  memory_.Put64(0x11000, 0x12000 | kPresent);
  memory_.Put64(0x12000, 0x13000 | kPresent);
  memory_.Put64(0x13000 + 8 * 1, 0x50000 | kPresent);
  memory_.Put64(0x13000 + 8 * 2, 0x30000 | kPresent);
  memory_.Put(0x50FFC, {1, 2, 3, 4});
  memory_.Put(0x30000, {5, 6, 7, 8});
  uint8_t bytes[8] = {};
  EXPECT_EQ(view_.Read(sregs, 0x1FFC, bytes, 8), 8u);
  for (uint8_t i = 0; i < 8; ++i) EXPECT_EQ(bytes[i], i + 1);
  // As far as it goes.
  EXPECT_EQ(view_.Read(sregs, 0x2FFE, bytes, 8), 2u);
  EXPECT_EQ(view_.Read(sregs, 0x3000, bytes, 8), 0u);
}

TEST_F(GuestViewTest, HostAddresses) {
  size_t length = 0;
  EXPECT_EQ(view_.Host(0x1234, &length), memory_.at(0x1234));
  EXPECT_EQ(length, fake::GuestMemory::kSize - 0x1234);
  EXPECT_EQ(view_.HostForWrite(0x1234, &length), memory_.at(0x1234));
  EXPECT_EQ(view_.Host(fake::GuestMemory::kSize, &length), nullptr);
  EXPECT_EQ(view_.HostForWrite(fake::GuestMemory::kSize, &length), nullptr);
  ASSERT_TRUE(memory_.Map(0x800000, 0x1000, ZX_VM_PERM_READ));
  EXPECT_NE(view_.Host(0x800000, &length), nullptr);
  EXPECT_EQ(view_.HostForWrite(0x800000, &length), nullptr);  // read-only
}

TEST_F(GuestViewTest, ARememberedSlotIsDroppedWhenSlotsChange) {
  size_t length = 0;
  ASSERT_NE(view_.Host(0x200000, &length), nullptr);
  memory_.space().Unmap(0x200000, 0x1000);
  EXPECT_EQ(view_.Host(0x200000, &length), nullptr);
  EXPECT_NE(view_.Host(0x201000, &length), nullptr);
}

TEST_F(GuestViewTest, ARememberedSlotIsDroppedWhenItAloneGoes) {
  Shows("GPAS-8");
  ASSERT_TRUE(memory_.Map(0x800000, 0x1000, ZX_VM_PERM_READ));
  size_t length = 0;
  ASSERT_NE(view_.Host(0x800000, &length), nullptr);
  memory_.space().Unmap(0x800000, 0x1000);
  EXPECT_EQ(view_.Host(0x800000, &length), nullptr);
}

}  // namespace
}  // namespace zircon::vcpu::x86
