// Every kind of exit while no memory is to be had: enter takes none, so it gives what it gives
// otherwise. Rows: CALL-6, VCPU-ENTER-12.

#include <gtest/gtest.h>
#include <signal.h>
#include <x86intrin.h>

#include <cerrno>
#include <functional>
#include <memory>

#include "contract.h"
#include "fake/machine_test.h"
#include "fake/memory_shortage.h"

namespace zircon {
namespace {

using fake::Do;
using fake::FakeVcpu;
using fake::Machine;
using fake::PioOut;
using fake::RdMsr;
using fake::WrMsr;

constexpr uint64_t kTrap = Machine::kDeviceAddress;
constexpr uint64_t kBell = kTrap + 0x1000;
constexpr uint64_t kHole = kTrap + 0x10000;

class EnterWithoutMemory : public fake::OnMachine {
 protected:
  void SetUp() override {
    OnMachine::SetUp();
    ASSERT_EQ(machine().TrapIo(0x60, 1), ZX_OK);
    ASSERT_EQ(machine().TrapMemory(kTrap, 0x1000), ZX_OK);
    ASSERT_EQ(machine().TrapBell(kBell, 0x1000), ZX_OK);
    machine().Code({0xEE});                  // out %al, (%dx)
    machine().CodeAt(0x8000, {0x89, 0x03});  // mov %eax, (%rbx)
    machine().CodeAt(0x9000, {0x8B, 0x03});  // mov (%rbx), %eax
    machine().CodeAt(0xA000, {0x03, 0x03});  // add (%rbx), %eax
    machine().CodeAt(0xC000, {0xEC, 0x6E});  // in (%dx), %al; outsb
  }
  zx_status_t Enter() {
    const fake::MemoryShortage shortage;
    return machine().Enter();
  }
  void At(uint64_t rip, uint64_t rbx) {
    cpu().Push(Do([rip, rbx](FakeVcpu& vcpu) {
      vcpu.regs.rip = rip;
      vcpu.regs.rbx = vcpu.regs.rdi = rbx;
      vcpu.regs.rdx = 0x60;
    }));
  }
  void PushOut() {
    At(Machine::kEntry, 0);
    cpu().Push(PioOut(0x60, 1));
  }
  void ExpectOut() {
    PushOut();
    EXPECT_EQ(Enter(), ZX_OK);
    EXPECT_EQ(packet().type, ZX_PKT_TYPE_GUEST_IO);
  }
};

TEST_F(EnterWithoutMemory, TheTestSeesAllocations) {
  const fake::MemoryShortage shortage;
  // The functions: a compiler may leave out what a new-expression takes.
  EXPECT_EQ(::operator new(1, std::nothrow), nullptr);
  EXPECT_THROW(static_cast<void>(::operator new(1)), std::bad_alloc);
}

TEST_F(EnterWithoutMemory, Ports) {
  Shows("CALL-6 VCPU-ENTER-12");
  ExpectOut();
  At(0xC000, 0);
  cpu().Push(fake::PioIn(0x60, 1));
  EXPECT_EQ(Enter(), ZX_OK);
  EXPECT_EQ(machine().WriteIo(1, 5), ZX_OK);
  ExpectOut();
  At(Machine::kEntry, 0);
  cpu().Push(PioOut(0x99, 1));
  EXPECT_EQ(Enter(), ZX_ERR_NOT_FOUND);
  At(0xC001, 0);
  cpu().Push(fake::StringIo(0x60, 1, false, 1, 1, false));
  EXPECT_EQ(Enter(), ZX_ERR_NOT_SUPPORTED);
  ExpectOut();
}

TEST_F(EnterWithoutMemory, Memory) {
  Shows("CALL-6 VCPU-ENTER-12");
  for (const uint64_t place : {kTrap, kHole}) {
    const zx_status_t status = place == kTrap ? ZX_OK : ZX_ERR_NOT_FOUND;
    At(0x8000, place);
    cpu().Push(fake::MmioWrite(place, 0, 4, 2));
    EXPECT_EQ(Enter(), status);
    At(0x9000, place);
    cpu().Push(fake::MmioRead(place, 4, 2));
    EXPECT_EQ(Enter(), status);
    At(0xA000, place);
    cpu().Push(fake::MmioReadThen(place, 4, 2, [](FakeVcpu&, uint64_t) { return fake::kGoOn; }));
    EXPECT_EQ(Enter(), status);
    ExpectOut();
  }
}

TEST_F(EnterWithoutMemory, Bells) {
  Shows("CALL-6 VCPU-ENTER-12");
  for (int i = 0; i < 3; ++i) {
    At(0x8000, kBell);
    cpu().Push(fake::MmioWrite(kBell, 0, 4, 2));
  }
  ExpectOut();
  At(0x9000, kBell);
  cpu().Push(fake::MmioRead(kBell, 4, 2));
  EXPECT_EQ(Enter(), ZX_ERR_NOT_SUPPORTED);
  ExpectOut();
}

TEST_F(EnterWithoutMemory, Msrs) {
  Shows("CALL-6 VCPU-ENTER-12 PVCLOCK-1 PVCLOCK-2");
  for (const uint32_t msr : {0x1Bu, 0x8Bu, 0x802u, 0x3Bu, 0x4B564D00u}) cpu().Push(RdMsr(msr));
  // The clock's records go to KVM.
  for (const uint32_t msr : {0x4B564D00u, 0x4B564D01u, 0x11u, 0x12u}) {
    cpu().Push(WrMsr(msr, 0x10000 | (msr == 0x12 || msr == 0x4B564D01 ? 1 : 0)));
  }
  cpu().Push(WrMsr(0x4B564D01, 0));
  cpu().Push(WrMsr(0x8B, 0));
  cpu().Push(WrMsr(0x3B, 0));
  // The timer.
  cpu().Push(WrMsr(0x832, 2u << 17 | 0x40));
  cpu().Push(WrMsr(0x6E0, __rdtsc() + (uint64_t{1} << 40)));
  cpu().Push(WrMsr(0x832, 0x40));
  cpu().Push(WrMsr(0x838, 1'000'000'000));
  cpu().Push(WrMsr(0x83F, 0x41));
  ExpectOut();
  cpu().Push(WrMsr(0x830, uint64_t{1} << 32 | 0x40));
  EXPECT_EQ(Enter(), ZX_OK);
  cpu().Push(WrMsr(0x1B, 0));
  EXPECT_EQ(Enter(), ZX_ERR_INVALID_ARGS);
  ExpectOut();
}

TEST_F(EnterWithoutMemory, InterruptsHaltsAndSignals) {
  Shows("CALL-6 VCPU-ENTER-12");
  cpu().Push(fake::SetInterruptFlag(true));
  for (const uint32_t vector : {2u, 6u, 25u, 0x40u}) {
    ASSERT_EQ(zx_vcpu_interrupt(machine().vcpu, vector), ZX_OK);
  }
  ExpectOut();
  ASSERT_EQ(zx_vcpu_interrupt(machine().vcpu, 25), ZX_OK);
  EXPECT_EQ(Enter(), ZX_ERR_NOT_SUPPORTED);
  cpu().Push(fake::ExitWith(KVM_EXIT_IRQ_WINDOW_OPEN));
  cpu().Push([this](FakeVcpu& vcpu) {
    EXPECT_EQ(zx_vcpu_interrupt(machine().vcpu, 0x41), ZX_OK);
    return fake::Hlt()(vcpu);
  });
  // One that ends at its timer, whenever that fires: its interrupt is not taken before the halt.
  cpu().Push(fake::SetInterruptFlag(false));
  cpu().Push(WrMsr(0x832, 2u << 17 | 0x40));
  cpu().Push(WrMsr(0x6E0, __rdtsc() + 1'000'000));
  cpu().Push([](FakeVcpu& vcpu) {
    fake::SetInterruptFlag(true)(vcpu);
    return fake::Hlt()(vcpu);
  });
  ExpectOut();
  // A signal that is not the library's, which KVM_RUN gets a new mask for.
  cpu().Push(fake::Errno(EINTR));
  cpu().Push(fake::Errno(EAGAIN));
  cpu().Push(fake::ExitWith(KVM_EXIT_INTR));
  cpu().Push(fake::ExitWith(KVM_EXIT_SET_TPR));
  sigset_t usr1;
  sigset_t before;
  sigemptyset(&usr1);
  sigaddset(&usr1, SIGUSR1);
  ASSERT_EQ(pthread_sigmask(SIG_BLOCK, &usr1, &before), 0);
  ExpectOut();
  ASSERT_EQ(pthread_sigmask(SIG_SETMASK, &before, nullptr), 0);
  ASSERT_EQ(zx_vcpu_kick(machine().vcpu), ZX_OK);
  EXPECT_EQ(Enter(), ZX_ERR_CANCELED);
}

// Their words are lost where there is no memory for them; what enter gives is the same.
TEST_F(EnterWithoutMemory, Failures) {
  Shows("CALL-6 VCPU-ENTER-12 VCPU-ENTER-18 VCPU-ENTER-19 VCPU-ENTER-20");
  const struct {
    fake::Step exit;
    zx_status_t status;
  } kExits[] = {
      {fake::FailEntry(), ZX_ERR_BAD_STATE},
      {fake::InternalError(KVM_INTERNAL_ERROR_EMULATION), ZX_ERR_NOT_SUPPORTED},
      {fake::Errno(ENOMEM), ZX_ERR_NO_MEMORY},
      {fake::Errno(EFAULT), ZX_ERR_NO_MEMORY},
      {fake::ExitWith(KVM_EXIT_SHUTDOWN), ZX_ERR_NOT_SUPPORTED},
      {fake::InternalError(KVM_INTERNAL_ERROR_DELIVERY_EV), ZX_ERR_INTERNAL},
      {fake::ExitWith(KVM_EXIT_HYPERCALL), ZX_ERR_INTERNAL},
      {fake::Errno(EIO), ZX_ERR_INTERNAL},
  };
  for (const auto& row : kExits) {
    Use(fake::DefaultHost());
    cpu().Push(row.exit);
    EXPECT_EQ(Enter(), row.status);
    EXPECT_EQ(zx_vcpu_kick(machine().vcpu), ZX_OK);
    EXPECT_EQ(Enter(), ZX_ERR_CANCELED);
  }
}

}  // namespace
}  // namespace zircon
