// Guests whose local APICs are the kernel's: how they are chosen, how processors start, what
// becomes of interrupts, halts and kicks. Rows: ACCEL.

#include <gtest/gtest.h>
#include <zircon-kvm/debug.h>
#include <zircon-kvm/host.h>

#include <cerrno>
#include <cstring>
#include <thread>
#include <vector>

#include "contract.h"
#include "fake/machine_test.h"
#include "guest/x86/vm_setup.h"
#include "threads_by_name.h"
#include "vcpu/kick_signal.h"

namespace zircon {
namespace {

using fake::DefaultHost;
using fake::Eventually;
using fake::FakeKernel;
using fake::FakeVcpu;
using fake::HostModel;
using fake::KernelScope;
using fake::PioOut;

constexpr uint64_t kEntry = 0x4000;
constexpr uint8_t kStartVector = 0x9A;
constexpr int kForGood = 1 << 20;

uint32_t ApicRegister(const FakeVcpu& cpu, size_t place) {
  uint32_t value = 0;
  std::memcpy(&value, cpu.lapic.regs + place, sizeof(value));
  return value;
}

class KernelInterrupts : public ::testing::Test {
 protected:
  void SetUp() override { Use(DefaultHost()); }
  void Use(HostModel host) {
    Close();
    kernel_ = std::make_unique<FakeKernel>(std::move(host));
    scope_ = std::make_unique<KernelScope>(*kernel_);
    ASSERT_EQ(zircon_kvm_hypervisor_resource(&resource_), ZX_OK);
    ASSERT_EQ(zx_guest_create(resource_, 0, &guest_, &vmar_), ZX_OK);
  }
  void TearDown() override {
    Close();
    EXPECT_EQ(last_open_, 0u);
    EXPECT_EQ(last_misuses_, 0);
  }
  void Close() {
    if (kernel_ == nullptr) return;
    kernel_->FailNothing();
    for (zx_handle_t* handle : {&vcpu_, &guest_, &vmar_, &resource_}) {
      zx_handle_close(*handle);
      *handle = ZX_HANDLE_INVALID;
    }
    last_open_ += kernel_->open_descriptors() + kernel_->mapped_pages();
    last_misuses_ += kernel_->misuses();
    scope_.reset();
    kernel_.reset();
  }

  zx_status_t Choose(int interrupts, uint32_t processors = 1) {
    return zircon_kvm_guest_set_interrupts(guest_, interrupts, processors);
  }
  zx_status_t ChooseKernel(uint32_t processors = 1) {
    return Choose(ZIRCON_KVM_INTERRUPTS_KERNEL, processors);
  }
  zx_status_t CreateVcpu() { return zx_vcpu_create(guest_, 0, kEntry, &vcpu_); }
  // The first VCPU of a guest with that many processors.
  void Begin(uint32_t processors) {
    ASSERT_EQ(ChooseKernel(processors), ZX_OK);
    ASSERT_EQ(CreateVcpu(), ZX_OK);
  }
  zx_status_t Enter() { return zx_vcpu_enter(vcpu_, &packet_); }
  FakeVcpu& cpu(uint32_t id) { return *kernel_->vm_vcpu(id); }

