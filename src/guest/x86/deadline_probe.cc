#include "guest/x86/deadline_probe.h"

#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "guest/x86/vm_setup.h"
#include "kvm/vcpu_fd.h"
#include "kvm/vm_fd.h"

namespace zircon::guest::x86 {
namespace {

constexpr size_t kMemorySize = 4 * 4096;  // three levels of page tables and the code
constexpr uint64_t kCodeAddress = 0x3000;
constexpr uint64_t kPresentWritable = 0x3;
constexpr uint64_t kLargePage = 0x80;
constexpr uint32_t kTscDeadline = 0x6E0;
constexpr uint32_t kDeadlineFeature = 1u << 24;  // CPUID.1:ECX
// KVM_RUN may come back without having begun, for reasons of its own; that often means something is
// wrong.
constexpr int kMaxRuns = 100;

kvm_segment FlatSegment(bool code) {
  kvm_segment segment = {};
  segment.limit = 0xFFFFFFFF;
  segment.type = code ? 11 : 3;
  segment.present = 1;
  segment.s = 1;
  segment.g = 1;
  segment.l = code ? 1 : 0;
  segment.db = code ? 0 : 1;
  return segment;
}

int SetLongMode(kvm::VcpuFd& vcpu) {
  kvm_sregs sregs;
  int error = vcpu.GetSregs(&sregs);
  if (error != 0) return error;
  sregs.cs = FlatSegment(true);
  sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = FlatSegment(false);
  sregs.cr0 = 0x80000011;  // PE, ET, PG
  sregs.cr3 = 0;
  sregs.cr4 = 0x20;    // PAE
  sregs.efer = 0x500;  // LME, LMA
  error = vcpu.SetSregs(sregs);
  if (error != 0) return error;
  kvm_regs regs = {};
  regs.rip = kCodeAddress;
  regs.rflags = 0x2;
  return vcpu.SetRegs(regs);
}

int ShowDeadlineTimer(kvm::VcpuFd& vcpu, const Host& host) {
  std::vector<kvm_cpuid_entry2> shown = host.cpuid;
  for (kvm_cpuid_entry2& entry : shown) {
    if (entry.function == 1) entry.ecx |= kDeadlineFeature;
  }
  return vcpu.SetCpuid(shown);
}

// The first exit tells. Signals wait for the few instructions, so that they cannot keep them from
// being executed.
int RunProbe(kvm::VcpuFd& vcpu, bool* reach_us) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  absl::Cleanup open = [&before] { pthread_sigmask(SIG_SETMASK, &before, nullptr); };
  int error = EINTR;
  for (int i = 0; i < kMaxRuns && (error == EINTR || error == EAGAIN); ++i) error = vcpu.Run();
  if (error != 0) return error == EINTR ? EAGAIN : error;
  const kvm_run& run = vcpu.run();
  *reach_us = run.exit_reason == KVM_EXIT_X86_WRMSR && run.msr.index == kTscDeadline;
  return *reach_us || run.exit_reason == KVM_EXIT_HLT ? 0 : EIO;
}

}  // namespace

int ProbeDeadlineWrites(kvm::SystemFd& system, const Host& host, bool* reach_us) {
  void* memory =
      mmap(nullptr, kMemorySize, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  // Of nothing but memory there is none for other reasons.
  if (memory == MAP_FAILED) return ENOMEM;
  absl::Cleanup unmap = [memory] { munmap(memory, kMemorySize); };
  auto* tables = static_cast<uint64_t*>(memory);
  tables[0] = 0x1000 | kPresentWritable;         // level 4
  tables[512] = 0x2000 | kPresentWritable;       // level 3
  tables[1024] = kPresentWritable | kLargePage;  // level 2: the first 2 MiB
  std::memcpy(static_cast<char*>(memory) + kCodeAddress, kDeadlineProbeCode,
              sizeof(kDeadlineProbeCode));

  std::unique_ptr<kvm::VmFd> vm;
  int error = system.CreateVm(&vm);
  if (error == 0) error = EnableMsrExits(*vm, host);
  if (error != 0) return error;
  kvm_userspace_memory_region region = {};
  region.memory_size = kMemorySize;
  region.userspace_addr = reinterpret_cast<uintptr_t>(memory);
  error = vm->SetMemorySlot(region);
  if (error != 0) return error;

  std::unique_ptr<kvm::VcpuFd> vcpu;
  error = vm->CreateVcpu(0, &vcpu);
  if (error == 0) error = vcpu->MapRun();
  if (error == 0) error = ShowDeadlineTimer(*vcpu, host);
  if (error == 0) error = SetLongMode(*vcpu);
  return error == 0 ? RunProbe(*vcpu, reach_us) : error;
}

}  // namespace zircon::guest::x86
