#include "probe.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "guests/layout.h"

namespace conformance {
namespace {

constexpr uint16_t kDonePort = 0x99;
constexpr uint16_t kSteppedPort = 0x9A;
constexpr uint64_t kPage = 4096;
constexpr unsigned kSeconds = 3;
constexpr uint64_t kRealModeAddress = 0x9000;  // The code for real mode stores 0x1234 there.

// Exit statuses of the child.
enum Outcome { kWorks, kSetupFails, kRunFails, kShutdown, kInternalError, kOtherExit, kWrongValue };

struct Probe {
  bool long_mode = true;
  std::vector<uint8_t> code;     // Ends by an OUT to kDonePort.
  uint32_t cpuid_leaf = 0;       // If not 0, the OUT's value must be the EBX that was set for it.
  bool supported_cpuid = false;  // The guest's CPUID is all that KVM supports.
  // If not 0, the code ends by this exception and no OUT: a trap, whose RIP is the code's end.
  uint8_t vector = 0;
};

// <linux/kvm.h> declares kvm_cpuid2 with another size in C++ than in C, and its number comes from
// it.
struct CpuidEntries {
  uint32_t count = 3;
  uint32_t padding = 0;
  kvm_cpuid_entry2 entries[3]{};
};
struct SupportedCpuid {
  uint32_t count = 256;
  uint32_t padding = 0;
  kvm_cpuid_entry2 entries[256]{};
};
constexpr unsigned long kGetSupportedCpuid = _IOC(_IOC_READ | _IOC_WRITE, KVMIO, 0x05, 8);
constexpr unsigned long kSetCpuid2 = _IOC(_IOC_WRITE, KVMIO, 0x90, 8);
// No feature bits of leaf 7, an odd APIC id in leaf 1.
constexpr uint32_t kEbx = 0x2A000000;
constexpr uint32_t kEbxMask = 0xFF010000;

void SetLongMode(kvm_sregs* sregs, uint8_t* memory) {
  auto* entries = reinterpret_cast<uint64_t*>(memory);
  constexpr size_t kPerPage = kPage / 8;
  entries[0] = GUEST_POINTER_TABLE | 3;
  entries[kPerPage] = GUEST_DIRECTORY | 3;
  for (uint64_t i = 0; i < kPerPage; ++i) entries[2 * kPerPage + i] = i << 21 | 0x83;
  sregs->cr0 = 0x80010031;
  sregs->cr3 = 0;
  sregs->cr4 = 0x620;
  sregs->efer = 0x500;
  sregs->cs.l = 1;
  sregs->cs.db = 0;
}

// A gate for the exception, to code that gives the RIP it has found.
void SetHandler(uint8_t vector, kvm_sregs* sregs, uint8_t* memory) {
  constexpr uint64_t kHandler = GUEST_CODE + kPage;
  constexpr uint64_t kCodeSegment = 0x00AF'9B00'0000'FFFF;
  memcpy(memory + GUEST_GDT + GUEST_CODE_SELECTOR, &kCodeSegment, sizeof(kCodeSegment));
  sregs->gdt.base = GUEST_GDT;
  sregs->gdt.limit = GUEST_CODE_SELECTOR + 7;
  constexpr uint64_t kGate = uint64_t{0x8E00} << 32 | uint64_t{GUEST_CODE_SELECTOR} << 16 |
                             (kHandler >> 16) << 48 | (kHandler & 0xFFFF);
  memcpy(memory + GUEST_IDT + 16 * vector, &kGate, sizeof(kGate));
  sregs->idt.base = GUEST_IDT;
  sregs->idt.limit = static_cast<uint16_t>(16 * vector + 15);
  // mov eax, [rsp]; out kDonePort, eax
  constexpr uint8_t kCode[] = {0x8B, 0x04, 0x24, 0xE7, kDonePort};
  memcpy(memory + kHandler, kCode, sizeof(kCode));
}

Outcome Run(const Probe& probe) {
  const int system = open("/dev/kvm", O_RDWR | O_CLOEXEC);
  const int vm = ioctl(system, KVM_CREATE_VM, 0);
  if (system < 0 || vm < 0) return kSetupFails;
  auto* memory = static_cast<uint8_t*>(
      mmap(nullptr, GUEST_MEMORY_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  kvm_userspace_memory_region region{};
  region.memory_size = GUEST_MEMORY_SIZE;
  region.userspace_addr = reinterpret_cast<uint64_t>(memory);
  if (ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region) != 0) return kSetupFails;
  memcpy(memory + GUEST_CODE, probe.code.data(), probe.code.size());

  const int vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
  const int run_size = ioctl(system, KVM_GET_VCPU_MMAP_SIZE, 0);
  if (vcpu < 0 || run_size <= 0) return kSetupFails;
  auto* run = static_cast<kvm_run*>(
      mmap(nullptr, static_cast<size_t>(run_size), PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0));
  if (probe.cpuid_leaf != 0) {
    CpuidEntries cpuid;
    cpuid.entries[0].eax = 7;
    cpuid.entries[1].function = 1;
    cpuid.entries[1].ebx = kEbx;
    cpuid.entries[1].edx = 0x1789FBFF;
    cpuid.entries[2].function = 7;
    cpuid.entries[2].flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX;
    cpuid.entries[2].ebx = kEbx;
    if (ioctl(vcpu, kSetCpuid2, &cpuid) != 0) return kSetupFails;
  }
  if (probe.supported_cpuid) {
    SupportedCpuid cpuid;
    if (ioctl(system, kGetSupportedCpuid, &cpuid) != 0) return kSetupFails;
    if (ioctl(vcpu, kSetCpuid2, &cpuid) != 0) return kSetupFails;
  }
  kvm_sregs sregs{};
  if (ioctl(vcpu, KVM_GET_SREGS, &sregs) != 0) return kSetupFails;
  kvm_regs regs{};
  regs.rflags = 2;
  regs.rbx = GUEST_MEM_TRAP;
  if (probe.long_mode) {
    SetLongMode(&sregs, memory);
    sregs.cs.base = 0;
    sregs.cs.selector = GUEST_CODE_SELECTOR;
    regs.rip = GUEST_CODE;
    regs.rsp = GUEST_STACK_TOP;
    if (probe.vector != 0) SetHandler(probe.vector, &sregs, memory);
  } else {
    sregs.cs.selector = GUEST_CODE >> 4;
    sregs.cs.base = GUEST_CODE;
  }
  if (ioctl(vcpu, KVM_SET_SREGS, &sregs) != 0) return kSetupFails;
  if (ioctl(vcpu, KVM_SET_REGS, &regs) != 0) return kSetupFails;

  for (int exits = 0; exits < 16; ++exits) {
    if (ioctl(vcpu, KVM_RUN, 0) != 0) return kRunFails;
    switch (run->exit_reason) {
      case KVM_EXIT_MMIO:
        continue;
      case KVM_EXIT_IO: {
        if (run->io.port == kSteppedPort && probe.vector != 0) continue;
        if (run->io.port != kDonePort) return kOtherExit;
        uint32_t value = 0;
        memcpy(&value, reinterpret_cast<uint8_t*>(run) + run->io.data_offset, sizeof(value));
        if (probe.cpuid_leaf != 0 && (value & kEbxMask) != kEbx) return kWrongValue;
        if (probe.vector != 0 && value != GUEST_CODE + probe.code.size()) return kWrongValue;
        if (!probe.long_mode && memcmp(memory + kRealModeAddress, "\x34\x12", 2) != 0) {
          return kWrongValue;
        }
        return kWorks;
      }
      case KVM_EXIT_SHUTDOWN:
        return kShutdown;
      case KVM_EXIT_INTERNAL_ERROR:
        return kInternalError;
      default:
        return kOtherExit;
    }
  }
  return kOtherExit;
}

const char* Words(int outcome) {
  switch (outcome) {
    case kSetupFails:
      return "KVM refuses to set it up";
    case kRunFails:
      return "KVM_RUN fails";
    case kShutdown:
      return "triple fault";
    case kInternalError:
      return "KVM cannot emulate it";
    case kWrongValue:
      return "the guest sees another value";
    default:
      return "an unexpected exit";
  }
}

std::string Ask(const char* name, const Probe& probe) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(kSeconds);
    _exit(Run(probe));
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child) {
    return fmt::format("probe {}: no child process", name);
  }
  if (WIFSIGNALED(status)) return fmt::format("probe {}: hangs in plain KVM", name);
  if (WEXITSTATUS(status) == kWorks) return "";
  return fmt::format("probe {}: in plain KVM: {}", name, Words(WEXITSTATUS(status)));
}

}  // namespace

