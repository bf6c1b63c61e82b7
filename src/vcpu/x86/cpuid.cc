#include "vcpu/x86/cpuid.h"

#include <cpuid.h>

#include <algorithm>
#include <cstring>

#include "guest/x86/features.h"

namespace zircon::vcpu::x86 {
namespace {

using enum guest::x86::CpuidRegister;
using guest::x86::ShownFeatures;

constexpr uint32_t kMaxBaseLeaf = 0x17;
constexpr uint32_t kMaxExtendedLeaf = 0x8000001E;
constexpr uint32_t kHypervisorLeaf = 0x40000000;

constexpr uint32_t Bit(int number) { return 1u << number; }

// Leaf 1: shown whatever the host's processor has.
constexpr uint32_t kEcx1Set = Bit(31) /* hypervisor */ | Bit(21) /* x2APIC */;
constexpr uint32_t kEcx1Deadline = Bit(24);
constexpr uint32_t kEdx1Set = Bit(11) /* SEP */;

// Leaf 0xA: EAX says that there are no counters, EBX that each of the seven events is missing.
constexpr uint32_t kEbxANoEvents = 0x7F;

// Leaf 0xB: the sub-leaves that guests look at. KVM answers any other from them.
constexpr uint32_t kTopologyLeaf = 0xB;
constexpr uint32_t kTopologyLevels = 3;

// Leaf 0xD: x87, SSE and AVX only, no supervisor states.
constexpr uint32_t kXcr0Components = 0x7;
constexpr uint32_t kXsaveAreaSize = 0x340;
constexpr uint32_t kLastComponent = 2;

// Leaf 0x40000001: clocksource, no I/O delay, clocksource2, stable.
constexpr uint32_t kPvFeatures = Bit(0) | Bit(1) | Bit(3) | Bit(24);
// And with the library's APIC, whatever the host: end of interrupt by a flag in memory.
constexpr uint32_t kLibraryApicPvFeatures = Bit(6);
// And with the kernel's, where the host's KVM has them: unhalt, inter-processor interrupts by call.
constexpr uint32_t kKernelApicPvFeatures = Bit(7) | Bit(11);

// Leaves that say something of the processor that is true in a guest: the others are about what a
// guest does not have (power, counters, tracing, enclaves, memory encryption …).
bool IsShown(const kvm_cpuid_entry2& entry) {
  switch (entry.function) {
    case 0x0:
    case 0x1:
    case 0x2:  // caches
    case 0x4:
    case 0x6:
    case 0x7:
    case 0xA:
    case 0x15:  // rates
    case 0x16:
    case 0x17:  // the vendor's name for the chip
    case 0x80000000:
    case 0x80000001:
    case 0x80000005:  // caches
    case 0x80000006:
    case 0x80000007:
    case 0x80000008:
    case 0x80000019:  // caches
    case 0x8000001A:  // how wide the execution units are
    case 0x8000001D:  // caches
    case 0x8000001E:
      return true;
    case 0xD:
      return entry.index <= kLastComponent;
    default:
      return false;
  }
}

void Change(kvm_cpuid_entry2* entry, bool deadline_timer, uint32_t vcpu_id) {
  const uint32_t leaf = entry->function;
  const uint32_t subleaf = entry->index;
  switch (leaf) {
    case 0:
      entry->eax = std::min(entry->eax, kMaxBaseLeaf);
      break;
    case 1:
      entry->ebx = (entry->ebx & 0x00FFFFFF) | vcpu_id << 24;
      entry->ecx = (entry->ecx & ShownFeatures(1, 0, kEcx) & ~kEcx1Deadline) | kEcx1Set;
      if (deadline_timer) entry->ecx |= kEcx1Deadline;
      entry->edx = (entry->edx & ShownFeatures(1, 0, kEdx)) | kEdx1Set;
      break;
    case 6:
      entry->eax &= ShownFeatures(6, 0, kEax);
      entry->ebx = entry->ecx = entry->edx = 0;
      break;
    case 7:
      // The other sub-leaves are empty, and EAX does not tell of them.
      entry->eax = 0;
      entry->ebx &= ShownFeatures(7, subleaf, kEbx);
      entry->ecx &= ShownFeatures(7, subleaf, kEcx);
      entry->edx &= ShownFeatures(7, subleaf, kEdx);
      break;
    case 0xA:
      entry->eax = 0;
      entry->ebx = kEbxANoEvents;
      entry->ecx = entry->edx = 0;
      break;
    case 0xD:
      if (subleaf == 0) {
        entry->eax &= kXcr0Components;
        entry->ecx = std::min(entry->ecx, kXsaveAreaSize);
        entry->edx = 0;
      } else if (subleaf == 1) {
        entry->eax &= ShownFeatures(0xD, 1, kEax);
        entry->ecx = entry->edx = 0;
      }
      break;
    case 0x80000000:
      entry->eax = std::min(entry->eax, kMaxExtendedLeaf);
      break;
    case 0x80000001:
      entry->ecx &= ShownFeatures(leaf, 0, kEcx);
      entry->edx &= ShownFeatures(leaf, 0, kEdx);
      break;
    case 0x80000007:
      entry->eax = entry->ebx = entry->ecx = 0;
      entry->edx &= ShownFeatures(leaf, 0, kEdx);
      break;
    case 0x80000008:
      entry->ebx &= ShownFeatures(leaf, 0, kEbx);
      entry->edx = 0;
      break;
    case 0x8000001E:
      entry->eax = vcpu_id;
      break;
    default:
      break;
  }
}

constexpr uint32_t kFirstBrandLeaf = 0x80000002;
constexpr uint32_t kLastBrandLeaf = 0x80000004;

kvm_cpuid_entry2 Entry(uint32_t function, uint32_t eax, uint32_t ebx, uint32_t ecx, uint32_t edx) {
  kvm_cpuid_entry2 entry = {};
  entry.function = function;
  entry.eax = eax;
  entry.ebx = ebx;
  entry.ecx = ecx;
  entry.edx = edx;
  return entry;
}

}  // namespace

std::vector<kvm_cpuid_entry2> GuestCpuid(const guest::x86::Host& host, uint32_t vcpu_id,
                                         guest::x86::Apics apics) {
  const bool kernel_apic = apics == guest::x86::Apics::kKernel;
  std::vector<kvm_cpuid_entry2> shown;
  uint32_t highest = 0;
  uint32_t pv_features = kPvFeatures | (kernel_apic ? 0 : kLibraryApicPvFeatures);
  for (kvm_cpuid_entry2 entry : host.cpuid) {
    if (entry.function == kHypervisorLeaf + 1) {
      pv_features |= entry.eax & (ShownFeatures(entry.function, 0, kEax) |
                                  (kernel_apic ? kKernelApicPvFeatures : 0));
    }
    if (!IsShown(entry)) continue;
    Change(&entry, kernel_apic || host.deadline_timer, vcpu_id);
    if (entry.function == 0) highest = entry.eax;
    shown.push_back(entry);
  }
  for (uint32_t level = 0; level < kTopologyLevels && highest >= kTopologyLeaf; ++level) {
    kvm_cpuid_entry2 topology = Entry(kTopologyLeaf, 0, 0, 0, vcpu_id);
    topology.index = level;
    topology.flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX;
    shown.push_back(topology);
  }
  // The processor's name: KVM has nothing to say about it, so it is the host's own.
  for (uint32_t leaf = kFirstBrandLeaf; leaf <= kLastBrandLeaf; ++leaf) {
    uint32_t words[4] = {};
    __get_cpuid(leaf, &words[0], &words[1], &words[2], &words[3]);
    shown.push_back(Entry(leaf, words[0], words[1], words[2], words[3]));
  }
  uint32_t signature[3];
  std::memcpy(signature, "KVMKVMKVM\0\0\0", sizeof(signature));
  shown.push_back(
      Entry(kHypervisorLeaf, kHypervisorLeaf + 1, signature[0], signature[1], signature[2]));
  shown.push_back(Entry(kHypervisorLeaf + 1, pv_features, 0, 0, 0));
  return shown;
}

ProcessorFeatures FeaturesOf(const std::vector<kvm_cpuid_entry2>& cpuid) {
  ProcessorFeatures features;
  for (const kvm_cpuid_entry2& entry : cpuid) {
    if (entry.function == 1) features.xsave = (entry.ecx & Bit(26)) != 0;
    if (entry.function == 7 && entry.index == 0) features.fsgsbase = (entry.ebx & Bit(0)) != 0;
    if (entry.function == 0xD && entry.index == 0) features.avx = (entry.eax & 0x4) != 0;
  }
  return features;
}

}  // namespace zircon::vcpu::x86
