// What CPUID shows a guest has its MSRs, and the MSRs that take no exit belong to something that is
// shown: on an Intel-like host, an AMD-like one, one that has everything and one that has little.
// The tables here are the processor manuals', not the library's. Rows: CPUID, MSR-DIRECT.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "contract.h"
#include "fake/machine_test.h"
#include "unit/msr_guest.h"

namespace zircon {
namespace {

using fake::CpuidEntry;
using fake::DefaultHost;
using fake::FindCpuid;
using fake::HostModel;

constexpr uint32_t kAll = 0xFFFFFFFF;

constexpr uint32_t Bits(std::initializer_list<int> numbers) {
  uint32_t bits = 0;
  for (const int number : numbers) bits |= 1u << number;
  return bits;
}

enum Register { kEax, kEbx, kEcx, kEdx };

struct Place {
  uint32_t leaf;
  uint32_t subleaf;
  Register reg;
};

uint32_t Value(const std::vector<kvm_cpuid_entry2>& table, const Place& place) {
  const kvm_cpuid_entry2* entry = FindCpuid(table, place.leaf, place.subleaf);
  if (entry == nullptr) return 0;
  const uint32_t values[] = {entry->eax, entry->ebx, entry->ecx, entry->edx};
  return values[place.reg];
}

// A feature that stands for MSRs.
struct Feature {
  const char* name;
  Place place;
  int bit;
  std::vector<uint32_t> msrs;
};

const std::vector<Feature>& FeaturesWithMsrs() {
  static const std::vector<Feature> features = {
      {"DS", {1, 0, kEdx}, 21, {0x600}},
      {"ACPI", {1, 0, kEdx}, 22, {0x19A, 0x19B}},
      {"PSN", {1, 0, kEdx}, 18, {0x119}},
      {"MCE", {1, 0, kEdx}, 7, {0x179, 0x17A}},
      {"MCA", {1, 0, kEdx}, 14, {0x179, 0x17A}},
      {"SEP", {1, 0, kEdx}, 11, {0x174, 0x175, 0x176}},
      {"MTRR", {1, 0, kEdx}, 12, {0xFE, 0x200, 0x20F, 0x250, 0x26F, 0x2FF}},
      {"PAT", {1, 0, kEdx}, 16, {0x277}},
      {"VMX", {1, 0, kEcx}, 5, {0x3A, 0x480}},
      {"SMX", {1, 0, kEcx}, 6, {0x3A}},
      {"EIST", {1, 0, kEcx}, 7, {0x198, 0x199}},
      {"SDBG", {1, 0, kEcx}, 11, {0xC80}},
      {"PDCM", {1, 0, kEcx}, 15, {0x345}},
      {"DCA", {1, 0, kEcx}, 18, {0x1F8}},
      {"X2APIC", {1, 0, kEcx}, 21, {0x1B, 0x802, 0x803, 0x808, 0x830, 0x832}},
      {"TSC_DEADLINE", {1, 0, kEcx}, 24, {0x6E0}},
      {"TSC_ADJUST", {7, 0, kEbx}, 1, {0x3B}},
      {"SGX", {7, 0, kEbx}, 2, {0x3A}},
      {"RDT-M", {7, 0, kEbx}, 12, {0xC8D}},
      {"MPX", {7, 0, kEbx}, 14, {0xD90}},
      {"RDT-A", {7, 0, kEbx}, 15, {0xC90}},
      {"PT", {7, 0, kEbx}, 25, {0x570}},
      {"WAITPKG", {7, 0, kEcx}, 5, {0xE1}},
      {"CET_SS", {7, 0, kEcx}, 7, {0x6A2}},
      {"TME", {7, 0, kEcx}, 13, {0x981}},
      {"RDPID", {7, 0, kEcx}, 22, {0xC0000103}},
      {"BUS_LOCK", {7, 0, kEcx}, 24, {0x1D9}},
      {"ENQCMD", {7, 0, kEcx}, 29, {0xD93}},
      {"SGX_LC", {7, 0, kEcx}, 30, {0x8C}},
      {"PKS", {7, 0, kEcx}, 31, {0x6E1}},
      {"UINTR", {7, 0, kEdx}, 5, {0x985}},
      {"SRBDS_CTRL", {7, 0, kEdx}, 9, {0x123}},
      {"RTM_FORCE_ABORT", {7, 0, kEdx}, 13, {0x10F}},
      {"ARCH_LBR", {7, 0, kEdx}, 19, {0x14CE}},
      {"CET_IBT", {7, 0, kEdx}, 20, {0x6A2}},
      {"SPEC_CTRL", {7, 0, kEdx}, 26, {0x48, 0x49}},
      {"STIBP", {7, 0, kEdx}, 27, {0x48}},
      {"L1D_FLUSH", {7, 0, kEdx}, 28, {0x10B}},
      {"ARCH_CAPABILITIES", {7, 0, kEdx}, 29, {0x10A}},
      {"CORE_CAPABILITIES", {7, 0, kEdx}, 30, {0xCF}},
      {"SSBD", {7, 0, kEdx}, 31, {0x48}},
      {"XSAVES", {0xD, 1, kEax}, 3, {0xDA0}},
      {"XFD", {0xD, 1, kEax}, 4, {0x1C4, 0x1C5}},
      {"SYSCALL", {0x80000001, 0, kEdx}, 11, {0xC0000081, 0xC0000082, 0xC0000083, 0xC0000084}},
      {"NX", {0x80000001, 0, kEdx}, 20, {0xC0000080}},
      {"RDTSCP", {0x80000001, 0, kEdx}, 27, {0xC0000103}},
      {"LM", {0x80000001, 0, kEdx}, 29, {0xC0000080, 0xC0000100, 0xC0000101, 0xC0000102}},
      {"SVM", {0x80000001, 0, kEcx}, 2, {0xC0010114, 0xC0010117}},
      {"EXTAPIC", {0x80000001, 0, kEcx}, 3, {0x840}},
      {"OSVW", {0x80000001, 0, kEcx}, 9, {0xC0010140, 0xC0010141}},
      {"IBS", {0x80000001, 0, kEcx}, 10, {0xC0011030}},
      {"SKINIT", {0x80000001, 0, kEcx}, 12, {0xC0010114}},
      {"WDT", {0x80000001, 0, kEcx}, 13, {0xC0010074}},
      {"LWP", {0x80000001, 0, kEcx}, 15, {0xC0000105, 0xC0000106}},
      {"NODEID", {0x80000001, 0, kEcx}, 19, {0xC001100C}},
      {"PERFCTR_CORE", {0x80000001, 0, kEcx}, 23, {0xC0010200, 0xC001020B}},
      {"PERFCTR_NB", {0x80000001, 0, kEcx}, 24, {0xC0010240}},
      {"DBEXT", {0x80000001, 0, kEcx}, 26, {0xC0011027}},
      {"PERFTSC", {0x80000001, 0, kEcx}, 27, {0xC0010280}},
      {"PERFCTR_LLC", {0x80000001, 0, kEcx}, 28, {0xC0010230}},
      {"HWPSTATE", {0x80000007, 0, kEdx}, 7, {0xC0010061}},
      {"CPB", {0x80000007, 0, kEdx}, 9, {0xC0010015}},
      {"RAPL", {0x80000007, 0, kEdx}, 14, {0xC0010299}},
      {"SCALABLE_MCA", {0x80000007, 0, kEbx}, 3, {0xC0002000}},
      {"IRPERF", {0x80000008, 0, kEbx}, 1, {0xC00000E9}},
      {"IBPB", {0x80000008, 0, kEbx}, 12, {0x49}},
      {"IBRS", {0x80000008, 0, kEbx}, 14, {0x48}},
      {"AMD_STIBP", {0x80000008, 0, kEbx}, 15, {0x48}},
      {"AMD_SSBD", {0x80000008, 0, kEbx}, 24, {0x48}},
      {"VIRT_SSBD", {0x80000008, 0, kEbx}, 25, {0xC001011F}},
      {"CPPC", {0x80000008, 0, kEbx}, 27, {0xC00102B0}},
      {"PSFD", {0x80000008, 0, kEbx}, 28, {0x48}},
      {"THERMAL", {6, 0, kEax}, 0, {0x19C}},
      {"HWP", {6, 0, kEax}, 7, {0x770}},
      {"STEAL_TIME", {0x40000001, 0, kEax}, 5, {0x4B564D03}},
      {"PV_EOI", {0x40000001, 0, kEax}, 6, {0x4B564D04}},
      {"ASYNC_PF", {0x40000001, 0, kEax}, 4, {0x4B564D02}},
      {"POLL_CONTROL", {0x40000001, 0, kEax}, 12, {0x4B564D05}},
      {"ASYNC_PF_INT", {0x40000001, 0, kEax}, 14, {0x4B564D06, 0x4B564D07}},
      {"MIGRATION_CONTROL", {0x40000001, 0, kEax}, 17, {0x4B564D08}},
  };
  return features;
}

// What needs no MSR, and no state but that of x87, SSE and AVX.
struct FreeFeatures {
  Place place;
  uint32_t bits;
};
constexpr FreeFeatures kFree[] = {
    {{1, 0, kEcx}, Bits({0, 1, 9, 12, 13, 17, 19, 20, 22, 23, 25, 26, 27, 28, 29, 30, 31})},
    // TSC (4): its MSR is the hypervisor's, MSR-1.
    {{1, 0, kEdx}, Bits({0, 1, 2, 3, 4, 5, 6, 8, 9, 13, 15, 17, 19, 23, 24, 25, 26, 27, 28})},
    {{6, 0, kEax}, Bits({2})},
    {{7, 0, kEbx}, Bits({0, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 18, 19, 20, 23, 24, 29})},
    {{7, 0, kEcx}, Bits({0, 2, 8, 9, 10, 16, 25, 27, 28})},
    {{7, 0, kEdx}, Bits({4, 10, 14, 16})},
    {{0xD, 1, kEax}, Bits({0, 1, 2})},
    {{0x80000001, 0, kEcx}, Bits({0, 1, 4, 5, 6, 7, 8, 11, 16, 17, 21, 22})},
    {{0x80000001, 0, kEdx},
     Bits({0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 14, 15, 16, 17, 22, 23, 24, 25, 26, 30, 31})},
    {{0x80000007, 0, kEdx}, Bits({8})},
    {{0x80000008, 0, kEbx}, Bits({0, 2, 9})},
    // KVM's: both clocks, no I/O delay, TLB flush, the stable clock.
    {{0x40000001, 0, kEax}, Bits({0, 1, 3, 9, 24})},
};

// Registers of CPUID that hold features and nothing else.
constexpr Place kFeatureRegisters[] = {
    {1, 0, kEcx},          {1, 0, kEdx},          {6, 0, kEax},          {6, 0, kEcx},
    {7, 0, kEbx},          {7, 0, kEcx},          {7, 0, kEdx},          {7, 1, kEax},
    {7, 1, kEbx},          {7, 1, kEcx},          {7, 1, kEdx},          {7, 2, kEdx},
    {0xD, 1, kEax},        {0xF, 0, kEdx},        {0x10, 0, kEbx},       {0x14, 0, kEbx},
    {0x14, 0, kEcx},       {0x12, 0, kEax},       {0x80000001, 0, kEcx}, {0x80000001, 0, kEdx},
    {0x80000007, 0, kEax}, {0x80000007, 0, kEbx}, {0x80000007, 0, kEdx}, {0x80000008, 0, kEbx},
    {0x8000000A, 0, kEdx}, {0x8000001B, 0, kEax}, {0x8000001C, 0, kEax}, {0x40000001, 0, kEax},
};

void Set(HostModel* host, uint32_t leaf, uint32_t subleaf, uint32_t eax, uint32_t ebx, uint32_t ecx,
         uint32_t edx) {
  for (kvm_cpuid_entry2& entry : host->cpuid) {
    if (entry.function == leaf && entry.index == subleaf) {
      entry = CpuidEntry(leaf, subleaf, eax, ebx, ecx, edx);
      return;
    }
  }
  host->cpuid.push_back(CpuidEntry(leaf, subleaf, eax, ebx, ecx, edx));
}

HostModel HostWithEverything() {
  HostModel host = DefaultHost();
  for (const Place& place : kFeatureRegisters)
    Set(&host, place.leaf, place.subleaf, kAll, kAll, kAll, kAll);
  return host;
}

HostModel IntelLikeHost() {
  HostModel host = DefaultHost();
  Set(&host, 1, 0, 0x000906EA, 0x00100800, 0xFFFA3203, 0x0F8BFBFF);
  Set(&host, 7, 0, 2, 0xD39FFFFB, 0x1A405FEE, 0xFFC1C5FC);
  Set(&host, 0x80000001, 0, 0, 0, 0x121, 0x2C100800);
  Set(&host, 0x80000007, 0, 0, 0, 0, 0x100);
  Set(&host, 0x80000008, 0, 0x302E, 0x0100D000, 0, 0);
  return host;
}

HostModel AmdLikeHost() {
  HostModel host = DefaultHost();
  Set(&host, 0, 0, 0x10, 0x68747541, 0x444D4163, 0x69746E65);
  Set(&host, 1, 0, 0x00A20F10, 0x00100800, 0x7EF8320B, 0x178BFBFF);
  Set(&host, 7, 0, 1, 0x219C97A9, 0x0040069C, 0x10000010);
  Set(&host, 0x80000001, 0, 0x00A20F10, 0, 0x75C237FF, 0x2FD3FBFF);
  Set(&host, 0x80000007, 0, 0, 0x3B, 0, 0x6799);
  Set(&host, 0x80000008, 0, 0x3030, 0x111EF657, 0x501F, 0x10000);
  return host;
}

// No leaf 7, no RDTSCP, no SYSCALL worth the name.
HostModel HostWithLittle() {
  HostModel host = DefaultHost();
  std::erase_if(host.cpuid, [](const kvm_cpuid_entry2& entry) {
    return entry.function == 7 || entry.function == 0xB;
  });
  Set(&host, 0, 0, 6, 0x756E6547, 0x6C65746E, 0x49656E69);
  Set(&host, 1, 0, 0x000006F0, 0x00010800, 0x00002201, 0x078BFBFF);
  Set(&host, 0x80000001, 0, 0, 0, 1, 0x20100800);
  return host;
}

struct NamedHost {
  const char* name;
  HostModel (*make)();
};
class Features : public fake::MsrGuest, public ::testing::WithParamInterface<NamedHost> {
 protected:
  void SetUp() override { Start(GetParam().make()); }

