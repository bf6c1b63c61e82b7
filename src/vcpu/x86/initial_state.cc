#include "vcpu/x86/initial_state.h"

#include <x86intrin.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "vcpu/x86/control_bits.h"
#include "vcpu/x86/cpuid.h"
#include "vcpu/x86/kernel_apic.h"
#include "vcpu/x86/pending_exit.h"

namespace zircon::vcpu::x86 {
namespace {

constexpr uint64_t kCr0LongMode = 0x80010011;  // PG, WP, ET, PE
constexpr uint64_t kCr0RealMode = 0x00010010;  // WP, ET
constexpr uint64_t kEferLongMode = 0xD01;      // NXE, LMA, LME, SCE
constexpr uint64_t kEferRealMode = 0x801;      // NXE, SCE
constexpr uint64_t kRflagsReserved = 0x2;

constexpr uint64_t kXcr0X87Sse = 0x3;
constexpr uint64_t kXcr0Avx = 0x4;

constexpr uint32_t kMsrTsc = 0x10;
constexpr uint32_t kMsrPat = 0x277;
// The page attributes as Linux sets them: WB, WC, UC-, UC, WB, WP, UC-, WT.
constexpr uint64_t kPat = 0x0407050600070106;

constexpr uint32_t kMsrEfer = 0xC0000080;
constexpr uint32_t kMsrClock = 0x4B564D01;

kvm_segment Segment(uint8_t type, bool system) {
  kvm_segment segment = {};
  segment.limit = 0xFFFF;
  segment.type = type;
  segment.present = 1;
  segment.s = system ? 0 : 1;
  return segment;
}

kvm_sregs InitialSregs(kvm_sregs sregs, uint32_t id, uint64_t entry,
                       const ProcessorFeatures& features) {
  constexpr uint8_t kCode = 0xF;  // readable, conforming, accessed
  constexpr uint8_t kData = 0x3;  // writable, accessed
  constexpr uint8_t kBusyTss = 0xB;
  constexpr uint8_t kLdt = 0x2;
  sregs.cs = Segment(kCode, false);
  sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = Segment(kData, false);
  sregs.tr = Segment(kBusyTss, true);
  sregs.ldt = Segment(kLdt, true);
  sregs.gdt = {};
  sregs.idt = {};
  sregs.gdt.limit = sregs.idt.limit = 0xFFFF;
  sregs.cr2 = sregs.cr3 = sregs.cr8 = 0;
  sregs.cr4 = kCr4Pge | kCr4OsFxsr | (features.xsave ? kCr4OsXsave : 0) |
              (features.fsgsbase ? kCr4FsGsBase : 0);
  sregs.apic_base = ApicBase(id);
  std::memset(sregs.interrupt_bitmap, 0, sizeof(sregs.interrupt_bitmap));
  if (id == 0) {
    sregs.cs.l = 1;
    sregs.cr0 = kCr0LongMode;
    sregs.cr4 |= kCr4Pae;
    sregs.efer = kEferLongMode;
  } else {
    sregs.cs.selector = static_cast<uint16_t>(entry >> 4);
    sregs.cs.base = entry;
    sregs.cr0 = kCr0RealMode;
    sregs.efer = kEferRealMode;
  }
  return sregs;
}

// The TSC is the host's.
int SetTsc(kvm::VcpuFd& fd, const guest::x86::Host& host) {
  if (host.tsc_offset && fd.SetTscOffset(0) == 0) return 0;
  return fd.SetMsr(kMsrTsc, __rdtsc());
}

// Before SREGS: without x2APIC in CPUID the kernel refuses the APIC base. After the first run it
// may not change, and it does not.
int SetCpuid(kvm::VcpuFd& fd, const guest::x86::Host& host,
             const std::vector<kvm_cpuid_entry2>& cpuid) {
  const int error = fd.SetCpuid(cpuid);
  if (error != 0 || !host.enforce_pv_features) return error;
  return fd.EnableCap(KVM_CAP_ENFORCE_PV_FEATURE_CPUID, 1);
}

// The instruction that the last owner left half done is finished here, whatever it does: everything
// it can change is written anew. RCX = 1 ends a repeated one.
int Drain(kvm::VcpuFd& fd) {
  kvm_run& run = fd.run();
  int error = 0;
  for (int i = 0; i < kMostReturns && error == 0; ++i) {
    run.s.regs.regs.rcx = 1;
    run.kvm_dirty_regs = KVM_SYNC_X86_REGS;
    run.immediate_exit = 1;
    error = fd.Run();
  }
  run.immediate_exit = 0;
  if (error == EINTR || error == EAGAIN) return 0;
  return error != 0 ? error : EIO;
}

// What the guest may have written without the library, and KVM's clock page. EFER goes with SREGS,
// PAT gets its value later.
int ClearMsrs(kvm::VcpuFd& fd, const guest::x86::Host& host, guest::x86::Apics apics) {
  std::vector<kvm_msr_entry> msrs;
  const auto add = [&](uint32_t index) {
    kvm_msr_entry entry = {};
    entry.index = index;
    msrs.push_back(entry);
  };
  for (const kvm::MsrRange& range : guest::x86::DirectMsrsOf(host, apics)) {
    for (uint32_t i = 0; i < range.count; ++i) {
      if (range.first + i != kMsrEfer) add(range.first + i);
    }
  }
  add(kMsrClock);
  // A host without one of them takes those before it; one at a time then.
  size_t taken = 0;
  const int error = fd.SetMsrs(msrs, &taken);
  for (size_t i = taken; error == 0 && i < msrs.size(); ++i) {
    static_cast<void>(fd.SetMsr(msrs[i].index, 0));
  }
  return error;
}

// What a new kernel VCPU has anyway.
int ResetUsed(kvm::VcpuFd& fd, const guest::x86::Host& host, guest::x86::Apics apics,
              const kvm_regs& regs) {
  int error = fd.SetGuestDebug({});
  if (error == 0) error = Drain(fd);
  if (error == 0) error = ClearMsrs(fd, host, apics);
  if (error != 0) return error;
  kvm_debugregs debug = {};
  debug.dr6 = 0xFFFF0FF0;
  debug.dr7 = 0x400;
  if (error == 0) error = fd.SetDebugRegs(debug);
  kvm_vcpu_events events = {};
  events.flags = KVM_VCPUEVENT_VALID_NMI_PENDING | KVM_VCPUEVENT_VALID_SHADOW;
  if (error == 0) error = fd.SetEvents(events);
  // The FPU as after reset: XSTATE_BV = 0 puts every component into its initial state, but for the
  // control words of the legacy area.
  kvm_xsave xsave = {};
  xsave.region[0] = 0x37F;   // FCW
  xsave.region[6] = 0x1F80;  // MXCSR
  if (error == 0) error = fd.SetXsave(xsave);
  if (error == 0) error = fd.SetRegs(regs);
  return error;
}

}  // namespace

uint64_t ApicBase(uint32_t id) {
  constexpr uint64_t kAddress = 0xFEE00000;
  constexpr uint64_t kBootProcessor = 1u << 8;
  constexpr uint64_t kX2Apic = 1u << 10;
  constexpr uint64_t kEnabled = 1u << 11;
  return kAddress | kEnabled | kX2Apic | (id == 0 ? kBootProcessor : 0);
}

int SetWaitingState(kvm::VcpuFd& fd, const guest::x86::Host& host, uint32_t id) {
  const int error = SetCpuid(fd, host, GuestCpuid(host, id, guest::x86::Apics::kKernel));
  return error == 0 ? SetTsc(fd, host) : error;
}

int SetInitialState(kvm::VcpuFd& fd, const guest::x86::Host& host, uint32_t id,
                    guest::x86::Apics apics, uint64_t entry, bool used) {
  const std::vector<kvm_cpuid_entry2> cpuid = GuestCpuid(host, id, apics);
  const ProcessorFeatures features = FeaturesOf(cpuid);
  kvm_regs regs = {};
  regs.rip = id == 0 ? entry : 0;
  regs.rflags = kRflagsReserved;
  int error = 0;
  if (used) {
    error = ResetUsed(fd, host, apics, regs);
  } else {
    error = SetCpuid(fd, host, cpuid);
    if (error == 0) error = fd.SetRegs(regs);
  }
  kvm_sregs sregs;
  if (error == 0) error = fd.GetSregs(&sregs);
  if (error == 0) error = fd.SetSregs(InitialSregs(sregs, id, entry, features));
  if (error == 0) error = fd.SetMsr(kMsrPat, kPat);
  if (error == 0) error = SetTsc(fd, host);
  if (error == 0 && features.xsave) {
    error = fd.SetXcr0(kXcr0X87Sse | (features.avx ? kXcr0Avx : 0));
  }
  if (error == 0 && apics == guest::x86::Apics::kKernel) error = ResetKernelApic(fd);
  if (error != 0) return error;

  // The register file of the run page is the cache that enter, read_state and write_state work on;
  // from here on the kernel keeps it up to date at each exit.
  kvm_run& run = fd.run();
  // Nothing of the last exit of a VCPU that had it before.
  std::memset(&run, 0, sizeof(run));
  run.kvm_valid_regs = KVM_SYNC_X86_REGS | KVM_SYNC_X86_SREGS | KVM_SYNC_X86_EVENTS;
  run.s.regs.regs = regs;
  return 0;
}

}  // namespace zircon::vcpu::x86
