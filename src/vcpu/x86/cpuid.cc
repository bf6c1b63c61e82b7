#include "vcpu/x86/cpuid.h"

#include <cpuid.h>

#include <algorithm>
#include <cstring>

namespace zircon::vcpu::x86 {
namespace {

constexpr uint32_t kMaxBaseLeaf = 0x17;
constexpr uint32_t kMaxExtendedLeaf = 0x8000001E;
constexpr uint32_t kHypervisorLeaf = 0x40000000;
constexpr uint32_t kHypervisorLeafEnd = 0x40010000;

constexpr uint32_t Bit(int number) { return 1u << number; }

// Leaf 1
constexpr uint32_t kEcx1Set = Bit(31) /* hypervisor */ | Bit(21) /* x2APIC */;
constexpr uint32_t kEcx1Clear =
    Bit(3) /* MONITOR */ | Bit(5) /* VMX */ | Bit(8) /* TM2 */ | Bit(15) /* PDCM */;
constexpr uint32_t kEcx1Deadline = Bit(24);
constexpr uint32_t kEdx1Set = Bit(11) /* SEP */;
constexpr uint32_t kEdx1Clear = Bit(22) /* ACPI */ | Bit(29) /* TM */;

// Leaf 6: only ARAT is kept of EAX; no hardware feedback, no energy bias.
constexpr uint32_t kEax6Keep = Bit(2);

// Leaf 7.0
constexpr uint32_t kEbx7Clear = Bit(1) /* TSC_ADJUST */ | Bit(14) /* MPX */ | Bit(25) /* PT */ |
                                Bit(16) | Bit(17) | Bit(21) | Bit(26) | Bit(27) | Bit(28) |
                                Bit(30) | Bit(31) /* AVX-512 F DQ IFMA PF ER CD BW VL */;
constexpr uint32_t kEcx7Clear = Bit(3) | Bit(4) /* protection keys: XCR0 does not have them */ |
                                Bit(1) | Bit(6) | Bit(11) | Bit(12) |
                                Bit(14) /* AVX-512 VBMI VBMI2 VNNI BITALG VPOPCNTDQ */;
constexpr uint32_t kEdx7Clear =
    Bit(2) | Bit(3) | Bit(8) | Bit(23) /* AVX-512 4VNNIW 4FMAPS VP2INTERSECT FP16 */ | Bit(22) |
    Bit(24) | Bit(25) /* AMX */ | Bit(26) /* SPEC_CTRL */ | Bit(27) /* STIBP */ |
    Bit(28) /* L1D_FLUSH */ | Bit(29) /* ARCH_CAPABILITIES */ | Bit(31) /* SSBD */;

// Leaf 0xD: x87, SSE and AVX only, no supervisor states.
constexpr uint32_t kXcr0Components = 0x7;
constexpr uint32_t kXsaveAreaSize = 0x340;
constexpr uint32_t kEaxD1Clear = Bit(3) /* XSAVES */ | Bit(4) /* XFD */;

// Leaf 0x80000001: no nested virtualization, no MWAITX.
constexpr uint32_t kEcx81Clear = Bit(2) | Bit(29);
// Leaf 0x80000008: the speculation controls' MSRs are not the guest's.
constexpr uint32_t kEbx88Clear = Bit(12) | Bit(14) | Bit(15) | Bit(16) | Bit(17) | Bit(18) |
                                 Bit(19) | Bit(24) | Bit(25) | Bit(26) | Bit(28);

// Leaf 0x40000001: clocksource, no I/O delay, clocksource2, stable.
constexpr uint32_t kPvFeatures = Bit(0) | Bit(1) | Bit(3) | Bit(24);

bool IsShown(const kvm_cpuid_entry2& entry) {
  const uint32_t leaf = entry.function;
  if (leaf >= kHypervisorLeaf && leaf < kHypervisorLeafEnd) return false;
  if (leaf == 0x8000000A) return false;  // SVM
  if (leaf == 0xD && entry.index > 2) return false;
  if (leaf < kHypervisorLeaf) return leaf <= kMaxBaseLeaf;
  return leaf <= kMaxExtendedLeaf;
}

void Change(kvm_cpuid_entry2* entry, const guest::x86::Host& host, uint32_t vcpu_id) {
  switch (entry->function) {
    case 0:
      entry->eax = std::min(entry->eax, kMaxBaseLeaf);
      break;
    case 1:
      entry->ebx = (entry->ebx & 0x00FFFFFF) | vcpu_id << 24;
      entry->ecx = (entry->ecx | kEcx1Set) & ~(kEcx1Clear | kEcx1Deadline);
      if (host.deadline_timer) entry->ecx |= kEcx1Deadline;
      entry->edx = (entry->edx | kEdx1Set) & ~kEdx1Clear;
      break;
    case 5:
      entry->eax = entry->ebx = entry->ecx = entry->edx = 0;
      break;
    case 6:
      entry->eax &= kEax6Keep;
      entry->ebx = entry->ecx = entry->edx = 0;
      break;
    case 7:
      if (entry->index == 0) {
        entry->ebx &= ~kEbx7Clear;
        entry->ecx &= ~kEcx7Clear;
        entry->edx &= ~kEdx7Clear;
      } else {
        entry->eax = entry->ebx = entry->ecx = entry->edx = 0;
      }
      break;
    case 0xA:
      entry->eax = 0;
      entry->ebx = 0x7F;
      entry->ecx = entry->edx = 0;
      break;
    case 0xB:
      entry->eax = entry->ebx = entry->ecx = 0;
      entry->edx = vcpu_id;
      break;
    case 0xD:
      if (entry->index == 0) {
        entry->eax &= kXcr0Components;
        entry->ecx = std::min(entry->ecx, kXsaveAreaSize);
        entry->edx = 0;
      } else if (entry->index == 1) {
        entry->eax &= ~kEaxD1Clear;
        entry->ecx = entry->edx = 0;
      }
      break;
    case 0x80000000:
      entry->eax = std::min(entry->eax, kMaxExtendedLeaf);
      break;
    case 0x80000001:
      entry->ecx &= ~kEcx81Clear;
      break;
    case 0x80000008:
      entry->ebx &= ~kEbx88Clear;
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

bool IsBrand(uint32_t leaf) { return leaf >= kFirstBrandLeaf && leaf <= kLastBrandLeaf; }

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

std::vector<kvm_cpuid_entry2> GuestCpuid(const guest::x86::Host& host, uint32_t vcpu_id) {
  std::vector<kvm_cpuid_entry2> shown;
  shown.reserve(host.cpuid.size() + 5);
  for (kvm_cpuid_entry2 entry : host.cpuid) {
    if (!IsShown(entry) || IsBrand(entry.function)) continue;
    Change(&entry, host, vcpu_id);
    shown.push_back(entry);
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
  shown.push_back(Entry(kHypervisorLeaf + 1, kPvFeatures, 0, 0, 0));
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
