// Each leaf of CPUID that is changed, on a host that has every bit of every leaf. Rows: CPUID.

#include <cpuid.h>
#include <gtest/gtest.h>

#include "contract.h"
#include "fake/host_model.h"
#include "vcpu/x86/cpuid.h"

namespace zircon::vcpu::x86 {
namespace {

constexpr uint32_t kAll = 0xFFFFFFFF;
constexpr uint32_t kId = 5;

constexpr uint32_t Bits(std::initializer_list<int> numbers) {
  uint32_t bits = 0;
  for (const int number : numbers) bits |= 1u << number;
  return bits;
}

class CpuidLeaves : public ::testing::Test {
 protected:
  CpuidLeaves() { host_.cpuid = fake::DefaultHost().cpuid; }

  kvm_cpuid_entry2* HostLeaf(uint32_t function, uint32_t index = 0) {
    for (kvm_cpuid_entry2& entry : host_.cpuid) {
      if (entry.function == function && entry.index == index) return &entry;
    }
    host_.cpuid.push_back(fake::CpuidEntry(function, index, 0, 0, 0, 0));
    return &host_.cpuid.back();
  }
  // All zero where the table has no such leaf, as the processor then shows it.
  kvm_cpuid_entry2 Leaf(uint32_t function, uint32_t index = 0) {
    const auto table = GuestCpuid(host_, kId, guest::x86::Apics::kLibrary);
    const kvm_cpuid_entry2* entry = fake::FindCpuid(table, function, index);
    return entry != nullptr ? *entry : kvm_cpuid_entry2{};
  }
  void ExpectZero(uint32_t function, uint32_t index = 0) {
    const kvm_cpuid_entry2 leaf = Leaf(function, index);
    EXPECT_EQ(leaf.eax | leaf.ebx | leaf.ecx | leaf.edx, 0u)
        << std::hex << function << '.' << index;
  }