  bool IsShown(const Feature& feature) {
    return (Value(cpu().cpuid, feature.place) >> feature.bit & 1) != 0;
  }
  bool IsDirect(uint32_t msr) {
    return machine().vm().MsrAllowed(msr, false) && machine().vm().MsrAllowed(msr, true);
  }
  // The guest gets no #GP for reading it or for writing a 0.
  bool IsAnswered(uint32_t msr) {
    if (Read(msr).has_value()) return true;
    cpu().ForgetDeliveries();
    cpu().Push(fake::WrMsr(msr, 0));
    PushOut();
    // An error of enter, or a packet, is an answer too: the register is there.
    if (machine().Enter() != ZX_OK || packet().type != ZX_PKT_TYPE_GUEST_IO) {
      EXPECT_EQ(machine().Enter(), ZX_OK);
    }
    return cpu().deliveries().empty();
  }
};

TEST_P(Features, WhatIsShownHasItsMsrs) {
  Shows("CPUID-22 MSR-DIRECT-1");
  int shown = 0;
  for (const Feature& feature : FeaturesWithMsrs()) {
    if (!IsShown(feature)) continue;
    ++shown;
    for (const uint32_t msr : feature.msrs) {
      EXPECT_TRUE(IsDirect(msr) || IsAnswered(msr)) << feature.name << ' ' << std::hex << msr;
    }
  }
  EXPECT_GE(shown, 8) << "long mode, SYSCALL, SEP, PAT, MTRR, x2APIC at least";
}

TEST_P(Features, WhatTakesNoExitBelongsToSomethingThatIsShown) {
  Shows("MSR-DIRECT-1 MSR-12");
  const auto belongs = [&](uint32_t msr) {
    for (const Feature& feature : FeaturesWithMsrs()) {
      if (!IsShown(feature)) continue;
      for (const uint32_t own : feature.msrs) {
        if (own == msr) return true;
      }
    }
    return false;
  };
  for (const uint32_t base : {0x0u, 0x40000000u, 0x4B564D00u, 0xC0000000u, 0xC0010000u}) {
    for (uint32_t msr = base; msr < base + 0x2000; ++msr) {
      if (machine().vm().MsrAllowed(msr, false) || machine().vm().MsrAllowed(msr, true)) {
        EXPECT_TRUE(belongs(msr)) << std::hex << msr;
      }
    }
  }
}

TEST_P(Features, NothingUnknownIsShown) {
  Shows("CPUID-22");
  for (const Place& place : kFeatureRegisters) {
    uint32_t known = 0;
    for (const FreeFeatures& free : kFree) {
      if (free.place.leaf == place.leaf && free.place.subleaf == place.subleaf &&
          free.place.reg == place.reg) {
        known |= free.bits;
      }
    }
    for (const Feature& feature : FeaturesWithMsrs()) {
      if (feature.place.leaf == place.leaf && feature.place.subleaf == place.subleaf &&
          feature.place.reg == place.reg) {
        known |= 1u << feature.bit;
      }
    }
    EXPECT_EQ(Value(cpu().cpuid, place) & ~known, 0u)
        << std::hex << place.leaf << '.' << place.subleaf << " register " << place.reg;
  }
}

TEST_P(Features, AVcpuThatIsUsedAgainFindsThemAtTheirFirstValues) {
  Shows("VCPU-CREATE-14 STATE-INIT-17");
  std::vector<uint32_t> direct;
  for (const Feature& feature : FeaturesWithMsrs()) {
    for (const uint32_t msr : feature.msrs) {
      if (IsDirect(msr)) direct.push_back(msr);
    }
  }
  for (const uint32_t msr : direct) cpu().msrs[msr] = 0xBAD;
  ASSERT_EQ(zx_handle_close(machine().vcpu), ZX_OK);
  ASSERT_EQ(zx_vcpu_create(machine().guest, 0, 0, &machine().vcpu), ZX_OK);
  for (const uint32_t msr : direct) {
    if (msr == 0xC0000080) continue;  // EFER: with SREGS.
    EXPECT_EQ(cpu().msrs[msr], msr == 0x277 ? 0x0407050600070106 : 0u) << std::hex << msr;
  }
}

INSTANTIATE_TEST_SUITE_P(Hosts, Features,
                         ::testing::Values(NamedHost{"Everything", HostWithEverything},
                                           NamedHost{"IntelLike", IntelLikeHost},
                                           NamedHost{"AmdLike", AmdLikeHost},
                                           NamedHost{"Little", HostWithLittle}),
                         [](const auto& host) { return std::string(host.param.name); });

}  // namespace
}  // namespace zircon