std::string ProbeLongModeCode(const char* name, const std::vector<uint8_t>& code) {
  Probe probe;
  probe.code = code;
  probe.code.insert(probe.code.end(), {0xE6, kDonePort});  // out kDonePort, al
  return Ask(name, probe);
}

std::string ProbeXsetbv() {
  Probe probe;
  probe.supported_cpuid = true;
  // mov rax, cr4; or eax, OSXSAVE; mov cr4, rax
  probe.code = {0x0F, 0x20, 0xE0, 0x0D, 0, 0, 4, 0, 0x0F, 0x22, 0xE0};
  // mov eax, 3; xor ecx, ecx; xor edx, edx; xsetbv; xgetbv; out kDonePort, al
  for (const int byte : {0xB8, 3, 0, 0, 0, 0x31, 0xC9, 0x31, 0xD2, 0x0F, 0x01, 0xD1, 0x0F, 0x01,
                         0xD0, 0xE6, int{kDonePort}}) {
    probe.code.push_back(static_cast<uint8_t>(byte));
  }
  return Ask("xsetbv", probe);
}

std::string ProbeInt3() {
  Probe probe;
  probe.code = {0xCC};
  probe.vector = 3;
  return Ask("int3", probe);
}

std::string ProbeStepOverOut() {
  Probe probe;
  // pushfq; or dword [rsp], TF; popfq; out kSteppedPort, al
  probe.code = {0x9C, 0x81, 0x0C, 0x24, 0, 1, 0, 0, 0x9D, 0xE6, kSteppedPort};
  probe.vector = 1;
  return Ask("step-over-out", probe);
}

