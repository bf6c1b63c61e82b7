// Instructions that the guest may use on the processor itself: control registers, extended state,
// MSRs that fault, calls of the hypervisor. Rows: INSN, MSR-DIRECT, MSR-13, MSR-14, RIP-8, CPUID.

#include <cpuid.h>

#include <cstring>
#include <vector>

#include "contract.h"
#include "probe.h"
#include "service.h"
#include "verdict.h"

DECLARE_GUEST(io_many);
DECLARE_GUEST(topology_16);
DECLARE_GUEST(try_code);

namespace conformance {
namespace {

using Code = std::vector<uint8_t>;

constexpr uint64_t kNoFault = ~uint64_t{0};

const Code kMovToCr0 = {0x0F, 0x22, 0xC0};
const Code kMovFromCr0 = {0x0F, 0x20, 0xC0};
const Code kMovToCr3 = {0x0F, 0x22, 0xD8};
const Code kMovFromCr3 = {0x0F, 0x20, 0xD8};
const Code kMovToCr4 = {0x0F, 0x22, 0xE0};
const Code kMovFromCr4 = {0x0F, 0x20, 0xE0};
const Code kMovToCr8 = {0x44, 0x0F, 0x22, 0xC0};
const Code kMovFromCr8 = {0x44, 0x0F, 0x20, 0xC0};
const Code kClts = {0x0F, 0x06};
const Code kLmsw = {0x0F, 0x01, 0xF0};  // ax
const Code kRdmsr = {0x0F, 0x32};
const Code kWrmsr = {0x0F, 0x30};
const Code kCpuid = {0x0F, 0xA2};
const Code kXgetbv = {0x0F, 0x01, 0xD0};
const Code kXsetbv = {0x0F, 0x01, 0xD1};
const Code kVmcall = {0x0F, 0x01, 0xC1};
const Code kSysenter = {0x0F, 0x34};

// One instruction after the other in a guest.
class Tries {
 public:
  Tries() : machine_(GUEST_BLOB(try_code)) {
    const testing::AssertionResult reached = machine_.vcpu().Reaches(0);
    if (!reached) throw std::runtime_error(reached.message());
  }

  // To checkpoint 1; then vector() and its like tell of a fault.
  testing::AssertionResult Run(const Code& code, zx_vcpu_state_t state = {}) {
    Prepare(code, state);
    return Finish();
  }
  void Prepare(const Code& code, zx_vcpu_state_t state) {
    memset(machine_.bytes(slot()), 0x90, 64);
    memcpy(machine_.bytes(slot()), code.data(), code.size());
    machine_.At<uint64_t>(GUEST_DATA + 0x800) = kNoFault;
    machine_.At<uint64_t>(GUEST_DATA + 0x808) = kNoFault;
    state.rsp = machine_.vcpu().State().rsp;
    machine_.vcpu().SetState(state);
  }
  testing::AssertionResult Finish() {
    testing::AssertionResult reached = machine_.vcpu().Reaches(1);
    if (!reached) return reached;
    state_ = machine_.vcpu().State();
    reached = machine_.vcpu().Reaches(0);
    return reached;
  }
  // RAX after a run with RAX, RCX, RDX.
  uint64_t Value(const Code& code, uint64_t rax = 0, uint64_t rcx = 0, uint64_t rdx = 0) {
    zx_vcpu_state_t state{};
    state.rax = rax;
    state.rcx = rcx;
    state.rdx = rdx;
    EXPECT_TRUE(Run(code, state));
    EXPECT_EQ(vector(), kNoFault);
    return state_.rax;
  }
  testing::AssertionResult Faults(uint64_t vector, const Code& code, uint64_t rax = 0,
                                  uint64_t rcx = 0, uint64_t rdx = 0) {
    zx_vcpu_state_t state{};
    state.rax = rax;
    state.rcx = rcx;
    state.rdx = rdx;
    testing::AssertionResult reached = Run(code, state);
    if (!reached) return reached;
    if (this->vector() != vector) {
      return testing::AssertionFailure() << "the vector is " << this->vector();
    }
    if (vector == 13 && error() != 0) {
      return testing::AssertionFailure() << "the error code is " << error();
    }
    if (rip() != slot()) return testing::AssertionFailure() << "RIP is not on the instruction";
    return testing::AssertionSuccess();
  }

