// What CPUID shows. Rows: CPUID.

#include "vcpu/x86/cpuid.h"

#include <gtest/gtest.h>

#include "contract.h"
#include "fake/host_model.h"

namespace zircon::vcpu::x86 {
namespace {

constexpr uint32_t Bit(int number) { return 1u << number; }

class Cpuid : public ::testing::Test {
 protected:
  Cpuid() {
    host_.cpuid = fake::DefaultHost().cpuid;
    host_.deadline_timer = true;
  }
  // The host's leaves have every bit set that matters, so what is clear was cleared.
  kvm_cpuid_entry2 Leaf(uint32_t function, uint32_t index = 0, uint32_t id = 3) {
    const auto table = GuestCpuid(host_, id, guest::x86::Apics::kLibrary);
    const kvm_cpuid_entry2* entry = fake::FindCpuid(table, function, index);
    EXPECT_NE(entry, nullptr) << std::hex << function;
    return entry != nullptr ? *entry : kvm_cpuid_entry2{};
  }
  bool Has(uint32_t function, uint32_t index = 0) {
    return fake::FindCpuid(GuestCpuid(host_, 3, guest::x86::Apics::kLibrary), function, index) !=
           nullptr;
  }
  guest::x86::Host host_;
};

TEST_F(Cpuid, MaximaAreClamped) {
  Shows("CPUID-1");
  EXPECT_EQ(Leaf(0).eax, 0x17u);
  EXPECT_EQ(Leaf(0).ebx, 0x756E6547u);
  EXPECT_EQ(Leaf(0x80000000).eax, 0x8000001Eu);
  EXPECT_TRUE(Has(0x17));
  EXPECT_FALSE(Has(0x18));
  EXPECT_FALSE(Has(0x8000001F));
  host_.cpuid[0].eax = 0xD;
  EXPECT_EQ(Leaf(0).eax, 0xDu);
}

TEST_F(Cpuid, LeafOne) {
  Shows("CPUID-3 CPUID-4 CPUID-5 CPUID-6");
  const kvm_cpuid_entry2 leaf = Leaf(1);
  EXPECT_EQ(leaf.ebx >> 24, 3u);
  EXPECT_EQ(leaf.ebx & 0xFFFFFF, 0x100800u);
  for (const int set : {21, 24, 31}) EXPECT_NE(leaf.ecx & Bit(set), 0u) << set;
  for (const int clear : {3, 5, 8, 15}) EXPECT_EQ(leaf.ecx & Bit(clear), 0u) << clear;
  EXPECT_NE(leaf.ecx & Bit(26), 0u);  // XSAVE stays
  EXPECT_NE(leaf.edx & Bit(11), 0u);
  for (const int clear : {22, 29}) EXPECT_EQ(leaf.edx & Bit(clear), 0u) << clear;
  host_.deadline_timer = false;
  EXPECT_EQ(Leaf(1).ecx & Bit(24), 0u);
}

TEST_F(Cpuid, PowerAndPerformance) {
  Shows("CPUID-7 CPUID-8");
  EXPECT_FALSE(Has(5));
  const kvm_cpuid_entry2 power = Leaf(6);
  EXPECT_EQ(power.eax, Bit(2));  // ARAT is kept
  EXPECT_EQ(power.ebx | power.ecx | power.edx, 0u);
  const kvm_cpuid_entry2 counters = Leaf(0xA);
  EXPECT_EQ(counters.eax, 0u);
  EXPECT_EQ(counters.ebx, 0x7Fu);
}

TEST_F(Cpuid, LeafSeven) {
  Shows("CPUID-9");
  const kvm_cpuid_entry2 leaf = Leaf(7);
  // PT, TSC_ADJUST, the AVX-512 family
  for (const int clear : {1, 16, 17, 21, 25, 26, 27, 28, 30, 31}) {
    EXPECT_EQ(leaf.ebx & Bit(clear), 0u) << clear;
  }
  for (const int kept : {0, 3, 5, 8, 9, 18}) EXPECT_NE(leaf.ebx & Bit(kept), 0u) << kept;
  // SPEC_CTRL, STIBP, L1D_FLUSH, ARCH_CAPABILITIES, SSBD
  for (const int clear : {26, 27, 28, 29, 31}) EXPECT_EQ(leaf.edx & Bit(clear), 0u) << clear;
  const kvm_cpuid_entry2 one = Leaf(7, 1);
  EXPECT_EQ(one.eax, 0u);
  // PKU, OSPKE, MPX, SGX: what XCR0 does not hold, or has MSRs that are not there.
  EXPECT_EQ(leaf.ecx & (Bit(3) | Bit(4)), 0u);
  EXPECT_EQ(leaf.ebx & (Bit(2) | Bit(14)), 0u);
}

TEST_F(Cpuid, Topology) {
  Shows("CPUID-12 CPUID-20");
  EXPECT_EQ(Leaf(0xB).edx, 3u);
  for (uint32_t level = 0; level < 3; ++level) {
    const kvm_cpuid_entry2 leaf = Leaf(0xB, level);
    EXPECT_EQ(leaf.edx, 3u) << level;
    EXPECT_EQ(leaf.eax | leaf.ebx | leaf.ecx, 0u) << level;
    EXPECT_NE(leaf.flags & KVM_CPUID_FLAG_SIGNIFCANT_INDEX, 0u) << level;
  }
  host_.cpuid[0].eax = 0xB;
  EXPECT_TRUE(Has(0xB)) << "a processor whose last leaf it is";
  host_.cpuid[0].eax = 0xA;
  EXPECT_FALSE(Has(0xB)) << "a processor without the leaf";
  EXPECT_EQ(Leaf(0x8000001E).eax, 3u);
}

TEST_F(Cpuid, ExtendedState) {
  Shows("CPUID-14");
  const kvm_cpuid_entry2 leaf = Leaf(0xD);
  EXPECT_EQ(leaf.eax, 7u);  // x87, SSE, AVX
  EXPECT_EQ(leaf.edx, 0u);
  EXPECT_LE(leaf.ecx, 0x340u);
  EXPECT_EQ(Leaf(0xD, 1).eax & Bit(3), 0u);  // no XSAVES
  EXPECT_EQ(Leaf(0xD, 1).ecx, 0u);
  EXPECT_TRUE(Has(0xD, 2));
  EXPECT_FALSE(Has(0xD, 5));
}

TEST_F(Cpuid, NoNestedVirtualization) {
  EXPECT_EQ(Leaf(0x80000001).ecx & Bit(2), 0u);
  EXPECT_FALSE(Has(0x8000000A));
}

TEST_F(Cpuid, KvmLeaves) {
  Shows("CPUID-15 CPUID-16");
  const kvm_cpuid_entry2 signature = Leaf(0x40000000);
  EXPECT_EQ(signature.eax, 0x40000001u);
  EXPECT_EQ(signature.ebx, 0x4B4D564Bu);  // "KVMK"
  EXPECT_EQ(signature.ecx, 0x564B4D56u);  // "VMKV"
  EXPECT_EQ(signature.edx, 0x4Du);        // "M"
  const uint32_t features = Leaf(0x40000001).eax;
  for (const int set : {0, 1, 3, 6}) EXPECT_NE(features & Bit(set), 0u) << set;
  for (const int clear : {4, 7, 11, 14}) EXPECT_EQ(features & Bit(clear), 0u) << clear;
}

TEST_F(Cpuid, Features) {
  const ProcessorFeatures all = FeaturesOf(GuestCpuid(host_, 0, guest::x86::Apics::kLibrary));
  EXPECT_TRUE(all.xsave);
  EXPECT_TRUE(all.avx);
  EXPECT_TRUE(all.fsgsbase);
  const ProcessorFeatures none = FeaturesOf({});
  EXPECT_FALSE(none.xsave || none.avx || none.fsgsbase);
}

}  // namespace
}  // namespace zircon::vcpu::x86