std::string ProbeSysenter() {
  constexpr uint8_t kTarget = 29;
  // mov ecx, 0x174; xor edx, edx; mov eax, 8; wrmsr (the segment); mov cl, 0x76; mov eax, target;
  // wrmsr (RIP); sysenter
  return ProbeLongModeCode(
      "sysenter", {0xB9, 0x74, 1,    0,    0,    0x31, 0xD2,    0xB8, GUEST_CODE_SELECTOR, 0, 0,
                   0,    0x0F, 0x30, 0xB1, 0x76, 0xB8, kTarget, 0,    GUEST_CODE >> 16,    0, 0x0F,
                   0x30, 0x90, 0x90, 0x90, 0x90, 0x0F, 0x34});
}

std::string ProbeRealMode() {
  Probe probe;
  probe.long_mode = false;
  // mov ax, 0x1234; mov [0x9000], ax; out kDonePort, al
  probe.code = {0xB8, 0x34, 0x12, 0xA3, 0x00, 0x90, 0xE6, kDonePort};
  return Ask("real-mode", probe);
}

std::string ProbeCpuid(uint32_t leaf) {
  Probe probe;
  probe.cpuid_leaf = leaf;
  // mov eax, leaf; xor ecx, ecx; cpuid; mov eax, ebx; out kDonePort, eax
  probe.code = {
      0xB8,     static_cast<uint8_t>(leaf), 0, 0, 0, 0x31, 0xC9, 0x0F, 0xA2, 0x89, 0xD8, 0xE7,
      kDonePort};
  return Ask(leaf == 1 ? "cpuid-leaf-1" : "cpuid-leaf-7", probe);
}

std::string ProbeKernelInterrupts() {
  const int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
  if (kvm < 0) return fmt::format("probe kernel-interrupts: /dev/kvm: {}", strerror(errno));
  std::string missing;
  const auto need = [&](const char* name, int number) {
    if (missing.empty() && ioctl(kvm, KVM_CHECK_EXTENSION, number) <= 0) {
      missing = fmt::format("probe kernel-interrupts: no {}", name);
    }
  };
  need("KVM_CAP_SPLIT_IRQCHIP", KVM_CAP_SPLIT_IRQCHIP);
  need("KVM_CAP_X86_TRIPLE_FAULT_EVENT", KVM_CAP_X86_TRIPLE_FAULT_EVENT);
  close(kvm);
  return missing;
}

std::string ProbeVmcall() {
  // mov eax, 0x7777; vmcall
  return ProbeLongModeCode("vmcall", {0xB8, 0x77, 0x77, 0, 0, 0x0F, 0x01, 0xC1});
}

std::vector<NamedProbe> AllProbes() {
  return {
      // mov [rbx], eax; movdqu [rbx], xmm0
      {"long-mode",
       [] {
         return ProbeLongModeCode("long-mode", {0x89, 0x03});
       }},
      {"wide-store",
       [] {
         return ProbeLongModeCode("wide-store", {0xF3, 0x0F, 0x7F, 0x03});
       }},
      {"real-mode", ProbeRealMode},
      {"cpuid-leaf-1", [] { return ProbeCpuid(1); }},
      {"cpuid-leaf-7", [] { return ProbeCpuid(7); }},
      {"vmcall", ProbeVmcall},
  };
}

}  // namespace conformance
