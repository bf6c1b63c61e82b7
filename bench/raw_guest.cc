#include "raw_guest.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <string>

#include "guest/x86/host.h"
#include "kvm/system_fd.h"

namespace bench {
namespace {

namespace zx86 = zircon::vcpu::x86;

constexpr uint64_t kPat = 0x0407050600070106;
constexpr uint64_t kApicBase = 0xFEE00D00;

kvm_segment Segment(uint8_t type, bool system) {
  kvm_segment segment = {};
  segment.limit = 0xFFFF;
  segment.type = type;
  segment.present = 1;
  segment.s = !system;
  return segment;
}

void EnableCap(int fd, uint32_t capability, uint64_t argument) {
  kvm_enable_cap cap = {};
  cap.cap = capability;
  cap.args[0] = argument;
  Must(ioctl(fd, KVM_ENABLE_CAP, &cap) == 0, "KVM_ENABLE_CAP");
}

}  // namespace

const RawHost& RawHost::Get() {
  static const RawHost host = [] {
    // CPUID is data, and the same data as the library's is what makes the two guests comparable.
    RawHost found;
    std::unique_ptr<zircon::kvm::SystemFd> system;
    Must(zircon::kvm::SystemFd::Open(zircon::kvm::ProcessKernel(), &system) == 0, "/dev/kvm");
    const zircon::guest::x86::Host* known = nullptr;
    std::string why;
    Must(zircon::guest::x86::Host::Get(*system, &known, &why) == 0, "KVM's abilities");
    const std::vector<kvm_cpuid_entry2> entries =
        zx86::GuestCpuid(*known, 0, zircon::guest::x86::Apics::kLibrary);
    found.cpuid.resize(sizeof(kvm_cpuid2) + entries.size() * sizeof(kvm_cpuid_entry2));
    reinterpret_cast<kvm_cpuid2*>(found.cpuid.data())->nent = static_cast<uint32_t>(entries.size());
    std::memcpy(found.cpuid.data() + sizeof(kvm_cpuid2), entries.data(),
                entries.size() * sizeof(kvm_cpuid_entry2));
    found.features = zx86::FeaturesOf(entries);
    found.direct_msrs = known->direct_msrs;
    found.exit_on_emulation_failure = known->exit_on_emulation_failure;
    found.enforce_pv_features = known->enforce_pv_features;
    Must(system->RunPageSize(&found.run_size) == 0, "KVM_GET_VCPU_MMAP_SIZE");
    return found;
  }();
  return host;
}

RawMemory::RawMemory(Program program) {
  void* memory =
      mmap(nullptr, kMemorySize, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  Must(memory != MAP_FAILED, "mmap");
  here_ = static_cast<std::byte*>(memory);
  FillGuestMemory(program, {here_, kMemorySize});
}

RawMemory::~RawMemory() { munmap(here_, kMemorySize); }

RawGuest::RawGuest(const RawMemory& memory) {
  const RawHost& host = RawHost::Get();
  system_ = open("/dev/kvm", O_RDWR | O_CLOEXEC);
  Must(system_ >= 0, "/dev/kvm");
  vm_ = ioctl(system_, KVM_CREATE_VM, 0);
  Must(vm_ >= 0, "KVM_CREATE_VM");

  EnableCap(vm_, KVM_CAP_X86_USER_SPACE_MSR,
            KVM_MSR_EXIT_REASON_INVAL | KVM_MSR_EXIT_REASON_UNKNOWN | KVM_MSR_EXIT_REASON_FILTER);
  static uint8_t all_ones[] = {0xFF};
  kvm_msr_filter filter = {};
  filter.flags = KVM_MSR_FILTER_DEFAULT_DENY;
  for (size_t i = 0; i < host.direct_msrs.size(); ++i) {
    filter.ranges[i].flags = KVM_MSR_FILTER_READ | KVM_MSR_FILTER_WRITE;
    filter.ranges[i].base = host.direct_msrs[i].first;
    filter.ranges[i].nmsrs = host.direct_msrs[i].count;
    filter.ranges[i].bitmap = all_ones;
  }
  Must(ioctl(vm_, KVM_X86_SET_MSR_FILTER, &filter) == 0, "KVM_X86_SET_MSR_FILTER");
  if (host.exit_on_emulation_failure) EnableCap(vm_, KVM_CAP_EXIT_ON_EMULATION_FAILURE, 1);

  kvm_userspace_memory_region region = {};
  region.memory_size = kMemorySize;
  region.userspace_addr = reinterpret_cast<uintptr_t>(memory.here());
  Must(ioctl(vm_, KVM_SET_USER_MEMORY_REGION, &region) == 0, "KVM_SET_USER_MEMORY_REGION");

  vcpu_ = ioctl(vm_, KVM_CREATE_VCPU, 0);
  Must(vcpu_ >= 0, "KVM_CREATE_VCPU");
  void* run = mmap(nullptr, host.run_size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu_, 0);
  Must(run != MAP_FAILED, "mmap of the run page");
  run_ = static_cast<kvm_run*>(run);
  SetState();
}

// What zx_vcpu_create() sets up, in the fewest ioctls.
void RawGuest::SetState() {
  const RawHost& host = RawHost::Get();
  Must(ioctl(vcpu_, KVM_SET_CPUID2, host.cpuid.data()) == 0, "KVM_SET_CPUID2");
  if (host.enforce_pv_features) EnableCap(vcpu_, KVM_CAP_ENFORCE_PV_FEATURE_CPUID, 1);

  kvm_regs regs = {};
  regs.rip = kCode;
  regs.rflags = 0x2;
  Must(ioctl(vcpu_, KVM_SET_REGS, &regs) == 0, "KVM_SET_REGS");

  kvm_sregs sregs = {};
  sregs.cs = Segment(0xF, false);
  sregs.cs.l = 1;
  sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = Segment(0x3, false);
  sregs.tr = Segment(0xB, true);
  sregs.ldt = Segment(0x2, true);
  sregs.gdt.limit = sregs.idt.limit = 0xFFFF;
  sregs.cr0 = 0x80010011;  // PG, WP, ET, PE
  sregs.cr4 = 0x2A0;       // OSFXSR, PGE, PAE
  if (host.features.xsave) sregs.cr4 |= 1u << 18;
  if (host.features.fsgsbase) sregs.cr4 |= 1u << 16;
  sregs.efer = 0xD01;  // NXE, LMA, LME, SCE
  sregs.apic_base = kApicBase;
  Must(ioctl(vcpu_, KVM_SET_SREGS, &sregs) == 0, "KVM_SET_SREGS");

  struct {
    kvm_msrs header;
    kvm_msr_entry pat;
  } msrs = {};
  msrs.header.nmsrs = 1;
  msrs.pat.index = 0x277;
  msrs.pat.data = kPat;
  Must(ioctl(vcpu_, KVM_SET_MSRS, &msrs) == 1, "KVM_SET_MSRS");

  uint64_t offset = 0;
  kvm_device_attr attr = {};
  attr.group = KVM_VCPU_TSC_CTRL;
  attr.attr = KVM_VCPU_TSC_OFFSET;
  attr.addr = reinterpret_cast<uintptr_t>(&offset);
  // An older KVM has no such attribute; the counter then starts where it likes.
  static_cast<void>(ioctl(vcpu_, KVM_SET_DEVICE_ATTR, &attr));

  if (!host.features.xsave) return;
  kvm_xcrs xcrs = {};
  xcrs.nr_xcrs = 1;
  xcrs.xcrs[0].value = host.features.avx ? 7 : 3;
  Must(ioctl(vcpu_, KVM_SET_XCRS, &xcrs) == 0, "KVM_SET_XCRS");
}

RawGuest::~RawGuest() {
  munmap(run_, RawHost::Get().run_size);
  close(vcpu_);
  close(vm_);
  close(system_);
}

}  // namespace bench
