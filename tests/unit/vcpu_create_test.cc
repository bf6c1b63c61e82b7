// zx_vcpu_create: order of errors, ids, threads, initial state, reuse. Rows: VCPU-CREATE,
// STATE-INIT.

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <deque>
#include <mutex>

#include "contract.h"
#include "fake/machine_test.h"
#include "guest/vcpu_shelf.h"
#include "vcpu/exit_counters.h"

namespace zircon {
namespace {

using fake::DefaultHost;
using fake::FakeVcpu;
using fake::HostModel;
using fake::Machine;

constexpr uint64_t kSpace = uint64_t{1} << 48;

class VcpuCreate : public fake::OnMachine {
 protected:
  void SetUp() override {
    OnMachine::SetUp();
    CloseVcpu();
  }
  void CloseVcpu() {
    ASSERT_EQ(zx_handle_close(machine().vcpu), ZX_OK);
    machine().vcpu = ZX_HANDLE_INVALID;
  }
  zx_status_t Create(uint64_t entry = 0) {
    return zx_vcpu_create(machine().guest, 0, entry, &machine().vcpu);
  }
};

// Creates VCPUs on threads of their own, which stay until the end.
class Threads {
 public:
  ~Threads() {
    {
      std::lock_guard lock(mutex_);
      over_ = true;
    }
    wake_.notify_all();
    for (std::thread& thread : threads_) thread.join();
    for (const zx_handle_t vcpu : vcpus_) zx_handle_close(vcpu);
  }
  zx_status_t Create(zx_handle_t guest, uint64_t entry = 0) {
    std::atomic<int> status{1};
    vcpus_.push_back(ZX_HANDLE_INVALID);
    zx_handle_t* vcpu = &vcpus_.back();
    threads_.emplace_back([this, guest, entry, vcpu, &status] {
      zx_handle_t made = ZX_HANDLE_INVALID;
      const zx_status_t result = zx_vcpu_create(guest, 0, entry, &made);
      *vcpu = made;
      status.store(result);
      status.notify_one();
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return over_; });
    });
    status.wait(1);
    return status.load();
  }
  zx_handle_t* vcpu(size_t index) { return &vcpus_[index]; }

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  bool over_ = false;
  std::deque<zx_handle_t> vcpus_;
  std::vector<std::thread> threads_;
};

