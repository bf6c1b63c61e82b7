#include "guest/x86/deadline_probe.h"

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
// A signal may break a run off; that many in a row mean something else is wrong.
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

bool SetLongMode(kvm::VcpuFd& vcpu) {
  kvm_sregs sregs;
  if (vcpu.GetSregs(&sregs) != 0) return false;
  sregs.cs = FlatSegment(true);
  sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = FlatSegment(false);
  sregs.cr0 = 0x80000011;  // PE, ET, PG
  sregs.cr3 = 0;
  sregs.cr4 = 0x20;    // PAE
  sregs.efer = 0x500;  // LME, LMA
  if (vcpu.SetSregs(sregs) != 0) return false;
  kvm_regs regs = {};
  regs.rip = kCodeAddress;
  regs.rflags = 0x2;
  return vcpu.SetRegs(regs) == 0;
}

}  // namespace

bool DeadlineWritesReachUs(kvm::SystemFd& system, std::span<const kvm_cpuid_entry2> cpuid) {
  void* memory =
      mmap(nullptr, kMemorySize, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return false;
  absl::Cleanup unmap = [memory] { munmap(memory, kMemorySize); };
  auto* tables = static_cast<uint64_t*>(memory);
  tables[0] = 0x1000 | kPresentWritable;         // level 4
  tables[512] = 0x2000 | kPresentWritable;       // level 3
  tables[1024] = kPresentWritable | kLargePage;  // level 2: the first 2 MiB
  std::memcpy(static_cast<char*>(memory) + kCodeAddress, kDeadlineProbeCode,
              sizeof(kDeadlineProbeCode));

  std::unique_ptr<kvm::VmFd> vm;
  if (system.CreateVm(&vm) != 0) return false;
  if (EnableMsrExits(*vm) != 0) return false;
  kvm_userspace_memory_region region = {};
  region.memory_size = kMemorySize;
  region.userspace_addr = reinterpret_cast<uintptr_t>(memory);
  if (vm->SetMemorySlot(region) != 0) return false;

  std::unique_ptr<kvm::VcpuFd> vcpu;
  if (vm->CreateVcpu(0, &vcpu) != 0 || vcpu->MapRun() != 0) return false;
  std::vector<kvm_cpuid_entry2> shown(cpuid.begin(), cpuid.end());
  for (kvm_cpuid_entry2& entry : shown) {
    if (entry.function == 1) entry.ecx |= kDeadlineFeature;
  }
  if (vcpu->SetCpuid(shown) != 0 || !SetLongMode(*vcpu)) return false;

  for (int i = 0; i < kMaxRuns; ++i) {
    const int error = vcpu->Run();
    if (error == EINTR || error == EAGAIN) continue;
    if (error != 0) return false;
    const kvm_run& run = vcpu->run();
    return run.exit_reason == KVM_EXIT_X86_WRMSR && run.msr.index == kTscDeadline;
  }
  return false;
}

}  // namespace zircon::guest::x86