  guest::x86::Host host_;
};

TEST_F(CpuidLeaves, MonitorLeafIsEmpty) {
  Shows("CPUID-7");
  *HostLeaf(5) = fake::CpuidEntry(5, 0, kAll, kAll, kAll, kAll);
  ExpectZero(5);
}

TEST_F(CpuidLeaves, OfPowerManagementOnlyTheTimerThatNeverStops) {
  Shows("CPUID-8");
  const kvm_cpuid_entry2 leaf = Leaf(6);
  EXPECT_EQ(leaf.eax, Bits({2}));
  EXPECT_EQ(leaf.ebx | leaf.ecx | leaf.edx, 0u);
  HostLeaf(6)->eax = kAll & ~Bits({2});
  ExpectZero(6);
}

TEST_F(CpuidLeaves, WhatLeafSevenHides) {
  Shows("CPUID-9");
  const kvm_cpuid_entry2 leaf = Leaf(7);
  const uint32_t tsc_adjust_and_pt = Bits({1, 25});
  // F, DQ, IFMA, PF, ER, CD, BW, VL; VBMI, VBMI2, VNNI, BITALG, VPOPCNTDQ; 4VNNIW, 4FMAPS,
  // VP2INTERSECT, FP16.
  const uint32_t avx512_ebx = Bits({16, 17, 21, 26, 27, 28, 30, 31});
  const uint32_t avx512_ecx = Bits({1, 6, 11, 12, 14});
  const uint32_t avx512_edx = Bits({2, 3, 8, 23});
  const uint32_t amx = Bits({22, 24, 25});
  const uint32_t speculation = Bits({26, 27, 28, 29, 31});
  EXPECT_EQ(leaf.ebx & (tsc_adjust_and_pt | avx512_ebx), 0u);
  EXPECT_EQ(leaf.ecx & avx512_ecx, 0u);
  EXPECT_EQ(leaf.edx & (avx512_edx | amx | speculation), 0u);
  EXPECT_EQ(leaf.ebx & Bits({0, 3, 5, 7, 8, 9}), Bits({0, 3, 5, 7, 8, 9})) << "others stay";
}

TEST_F(CpuidLeaves, SubleavesOfSevenAreEmpty) {
  Shows("CPUID-10");
  *HostLeaf(7, 2) = fake::CpuidEntry(7, 2, kAll, kAll, kAll, kAll);
  HostLeaf(7, 2)->index = 2;
  ExpectZero(7, 1);
  ExpectZero(7, 2);
}

TEST_F(CpuidLeaves, NoPerformanceCounters) {
  Shows("CPUID-11");
  const kvm_cpuid_entry2 leaf = Leaf(0xA);
  EXPECT_EQ(leaf.eax, 0u);
  EXPECT_EQ(leaf.ebx, 0x7Fu);
  EXPECT_EQ(leaf.ecx, 0u);
  EXPECT_EQ(leaf.edx, 0u);
}

TEST_F(CpuidLeaves, TopologyShowsTheIdOnly) {
  Shows("CPUID-12 CPUID-20");
  const kvm_cpuid_entry2 leaf = Leaf(0xB);
  EXPECT_EQ(leaf.eax, 0u);
  EXPECT_EQ(leaf.ebx, 0u);
  EXPECT_EQ(leaf.ecx, 0u);
  EXPECT_EQ(leaf.edx, kId);
  EXPECT_EQ(Leaf(0x8000001E).eax, kId);
}

TEST_F(CpuidLeaves, ExtendedStateIsX87SseAvx) {
  Shows("CPUID-13 CPUID-14");
  const kvm_cpuid_entry2 main = Leaf(0xD);
  EXPECT_EQ(main.eax, Bits({0, 1, 2}));
  EXPECT_EQ(main.edx, 0u);
  *HostLeaf(0xD, 1) = fake::CpuidEntry(0xD, 1, kAll, kAll, kAll, kAll);
  const kvm_cpuid_entry2 one = Leaf(0xD, 1);
  EXPECT_EQ(one.eax & Bits({3, 4}), 0u) << "XSAVES, XFD";
  EXPECT_EQ(one.ecx, 0u);
  EXPECT_EQ(one.edx, 0u);
  *HostLeaf(0xD) = fake::CpuidEntry(0xD, 0, kAll, kAll, kAll, kAll);
  EXPECT_EQ(Leaf(0xD).eax, Bits({0, 1, 2}));
  EXPECT_EQ(Leaf(0xD).edx, 0u) << "no component above 31";
  HostLeaf(0xD)->eax = Bits({0, 1});
  EXPECT_EQ(Leaf(0xD).eax, Bits({0, 1})) << "no more than the host has";
}

TEST_F(CpuidLeaves, TheStableClockIsShownToo) {
  Shows("CPUID-15 CPUID-16");
  EXPECT_EQ(Leaf(0x40000000).eax, 0x40000001u);
  HostLeaf(0x40000001)->eax = 0;
  EXPECT_EQ(Leaf(0x40000001).eax, Bits({0, 1, 3, 6, 24}))
      << "the end of interrupts is the library's";
}

TEST_F(CpuidLeaves, StealTimeAndTlbFlushAreShownWhereTheHostHasThem) {
  Shows("CPUID-16");
  for (const uint32_t had : {Bits({5}), Bits({5, 9})}) {
    HostLeaf(0x40000001)->eax = had;
    EXPECT_EQ(Leaf(0x40000001).eax, had | Bits({0, 1, 3, 6, 24}));
  }
  HostLeaf(0x40000001)->eax = kAll;
  EXPECT_EQ(Leaf(0x40000001).eax, Bits({0, 1, 3, 5, 6, 9, 24})) << "nothing else of the host's";
}

TEST_F(CpuidLeaves, NoNestedVirtualizationAndNoMwaitx) {
  Shows("CPUID-17");
  constexpr uint32_t kLastExtended = 0x8000001E;
  HostLeaf(0x80000000)->eax = kLastExtended;
  EXPECT_EQ(Leaf(0x80000001).ecx & Bits({2, 29}), 0u);
  ExpectZero(0x8000000A);
}

TEST_F(CpuidLeaves, TheNameIsTheHosts) {
  Shows("CPUID-18");
  for (uint32_t number = 0x80000002; number <= 0x80000004; ++number) {
    uint32_t eax = 0;
    uint32_t ebx = 0;
    uint32_t ecx = 0;
    uint32_t edx = 0;
    ASSERT_NE(__get_cpuid(number, &eax, &ebx, &ecx, &edx), 0);
    const kvm_cpuid_entry2 leaf = Leaf(number);
    EXPECT_EQ(leaf.eax, eax);
    EXPECT_EQ(leaf.ebx, ebx);
    EXPECT_EQ(leaf.ecx, ecx);
    EXPECT_EQ(leaf.edx, edx);
  }
}

TEST_F(CpuidLeaves, NoSpeculationControls) {
  Shows("CPUID-19");
  const kvm_cpuid_entry2 leaf = Leaf(0x80000008);
  // IBPB, IBRS, STIBP, their always-on and preferred forms, SSBD, VIRT_SSBD, SSB_NO, PSFD.
  EXPECT_EQ(leaf.ebx & Bits({12, 14, 15, 16, 17, 18, 19, 24, 25, 26, 28}), 0u);
}

}  // namespace
}  // namespace zircon::vcpu::x86
