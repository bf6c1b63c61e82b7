#include "guest/x86/features.h"

#include <array>
#include <initializer_list>

namespace zircon::guest::x86 {
namespace {

constexpr uint32_t Bits(std::initializer_list<int> numbers) {
  uint32_t bits = 0;
  for (const int number : numbers) bits |= 1u << number;
  return bits;
}

using enum CpuidRegister;

struct FeatureBits {
  uint32_t leaf;
  uint32_t subleaf;
  CpuidRegister reg;
  uint32_t bits;
};

// What takes an instruction, a bit of a control register or nothing at all.
constexpr FeatureBits kWithoutMsrs[] = {
    // SSE3 PCLMULQDQ SSSE3 FMA CX16 PCID SSE4.1 SSE4.2 MOVBE POPCNT AES XSAVE OSXSAVE AVX F16C
    // RDRAND;
    // 31: there is a hypervisor
    {1, 0, kEcx, Bits({0, 1, 9, 12, 13, 17, 19, 20, 22, 23, 25, 26, 27, 28, 29, 30, 31})},
    // FPU VME DE PSE TSC MSR PAE CX8 APIC PGE CMOV PSE36 CLFSH MMX FXSR SSE SSE2 SS HTT. The MSR of
    // TSC is
    // the hypervisor's (contract MSR-1).
    {1, 0, kEdx, Bits({0, 1, 2, 3, 4, 5, 6, 8, 9, 13, 15, 17, 19, 23, 24, 25, 26, 27, 28})},
    // ARAT
    {6, 0, kEax, Bits({2})},
    // FSGSBASE (its registers come with long mode) BMI1 HLE AVX2 FDP_EXCPTN_ONLY SMEP BMI2 ERMS
    // INVPCID RTM
    // ZERO_FCS_FDS RDSEED ADX SMAP CLFLUSHOPT CLWB SHA
    {7, 0, kEbx, Bits({0, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 18, 19, 20, 23, 24, 29})},
    // PREFETCHWT1 UMIP GFNI VAES VPCLMULQDQ LA57 CLDEMOTE MOVDIRI MOVDIR64B
    {7, 0, kEcx, Bits({0, 2, 8, 9, 10, 16, 25, 27, 28})},
    // FSRM MD_CLEAR SERIALIZE TSXLDTRK
    {7, 0, kEdx, Bits({4, 10, 14, 16})},
    // XSAVEOPT XSAVEC XGETBV1
    {0xD, 1, kEax, Bits({0, 1, 2})},
    // LAHF64 CMP_LEGACY CR8_LEGACY ABM SSE4A MISALIGNSSE 3DNOWPREFETCH XOP FMA4 TCE TBM TOPOEXT
    {0x80000001, 0, kEcx, Bits({0, 1, 4, 5, 6, 7, 8, 11, 16, 17, 21, 22})},
    // as in leaf 1, on AMD's processors, and MMXEXT FFXSR PAGE1GB 3DNOWEXT 3DNOW
    {0x80000001, 0, kEdx,
     Bits({0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 14, 15, 16, 17, 22, 23, 24, 25, 26, 30, 31})},
    // the TSC's rate is constant
    {0x80000007, 0, kEdx, Bits({8})},
    // CLZERO XSAVEERPTR WBNOINVD
    {0x80000008, 0, kEbx, Bits({0, 2, 9})},
    // KVM's TLB flush, by a note in the record of steal time
    {0x40000001, 0, kEax, Bits({9})},
};

enum class Keeper : uint8_t {
  kProcessor,  // or KVM: the guest uses it without an exit; a write that KVM would refuse is a #GP
  kLibrary,    // vcpu/x86/msr.cc, local_apic.cc or eoi_flag.cc answers
};

struct FeatureMsrs {
  FeatureBits feature;
  Keeper keeper;
  std::array<kvm::MsrRange, 3> msrs;
};

constexpr FeatureMsrs kWithMsrs[] = {
    // x2APIC
    {{1, 0, kEcx, Bits({21})}, Keeper::kLibrary, {{{0x1B, 1}, {0x800, 0x100}}}},
    // TSC_DEADLINE, where its writes reach us
    {{1, 0, kEcx, Bits({24})}, Keeper::kLibrary, {{{0x6E0, 1}}}},
    // MCE MCA: no banks
    {{1, 0, kEdx, Bits({7, 14})}, Keeper::kLibrary, {{{0x179, 2}}}},
    // SEP
    {{1, 0, kEdx, Bits({11})}, Keeper::kProcessor, {{{0x174, 3}}}},
    // MTRR
    {{1, 0, kEdx, Bits({12})}, Keeper::kLibrary, {{{0xFE, 1}, {0x200, 0x10}, {0x2FF, 1}}}},
    // PAT
    {{1, 0, kEdx, Bits({16})}, Keeper::kProcessor, {{{0x277, 1}}}},
    // WAITPKG: how long UMWAIT may wait
    {{7, 0, kEcx, Bits({5})}, Keeper::kProcessor, {{{0xE1, 1}}}},
    // RDPID, RDTSCP: TSC_AUX
    {{7, 0, kEcx, Bits({22})}, Keeper::kProcessor, {{{0xC0000103, 1}}}},
    {{0x80000001, 0, kEdx, Bits({27})}, Keeper::kProcessor, {{{0xC0000103, 1}}}},
    // SYSCALL: STAR, LSTAR, CSTAR, FMASK. CSTAR is where AMD's processors go from 32-bit code.
    {{0x80000001, 0, kEdx, Bits({11})}, Keeper::kProcessor, {{{0xC0000081, 4}}}},
    // NX: EFER
    {{0x80000001, 0, kEdx, Bits({20})}, Keeper::kProcessor, {{{0xC0000080, 1}}}},
    // LM: EFER, FS_BASE, GS_BASE, KERNEL_GS_BASE
    {{0x80000001, 0, kEdx, Bits({29})}, Keeper::kProcessor, {{{0xC0000080, 1}, {0xC0000100, 3}}}},
    // KVM's steal time: what a guest with several processors lacks most is to know which of them
    // run
    {{0x40000001, 0, kEax, Bits({5})}, Keeper::kProcessor, {{{0x4B564D03, 1}}}},
    // the end of interrupts by a flag in memory: KVM's where the APIC is, else vcpu/x86/eoi_flag.h
    {{0x40000001, 0, kEax, Bits({6})}, Keeper::kLibrary, {{{0x4B564D04, 1}}}},
};

constexpr bool SameRegister(const FeatureBits& row, uint32_t leaf, uint32_t subleaf,
                            CpuidRegister reg) {
  return row.leaf == leaf && row.subleaf == subleaf && row.reg == reg;
}

uint32_t RegisterOf(const kvm_cpuid_entry2& entry, CpuidRegister reg) {
  switch (reg) {
    case kEax:
      return entry.eax;
    case kEbx:
      return entry.ebx;
    case kEcx:
      return entry.ecx;
    default:
      return entry.edx;
  }
}

bool Has(std::span<const kvm_cpuid_entry2> host, const FeatureBits& feature) {
  // Every guest is shown SEP, whatever the host says (contract CPUID-6).
  if (feature.leaf == 1 && feature.reg == kEdx && feature.bits == Bits({11})) return true;
  for (const kvm_cpuid_entry2& entry : host) {
    if (entry.function == feature.leaf && entry.index == feature.subleaf) {
      return (RegisterOf(entry, feature.reg) & feature.bits) != 0;
    }
  }
  return false;
}

}  // namespace

uint32_t ShownFeatures(uint32_t leaf, uint32_t subleaf, CpuidRegister reg) {
  uint32_t shown = 0;
  for (const FeatureBits& row : kWithoutMsrs) {
    if (SameRegister(row, leaf, subleaf, reg)) shown |= row.bits;
  }
  for (const FeatureMsrs& row : kWithMsrs) {
    if (SameRegister(row.feature, leaf, subleaf, reg)) shown |= row.feature.bits;
  }
  return shown;
}

std::vector<kvm::MsrRange> DirectMsrs(std::span<const kvm_cpuid_entry2> host) {
  std::vector<kvm::MsrRange> direct;
  const auto listed = [&](const kvm::MsrRange& range) {
    for (const kvm::MsrRange& other : direct) {
      if (other.first == range.first) return true;
    }
    return false;
  };
  for (const FeatureMsrs& row : kWithMsrs) {
    if (row.keeper != Keeper::kProcessor || !Has(host, row.feature)) continue;
    for (const kvm::MsrRange& range : row.msrs) {
      if (range.count != 0 && !listed(range)) direct.push_back(range);
    }
  }
  return direct;
}

}  // namespace zircon::guest::x86