  Machine& machine() { return machine_; }
  const zx_vcpu_state_t& state() const { return state_; }
  uint64_t vector() { return machine_.At<uint64_t>(GUEST_DATA + 0x800); }
  uint64_t error() { return machine_.At<uint64_t>(GUEST_DATA + 0x808); }
  uint64_t rip() { return machine_.At<uint64_t>(GUEST_DATA + 0x810); }
  uint64_t slot() { return machine_.blob().form(0).rip(); }

 private:
  Machine machine_;
  zx_vcpu_state_t state_{};
};

Code operator+(Code first, const Code& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

uint64_t HostCpuid(uint32_t leaf, uint32_t subleaf, int which) {
  uint32_t registers[4] = {};
  __cpuid_count(leaf, subleaf, registers[0], registers[1], registers[2], registers[3]);
  return registers[which];
}

// By what a processor says is its maker.
bool IsAmdOrHygon(uint64_t vendor) {
  constexpr uint64_t kAuth = 0x68747541;  // AuthenticAMD
  constexpr uint64_t kHygo = 0x6F677948;  // HygonGenuine
  return vendor == kAuth || vendor == kHygo;
}

using InstructionTest = KvmTest;

// ---- Control registers ----

TEST_F(InstructionTest, Cr0KeepsWhatItIsGiven) {
  Shows("INSN-1");
  Tries tries;
  constexpr uint64_t kCr0 = 0x80010011;
  constexpr uint64_t kEt = 1u << 4;
  constexpr uint64_t kNe = 1u << 5;
  constexpr uint64_t kNw = 1u << 29;
  constexpr uint64_t kCd = 1u << 30;
  EXPECT_EQ(tries.Value(kMovFromCr0), kCr0);
  EXPECT_EQ(tries.Value(kMovToCr0 + kMovFromCr0, kCr0 & ~kEt), kCr0) << "ET is 1";
  for (const uint64_t bits : {kNe, kCd, kCd | kNw, kNe | kCd | kNw, uint64_t{0}}) {
    EXPECT_EQ(tries.Value(kMovToCr0 + kMovFromCr0, kCr0 | bits), kCr0 | bits);
    EXPECT_EQ(tries.Value(kMovFromCr0), kCr0 | bits) << "also later";
  }
  EXPECT_TRUE(tries.Faults(13, kMovToCr0, kCr0 | kNw));
  EXPECT_EQ(tries.Value(kMovFromCr0), kCr0);
}

TEST_F(InstructionTest, OtherControlRegisters) {
  Shows("INSN-2");
  Tries tries;
  // Other tables with the same content.
  constexpr uint64_t kOtherRoot = 0x6000;
  memcpy(tries.machine().bytes(kOtherRoot), tries.machine().bytes(GUEST_PML4), 4096);
  EXPECT_EQ(tries.Value(kMovToCr3 + kMovFromCr3, kOtherRoot), kOtherRoot);
  EXPECT_EQ(tries.Value(kMovFromCr3), kOtherRoot);
  const uint64_t cr4 = tries.Value(kMovFromCr4);
  constexpr uint64_t kPge = 1u << 7;
  constexpr uint64_t kVmxe = 1u << 13;
  EXPECT_EQ(tries.Value(kMovToCr4 + kMovFromCr4, cr4 ^ kPge), cr4 ^ kPge);
  EXPECT_TRUE(tries.Faults(13, kMovToCr4, cr4 | kVmxe));
  EXPECT_EQ(tries.Value(kMovFromCr4), cr4 ^ kPge);
  EXPECT_EQ(tries.Value(kMovToCr8 + kMovFromCr8, 5), 5u);
  EXPECT_EQ(tries.Value(kMovToCr8 + kMovFromCr8, 0), 0u);
}

TEST_F(InstructionTest, MachineStatusWord) {
  Shows("INSN-2");
  Tries tries;
  constexpr uint64_t kCr0 = 0x80010011;
  constexpr uint64_t kTs = 1u << 3;
  constexpr uint64_t kMp = 1u << 1;
  EXPECT_EQ(tries.Value(kMovToCr0 + kClts + kMovFromCr0, kCr0 | kTs), kCr0);
  EXPECT_EQ(tries.Value(kLmsw + kMovFromCr0, 1 | kMp | kTs), kCr0 | kMp | kTs);
  EXPECT_EQ(tries.Value(kLmsw + kMovFromCr0, 0), kCr0) << "PE cannot be cleared so";
}

TEST_F(InstructionTest, Sysenter) {
  Shows("INSN-10 MSR-DIRECT-1");
  const bool is_undefined = IsAmdOrHygon(HostCpuid(0, 0, 1));
  if (!is_undefined) {
    NEEDS(ProbeSysenter());
  }
  Tries tries;
  constexpr uint64_t kCs = 0x174;
  constexpr uint64_t kEsp = 0x175;
  constexpr uint64_t kEip = 0x176;
  const auto set = [&](uint64_t msr, uint64_t value) {
    EXPECT_EQ(tries.Value(kWrmsr, value & 0xFFFFFFFF, msr, value >> 32), value & 0xFFFFFFFF);
  };
  // To what stands behind it.
  set(kCs, 8);
  set(kEsp, tries.machine().vcpu().State().rsp);
  set(kEip, tries.slot() + kSysenter.size());
  if (is_undefined) {
    EXPECT_TRUE(tries.Faults(6, kSysenter));
  } else {
    EXPECT_EQ(tries.Value(kSysenter, 5), 5u);
  }
}

// ---- Extended state ----

TEST_F(InstructionTest, XsetbvSetsXcr0) {
  Shows("INSN-3 CPUID-13 STATE-INIT-14");
  NEEDS(ProbeXsetbv());
  Tries tries;
  const uint64_t components = tries.Value(kCpuid, 0xD);
  EXPECT_EQ(components & 3, 3u);
  EXPECT_EQ(components & ~uint64_t{7}, 0u);
  EXPECT_EQ(tries.Value(kXgetbv), components) << "at first";
  constexpr uint64_t kAvx = 4;
  EXPECT_EQ(tries.Value(kCpuid, 0xD), components);
  EXPECT_EQ(tries.state().rbx, (components & kAvx) != 0 ? 832u : 576u) << "at first";
  // What the size becomes then is not asked: an emulated processor sets XCR0 without KVM.
  for (const uint64_t xcr0 : {1u, 3u, 7u}) {
    if ((xcr0 & ~components) != 0) continue;
    EXPECT_EQ(tries.Value(kXsetbv + kXgetbv, xcr0), xcr0);
  }
}

// Zircon's VCPU fails; KVM gives the fault that the processor has for it.
TEST_F(InstructionTest, ABadXsetbvIsAFault) {
  Shows("INSN-3 INSN-4");
  NEEDS(ProbeXsetbv());
  Tries tries;
  const uint64_t xcr0 = tries.Value(kXgetbv);
  // Without x87, AVX without SSE, AVX-512.
  for (const uint64_t value : {0u, 2u, 5u, 6u, 0xE7u}) {
    EXPECT_TRUE(tries.Faults(13, kXsetbv, value)) << value;
  }
  EXPECT_TRUE(tries.Faults(13, kXsetbv, 3, 1)) << "index 1";
  EXPECT_TRUE(tries.Faults(13, kXsetbv, 3, 0, 0x80000000)) << "an upper half";
  EXPECT_EQ(tries.Value(kXgetbv), xcr0);
  KnownDifference("INSN-4", "a bad XSETBV is #GP(0) in the guest");
}

TEST_F(InstructionTest, CpuidShowsOsxsaveAsCr4HasIt) {
  Shows("CPUID-4");
  NEEDS(ProbeCpuid(1));
  Tries tries;
  constexpr uint64_t kCr4Osxsave = 1u << 18;
  constexpr uint64_t kOsxsave = 1u << 27;
  const uint64_t cr4 = tries.Value(kMovFromCr4);
  for (const uint64_t value : {cr4 & ~kCr4Osxsave, cr4}) {
    tries.Value(kMovToCr4, value);
    tries.Value(kCpuid, 1);
    EXPECT_EQ((tries.state().rcx & kOsxsave) != 0, (value & kCr4Osxsave) != 0);
  }
}

// ---- Others ----

TEST_F(InstructionTest, InstructionsThatGoOn) {
  Shows("INSN-6");
  Tries tries;
  const Code kRdtsc = {0x0F, 0x31};
  const Code kRdtscp = {0x0F, 0x01, 0xF9};
  const Code kInvlpg = {0x0F, 0x01, 0x38};               // [rax]
  const Code kInvpcid = {0x66, 0x0F, 0x38, 0x82, 0x08};  // rcx, [rax]
  const Code kWbinvd = {0x0F, 0x09};
  const Code kPause = {0xF3, 0x90};
  const uint64_t before = __builtin_ia32_rdtsc();
  tries.Value(kRdtsc);
  const uint64_t guest = tries.state().rdx << 32 | tries.state().rax;
  EXPECT_GE(guest, before);
  EXPECT_LE(guest, __builtin_ia32_rdtsc());
  tries.Value(kCpuid, 0x80000001);
  if ((tries.state().rdx & 1u << 27) != 0) {
    tries.Value(kRdtscp);
    EXPECT_GE(tries.state().rdx << 32 | (tries.state().rax & 0xFFFFFFFF), guest);
  }
  tries.Value(kCpuid, 7);
  if ((tries.state().rbx & 1u << 10) != 0 && ProbeCpuid(7).empty()) {
    tries.Value(kInvpcid, GUEST_DATA, 2);  // All contexts.
  }
  tries.Value(kInvlpg, GUEST_DATA);
  tries.Value(kWbinvd);
  tries.Value(kPause);
}

TEST_F(InstructionTest, InvdDoesNothing) {
  Shows("INSN-7");
  const Code kInvd = {0x0F, 0x08};
  NEEDS(ProbeLongModeCode("invd", kInvd));
  Tries tries;
  EXPECT_EQ(tries.Value(kInvd, 0x1234), 0x1234u);
  KnownDifference("INSN-7", "INVD does nothing");
}

TEST_F(InstructionTest, VmxAndGetsecAreNotForGuests) {
  Shows("INSN-7");
  Tries tries;
  const Code kVmxoff = {0x0F, 0x01, 0xC4};
  const Code kVmlaunch = {0x0F, 0x01, 0xC2};
  const Code kVmxon = {0xF3, 0x0F, 0xC7, 0x30};  // [rax]
  const Code kGetsec = {0x0F, 0x37};
  bool undefined = false;
  for (const Code& code : {kVmxoff, kVmlaunch, kVmxon, kGetsec}) {
    zx_vcpu_state_t state{};
    state.rax = GUEST_DATA;
    tries.Prepare(code, state);
    const zx_status_t status = tries.machine().vcpu().Enter();
    if (status == ZX_ERR_NOT_SUPPORTED) {
      // As the row has it: the VMM skips the instruction by other code.
      memset(tries.machine().bytes(tries.slot()), 0x90, 64);
      ASSERT_TRUE(tries.Finish());
      continue;
    }
    ASSERT_EQ(status, ZX_OK);
    ASSERT_TRUE(tries.machine().vcpu().AtCheckpoint(1));
    ASSERT_TRUE(tries.machine().vcpu().Reaches(0));
    EXPECT_EQ(tries.vector(), 6u);
    EXPECT_EQ(tries.rip(), tries.slot());
    undefined = true;
  }
  if (undefined) KnownDifference("INSN-7", "VMX instructions and GETSEC are #UD in the guest");
}

TEST_F(InstructionTest, ExceptionsGoToTheGuestsHandlers) {
  Shows("INSN-8");
  Tries tries;
  EXPECT_TRUE(tries.Faults(6, {0x0F, 0x0B})) << "ud2";
  EXPECT_TRUE(tries.Faults(0, {0xF7, 0xF1}, 1, 0)) << "div ecx";
  EXPECT_TRUE(tries.Faults(13, {0x48, 0x8B, 0x00}, uint64_t{1} << 63)) << "mov rax, [rax]";
  // Outside of what the page tables map: a read of the supervisor's.
  const uint64_t nowhere = 0x123456789000;
  EXPECT_TRUE(tries.Faults(14, {0x48, 0x8B, 0x00}, nowhere));
  EXPECT_EQ(tries.error(), 0u);
  EXPECT_EQ(tries.Value({0x0F, 0x20, 0xD0}), nowhere) << "CR2";
  // A write.
  EXPECT_TRUE(tries.Faults(14, {0x48, 0x89, 0x00}, nowhere));
  EXPECT_EQ(tries.error(), 2u);
}

TEST_F(InstructionTest, SoftwareExceptionsOfTheVmm) {
  Shows("INT-11");
  for (const uint32_t vector : {3u, 4u}) {
    Tries tries;
    tries.Prepare({0x90}, {});
    ASSERT_EQ(zx_vcpu_interrupt(tries.machine().vcpu().get(), vector), ZX_OK);
    ASSERT_TRUE(tries.Finish());
    EXPECT_EQ(tries.vector(), vector);
    EXPECT_EQ(tries.error(), kNoFault) << "no error code";
  }
}

// ---- MSRs ----

TEST_F(InstructionTest, AnEmulatedReadClearsTheUpperHalves) {
  Shows("MSR-13");
  Tries tries;
  for (const uint32_t msr : {0x1Bu, 0x8Bu, 0x803u, 0x832u}) {
    tries.Value(kRdmsr, ~uint64_t{0}, msr, ~uint64_t{0});
    EXPECT_EQ(tries.state().rax >> 32, 0u) << msr;
    EXPECT_EQ(tries.state().rdx, 0u) << msr;
    EXPECT_EQ(tries.state().rcx, msr);
  }
  tries.Value(kRdmsr, ~uint64_t{0}, 0x1B, ~uint64_t{0});
  EXPECT_EQ(tries.state().rax, 0xFEE00D00u);
}

TEST_F(InstructionTest, AFaultingMsrChangesNothing) {
  Shows("MSR-14 MSR-12 RIP-8");
  Tries tries;
  zx_vcpu_state_t state{};
  state.rax = 0xA0A1A2A3A4A5A6A7;
  state.rdx = 0xD0D1D2D3D4D5D6D7;
  state.rbx = 0xB0B1B2B3B4B5B6B7;
  state.r15 = 0xF0F1F2F3F4F5F6F7;
  for (const uint32_t msr : {0x12345u, 0x10u, 0x80Bu, 0x4B564D01u}) {
    for (const Code& code : {kRdmsr, kWrmsr}) {
      // These take a write.
      if (&code != &kRdmsr && code == kWrmsr && (msr == 0x80B || msr == 0x4B564D01)) continue;
      state.rcx = msr;
      ASSERT_TRUE(tries.Run(code, state));
      EXPECT_EQ(tries.vector(), 13u);
      EXPECT_EQ(tries.error(), 0u);
      EXPECT_EQ(tries.rip(), tries.slot());
      EXPECT_EQ(tries.state().rax, state.rax);
      EXPECT_EQ(tries.state().rdx, state.rdx);
      EXPECT_EQ(tries.state().rbx, state.rbx);
      EXPECT_EQ(tries.state().rcx, state.rcx);
      EXPECT_EQ(tries.state().r15, state.r15);
    }
  }
}

TEST_F(InstructionTest, DirectMsrsTakeNoExit) {
  Shows("MSR-DIRECT-1 STATE-INIT-16 STATE-INIT-17");
  Tries tries;
  constexpr uint32_t kPat = 0x277;
  const uint64_t pat = 0x0407050600070106;
  tries.Value(kRdmsr, 0, kPat);
  EXPECT_EQ(tries.state().rdx << 32 | tries.state().rax, pat) << "at first";
  std::vector<uint32_t> msrs = {0xC0000081, 0xC0000082, 0xC0000083, 0xC0000084, 0xC0000100,
                                0xC0000101, 0xC0000102, 0x174,      0x175,      0x176};
  // A processor without RDTSCP has no TSC_AUX.
  tries.Value(kCpuid, 0x80000001);
  if ((tries.state().rdx & 1u << 27) != 0) msrs.push_back(0xC0000103);
  const zircon_kvm_stats_t before = Stats();
  for (const uint32_t msr : msrs) {
    SCOPED_TRACE(msr);
    tries.Value(kRdmsr, 0, msr);
    EXPECT_EQ(tries.state().rax, 0u);
    EXPECT_EQ(tries.state().rdx, 0u);
    const uint64_t value = msr == 0x174 ? 0x5008 : 0x12345000;  // A selector.
    tries.Value(kWrmsr, value, msr);
    tries.Value(kRdmsr, 0, msr);
    EXPECT_EQ(tries.state().rax, value);
  }
  tries.Value(kWrmsr, 0x06060606, kPat, 0x06060606);
  tries.Value(kRdmsr, 0, kPat);
  EXPECT_EQ(tries.state().rax, 0x06060606u);
  tries.Value(kRdmsr, 0, 0xC0000080);
  EXPECT_EQ(tries.state().rax, 0xD01u);
  const zircon_kvm_stats_t after = Stats();
  EXPECT_EQ(after.exits[ZIRCON_KVM_EXIT_RDMSR], before.exits[ZIRCON_KVM_EXIT_RDMSR]);
  EXPECT_EQ(after.exits[ZIRCON_KVM_EXIT_WRMSR], before.exits[ZIRCON_KVM_EXIT_WRMSR]);
}

TEST_F(InstructionTest, ABadValueOfADirectMsrIsAFault) {
  Shows("MSR-DIRECT-2 RIP-8");
  Tries tries;
  // No address: LSTAR, the bases. Some emulated processors do not mind.
  for (const uint32_t msr : {0xC0000082u, 0xC0000100u, 0xC0000101u, 0xC0000102u}) {
    // mov ecx, msr; xor eax, eax; mov edx, 0x80000000; wrmsr
    Code code = {0xB9, 0, 0, 0, 0, 0x31, 0xC0, 0xBA, 0, 0, 0, 0x80, 0x0F, 0x30};
    memcpy(&code[1], &msr, sizeof(msr));
    if (ProbeLongModeCode("a bad address in an MSR", code).empty()) continue;
    EXPECT_TRUE(tries.Faults(13, kWrmsr, 0, msr, 0x80000000)) << std::hex << msr;
  }
  EXPECT_TRUE(tries.Faults(13, kWrmsr, 0xD01u | 1u << 31, 0xC0000080)) << "a reserved bit of EFER";
  EXPECT_TRUE(tries.Faults(13, kWrmsr, 0xC01, 0xC0000080)) << "LME goes only without paging";
}

// ---- CPUID ----

TEST_F(InstructionTest, CpuidAboveTheHighestLeaf) {
  Shows("CPUID-1 CPUID-2");
  Tries tries;
  const uint64_t highest = tries.Value(kCpuid, 0);
  EXPECT_LE(highest, 0x17u);
  EXPECT_LE(highest, HostCpuid(0, 0, 0));
  const bool zeros = IsAmdOrHygon(tries.state().rbx);
  zx_vcpu_state_t last{};
  if (!zeros) {
    tries.Value(kCpuid, highest);
    last = tries.state();
  }
  for (const uint64_t leaf : {highest + 1, uint64_t{0x100}, uint64_t{0x3FFFFFFF}}) {
    SCOPED_TRACE(leaf);
    tries.Value(kCpuid, leaf);
    EXPECT_EQ(tries.state().rax, last.rax);
    EXPECT_EQ(tries.state().rbx, last.rbx);
    EXPECT_EQ(tries.state().rcx, last.rcx);
    EXPECT_EQ(tries.state().rdx, last.rdx);
  }
  if (zeros) KnownDifference("CPUID-2", "leaves above the highest are 0 on this processor");
}

TEST_F(InstructionTest, TheIdInEverySubleafOfTheTopology) {
  Shows("CPUID-12");
  NEEDS(ProbeRealMode());
  if (Tries().Value(kCpuid, 0) < 0xB) return;
  // Of id 0 nothing can be seen: id 1, then.
  Machine machine(GUEST_BLOB(io_many));
  constexpr uint64_t kEntry = 0x21000;
  const Blob blob = GUEST_BLOB(topology_16);
  memcpy(machine.bytes(kEntry), blob.begin, blob.size());
  Thread second([&] {
    Vcpu vcpu(machine.guest(), kEntry);
    ASSERT_TRUE(vcpu.Reaches(0));
  });
  second.Join();
  for (uint32_t subleaf = 0; subleaf < 5; ++subleaf) {
    SCOPED_TRACE(subleaf);
    const auto value = [&](uint32_t which) {
      return machine.At<uint32_t>(0x9000 + 16 * subleaf + 4 * which);
    };
    EXPECT_EQ(value(0), 0u);
    EXPECT_EQ(value(1), 0u);
    if (subleaf >= 3 && value(2) == subleaf) {
      KnownDifference("CPUID-12", "from sub-leaf 3 on ECX has the sub-leaf's number");
    } else {
      EXPECT_EQ(value(2), 0u);
    }
    EXPECT_EQ(value(3), 1u) << "EDX";
  }
}

TEST_F(InstructionTest, OtherLeavesAreZero) {
  Shows("CPUID-23");
  NEEDS(ProbeCpuid(1));
  Tries tries;
  const uint64_t highest = tries.Value(kCpuid, 0);
  const uint64_t highest_extended = tries.Value(kCpuid, 0x80000000);
  for (const uint64_t leaf :
       {0x3u, 0x5u, 0x8u, 0x9u, 0xCu, 0xEu, 0xFu, 0x10u, 0x11u, 0x12u, 0x13u, 0x14u, 0x8000000Au,
        0x8000000Bu, 0x80000018u, 0x8000001Bu, 0x8000001Cu}) {
    // The highest itself is what stands for those above it.
    if (leaf < 0x80000000 ? leaf >= highest : leaf > highest_extended) continue;
    SCOPED_TRACE(leaf);
    for (uint64_t subleaf = 0; subleaf < 2; ++subleaf) {
      EXPECT_EQ(tries.Value(kCpuid, leaf, subleaf), 0u);
      EXPECT_EQ(tries.state().rbx | tries.state().rcx | tries.state().rdx, 0u);
    }
  }
}

// What is shown has its MSRs, by the processor manuals.
TEST_F(InstructionTest, WhatCpuidShowsHasItsMsrs) {
  Shows("CPUID-22 MSR-DIRECT-1");
  NEEDS(ProbeCpuid(1));
  NEEDS(ProbeCpuid(7));
  enum Register { kEax, kEbx, kEcx, kEdx };
  struct Feature {
    const char* name;
    uint32_t leaf;
    Register reg;
    int bit;
    std::vector<uint32_t> msrs;  // that can be read
  };
  const Feature kFeatures[] = {
      {"SEP", 1, kEdx, 11, {0x174, 0x175, 0x176}},
      {"MTRR", 1, kEdx, 12, {0xFE, 0x200, 0x2FF}},
      {"MCA", 1, kEdx, 14, {0x179, 0x17A}},
      {"PAT", 1, kEdx, 16, {0x277}},
      {"x2APIC", 1, kEcx, 21, {0x1B, 0x802}},
      {"PDCM", 1, kEcx, 15, {0x345}},
      {"TSC_ADJUST", 7, kEbx, 1, {0x3B}},
      {"WAITPKG", 7, kEcx, 5, {0xE1}},
      {"RDPID", 7, kEcx, 22, {0xC0000103}},
      {"SPEC_CTRL", 7, kEdx, 26, {0x48}},
      {"ARCH_CAPABILITIES", 7, kEdx, 29, {0x10A}},
      {"CORE_CAPABILITIES", 7, kEdx, 30, {0xCF}},
      {"SYSCALL", 0x80000001, kEdx, 11, {0xC0000081, 0xC0000082, 0xC0000083, 0xC0000084}},
      {"NX", 0x80000001, kEdx, 20, {0xC0000080}},
      {"RDTSCP", 0x80000001, kEdx, 27, {0xC0000103}},
      {"LM", 0x80000001, kEdx, 29, {0xC0000080, 0xC0000100, 0xC0000101, 0xC0000102}},
      {"SVM", 0x80000001, kEcx, 2, {0xC0010114}},
      {"OSVW", 0x80000001, kEcx, 9, {0xC0010140, 0xC0010141}},
      {"PERFCTR_CORE", 0x80000001, kEcx, 23, {0xC0010200, 0xC0010201}},
  };
  Tries tries;
  for (const Feature& feature : kFeatures) {
    tries.Value(kCpuid, feature.leaf);
    const zx_vcpu_state_t leaf = tries.state();
    const uint64_t values[] = {leaf.rax, leaf.rbx, leaf.rcx, leaf.rdx};
    if ((values[feature.reg] >> feature.bit & 1) == 0) continue;
    for (const uint32_t msr : feature.msrs) {
      zx_vcpu_state_t state{};
      state.rcx = msr;
      EXPECT_TRUE(tries.Run(kRdmsr, state));
      EXPECT_EQ(tries.vector(), kNoFault) << feature.name << ' ' << std::hex << msr;
    }
  }
}

TEST_F(InstructionTest, CpuidHasTheHostsName) {
  Shows("CPUID-18");
  if (HostCpuid(0x80000000, 0, 0) < 0x80000004) return;
  Tries tries;
  for (uint32_t leaf = 0x80000002; leaf <= 0x80000004; ++leaf) {
    tries.Value(kCpuid, leaf);
    EXPECT_EQ(tries.state().rax, HostCpuid(leaf, 0, 0));
    EXPECT_EQ(tries.state().rbx, HostCpuid(leaf, 0, 1));
    EXPECT_EQ(tries.state().rcx, HostCpuid(leaf, 0, 2));
    EXPECT_EQ(tries.state().rdx, HostCpuid(leaf, 0, 3));
  }
}

TEST_F(InstructionTest, CpuidStaysAsItIs) {
  Shows("CPUID-21");
  Tries tries;
  const auto all = [&] {
    std::vector<uint64_t> values;
    for (uint32_t base : {0u, 0x40000000u, 0x80000000u}) {
      const uint64_t highest = tries.Value(kCpuid, base);
      for (uint64_t leaf = base; leaf <= highest && leaf < base + 0x40; ++leaf) {
        for (uint64_t subleaf = 0; subleaf < 3; ++subleaf) {
          tries.Value(kCpuid, leaf, subleaf);
          for (const uint64_t value :
               {tries.state().rax, tries.state().rbx, tries.state().rcx, tries.state().rdx}) {
            values.push_back(value);
          }
        }
      }
    }
    return values;
  };
  const std::vector<uint64_t> before = all();
  ASSERT_EQ(zx_vcpu_kick(tries.machine().vcpu().get()), ZX_OK);
  ASSERT_TRUE(tries.machine().vcpu().Fails(ZX_ERR_CANCELED));
  tries.Value(kWrmsr, 1u << 16, 0x832);
  tries.machine().TrapIo(0x500, 1, 1);
  std::vector<uint64_t> in_another_thread;
  Thread other([&] { Vcpu second(tries.machine().guest(), GUEST_CODE); });
  other.Join();
  EXPECT_EQ(all(), before);
}

// ---- VMCALL ----

TEST_F(InstructionTest, Vmcall) {
  Shows("INSN-5");
  NEEDS(ProbeLongModeCode("vmcall", Code({0xB8, 0x77, 0x77, 0, 0}) + kVmcall));
  Tries tries;
  zx_vcpu_state_t state{};
  for (const uint64_t number : {uint64_t{0}, uint64_t{2}, uint64_t{3}, uint64_t{4}, uint64_t{12},
                                uint64_t{0x7777}, ~uint64_t{0}}) {
    EXPECT_EQ(tries.Value(kVmcall, number), static_cast<uint64_t>(-1000)) << number;
  }
  EXPECT_EQ(tries.Value(kVmcall, 1), 0u);
  KnownDifference("INSN-5", "VMCALL 1 gives 0");
  // The clock pairing: of another kind, then as documented or not at all.
  state.rax = 9;
  state.rbx = GUEST_DATA;
  state.rcx = 1;
  ASSERT_TRUE(tries.Run(kVmcall, state));
  EXPECT_EQ(tries.vector(), kNoFault);
  EXPECT_EQ(tries.state().rax, static_cast<uint64_t>(-95));
  state.rcx = 0;
  ASSERT_TRUE(tries.Run(kVmcall, state));
  EXPECT_EQ(tries.vector(), kNoFault);
  if (tries.state().rax == 0) {
    EXPECT_GT(tries.machine().At<int64_t>(GUEST_DATA), 1'600'000'000) << "seconds since 1970";
    EXPECT_LT(tries.machine().At<int64_t>(GUEST_DATA + 8), 1'000'000'000);
  } else {
    EXPECT_EQ(tries.state().rax, static_cast<uint64_t>(-95));
    KnownDifference("INSN-5", "the host's clock is not its TSC: no clock pairing");
  }
}

}  // namespace
}  // namespace conformance
