// The state that a guest finds at its first instruction, read by the guest itself, and the vector
// registers from then on. Rows: STATE-INIT.

#include <array>
#include <cstring>

#include "contract.h"
#include "probe.h"
#include "service.h"
#include "verdict.h"

DECLARE_GUEST(first_registers);
DECLARE_GUEST(first_registers_16);
DECLARE_GUEST(vectors);
DECLARE_GUEST(io_many);

namespace conformance {
namespace {

using FirstRegistersTest = KvmTest;

// movups [GUEST_DATA], xmm0
std::string ProbeSse() { return ProbeLongModeCode("movups", {0x0F, 0x11, 0x04, 0x25, 0, 0, 9, 0}); }

TEST_F(FirstRegistersTest, BootProcessor) {
  Shows(
      "STATE-INIT-1 STATE-INIT-2 STATE-INIT-5 STATE-INIT-6 STATE-INIT-8 STATE-INIT-9 "
      "STATE-INIT-10 STATE-INIT-12 STATE-INIT-18 STATE-INIT-19");
  Machine machine(GUEST_BLOB(first_registers));
  const uint64_t before = __builtin_ia32_rdtsc();
  ASSERT_TRUE(machine.vcpu().Reaches(0));
  const uint64_t after = __builtin_ia32_rdtsc();
  const auto value = [&](size_t place) { return machine.At<uint64_t>(GUEST_DATA + 8 * place); };
  EXPECT_GE(value(0), before) << "the TSC is the host's";
  EXPECT_LE(value(0), after);
  EXPECT_EQ(value(1), 2u) << "RFLAGS";
  EXPECT_EQ(value(2), 0x80010011u) << "CR0";
  EXPECT_EQ(value(3), 0u) << "CR2";
  EXPECT_EQ(value(4), 0u) << "CR3";
  EXPECT_EQ(value(5) & 0x2A0, 0x2A0u) << "CR4: PAE, PGE, OSFXSR";
  EXPECT_EQ(value(5) & ~uint64_t{0x2A0 | 1u << 16 | 1u << 18}, 0u) << "CR4: others";
  for (size_t place = 6; place <= 10; ++place) EXPECT_EQ(value(place), 0u) << "CR8, DR0 to DR3";
  EXPECT_EQ(value(11), 0xFFFF0FF0u) << "DR6";
  EXPECT_EQ(value(12), 0x400u) << "DR7";
  EXPECT_EQ(value(13), 0u) << "LDTR";
  EXPECT_EQ(value(14), 0u) << "TR";
}

TEST_F(FirstRegistersTest, FloatingPoint) {
  Shows("STATE-INIT-15");
  // fnstcw [GUEST_DATA]; stmxcsr [GUEST_DATA]
  NEEDS(ProbeLongModeCode("fnstcw", {0xD9, 0x3C, 0x25, 0, 0, 9, 0}));
  NEEDS(ProbeLongModeCode("stmxcsr", {0x0F, 0xAE, 0x1C, 0x25, 0, 0, 9, 0}));
  Machine machine(GUEST_BLOB(first_registers));
  ASSERT_TRUE(machine.vcpu().Reaches(0));
  ASSERT_TRUE(machine.vcpu().Reaches(1));
  EXPECT_EQ(machine.At<uint16_t>(GUEST_DATA + 8 * 15), 0x37F);
  EXPECT_EQ(machine.At<uint32_t>(GUEST_DATA + 8 * 16), 0x1F80u);
  NEEDS(ProbeSse());
  memset(machine.bytes(GUEST_DATA + 0x100), 0xFF, 256);
  ASSERT_TRUE(machine.vcpu().Reaches(2));
  for (size_t i = 0; i < 256; ++i) ASSERT_EQ(machine.At<uint8_t>(GUEST_DATA + 0x100 + i), 0) << i;
}

TEST_F(FirstRegistersTest, AnotherProcessor) {
  Shows(
      "STATE-INIT-1 STATE-INIT-2 STATE-INIT-3 STATE-INIT-4 STATE-INIT-7 STATE-INIT-8 STATE-INIT-9 "
      "STATE-INIT-10 STATE-INIT-11 STATE-INIT-12 STATE-INIT-16 STATE-INIT-19 STATE-INIT-20 "
      "STATE-INIT-21");
  NEEDS(ProbeRealMode());
  constexpr uint64_t kEntry = 0x21230;  // CS takes any entry, not only those of STARTUP.
  Machine machine(GUEST_BLOB(io_many));
  const Blob blob = GUEST_BLOB(first_registers_16);
  memcpy(machine.bytes(kEntry), blob.begin, blob.size());
  Thread second([&] {
    Vcpu vcpu(machine.guest(), kEntry);
    ASSERT_TRUE(vcpu.Reaches(0));
  });
  second.Join();
  const auto value = [&](size_t place) { return machine.At<uint32_t>(0x9000 + 4 * place); };
  EXPECT_EQ(value(0), 2u) << "RFLAGS";
  EXPECT_EQ(value(1), 0x00010010u) << "CR0";
  EXPECT_EQ(value(2), 0u) << "CR2";
  EXPECT_EQ(value(3), 0u) << "CR3";
  EXPECT_EQ(value(4) & 0x2A0, 0x280u) << "CR4: PGE, OSFXSR";
  EXPECT_EQ(value(4) & ~(0x2A0u | 1u << 16 | 1u << 18), 0u) << "CR4: others";
  EXPECT_EQ(value(5), 0xFFFF0FF0u) << "DR6";
  EXPECT_EQ(value(6), 0x400u) << "DR7";
  EXPECT_EQ(value(7), 0x801u) << "EFER";
  EXPECT_EQ(value(8), 0x00070106u) << "PAT";
  EXPECT_EQ(value(9), 0x04070506u) << "PAT";
  EXPECT_EQ(value(10), 0xFEE00C00u) << "APIC_BASE";
  EXPECT_EQ(machine.At<uint16_t>(0x9040), kEntry >> 4) << "CS";
  for (size_t i = 1; i < 6; ++i) EXPECT_EQ(machine.At<uint16_t>(0x9040 + 2 * i), 0) << i;
  for (const uint64_t table : {0x9050u, 0x9060u}) {
    EXPECT_EQ(machine.At<uint16_t>(table), 0xFFFF);
    EXPECT_EQ(machine.At<uint16_t>(table + 2), 0);
    EXPECT_EQ(machine.At<uint8_t>(table + 4), 0) << "24 bits are stored";
  }
}

using Vectors = std::array<uint8_t, 256>;

// Something of the program's own in all 16 registers.
void UseVectorRegisters() {
  asm volatile(
      "pcmpeqd %%xmm0, %%xmm0\n movaps %%xmm0, %%xmm1\n movaps %%xmm0, %%xmm2\n"
      "movaps %%xmm0, %%xmm3\n movaps %%xmm0, %%xmm4\n movaps %%xmm0, %%xmm5\n"
      "movaps %%xmm0, %%xmm6\n movaps %%xmm0, %%xmm7\n movaps %%xmm0, %%xmm8\n"
      "movaps %%xmm0, %%xmm9\n movaps %%xmm0, %%xmm10\n movaps %%xmm0, %%xmm11\n"
      "movaps %%xmm0, %%xmm12\n movaps %%xmm0, %%xmm13\n movaps %%xmm0, %%xmm14\n"
      "movaps %%xmm0, %%xmm15" ::
          : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10",
            "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
}

TEST_F(FirstRegistersTest, VectorRegistersAreTheVcpusOwn) {
  Shows("STATE-INIT-23");
  NEEDS(ProbeSse());
  Machine first(GUEST_BLOB(vectors));
  Machine second(GUEST_BLOB(vectors), Machine::kWithoutVcpu);
  const auto run = [](Machine& machine, Vcpu& vcpu, uint8_t seed, const auto& meanwhile) {
    for (int round = 0; round < 20; ++round) {
      Vectors wanted;
      for (size_t i = 0; i < wanted.size(); ++i) {
        wanted[i] = static_cast<uint8_t>(seed + 7 * i + static_cast<size_t>(round));
      }
      memcpy(machine.bytes(GUEST_DATA), wanted.data(), wanted.size());
      ASSERT_TRUE(vcpu.Reaches(0));
      UseVectorRegisters();
      meanwhile();
      ASSERT_TRUE(vcpu.Reaches(1));
      ASSERT_EQ(memcmp(machine.bytes(GUEST_DATA + 0x100), wanted.data(), wanted.size()), 0);
    }
  };
  Thread other([&] {
    Vcpu vcpu(second.guest(), GUEST_CODE);
    run(second, vcpu, 0x80, [] { std::this_thread::yield(); });
  });
  run(first, first.vcpu(), 0x11, [] { std::this_thread::yield(); });
  // The program's register is what it was, in the same instruction sequence around the call.
  memset(first.bytes(GUEST_DATA), 0x3C, 256);
  uint8_t seen[16];
  zx_port_packet_t packet;
  UseVectorRegisters();
  ASSERT_EQ(zx_vcpu_enter(first.vcpu().get(), &packet), ZX_OK);
  asm volatile("movups %%xmm15, %0" : "=m"(seen)::"memory");
  for (const uint8_t byte : seen) EXPECT_NE(byte, 0x3C);
}

}  // namespace
}  // namespace conformance