TEST_F(VcpuCreate, ErrorsInOrder) {
  Shows("VCPU-CREATE-1 VCPU-CREATE-2 VCPU-CREATE-4 VCPU-CREATE-5");
  zx_handle_t vcpu = ZX_HANDLE_INVALID;
  zx_handle_t weak = ZX_HANDLE_INVALID;
  ASSERT_EQ(
      zx_handle_duplicate(machine().guest, ZX_RIGHT_MANAGE_THREAD | ZX_RIGHT_MANAGE_PROCESS, &weak),
      ZX_OK);
  // Options before any handle check.
  EXPECT_EQ(zx_vcpu_create(ZX_HANDLE_INVALID, 1, kSpace, &vcpu), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(zx_vcpu_create(ZX_HANDLE_INVALID, 0, kSpace, &vcpu), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(zx_vcpu_create(machine().port, 0, kSpace, &vcpu), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(zx_vcpu_create(weak, 0, kSpace, &vcpu), ZX_ERR_ACCESS_DENIED);
  zx_handle_close(weak);
  // "entry ≥ size of guest space → INVALID_ARGS", before the thread's second VCPU.
  ASSERT_EQ(Create(), ZX_OK);
  EXPECT_EQ(zx_vcpu_create(machine().guest, 0, kSpace, &vcpu), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(zx_vcpu_create(machine().guest, 0, 0, &vcpu), ZX_ERR_BAD_STATE);
}

TEST_F(VcpuCreate, WriteAloneIsEnough) {
  Shows("VCPU-CREATE-2 VCPU-CREATE-15 RIGHTS-13");
  zx_handle_t write_only = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_handle_duplicate(machine().guest, ZX_RIGHT_WRITE, &write_only), ZX_OK);
  EXPECT_EQ(zx_vcpu_create(write_only, 0, kSpace - 1, &machine().vcpu), ZX_OK);
  zx_handle_close(write_only);
}

TEST_F(VcpuCreate, OneLiveVcpuPerThread) {
  Shows("VCPU-CREATE-5 THREAD-3");
  ASSERT_EQ(Create(), ZX_OK);
  zx_handle_t second = ZX_HANDLE_INVALID;
  EXPECT_EQ(zx_vcpu_create(machine().guest, 0, 0, &second), ZX_ERR_BAD_STATE);
  // Of another guest just the same.
  Machine other(DefaultHost(), false);
  ASSERT_EQ(other.status(), ZX_OK);
  EXPECT_EQ(zx_vcpu_create(other.guest, 0, 0, &second), ZX_ERR_BAD_STATE);
  // "OK once it is destroyed"; a duplicate keeps it.
  zx_handle_t duplicate = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_handle_duplicate(machine().vcpu, ZX_RIGHT_SAME_RIGHTS, &duplicate), ZX_OK);
  CloseVcpu();
  EXPECT_EQ(Create(), ZX_ERR_BAD_STATE);
  ASSERT_EQ(zx_handle_close(duplicate), ZX_OK);
  EXPECT_EQ(Create(), ZX_OK);
}

TEST_F(VcpuCreate, DestroyedFromAnotherThreadFreesTheOwner) {
  Shows("THREAD-3");
  ASSERT_EQ(Create(), ZX_OK);
  std::thread([&] { CloseVcpu(); }).join();
  EXPECT_EQ(Create(), ZX_OK);
  ASSERT_EQ(machine().TrapIo(0x60, 1), ZX_OK);
  zx_vcpu_state_t state = {};
  state.rdx = 0x60;
  ASSERT_EQ(machine().SetState(state), ZX_OK);
  machine().CodeAt(0, {0xEE});
  cpu().Push(fake::PioOut(0x60, 1));
  EXPECT_EQ(machine().Enter(), ZX_OK);
}

TEST_F(VcpuCreate, IdsAreLowestFirstAndReused) {
  Shows("VCPU-CREATE-13 VCPU-CREATE-14 LIFE-1");
  Threads threads;
  for (uint32_t id = 0; id < 3; ++id) {
    ASSERT_EQ(threads.Create(machine().guest), ZX_OK);
    // The first gets the kernel's VCPU that the fixture left.
    EXPECT_EQ(machine().kernel.vcpu()->id(), id);
  }
  const uint64_t created = machine().kernel.calls(KVM_CREATE_VCPU);
  // "the id is free for reuse": the kernel's VCPU of id 1 is taken again, not made.
  ASSERT_EQ(zx_handle_close(*threads.vcpu(1)), ZX_OK);
  *threads.vcpu(1) = ZX_HANDLE_INVALID;
  ASSERT_EQ(Create(0x8000), ZX_OK);
  EXPECT_EQ(machine().kernel.calls(KVM_CREATE_VCPU), created);
  ASSERT_EQ(threads.Create(machine().guest), ZX_OK);
  EXPECT_EQ(machine().kernel.vcpu()->id(), 3u);
}

TEST_F(VcpuCreate, SixtyFourAndNotOneMore) {
  Shows("VCPU-CREATE-3 VCPU-CREATE-4 VCPU-CREATE-13");
  Threads threads;
  for (uint32_t id = 0; id < 64; ++id) ASSERT_EQ(threads.Create(machine().guest), ZX_OK) << id;
  EXPECT_EQ(Create(), ZX_ERR_NO_RESOURCES);
  // GN x86: no free id comes before a bad entry.
  EXPECT_EQ(Create(kSpace), ZX_ERR_NO_RESOURCES);
  ASSERT_EQ(zx_handle_close(*threads.vcpu(40)), ZX_OK);
  *threads.vcpu(40) = ZX_HANDLE_INVALID;
  EXPECT_EQ(Create(), ZX_OK);
}

TEST_F(VcpuCreate, KernelErrnosAndNothingIsLeftBehind) {
  Shows("VCPU-CREATE-7 VCPU-CREATE-8 VCPU-CREATE-12");
  ASSERT_EQ(Create(), ZX_OK);
  const uint64_t live = vcpu::ExitCounters::live_count();
  const struct {
    int error;
    zx_status_t status;
  } kRows[] = {{EMFILE, ZX_ERR_NO_RESOURCES},
               {ENFILE, ZX_ERR_NO_RESOURCES},
               {ENOMEM, ZX_ERR_NO_MEMORY},
               {EINVAL, ZX_ERR_INTERNAL},
               {EEXIST, ZX_ERR_INTERNAL}};
  for (const auto& row : kRows) {
    machine().kernel.Fail(KVM_CREATE_VCPU, row.error);
    Threads threads;
    EXPECT_EQ(threads.Create(machine().guest), row.status) << row.error;
    EXPECT_EQ(vcpu::ExitCounters::live_count(), live);
  }
  const unsigned long kInitial[] = {KVM_SET_CPUID2, KVM_SET_REGS, KVM_GET_SREGS, KVM_SET_SREGS,
                                    KVM_SET_MSRS,   KVM_SET_XCRS, KVM_ENABLE_CAP};
  for (const unsigned long call : kInitial) {
    machine().kernel.Fail(call, EINVAL);
    Threads threads;
    // "hardware control unsupported: NOT_SUPPORTED"
    EXPECT_EQ(threads.Create(machine().guest), ZX_ERR_NOT_SUPPORTED) << std::hex << call;
    EXPECT_EQ(vcpu::ExitCounters::live_count(), live);
  }
  // The id that failed is still the next one, and its thread can have another.
  Threads threads;
  EXPECT_EQ(threads.Create(machine().guest), ZX_OK);
  EXPECT_EQ(machine().kernel.vcpu()->id(), 1u);
}

TEST_F(VcpuCreate, AThreadWhoseCreationFailedMayTryAgain) {
  Shows("VCPU-CREATE-7 VCPU-CREATE-12");
  // Another has the id for which the kernel has a VCPU already.
  Threads other;
  ASSERT_EQ(other.Create(machine().guest), ZX_OK);
  // Before there is a VCPU, and after.
  const unsigned long kCalls[] = {KVM_CREATE_VCPU, fake::kCallMapRun, KVM_SET_SREGS};
  for (const unsigned long call : kCalls) {
    machine().kernel.Fail(call, ENOMEM);
    EXPECT_EQ(Create(), ZX_ERR_NO_MEMORY) << std::hex << call;
  }
  EXPECT_EQ(Create(), ZX_OK);
}

TEST_F(VcpuCreate, BadOutPointerDestroysIt) {
  Shows("VCPU-CREATE-10 VCPU-CREATE-12");
  EXPECT_EQ(zx_vcpu_create(machine().guest, 0, 0, nullptr), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Create(), ZX_OK);
}

// ---- Initial state ----

void ExpectData(const kvm_segment& segment) {
  EXPECT_EQ(segment.selector, 0);
  EXPECT_EQ(segment.base, 0u);
  EXPECT_EQ(segment.limit, 0xFFFFu);
  EXPECT_EQ(segment.type, 3);
  EXPECT_EQ(segment.s, 1);
  EXPECT_EQ(segment.present, 1);
  EXPECT_EQ(segment.dpl, 0);
  EXPECT_EQ(segment.g, 0);
}

void ExpectCommonState(const FakeVcpu& vcpu) {
  const kvm_sregs& sregs = vcpu.sregs;
  for (const kvm_segment* segment : {&sregs.ds, &sregs.es, &sregs.fs, &sregs.gs, &sregs.ss}) {
    ExpectData(*segment);
  }
  EXPECT_EQ(sregs.cs.type, 15);  // readable, conforming, accessed code
  EXPECT_EQ(sregs.cs.s, 1);
  EXPECT_EQ(sregs.cs.present, 1);
  EXPECT_EQ(sregs.cs.db, 0);
  EXPECT_EQ(sregs.cs.limit, 0xFFFFu);
  EXPECT_EQ(sregs.tr.type, 11);
  EXPECT_EQ(sregs.tr.s, 0);
  EXPECT_EQ(sregs.tr.limit, 0xFFFFu);
  EXPECT_EQ(sregs.ldt.type, 2);
  EXPECT_EQ(sregs.ldt.limit, 0xFFFFu);
  EXPECT_EQ(sregs.gdt.base, 0u);
  EXPECT_EQ(sregs.gdt.limit, 0xFFFF);
  EXPECT_EQ(sregs.idt.limit, 0xFFFF);
  EXPECT_EQ(sregs.cr3, 0u);
  EXPECT_EQ(vcpu.regs.rflags, 2u);
  EXPECT_EQ(vcpu.regs.rsp, 0u);
  EXPECT_EQ(vcpu.regs.rax, 0u);
  EXPECT_EQ(vcpu.xcr0, 7u);
  EXPECT_EQ(vcpu.msrs.at(0x277), 0x0407050600070106u);
  EXPECT_TRUE(vcpu.has_tsc_offset);
  EXPECT_EQ(vcpu.tsc_offset, 0u);
  EXPECT_EQ(vcpu.caps.at(KVM_CAP_ENFORCE_PV_FEATURE_CPUID), 1u);
}

TEST_F(VcpuCreate, BootProcessor) {
  Shows(
      "STATE-INIT-2 STATE-INIT-8 STATE-INIT-10 STATE-INIT-11 STATE-INIT-14 STATE-INIT-18 "
      "STATE-INIT-20");
  Machine fresh;
  ASSERT_EQ(fresh.status(), ZX_OK);
  const FakeVcpu& vcpu = fresh.cpu();
  ExpectCommonState(vcpu);
  EXPECT_EQ(vcpu.regs.rip, Machine::kEntry);
  EXPECT_EQ(vcpu.sregs.cs.selector, 0);
  EXPECT_EQ(vcpu.sregs.cs.base, 0u);
  EXPECT_EQ(vcpu.sregs.cs.l, 1);
  EXPECT_EQ(vcpu.sregs.cr0, 0x80010011u);
  EXPECT_EQ(vcpu.sregs.cr4 & 0x20, 0x20u);
  EXPECT_EQ(vcpu.sregs.cr4 & ~uint64_t{0x20}, 0x50280u);  // OSXSAVE FSGSBASE OSFXSR PGE
  EXPECT_EQ(vcpu.sregs.efer, 0xD01u);
  EXPECT_EQ(vcpu.sregs.apic_base, 0xFEE00D00u);
}

TEST_F(VcpuCreate, SecondaryProcessor) {
  Shows(
      "STATE-INIT-2 STATE-INIT-3 STATE-INIT-10 STATE-INIT-11 STATE-INIT-14 STATE-INIT-18 "
      "STATE-INIT-20");
  ASSERT_EQ(Create(), ZX_OK);
  Threads threads;
  ASSERT_EQ(threads.Create(machine().guest, 0x9A000), ZX_OK);
  const FakeVcpu& vcpu = *machine().kernel.vcpu();
  ExpectCommonState(vcpu);
  EXPECT_EQ(vcpu.regs.rip, 0u);
  EXPECT_EQ(vcpu.sregs.cs.selector, 0x9A00);
  EXPECT_EQ(vcpu.sregs.cs.base, 0x9A000u);
  EXPECT_EQ(vcpu.sregs.cs.l, 0);
  EXPECT_EQ(vcpu.sregs.cr0 & 0x80000001, 0u);  // "without PE and PG"
  EXPECT_EQ(vcpu.sregs.cr4, 0x50280u);         // "same extra bits without PAE"
  EXPECT_EQ(vcpu.sregs.efer, 0x801u);
  EXPECT_EQ(vcpu.sregs.apic_base, 0xFEE00C00u);
}

TEST_F(VcpuCreate, HostsWithoutXsaveOrFsGsBase) {
  Shows("STATE-INIT-10");
  HostModel host = DefaultHost();
  for (kvm_cpuid_entry2& entry : host.cpuid) {
    if (entry.function == 1) entry.ecx &= ~(1u << 26);
    if (entry.function == 7) entry.ebx &= ~1u;
  }
  Use(std::move(host));
  EXPECT_EQ(cpu().sregs.cr4, 0x2A0u);
  EXPECT_EQ(cpu().xcr0, 1u);  // left alone
}

TEST_F(VcpuCreate, HostsWithoutTscOffset) {
  HostModel host = DefaultHost();
  host.capabilities.erase(KVM_CAP_VCPU_ATTRIBUTES);
  host.capabilities.erase(KVM_CAP_ENFORCE_PV_FEATURE_CPUID);
  Use(std::move(host));
  EXPECT_FALSE(cpu().has_tsc_offset);
  EXPECT_EQ(cpu().msrs.count(0x10), 1u);
  EXPECT_TRUE(cpu().caps.empty());
}

// They say that they can, and cannot.
TEST_F(VcpuCreate, HostsWhoseTscOffsetCannotBeSet) {
  Shows("STATE-INIT-18");
  CloseVcpu();
  cpu().has_tsc_offset = false;
  cpu().msrs.erase(0x10);
  machine().kernel.Fail(KVM_SET_DEVICE_ATTR, ENXIO);
  ASSERT_EQ(Create(Machine::kEntry), ZX_OK);
  EXPECT_FALSE(cpu().has_tsc_offset);
  EXPECT_EQ(cpu().msrs.count(0x10), 1u);
}

TEST_F(VcpuCreate, ReusedVcpuIsAsNew) {
  Shows("VCPU-CREATE-14 STATE-INIT-15 STATE-INIT-17 STATE-INIT-19");
  // REGS, SREGS, XSAVE, XCRS, MSRs, EVENTS, DEBUGREGS and the TSC offset are
  // rewritten.
  ASSERT_EQ(Create(Machine::kEntry), ZX_OK);
  ASSERT_EQ(machine().TrapIo(0x60, 1), ZX_OK);
  zx_vcpu_state_t state = {};
  state.rdx = 0x60;
  state.rax = state.r15 = 0xBAD;
  ASSERT_EQ(machine().SetState(state), ZX_OK);
  machine().Code({0xEE});
  ASSERT_EQ(zx_vcpu_interrupt(machine().vcpu, 99), ZX_OK);
  cpu().Push([](FakeVcpu& vcpu) {
    vcpu.sregs.cr3 = 0x1000;
    vcpu.sregs.cr4 |= 0x1000;
    vcpu.sregs.fs.base = 0xBAD;
    vcpu.xcr0 = 3;
    vcpu.debugregs.db[0] = 0xBAD;
    vcpu.debugregs.dr7 = 0x401;
    vcpu.events.nmi.masked = 1;
    vcpu.events.nmi.pending = 1;
    vcpu.events.interrupt.shadow = KVM_X86_SHADOW_INT_STI;
    vcpu.tsc_offset = 0xBAD;
    vcpu.xsave.region[100] = 0xBAD;
    for (const uint32_t msr :
         {0x174u, 0x277u, 0xC0000082u, 0xC0000102u, 0xC0000103u, 0x4B564D01u}) {
      vcpu.msrs[msr] = 0xBAD;
    }
    return fake::PioOut(0x60, 1)(vcpu);
  });
  ASSERT_EQ(machine().Enter(), ZX_OK);
  CloseVcpu();
  ASSERT_EQ(Create(0x6000), ZX_OK);
  ExpectCommonState(cpu());
  EXPECT_EQ(cpu().regs.rip, 0x6000u);
  EXPECT_EQ(cpu().regs.r15, 0u);
  EXPECT_EQ(cpu().debugregs.db[0], 0u);
  EXPECT_EQ(cpu().debugregs.dr7, 0x400u);
  EXPECT_EQ(cpu().events.nmi.masked, 0);
  EXPECT_EQ(cpu().events.nmi.pending, 0);
  EXPECT_EQ(cpu().events.interrupt.shadow, 0);
  EXPECT_EQ(cpu().xsave.region[100], 0u);
  EXPECT_EQ(cpu().xsave.region[0], 0x37Fu);
  EXPECT_EQ(cpu().xsave.region[6], 0x1F80u);
  for (const uint32_t msr : {0x174u, 0xC0000082u, 0xC0000102u, 0xC0000103u, 0x4B564D01u}) {
    EXPECT_EQ(cpu().msrs.at(msr), 0u) << std::hex << msr;
  }
  EXPECT_EQ(machine().State().r15, 0u);
  // Nothing pending is inherited.
  cpu().Push(fake::SetInterruptFlag(true));
  machine().CodeAt(0x6000, {0xEE});
  cpu().Push(fake::Do([](FakeVcpu& vcpu) { vcpu.regs.rdx = 0x60; }));
  cpu().Push(fake::PioOut(0x60, 1));
  ASSERT_EQ(machine().Enter(), ZX_OK);
  EXPECT_TRUE(cpu().deliveries().empty());
}

// A #GP that the VCPU before owed for an MSR, and what else its last exit left in the run page.
TEST_F(VcpuCreate, AReusedVcpuOwesNothing) {
  Shows("VCPU-CREATE-14 INT-11");
  ASSERT_EQ(Create(Machine::kEntry), ZX_OK);
  cpu().Push([this](FakeVcpu& vcpu) {
    EXPECT_EQ(zx_vcpu_kick(machine().vcpu), ZX_OK);
    return fake::WrMsr(0x3B, 1)(vcpu);
  });
  ASSERT_EQ(machine().Enter(), ZX_ERR_CANCELED);
  CloseVcpu();
  ASSERT_EQ(Create(Machine::kEntry), ZX_OK);
  EXPECT_EQ(cpu().run().exit_reason, 0u);
  EXPECT_EQ(cpu().run().msr.error, 0u);
  EXPECT_EQ(cpu().run().msr.index, 0u);
  EXPECT_EQ(cpu().run().kvm_dirty_regs, 0u);
  ASSERT_EQ(zx_vcpu_interrupt(machine().vcpu, 6), ZX_OK);
  ASSERT_EQ(machine().TrapIo(0x60, 1), ZX_OK);
  machine().Code({0xEE});
  cpu().Push([](FakeVcpu& vcpu) {
    EXPECT_EQ(vcpu.deliveries(), std::vector<fake::Delivery>({{fake::Delivery::kException, 6}}))
        << "at the first entry";
    vcpu.regs.rdx = 0x60;
    return fake::PioOut(0x60, 1)(vcpu);
  });
  EXPECT_EQ(machine().Enter(), ZX_OK);
}

TEST_F(VcpuCreate, ReuseOnAHostThatLacksOneOfTheRegisters) {
  ASSERT_EQ(Create(), ZX_OK);
  cpu().msrs[0xC0000103] = 0xBAD;
  cpu().msrs[0xC0000102] = 0xBAD;
  machine().kernel.host().unknown_msrs = {0x176, 0xC0000103};
  CloseVcpu();
  ASSERT_EQ(Create(), ZX_OK);
  EXPECT_EQ(cpu().msrs[0xC0000102], 0u);
}

TEST_F(VcpuCreate, ReuseThatFails) {
  Shows("VCPU-CREATE-7 VCPU-CREATE-12");
  ASSERT_EQ(Create(), ZX_OK);
  for (const unsigned long call :
       {static_cast<unsigned long>(KVM_SET_DEBUGREGS),
        static_cast<unsigned long>(KVM_SET_VCPU_EVENTS), static_cast<unsigned long>(KVM_SET_XSAVE),
        static_cast<unsigned long>(KVM_SET_REGS)}) {
    CloseVcpu();
    machine().kernel.Fail(call, ENOMEM);
    EXPECT_EQ(Create(), ZX_ERR_NO_MEMORY);
    ASSERT_EQ(Create(), ZX_OK);
  }
  // An instruction of the last owner that never ends.
  CloseVcpu();
  auto again = std::make_shared<fake::Step>();
  *again = [again](FakeVcpu& vcpu) {
    vcpu.CompleteWith(*again);
    return fake::ExitForRead(vcpu, 0x200000, 4);
  };
  cpu().CompleteWith(*again);
  EXPECT_EQ(Create(), ZX_ERR_INTERNAL);
  cpu().CompleteWith(nullptr);
  *again = nullptr;
  EXPECT_EQ(Create(), ZX_OK);
}

// ---- The shelf alone ----

TEST(VcpuShelf, IdsLowestFirst) {
  Shows("VCPU-CREATE-3 VCPU-CREATE-13");
  guest::VcpuShelf shelf;
  uint32_t id = 99;
  for (uint32_t i = 0; i < guest::VcpuShelf::kMaxVcpus; ++i) {
    ASSERT_EQ(shelf.TakeId(&id), ZX_OK);
    EXPECT_EQ(id, i);
  }
  EXPECT_EQ(shelf.TakeId(&id), ZX_ERR_NO_RESOURCES);
  shelf.Return(63, nullptr, false);
  shelf.Return(7, nullptr, false);
  ASSERT_EQ(shelf.TakeId(&id), ZX_OK);
  EXPECT_EQ(id, 7u);
  ASSERT_EQ(shelf.TakeId(&id), ZX_OK);
  EXPECT_EQ(id, 63u);
}

}  // namespace
}  // namespace zircon
