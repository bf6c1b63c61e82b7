// What a new VCPU is given, register by register, as the host's kernel gets it. Rows: STATE-INIT.

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "contract.h"
#include "fake/machine_test.h"

namespace zircon {
namespace {

using fake::FakeVcpu;
using fake::Machine;

constexpr uint64_t kSecondEntry = 0x12345;  // Not aligned, on purpose.

// Id 0 on this thread, id 1 on one that waits for the end of the test.
class VcpuInitialState : public fake::OnMachine {
 protected:
  void SetUp() override {
    OnMachine::SetUp();
    first_ = machine().kernel.vcpu();
    std::atomic<zx_status_t> status = 1;
    thread_ = std::thread([&] {
      const zx_status_t result = zx_vcpu_create(machine().guest, 0, kSecondEntry, &handle_);
      status = result;
      status.notify_one();
      over_.wait(false);
    });
    status.wait(1);
    ASSERT_EQ(status, ZX_OK);
    second_ = machine().kernel.vcpu();
    ASSERT_EQ(second_->id(), 1u);
  }
  void TearDown() override {
    over_ = true;
    over_.notify_one();
    thread_.join();
    EXPECT_EQ(zx_handle_close(handle_), ZX_OK);
    first_.reset();
    second_.reset();
    OnMachine::TearDown();
  }
  const FakeVcpu& first() const { return *first_; }
  const FakeVcpu& second() const { return *second_; }

 private:
  std::shared_ptr<FakeVcpu> first_;
  std::shared_ptr<FakeVcpu> second_;
  std::atomic<bool> over_ = false;
  zx_handle_t handle_ = ZX_HANDLE_INVALID;
  std::thread thread_;
};

void ExpectSegment(const kvm_segment& segment, uint8_t type, uint8_t s) {
  EXPECT_EQ(segment.limit, 0xFFFFu);
  EXPECT_EQ(segment.type, type);
  EXPECT_EQ(segment.s, s);
  EXPECT_EQ(segment.present, 1);
  EXPECT_EQ(segment.dpl, 0);
  EXPECT_EQ(segment.db, 0);
  EXPECT_EQ(segment.g, 0);
  EXPECT_EQ(segment.unusable, 0);
}

TEST_F(VcpuInitialState, CodeSegment) {
  Shows("STATE-INIT-2 STATE-INIT-3");
  constexpr uint8_t kReadableConformingAccessed = 0xF;
  ExpectSegment(first().sregs.cs, kReadableConformingAccessed, 1);
  EXPECT_EQ(first().sregs.cs.selector, 0);
  EXPECT_EQ(first().sregs.cs.base, 0u);
  EXPECT_EQ(first().sregs.cs.l, 1);
  EXPECT_EQ(first().regs.rip, Machine::kEntry);
  ExpectSegment(second().sregs.cs, kReadableConformingAccessed, 1);
  EXPECT_EQ(second().sregs.cs.selector, 0x1234);
  EXPECT_EQ(second().sregs.cs.base, 0x12345u) << "in full";
  EXPECT_EQ(second().sregs.cs.l, 0);
  EXPECT_EQ(second().regs.rip, 0u);
}

TEST_F(VcpuInitialState, OtherSegments) {
  Shows("STATE-INIT-4 STATE-INIT-5 STATE-INIT-6 STATE-INIT-7");
  for (const kvm_sregs* sregs : {&first().sregs, &second().sregs}) {
    constexpr uint8_t kWritableAccessed = 0x3;
    constexpr uint8_t kBusyTss = 0xB;
    constexpr uint8_t kLdt = 0x2;
    for (const kvm_segment* data : {&sregs->ds, &sregs->es, &sregs->fs, &sregs->gs, &sregs->ss}) {
      ExpectSegment(*data, kWritableAccessed, 1);
    }
    ExpectSegment(sregs->tr, kBusyTss, 0);
    ExpectSegment(sregs->ldt, kLdt, 0);
    for (const kvm_segment* segment :
         {&sregs->ds, &sregs->es, &sregs->fs, &sregs->gs, &sregs->ss, &sregs->tr, &sregs->ldt}) {
      EXPECT_EQ(segment->selector, 0);
      EXPECT_EQ(segment->base, 0u);
    }
    for (const kvm_dtable* table : {&sregs->gdt, &sregs->idt}) {
      EXPECT_EQ(table->base, 0u);
      EXPECT_EQ(table->limit, 0xFFFF);
    }
  }
}

TEST_F(VcpuInitialState, ControlRegisters) {
  Shows("STATE-INIT-1 STATE-INIT-8 STATE-INIT-9 STATE-INIT-10 STATE-INIT-11");
  EXPECT_EQ(first().sregs.cr0, 0x80010011u);
  EXPECT_EQ(second().sregs.cr0, 0x00010010u);
  constexpr uint64_t kPae = 1u << 5;
  constexpr uint64_t kOthers = 1u << 7 | 1u << 9 | 1u << 16 | 1u << 18;  // The host shows both.
  EXPECT_EQ(first().sregs.cr4, kPae | kOthers);
  EXPECT_EQ(second().sregs.cr4, kOthers);
  EXPECT_EQ(first().sregs.efer, 0xD01u);
  EXPECT_EQ(second().sregs.efer, 0x801u);
  for (const kvm_sregs* sregs : {&first().sregs, &second().sregs}) {
    EXPECT_EQ(sregs->cr2, 0u);
    EXPECT_EQ(sregs->cr3, 0u);
    EXPECT_EQ(sregs->cr8, 0u);
  }
}

TEST_F(VcpuInitialState, GeneralRegistersAndFlags) {
  Shows("STATE-INIT-12 STATE-INIT-13");
  for (const kvm_regs* regs : {&first().regs, &second().regs}) {
    EXPECT_EQ(regs->rflags, 2u);
    for (const uint64_t value :
         {regs->rax, regs->rbx, regs->rcx, regs->rdx, regs->rsi, regs->rdi, regs->rsp, regs->rbp,
          regs->r8, regs->r9, regs->r10, regs->r11, regs->r12, regs->r13, regs->r14, regs->r15}) {
      EXPECT_EQ(value, 0u);
    }
  }
}

TEST_F(VcpuInitialState, ModelSpecificRegisters) {
  Shows("STATE-INIT-14 STATE-INIT-16 STATE-INIT-18 STATE-INIT-20");
  for (const FakeVcpu* vcpu : {&first(), &second()}) {
    EXPECT_EQ(vcpu->xcr0, 7u);
    EXPECT_EQ(vcpu->msrs.at(0x277), 0x0407050600070106u);
    EXPECT_TRUE(vcpu->has_tsc_offset);
    EXPECT_EQ(vcpu->tsc_offset, 0u);
  }
  EXPECT_EQ(first().sregs.apic_base, 0xFEE00D00u);
  EXPECT_EQ(second().sregs.apic_base, 0xFEE00C00u);
}

}  // namespace
}  // namespace zircon