  std::unique_ptr<FakeKernel> kernel_;
  std::unique_ptr<KernelScope> scope_;
  zx_handle_t resource_ = ZX_HANDLE_INVALID;
  zx_handle_t guest_ = ZX_HANDLE_INVALID;
  zx_handle_t vmar_ = ZX_HANDLE_INVALID;
  zx_handle_t vcpu_ = ZX_HANDLE_INVALID;
  zx_port_packet_t packet_ = {};
  size_t last_open_ = 0;
  int last_misuses_ = 0;
};

// ---- The choice ----

TEST_F(KernelInterrupts, ArgumentsInOrder) {
  Shows("ACCEL-1 ACCEL-2");
  const auto set = zircon_kvm_guest_set_interrupts;
  EXPECT_EQ(set(ZX_HANDLE_INVALID, 7, 0), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(set(resource_, 7, 0), ZX_ERR_WRONG_TYPE);
  zx_handle_t weak = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_handle_duplicate(guest_, ZX_RIGHT_DUPLICATE, &weak), ZX_OK);
  EXPECT_EQ(set(weak, 7, 0), ZX_ERR_ACCESS_DENIED);
  zx_handle_close(weak);
  EXPECT_EQ(Choose(2, 1), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Choose(-1, 1), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(ChooseKernel(0), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(ChooseKernel(65), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Choose(ZIRCON_KVM_INTERRUPTS_LIBRARY, 0), ZX_OK) << "not looked at";
  EXPECT_FALSE(kernel_->vm()->has_kernel_apics());
  EXPECT_EQ(ChooseKernel(64), ZX_OK);
  EXPECT_TRUE(kernel_->vm()->has_kernel_apics());
}

TEST_F(KernelInterrupts, OnlyBeforeTheFirstVcpu) {
  Shows("ACCEL-3 ACCEL-7");
  ASSERT_EQ(CreateVcpu(), ZX_OK);
  EXPECT_EQ(ChooseKernel(), ZX_ERR_BAD_STATE);
  EXPECT_EQ(Choose(ZIRCON_KVM_INTERRUPTS_LIBRARY), ZX_ERR_BAD_STATE);
  zx_handle_close(vcpu_);
  vcpu_ = ZX_HANDLE_INVALID;
  EXPECT_EQ(ChooseKernel(), ZX_ERR_BAD_STATE) << "one that has gone counts";
  EXPECT_FALSE(kernel_->vm()->has_kernel_apics());
}

TEST_F(KernelInterrupts, TheKernelsAreForGood) {
  Shows("ACCEL-4 ACCEL-6");
  ASSERT_EQ(ChooseKernel(3), ZX_OK);
  EXPECT_EQ(Choose(ZIRCON_KVM_INTERRUPTS_LIBRARY), ZX_ERR_BAD_STATE);
  EXPECT_EQ(ChooseKernel(1), ZX_OK) << "the last number counts";
  ASSERT_EQ(CreateVcpu(), ZX_OK);
  EXPECT_EQ(kernel_->calls(KVM_CREATE_VCPU), 2u) << "the trial of the host's timer has one";
}

TEST_F(KernelInterrupts, HostsThatCannot) {
  Shows("ACCEL-5 CALL-4");
  HostModel host = DefaultHost();
  host.capabilities.erase(KVM_CAP_X86_TRIPLE_FAULT_EVENT);
  Use(host);
  EXPECT_EQ(ChooseKernel(2), ZX_ERR_NOT_SUPPORTED);
  EXPECT_FALSE(kernel_->vm()->has_kernel_apics()) << "nothing has been changed";
  EXPECT_EQ(ChooseKernel(1), ZX_OK);
  host.capabilities.erase(KVM_CAP_SPLIT_IRQCHIP);
  Use(host);
  EXPECT_EQ(ChooseKernel(1), ZX_ERR_NOT_SUPPORTED);
  EXPECT_EQ(CreateVcpu(), ZX_OK) << "with the library's";
}

TEST_F(KernelInterrupts, ErrorsOfTheKernel) {
  Shows("ACCEL-5 KVM-ERR-3 CALL-4");
  kernel_->Fail(KVM_ENABLE_CAP, ENOMEM);
  EXPECT_EQ(ChooseKernel(1), ZX_ERR_NO_MEMORY);
  EXPECT_EQ(Choose(ZIRCON_KVM_INTERRUPTS_LIBRARY), ZX_OK) << "nothing has been chosen";
  EXPECT_EQ(ChooseKernel(1), ZX_OK);
}

// ---- The first VCPU ----

TEST_F(KernelInterrupts, TheFirstVcpuMakesTheOthersWait) {
  Shows("ACCEL-8 ACCEL-17 ACCEL-18 STATE-INIT-20");
  Begin(3);
  EXPECT_EQ(cpu(0).mp_state, uint32_t{KVM_MP_STATE_RUNNABLE});
  EXPECT_EQ(ApicRegister(cpu(0), 0xF0), 0x1FFu);
  EXPECT_EQ(ApicRegister(cpu(0), 0x320), 0x10000u) << "timer";
  EXPECT_EQ(ApicRegister(cpu(0), 0x350), 0x10000u) << "LINT0";
  for (size_t place = 0x100; place < 0x280; place += 0x10) {
    EXPECT_EQ(ApicRegister(cpu(0), place), 0u) << place;
  }
  EXPECT_EQ(ApicRegister(cpu(0), 0x20), 0xEEEEEEEEu) << "its id is the kernel's";
  for (const uint32_t id : {1u, 2u}) {
    EXPECT_TRUE(Eventually([&] { return cpu(id).blocked() == 1; })) << id;
    EXPECT_EQ(cpu(id).mp_state, uint32_t{KVM_MP_STATE_UNINITIALIZED});
    EXPECT_FALSE(cpu(id).cpuid.empty());
    EXPECT_TRUE(cpu(id).has_tsc_offset);
  }
  const std::vector<pid_t> waiting = ThreadsNamed("zircon-startup");
  EXPECT_EQ(waiting.size(), 2u);
  for (const pid_t tid : waiting) {
    for (const int signal : kSignalsOfPrograms) EXPECT_FALSE(IsOpenIn(tid, signal)) << signal;
    EXPECT_TRUE(IsOpenIn(tid, vcpu::KickSignal::number()));
  }
  const kvm_cpuid_entry2* const features = fake::FindCpuid(cpu(0).cpuid, 0x40000001);
  ASSERT_NE(features, nullptr);
  EXPECT_EQ(features->eax, 0x01000AEBu);
  const kvm_cpuid_entry2* const leaf1 = fake::FindCpuid(cpu(0).cpuid, 1);
  EXPECT_NE(leaf1->ecx & 1u << 24, 0u) << "TSC deadline";
  for (const uint32_t msr : {0x6E0u, 0x4B564D03u, 0x4B564D04u}) {
    EXPECT_TRUE(kernel_->vm()->MsrAllowed(msr, true)) << msr;
  }
  EXPECT_FALSE(kernel_->vm()->MsrAllowed(0x4B564D05, true));
}

TEST_F(KernelInterrupts, WithTheLibrarysNothingOfItIsShown) {
  Shows("ACCEL-7 CPUID-16 MSR-12");
  ASSERT_EQ(CreateVcpu(), ZX_OK);
  EXPECT_EQ(fake::FindCpuid(cpu(0).cpuid, 0x40000001)->eax, 0x0100026Bu);
  for (const uint32_t msr : {0x6E0u, 0x4B564D04u}) {
    EXPECT_FALSE(kernel_->vm()->MsrAllowed(msr, true)) << msr;
  }
  EXPECT_EQ(kernel_->calls(KVM_SET_LAPIC) + kernel_->calls(KVM_SET_MP_STATE), 0u);
}

// Each call of the preparation fails once, at each of its uses; the next zx_vcpu_create goes on.
TEST_F(KernelInterrupts, PreparationThatFailsGoesOn) {
  Shows("ACCEL-8 VCPU-CREATE-7 VCPU-CREATE-12");
  for (const unsigned long call :
       {static_cast<unsigned long>(KVM_X86_SET_MSR_FILTER),
        static_cast<unsigned long>(KVM_CREATE_VCPU), static_cast<unsigned long>(fake::kCallMapRun),
        static_cast<unsigned long>(KVM_SET_CPUID2), static_cast<unsigned long>(KVM_ENABLE_CAP),
        static_cast<unsigned long>(KVM_GET_LAPIC), static_cast<unsigned long>(KVM_SET_LAPIC),
        static_cast<unsigned long>(KVM_SET_MP_STATE)}) {
    for (int nth = 1; nth <= 3; ++nth) {
      SCOPED_TRACE(testing::Message() << "call " << call << " use " << nth);
      Use(DefaultHost());
      ASSERT_EQ(ChooseKernel(3), ZX_OK);
      const uint64_t before = kernel_->calls(call);
      kernel_->Fail(call, ENOMEM, nth);
      const zx_status_t status = CreateVcpu();
      const bool failed = kernel_->calls(call) - before >= static_cast<uint64_t>(nth);
      EXPECT_EQ(status, failed ? ZX_ERR_NO_MEMORY : ZX_OK);
      if (status != ZX_OK) {
        ASSERT_EQ(CreateVcpu(), ZX_OK);
      }
      kernel_->FailNothing();
      for (const uint32_t id : {1u, 2u}) {
        EXPECT_TRUE(Eventually([&] { return cpu(id).blocked() == 1; })) << id;
      }
    }
  }
}

// ---- Processors that the guest starts ----

TEST_F(KernelInterrupts, AStartupIsAPacketOnce) {
  Shows("ACCEL-9 ACCEL-10 ICR-3");
  Begin(3);
  cpu(0).Always(fake::Block());
  std::thread guest_code([&] {
    ASSERT_TRUE(Eventually([&] { return cpu(0).blocked() == 1 && cpu(2).blocked() == 1; }));
    cpu(2).SendInit();
    // STARTUP comes later, as guests send it.
    ASSERT_TRUE(Eventually([&] { return cpu(2).blocked() == 2; }));
    EXPECT_EQ(cpu(2).mp_state, uint32_t{KVM_MP_STATE_INIT_RECEIVED});
    cpu(2).SendStartup(kStartVector);
  });
  ASSERT_EQ(Enter(), ZX_OK);
  guest_code.join();
  EXPECT_EQ(packet_.type, uint32_t{ZX_PKT_TYPE_GUEST_VCPU});
  EXPECT_EQ(packet_.key, 0u);
  EXPECT_EQ(packet_.guest_vcpu.type, uint32_t{ZX_PKT_GUEST_VCPU_STARTUP});
  EXPECT_EQ(packet_.guest_vcpu.startup.id, 2u);
  EXPECT_EQ(packet_.guest_vcpu.startup.entry, uint64_t{kStartVector} << 12);
  EXPECT_EQ(cpu(2).run().exit_reason, uint32_t{KVM_EXIT_SHUTDOWN})
      << "it came out in front of the first instruction";
  // No other.
  EXPECT_EQ(zx_vcpu_kick(vcpu_), ZX_OK);
  EXPECT_EQ(Enter(), ZX_ERR_CANCELED);
  cpu(0).ForgetScript();
  ASSERT_EQ(zx_guest_set_trap(guest_, ZX_GUEST_TRAP_IO, 0x60, 1, ZX_HANDLE_INVALID, 1), ZX_OK);
  std::thread kicks([&] { zx_vcpu_kick(vcpu_); });
  cpu(0).Always(fake::Block());
  EXPECT_EQ(Enter(), ZX_ERR_CANCELED);
  kicks.join();
}

TEST_F(KernelInterrupts, InitAndStartupAtOnce) {
  Shows("ACCEL-9");
  Begin(2);
  ASSERT_TRUE(Eventually([&] { return cpu(1).blocked() == 1; }));
  cpu(1).SendStartup(kStartVector);  // Means nothing by itself.
  ASSERT_TRUE(Eventually([&] { return cpu(1).blocked() == 2; }));
  cpu(1).HoldStartup(kStartVector);
  cpu(1).SendInit();
  cpu(0).Always(fake::Block());
  ASSERT_EQ(Enter(), ZX_OK) << "also where it came before the enter";
  EXPECT_EQ(packet_.guest_vcpu.startup.id, 1u);
}

TEST_F(KernelInterrupts, SeveralStartupsAreSeveralPackets) {
  Shows("ACCEL-9");
  Begin(4);
  for (const uint32_t id : {3u, 1u, 2u}) {
    ASSERT_TRUE(Eventually([&] { return cpu(id).blocked() == 1; }));
    cpu(id).HoldStartup(static_cast<uint8_t>(id));
    cpu(id).SendInit();
    ASSERT_TRUE(Eventually([&] { return cpu(id).mp_state == KVM_MP_STATE_RUNNABLE; }));
  }
  cpu(0).Always(fake::Block());
  std::vector<bool> started(4);
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(Enter(), ZX_OK);
    const auto& startup = packet_.guest_vcpu.startup;
    ASSERT_LT(startup.id, 4u);
    EXPECT_EQ(startup.entry, startup.id << 12);
    EXPECT_FALSE(started[startup.id]);
    started[startup.id] = true;
  }
  EXPECT_EQ(zx_vcpu_kick(vcpu_), ZX_OK);
  EXPECT_EQ(Enter(), ZX_ERR_CANCELED);
}

// The packet comes from whichever VCPU is entered, if those there were have gone.
TEST_F(KernelInterrupts, AStartupOutlivesTheVcpuThatItWasAnnouncedTo) {
  Shows("ACCEL-9");
  Begin(2);
  cpu(1).HoldStartup(kStartVector);
  cpu(1).SendInit();
  ASSERT_TRUE(Eventually([&] { return cpu(1).mp_state == KVM_MP_STATE_RUNNABLE; }));
  ASSERT_EQ(zx_handle_close(vcpu_), ZX_OK);
  ASSERT_EQ(CreateVcpu(), ZX_OK);
  cpu(0).Always(fake::Block());
  ASSERT_EQ(Enter(), ZX_OK);
  EXPECT_EQ(packet_.guest_vcpu.startup.id, 1u);
}

TEST_F(KernelInterrupts, AProcessorIsTakenOverStartedOrNot) {
  Shows("ACCEL-10 STATE-INIT-1 STATE-INIT-2 STATE-INIT-21");
  for (const bool started : {false, true}) {
    SCOPED_TRACE(started);
    Use(DefaultHost());
    Begin(2);
    ASSERT_TRUE(Eventually([&] { return cpu(1).blocked() == 1; }));
    if (started) {
      cpu(1).HoldStartup(kStartVector);
      cpu(1).SendInit();
      cpu(0).Always(fake::Block());
      ASSERT_EQ(Enter(), ZX_OK);
    }
    std::thread owner([&] {
      zx_handle_t second = ZX_HANDLE_INVALID;
      ASSERT_EQ(zx_vcpu_create(guest_, 0, uint64_t{kStartVector} << 12, &second), ZX_OK);
      EXPECT_EQ(cpu(1).mp_state, uint32_t{KVM_MP_STATE_RUNNABLE});
      EXPECT_EQ(cpu(1).sregs.cs.base, uint64_t{kStartVector} << 12);
      EXPECT_EQ(cpu(1).sregs.apic_base, 0xFEE00C00u);
      EXPECT_EQ(ApicRegister(cpu(1), 0xF0), 0x1FFu);
      // It runs: its guest's next step is the trap's.
      ASSERT_EQ(zx_guest_set_trap(guest_, ZX_GUEST_TRAP_IO, 0x60, 1, ZX_HANDLE_INVALID, 1), ZX_OK);
      zx_vcpu_kick(second);
      zx_port_packet_t packet = {};
      EXPECT_EQ(zx_vcpu_enter(second, &packet), ZX_ERR_CANCELED);
      zx_handle_close(second);
    });
    owner.join();
  }
}

TEST_F(KernelInterrupts, AWaiterWhoseRunFailsEnds) {
  Shows("ACCEL-8");
  ASSERT_EQ(ChooseKernel(2), ZX_OK);
  kernel_->Fail(KVM_RUN, EIO, 1, kForGood);
  ASSERT_EQ(CreateVcpu(), ZX_OK);
  kernel_->FailNothing();
  // The guest goes all the same.
}

// ---- Interrupts ----

TEST_F(KernelInterrupts, VectorsAreMessages) {
  Shows("ACCEL-13 INT-2 INT-3");
  Begin(1);
  for (const uint32_t vector : {32u, 0xFFu, 2u}) {
    EXPECT_EQ(zx_vcpu_interrupt(vcpu_, vector), ZX_OK);
  }
  EXPECT_EQ(zx_vcpu_interrupt(vcpu_, 256), ZX_ERR_OUT_OF_RANGE);
  const std::vector<kvm_msi> messages = kernel_->vm()->messages();
  ASSERT_EQ(messages.size(), 3u);
  for (const kvm_msi& message : messages) {
    EXPECT_EQ(message.address_lo, 0xFEE00000u);
    EXPECT_EQ(message.address_hi, 0u);
    EXPECT_EQ(message.flags, 0u);
  }
  EXPECT_EQ(messages[0].data, 32u);
  EXPECT_EQ(messages[1].data, 0xFFu);
  EXPECT_EQ(messages[2].data, 0x400u) << "an NMI";
}

TEST_F(KernelInterrupts, MessagesNameTheirVcpu) {
  Shows("ACCEL-13 LIFE-1");
  Begin(2);
  std::thread owner([&] {
    zx_handle_t second = ZX_HANDLE_INVALID;
    ASSERT_EQ(zx_vcpu_create(guest_, 0, 0x8000, &second), ZX_OK);
    EXPECT_EQ(zx_vcpu_interrupt(second, 0x40), ZX_OK);
    kernel_->Fail(KVM_SIGNAL_MSI, ENOMEM);
    EXPECT_EQ(zx_vcpu_interrupt(second, 0x40), ZX_ERR_NO_MEMORY);
    zx_handle_close(second);
  });
  owner.join();
  const std::vector<kvm_msi> messages = kernel_->vm()->messages();
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(messages[0].address_lo, 0xFEE01000u);
}

TEST_F(KernelInterrupts, ExceptionsAreTheLibrarys) {
  Shows("ACCEL-14 INT-10 INT-11");
  Begin(1);
  EXPECT_EQ(zx_vcpu_interrupt(vcpu_, 25), ZX_OK);
  EXPECT_EQ(Enter(), ZX_ERR_NOT_SUPPORTED);
  ASSERT_EQ(zx_guest_set_trap(guest_, ZX_GUEST_TRAP_IO, 0x60, 1, ZX_HANDLE_INVALID, 1), ZX_OK);
  cpu(0).Push([](FakeVcpu& vcpu) { return vcpu.Halt(); });
  std::thread other([&] {
    ASSERT_TRUE(Eventually([&] { return cpu(0).blocked() == 1; }));
    EXPECT_EQ(zx_vcpu_interrupt(vcpu_, 13), ZX_OK);
    ASSERT_TRUE(Eventually([&] { return cpu(0).blocked() == 2; }));
    EXPECT_EQ(zx_vcpu_kick(vcpu_), ZX_OK);
  });
  cpu(0).Always(fake::Block());
  EXPECT_EQ(Enter(), ZX_ERR_CANCELED);
  other.join();
  ASSERT_EQ(cpu(0).deliveries().size(), 1u) << "a halted one goes on for it";
  EXPECT_EQ(cpu(0).deliveries()[0].vector, 13u);
  EXPECT_TRUE(kernel_->vm()->messages().empty());
}

TEST_F(KernelInterrupts, AKickEndsAHalt) {
  Shows("ACCEL-15 KICK-2 KICK-8 HLT-3");
  Begin(1);
  cpu(0).Push([](FakeVcpu& vcpu) { return vcpu.Halt(); });
  std::thread other([&] {
    ASSERT_TRUE(Eventually([&] { return cpu(0).blocked() == 1; }));
    EXPECT_EQ(zx_vcpu_kick(vcpu_), ZX_OK);
  });
  EXPECT_EQ(Enter(), ZX_ERR_CANCELED);
  other.join();
  EXPECT_EQ(cpu(0).mp_state, uint32_t{KVM_MP_STATE_RUNNABLE});
}

// What the library does for itself lets it sleep on.
TEST_F(KernelInterrupts, AChangeOfMemoryEndsNoHalt) {
  Shows("VCPU-ENTER-14 GPAS-11");
  Begin(1);
  cpu(0).Push([](FakeVcpu& vcpu) { return vcpu.Halt(); });
  std::thread other([&] {
    ASSERT_TRUE(Eventually([&] { return cpu(0).blocked() == 1; }));
    EXPECT_EQ(zx_guest_set_trap(guest_, ZX_GUEST_TRAP_MEM, 0x200000, 4096, ZX_HANDLE_INVALID, 1),
              ZX_OK);
    ASSERT_TRUE(Eventually([&] { return cpu(0).blocked() >= 2; }));
    EXPECT_EQ(cpu(0).mp_state, uint32_t{KVM_MP_STATE_HALTED});
    EXPECT_EQ(zx_vcpu_kick(vcpu_), ZX_OK);
  });
  EXPECT_EQ(Enter(), ZX_ERR_CANCELED);
  other.join();
}

// ---- A VCPU that is used again, and a debugger ----

TEST_F(KernelInterrupts, AnIdIsUsedAgain) {
  Shows("VCPU-CREATE-14");
  Begin(1);
  std::memset(cpu(0).lapic.regs, 0xFF, sizeof(cpu(0).lapic.regs));
  cpu(0).msrs[0x6E0] = cpu(0).msrs[0x4B564D03] = 1;
  cpu(0).mp_state = KVM_MP_STATE_HALTED;
  ASSERT_EQ(zx_handle_close(vcpu_), ZX_OK);
  ASSERT_EQ(CreateVcpu(), ZX_OK);
  EXPECT_EQ(ApicRegister(cpu(0), 0x200), 0u);
  EXPECT_EQ(ApicRegister(cpu(0), 0x320), 0x10000u);
  EXPECT_EQ(cpu(0).msrs[0x6E0] + cpu(0).msrs[0x4B564D03], 0u);
  EXPECT_EQ(cpu(0).mp_state, uint32_t{KVM_MP_STATE_RUNNABLE});
}

TEST_F(KernelInterrupts, WhatADebuggerSees) {
  Shows("ACCEL-16 DEBUG-17 DEBUG-24 DEBUG-36");
  Begin(1);
  const auto put = [&](size_t place, uint32_t value) {
    std::memcpy(cpu(0).lapic.regs + place, &value, sizeof(value));
  };
  put(0x320, 2u << 17 | 0xEC);
  put(0x380, 77);
  put(0x3E0, 0xB);
  put(0x200 + 0x20, 1u << 3);  // vector 67
  cpu(0).msrs[0x6E0] = 123456;
  cpu(0).msrs[0x808] = 9;
  zircon_kvm_apic_registers_t apic = {};
  ASSERT_EQ(zircon_kvm_vcpu_read_registers(vcpu_, ZIRCON_KVM_REGISTERS_APIC, &apic, sizeof(apic)),
            ZX_OK);
  EXPECT_EQ(apic.lvt_timer, 2u << 17 | 0xEC);
  EXPECT_EQ(apic.initial_count, 77u);
  EXPECT_EQ(apic.divisor, 1u);
  EXPECT_EQ(apic.timer_deadline, 123456u);
  zircon_kvm_events_t events = {};
  ASSERT_EQ(
      zircon_kvm_vcpu_read_registers(vcpu_, ZIRCON_KVM_REGISTERS_EVENTS, &events, sizeof(events)),
      ZX_OK);
  EXPECT_EQ(events.pending[1], uint64_t{1} << 3);
  uint64_t value = 0;
  ASSERT_EQ(zircon_kvm_vcpu_read_msr(vcpu_, 0x808, &value), ZX_OK);
  EXPECT_EQ(value, 9u);
  zircon_kvm_debug_t debug = {};
  debug.flags = ZIRCON_KVM_DEBUG_HOLD_EVENTS;
  ASSERT_EQ(zircon_kvm_vcpu_set_debug(vcpu_, &debug, sizeof(debug)), ZX_OK);
  EXPECT_EQ(cpu(0).guest_debug.control, uint32_t{KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_BLOCKIRQ})
      << "the kernel holds its own";
  kernel_->Fail(KVM_GET_LAPIC, ENOMEM);
  EXPECT_EQ(zircon_kvm_vcpu_read_registers(vcpu_, ZIRCON_KVM_REGISTERS_APIC, &apic, sizeof(apic)),
            ZX_ERR_NO_MEMORY);
}

}  // namespace
}  // namespace zircon
