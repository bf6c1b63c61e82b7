// Exits for guest memory: MEM packets, completion of loads, refusals. Rows: FAULT, TRAP-MEM.

#include <gtest/gtest.h>
#include <signal.h>

#include <cstring>
#include <vector>

#include "contract.h"
#include "fake/machine_test.h"
#include "vcpu/kick_signal.h"

namespace zircon {
namespace {

using fake::Do;
using fake::FakeVcpu;
using fake::kGoOn;
using fake::LoadInto;
using fake::Machine;
using fake::MmioRead;
using fake::MmioReadThen;
using fake::MmioWrite;
using fake::MmioWritePieces;
using fake::PioOut;

constexpr uint64_t kDevice = Machine::kDeviceAddress;
constexpr uint64_t kKey = 0xABCD'EF01;
constexpr uint64_t kValue = 0x8877665544332211;

// KVM has it set while a REP is under way.
constexpr uint64_t kResumeFlag = 0x10000;

constexpr uint8_t kRax = 0, kRcx = 1, kRdx = 2, kRbx = 3, kR9 = 9;

class VcpuMemory : public fake::OnMachine {
 protected:
  void SetUp() override {
    OnMachine::SetUp();
    ASSERT_EQ(machine().TrapMemory(kDevice, 0x2000, kKey), ZX_OK);
    ASSERT_EQ(machine().TrapIo(0x60, 1), ZX_OK);
    ResetState();
  }
  // rbx points at the device, rdi too; rax and others hold values.
  void ResetState() {
    zx_vcpu_state_t state = {};
    state.rax = kValue;
    state.rcx = 0x10;
    state.rdx = 0xFFFF0060;
    state.rbx = kDevice;
    state.rsp = 0x9000;
    state.rdi = kDevice;
    state.rsi = 0x8000;
    state.r9 = 0x1234'5678'9ABC'DEF0;
    ASSERT_EQ(machine().SetState(state), ZX_OK);
    cpu().run().s.regs.regs.rip = Machine::kEntry;
  }
  void PutCode(const std::vector<uint8_t>& code) {
    machine().CodeAt(Machine::kEntry - 16, std::vector<uint8_t>(64, 0x90));
    machine().CodeAt(Machine::kEntry, code);
  }
  // The guest's way back to the VMM; RIP is `rip` when it is reached.
  void PushEndAt(uint64_t rip) {
    cpu().Push([this, rip](FakeVcpu& vcpu) {
      EXPECT_EQ(vcpu.regs.rip, rip);
      machine().CodeAt(0x7000, {0xEE});
      vcpu.regs.rip = 0x7000;
      vcpu.regs.rdx = 0x60;
      return PioOut(0x60, 1)(vcpu);
    });
  }
  void ExpectMemPacket(uint64_t address, uint8_t length) {
    EXPECT_EQ(packet().key, kKey);
    EXPECT_EQ(packet().type, ZX_PKT_TYPE_GUEST_MEM);
    EXPECT_EQ(packet().status, ZX_OK);
    EXPECT_EQ(packet().guest_mem.addr, address);
    EXPECT_EQ(packet().guest_mem.cr3, 0u);
    EXPECT_EQ(packet().guest_mem.rip, Machine::kEntry);
    EXPECT_EQ(packet().guest_mem.instruction_size, length);
    EXPECT_EQ(packet().guest_mem.default_operand_size, 4);  // 64-bit code; never 8
  }
};

// ---- Stores ----

struct StoreCase {
  const char* name;
  std::vector<uint8_t> code;
  uint64_t offset;  // from the device's address
  uint64_t value;
  uint32_t size;
};

const StoreCase kStores[] = {
    {"mov %al,(%rbx)", {0x88, 0x03}, 0, 0x11, 1},
    {"mov %ah,(%rbx)", {0x88, 0x23}, 0, 0x22, 1},
    {"mov %ax,(%rbx)", {0x66, 0x89, 0x03}, 0, 0x2211, 2},
    {"mov %eax,(%rbx)", {0x89, 0x03}, 0, 0x44332211, 4},
    {"mov %rax,(%rbx)", {0x48, 0x89, 0x03}, 0, kValue, 8},
    {"mov %r9d,0x10(%rbx)", {0x44, 0x89, 0x4B, 0x10}, 0x10, 0x9ABCDEF0, 4},
    {"mov %eax,0x100(%rbx)", {0x89, 0x83, 0x00, 0x01, 0, 0}, 0x100, 0x44332211, 4},
    {"mov %eax,(%rbx,%rcx,4)", {0x89, 0x04, 0x8B}, 0x40, 0x44332211, 4},
    {"mov %eax,-8(%rbx,%rcx,2)", {0x89, 0x44, 0x4B, 0xF8}, 0x18, 0x44332211, 4},
    {"movb $0x7f,(%rbx)", {0xC6, 0x03, 0x7F}, 0, 0x7F, 1},
    {"movw $0x1234,(%rbx)", {0x66, 0xC7, 0x03, 0x34, 0x12}, 0, 0x1234, 2},
    {"movl $0x12345678,4(%rbx)", {0xC7, 0x43, 4, 0x78, 0x56, 0x34, 0x12}, 4, 0x12345678, 4},
    {"movq $-2,(%rbx)", {0x48, 0xC7, 0x03, 0xFE, 0xFF, 0xFF, 0xFF}, 0, ~uint64_t{1}, 8},
    {"mov %eax,0x1fc004(%rip)", {0x89, 0x05, 0xFA, 0xBF, 0x1F, 0}, 0, 0x44332211, 4},
    {"mov %eax,0x200010", {0x89, 0x04, 0x25, 0x10, 0, 0x20, 0}, 0x10, 0x44332211, 4},
    {"movabs %al,0x200000", {0xA2, 0, 0, 0x20, 0, 0, 0, 0, 0}, 0, 0x11, 1},
    {"addr32 mov %eax,(%ebx)", {0x67, 0x89, 0x03}, 0, 0x44332211, 4},
    {"movnti %eax,(%rbx)", {0x0F, 0xC3, 0x03}, 0, 0x44332211, 4},
    {"mov %eax,%fs:(%rbx)", {0x64, 0x89, 0x03}, 0, 0x44332211, 4},
    {"lock-less stosl", {0xAB}, 0, 0x44332211, 4},
};

TEST_F(VcpuMemory, StoresAreFoundByTheirEffect) {
  Shows("TRAP-18 TRAP-MEM-1 TRAP-MEM-3 TRAP-MEM-4");
  for (const StoreCase& c : kStores) {
    SCOPED_TRACE(c.name);
    ResetState();
    PutCode(c.code);
    const auto length = static_cast<uint8_t>(c.code.size());
    cpu().Push([&](FakeVcpu& vcpu) {
      if (c.code[0] == 0xAB) vcpu.regs.rdi += 4;
      return MmioWrite(kDevice + c.offset, c.value, c.size, length)(vcpu);
    });
    // "MEM store: 1 VCPU ioctl".
    ASSERT_EQ(EnterWithRuns(1), ZX_OK);
    ExpectMemPacket(kDevice + c.offset, length);
    EXPECT_EQ(machine().State().rax, kValue);
    PushEndAt(Machine::kEntry + length);
    ASSERT_EQ(EnterWithRuns(1), ZX_OK);
  }
}

TEST_F(VcpuMemory, AStoreWhoseCodeDoesNotFitGivesALengthOfZero) {
  // "its length (0 if not known)"
  PutCode({0x89, 0x03});
  cpu().Push(MmioWrite(kDevice + 0x20, 0x44332211, 4, 2));  // (%rbx) is another address
  ASSERT_EQ(machine().Enter(), ZX_OK);
  EXPECT_EQ(packet().guest_mem.instruction_size, 0);
  EXPECT_EQ(packet().guest_mem.addr, kDevice + 0x20);
  PushEndAt(Machine::kEntry + 2);
  EXPECT_EQ(machine().Enter(), ZX_OK);
}

TEST_F(VcpuMemory, StoreInPiecesIsOnePacket) {
  Shows("TRAP-MEM-11");
  // movups %xmm0,(%rbx): two exits of 8 bytes.
  PutCode({0x0F, 0x11, 0x03});
  cpu().Push(MmioWritePieces({{kDevice, 8, 1}, {kDevice + 8, 8, 2}}, 3));
  ASSERT_EQ(machine().Enter(), ZX_OK);
  ExpectMemPacket(kDevice, 3);
  PushEndAt(Machine::kEntry + 3);
  ASSERT_EQ(machine().Enter(), ZX_OK);
  EXPECT_EQ(packet().type, ZX_PKT_TYPE_GUEST_IO);
}

TEST_F(VcpuMemory, StoreSplitAtAPageIsOnePacket) {
  Shows("TRAP-MEM-11");
  zx_vcpu_state_t state = machine().State();
  state.rbx = kDevice + 0xFFE;
  ASSERT_EQ(machine().SetState(state), ZX_OK);
  PutCode({0x89, 0x03});
  cpu().Push(MmioWritePieces({{kDevice + 0xFFE, 2, 0x2211}, {kDevice + 0x1000, 2, 0x4433}}, 2));
  ASSERT_EQ(machine().Enter(), ZX_OK);
  ExpectMemPacket(kDevice + 0xFFE, 2);
  PushEndAt(Machine::kEntry + 2);
  ASSERT_EQ(machine().Enter(), ZX_OK);
  EXPECT_EQ(packet().type, ZX_PKT_TYPE_GUEST_IO);
}

TEST_F(VcpuMemory, RepeatedStoreIsOnePacket) {
  Shows("TRAP-MEM-13");
  // KVM exits for each iteration with RIP on it.
  PutCode({0xF3, 0xAB});  // rep stosl
  cpu().Push([](FakeVcpu& vcpu) {
    vcpu.regs.rdi += 4;
    vcpu.regs.rcx -= 1;
    vcpu.regs.rflags |= kResumeFlag;
    return MmioWrite(kDevice, kValue & 0xFFFFFFFF, 4, 0)(vcpu);
  });
  ASSERT_EQ(machine().Enter(), ZX_OK);
  ExpectMemPacket(kDevice, 2);
  PushEndAt(Machine::kEntry + 2);
  ASSERT_EQ(machine().Enter(), ZX_OK);
  EXPECT_EQ(packet().type, ZX_PKT_TYPE_GUEST_IO);
}

TEST_F(VcpuMemory, RegistersWrittenAfterAStoreAreTheGuests) {
  Shows("TRAP-MEM-10");
  PutCode({0x89, 0x03});
  cpu().Push(MmioWrite(kDevice, 0x44332211, 4, 2));
  ASSERT_EQ(machine().Enter(), ZX_OK);
  zx_vcpu_state_t state = machine().State();
  state.rax = 5;
  state.rflags = 0x2 | 0x1;
  ASSERT_EQ(machine().SetState(state), ZX_OK);
  PushEndAt(Machine::kEntry + 2);
  ASSERT_EQ(EnterWithRuns(1), ZX_OK);
  EXPECT_EQ(cpu().regs.rax, 5u);
  EXPECT_EQ(cpu().regs.rflags & 0x1, 0x1u);
}

// ---- Loads ----

struct LoadCase {
  const char* name;
  std::vector<uint8_t> code;
  uint32_t size;
  LoadInto into;
  uint64_t offset = 0;
};

const LoadCase kLoads[] = {
    {"mov (%rbx),%al", {0x8A, 0x03}, 1, {kRax, 1}},
    {"mov (%rbx),%ah", {0x8A, 0x23}, 1, {kRax, 1, false, true}},
    {"mov (%rbx),%ax", {0x66, 0x8B, 0x03}, 2, {kRax, 2}},
    {"mov (%rbx),%eax", {0x8B, 0x03}, 4, {kRax, 4}},
    {"mov (%rbx),%rax", {0x48, 0x8B, 0x03}, 8, {kRax, 8}},
    {"mov 8(%rbx),%r9d", {0x44, 0x8B, 0x4B, 8}, 4, {kR9, 4}, 8},
    {"movabs 0x200000,%eax", {0xA1, 0, 0, 0x20, 0, 0, 0, 0, 0}, 4, {kRax, 4}},
    {"movzbl (%rbx),%ecx", {0x0F, 0xB6, 0x0B}, 1, {kRcx, 4}},
    {"movzwl (%rbx),%ecx", {0x0F, 0xB7, 0x0B}, 2, {kRcx, 4}},
    {"movzbw (%rbx),%cx", {0x66, 0x0F, 0xB6, 0x0B}, 1, {kRcx, 2}},
    {"movzbq (%rbx),%r9", {0x4C, 0x0F, 0xB6, 0x0B}, 1, {kR9, 8}},
    {"movsbl (%rbx),%edx", {0x0F, 0xBE, 0x13}, 1, {kRdx, 4, true}},
    {"movswl (%rbx),%edx", {0x0F, 0xBF, 0x13}, 2, {kRdx, 4, true}},
    {"movsbq (%rbx),%rdx", {0x48, 0x0F, 0xBE, 0x13}, 1, {kRdx, 8, true}},
    {"movsbw (%rbx),%dx", {0x66, 0x0F, 0xBE, 0x13}, 1, {kRdx, 2, true}},
    {"movslq (%rbx),%rdx", {0x48, 0x63, 0x13}, 4, {kRdx, 8, true}},
};

// What a VMM would put into the register for these bytes.
void SetAsTheInstructionWould(const LoadCase& c, uint64_t bytes, uint64_t* reg) {
  const uint64_t mask = c.size == 8 ? ~uint64_t{0} : (uint64_t{1} << (8 * c.size)) - 1;
  uint64_t value = bytes & mask;
  if (c.into.sign && (value >> (8 * c.size - 1) & 1) != 0) value |= ~mask;
  if (c.into.high_byte) {
    *reg = (*reg & ~uint64_t{0xFF00}) | value << 8;
  } else if (c.into.size == 8) {
    *reg = value;
  } else if (c.into.size == 4) {
    *reg = static_cast<uint32_t>(value);
  } else {
    const uint64_t low = (uint64_t{1} << (8 * c.into.size)) - 1;
    *reg = (*reg & ~low) | (value & low);
  }
}

uint64_t* RegisterOf(zx_vcpu_state_t* state, uint8_t number) {
  switch (number) {
    case kRax:
      return &state->rax;
    case kRcx:
      return &state->rcx;
    case kRdx:
      return &state->rdx;
    default:
      return &state->r9;
  }
}

TEST_F(VcpuMemory, MovLoadsTakeOneRun) {
  Shows("TRAP-MEM-1 TRAP-MEM-6 TRAP-MEM-8");
  for (const LoadCase& c : kLoads) {
    for (const uint64_t bytes : {uint64_t{0x0102030405060708}, uint64_t{0xF9F8F7F6F5F4F3F2}}) {
      SCOPED_TRACE(c.name);
      ResetState();
      PutCode(c.code);
      const auto length = static_cast<uint8_t>(c.code.size());
      cpu().Push(MmioRead(kDevice + c.offset, c.size, length, c.into));
      ASSERT_EQ(EnterWithRuns(1), ZX_OK);
      ExpectMemPacket(kDevice + c.offset, length);
      // "VMM does read_state, changes the destination register, write_state".
      zx_vcpu_state_t state = machine().State();
      EXPECT_EQ(state.rax, kValue);  // nothing of the load is there yet
      SetAsTheInstructionWould(c, bytes, RegisterOf(&state, c.into.reg));
      ASSERT_EQ(machine().SetState(state), ZX_OK);
      PushEndAt(Machine::kEntry + length);
      ASSERT_EQ(EnterWithRuns(1), ZX_OK);
      zx_vcpu_state_t now = machine().State();
      EXPECT_EQ(*RegisterOf(&now, c.into.reg),
                c.into.reg == kRdx ? 0x60 : *RegisterOf(&state, c.into.reg));
    }
  }
}

// What the kernel is spared: registers that are as it has them, but for the one that the load
// gives.
TEST_F(VcpuMemory, AnAnswerInTheLoadsRegisterIsAllThatTheKernelTakes) {
  for (uint8_t number = 0; number < 16; ++number) {
    if (number == kRbx) continue;  // the address
    ResetState();
    // mov (%rbx), %r64
    PutCode({static_cast<uint8_t>(number < 8 ? 0x48 : 0x4C), 0x8B,
             static_cast<uint8_t>((number & 7) << 3 | kRbx)});
    cpu().Push(MmioRead(kDevice, 8, 3, {number, 8}));
    ASSERT_EQ(EnterWithRuns(1), ZX_OK);
    zx_vcpu_state_t state = machine().State();
    ASSERT_EQ(machine().SetState(state), ZX_OK);  // as they are: no change
    (&state.rax)[number] = 0x5566778899AABBCC;
    ASSERT_EQ(machine().SetState(state), ZX_OK);
    cpu().Push([&](fake::FakeVcpu& vcpu) {
      EXPECT_FALSE(vcpu.regs_given()) << int{number};
      return fake::kGoOn;
    });
    PushEndAt(Machine::kEntry + 3);
    ASSERT_EQ(EnterWithRuns(1), ZX_OK);
  }
}

TEST_F(VcpuMemory, MovLoadsWithoutAnAnswerLeaveTheRegister) {
  Shows("TRAP-MEM-7 TRAP-MEM-9");
  for (const LoadCase& c : kLoads) {
    SCOPED_TRACE(c.name);
    ResetState();
    PutCode(c.code);
    const auto length = static_cast<uint8_t>(c.code.size());
    const zx_vcpu_state_t before = machine().State();
    cpu().Push(MmioRead(kDevice + c.offset, c.size, length, c.into));
    ASSERT_EQ(machine().Enter(), ZX_OK);
    cpu().Push(Do([&](FakeVcpu& vcpu) {
      EXPECT_EQ(vcpu.regs.rax, before.rax);
      EXPECT_EQ(vcpu.regs.rcx, before.rcx);
      EXPECT_EQ(vcpu.regs.rdx, before.rdx);
      EXPECT_EQ(vcpu.regs.r9, before.r9);
    }));
    PushEndAt(Machine::kEntry + length);
    ASSERT_EQ(machine().Enter(), ZX_OK);
  }
}

TEST_F(VcpuMemory, ValuesThatTheLoadCannotGiveAreGivenAllTheSame) {
  Shows("TRAP-MEM-8");
  // A VMM may write what it likes; then the kernel finishes first and the registers are put back.
  PutCode({0x8B, 0x03});  // mov (%rbx),%eax
  cpu().Push(MmioRead(kDevice, 4, 2, {kRax, 4}));
  ASSERT_EQ(machine().Enter(), ZX_OK);
  zx_vcpu_state_t state = machine().State();
  state.rax = 0xFFFFFFFF'00000001;
  state.rbx = 0x1111;
  ASSERT_EQ(machine().SetState(state), ZX_OK);
  PushEndAt(Machine::kEntry + 2);
  ASSERT_EQ(EnterWithRuns(2), ZX_OK);
  EXPECT_EQ(cpu().immediate_runs(), 1u);
  EXPECT_EQ(cpu().regs.rax, 0xFFFFFFFF'00000001u);
  EXPECT_EQ(cpu().regs.rbx, 0x1111u);
}

TEST_F(VcpuMemory, FlagsWrittenAfterALoadSurvive) {
  Shows("TRAP-MEM-8");
  // The emulator writes its own flags back at the completion.
  PutCode({0x8B, 0x03});
  cpu().Push(MmioRead(kDevice, 4, 2, {kRax, 4}));
  ASSERT_EQ(machine().Enter(), ZX_OK);
  zx_vcpu_state_t state = machine().State();
  state.rax = 7;
  state.rflags = 0x2 | 0x40;
  ASSERT_EQ(machine().SetState(state), ZX_OK);
  PushEndAt(Machine::kEntry + 2);
  ASSERT_EQ(EnterWithRuns(2), ZX_OK);
  EXPECT_EQ(cpu().regs.rflags & 0x40, 0x40u);
  EXPECT_EQ(cpu().regs.rax, 7u);
}

TEST_F(VcpuMemory, AluFormsAreFinishedFirst) {
  Shows("TRAP-MEM-7 TRAP-MEM-8");
  // add (%rbx),%eax: the VMM computes sum and flags itself.
  PutCode({0x03, 0x03});
  cpu().Push(MmioReadThen(kDevice, 4, 2, [](FakeVcpu& vcpu, uint64_t data) {
    vcpu.regs.rax = static_cast<uint32_t>(vcpu.regs.rax + data);
    vcpu.regs.rflags |= 0x891;
    return kGoOn;
  }));
  ASSERT_EQ(machine().Enter(), ZX_OK);
  ExpectMemPacket(kDevice, 2);
  zx_vcpu_state_t state = machine().State();
  EXPECT_EQ(state.rax, kValue);
  state.rax = 0x50;
  state.rflags = 0x2 | 0x4;
  ASSERT_EQ(machine().SetState(state), ZX_OK);
  PushEndAt(Machine::kEntry + 2);
  ASSERT_EQ(EnterWithRuns(2), ZX_OK);
  EXPECT_EQ(cpu().regs.rax, 0x50u);
  EXPECT_EQ(cpu().regs.rflags & 0x8D5, 0x4u);
}

TEST_F(VcpuMemory, ReadModifyWriteIsOnePacket) {
  Shows("TRAP-MEM-7 TRAP-MEM-11");
  PutCode({0x01, 0x03});  // add %eax,(%rbx)
  cpu().Push(MmioReadThen(kDevice, 4, 2, [](FakeVcpu& vcpu, uint64_t data) {
    vcpu.CompleteWith([](FakeVcpu&) { return kGoOn; });
    return fake::ExitForWrite(vcpu, kDevice, data + vcpu.regs.rax, 4);
  }));
  ASSERT_EQ(machine().Enter(), ZX_OK);
  ExpectMemPacket(kDevice, 2);
  PushEndAt(Machine::kEntry + 2);
  ASSERT_EQ(EnterWithRuns(3), ZX_OK);
  EXPECT_EQ(packet().type, ZX_PKT_TYPE_GUEST_IO);
  EXPECT_EQ(machine().State().rax, kValue);
}

TEST_F(VcpuMemory, SixteenByteLoadIsOnePacket) {
  Shows("TRAP-MEM-11");
  PutCode({0x0F, 0x10, 0x03});  // movups (%rbx),%xmm0
  cpu().Push(MmioReadThen(kDevice, 8, 3, [](FakeVcpu& vcpu, uint64_t) {
    vcpu.CompleteWith([](FakeVcpu&) { return kGoOn; });
    return fake::ExitForRead(vcpu, kDevice + 8, 8);
  }));
  ASSERT_EQ(machine().Enter(), ZX_OK);
  ExpectMemPacket(kDevice, 3);
  PushEndAt(Machine::kEntry + 3);
  ASSERT_EQ(machine().Enter(), ZX_OK);
  EXPECT_EQ(packet().type, ZX_PKT_TYPE_GUEST_IO);
}

TEST_F(VcpuMemory, ARepeatedLoadThatIsRefusedIsRepeatedExactly) {
  Shows("FAULT-4 FAULT-8");
  // rep lodsb where nothing is mapped: the emulator, asked to finish, exits for each iteration.
  const uint64_t kNowhere = kDevice + 0x100000;
  zx_vcpu_state_t state = machine().State();
  state.rsi = kNowhere;
  state.rcx = 1000;
  ASSERT_EQ(machine().SetState(state), ZX_OK);
  PutCode({0xF3, 0xAC});
  int iterations = 0;
  for (int i = 0; i < 2; ++i) {
    cpu().Push([kNowhere, &iterations](FakeVcpu& vcpu) {
      EXPECT_EQ(vcpu.regs.rip, Machine::kEntry);
      EXPECT_EQ(vcpu.regs.rcx, 1000u);
      EXPECT_EQ(vcpu.regs.rsi, kNowhere);
      auto read = std::make_shared<fake::Step>();
      *read = [again = std::weak_ptr(read), &iterations](FakeVcpu& later) {
        ++iterations;
        later.regs.rsi += 1;
        later.regs.rcx -= 1;
        if (later.regs.rcx == 0) {
          later.regs.rip += 2;
          return kGoOn;
        }
        later.CompleteWith([step = again.lock()](FakeVcpu& next) { return (*step)(next); });
        return fake::ExitForRead(later, later.regs.rsi, 1);
      };
      vcpu.CompleteWith([read](FakeVcpu& later) { return (*read)(later); });
      return fake::ExitForRead(vcpu, kNowhere, 1);
    });
    EXPECT_EQ(machine().Enter(), ZX_ERR_NOT_FOUND);
    EXPECT_EQ(machine().State().rcx, 1000u);
    EXPECT_EQ(machine().State().rsi, kNowhere);
    EXPECT_EQ(iterations, i + 1) << "what others may see of it: once each";
  }
}

TEST_F(VcpuMemory, AKickIsNotLostWhileAnInstructionIsFinished) {
  Shows("KICK-5");
  PutCode({0x03, 0x03});  // add (%rbx),%eax: finished by a run of its own
  cpu().Push(MmioReadThen(kDevice, 4, 2, [this](FakeVcpu&, uint64_t) {
    EXPECT_EQ(zx_vcpu_kick(machine().vcpu), ZX_OK);
    return kGoOn;
  }));
  ASSERT_EQ(machine().Enter(), ZX_OK);
  cpu().Push(fake::Block());
  EXPECT_EQ(machine().Enter(), ZX_ERR_CANCELED);
}

TEST_F(VcpuMemory, RepeatedLoadIsOnePacket) {
  Shows("TRAP-MEM-13");
  // rep lodsb from the device: the remaining iterations are lost.
  zx_vcpu_state_t state = machine().State();
  state.rsi = kDevice;
  state.rcx = 1000;
  ASSERT_EQ(machine().SetState(state), ZX_OK);
  PutCode({0xF3, 0xAC});
  cpu().Push([](FakeVcpu& vcpu) {
    const uint64_t rip = vcpu.regs.rip;
    auto read = std::make_shared<fake::Step>();
    *read = [rip](FakeVcpu& later) {
      later.regs.rsi += 1;
      later.regs.rcx -= 1;
      if (later.regs.rcx != 0) {
        later.CompleteWith([](FakeVcpu&) { return kGoOn; });
        return fake::ExitForRead(later, kDevice + 1, 1);
      }
      later.regs.rip = rip + 2;
      return kGoOn;
    };
    vcpu.CompleteWith([read](FakeVcpu& later) { return (*read)(later); });
    return fake::ExitForRead(vcpu, kDevice, 1);
  });
  ASSERT_EQ(machine().Enter(), ZX_OK);
  ExpectMemPacket(kDevice, 2);
  PushEndAt(Machine::kEntry + 2);
  ASSERT_EQ(machine().Enter(), ZX_OK);
  EXPECT_EQ(packet().type, ZX_PKT_TYPE_GUEST_IO);
}

TEST_F(VcpuMemory, AnInstructionThatNeverEndsIsInternal) {
  PutCode({0x03, 0x03});
  auto again = std::make_shared<fake::Step>();
  *again = [again](FakeVcpu& vcpu) {
    vcpu.CompleteWith(*again);
    return fake::ExitForRead(vcpu, kDevice, 4);
  };
  cpu().Push(*again);
  ASSERT_EQ(machine().Enter(), ZX_OK);
  EXPECT_EQ(machine().Enter(), ZX_ERR_INTERNAL);
  EXPECT_EQ(EnterWithRuns(0), ZX_ERR_INTERNAL);
  cpu().CompleteWith(nullptr);
  *again = nullptr;
}

TEST_F(VcpuMemory, WhatTheDiscardedBytesDidIsUndone) {
  Shows("TRAP-MEM-7");
  // The kernel executes the instruction on bytes that mean nothing: a division may queue #DE, a
  // load of a segment register may change it.
  PutCode({0xF7, 0x33});  // divl (%rbx)
  cpu().Push(MmioReadThen(kDevice, 4, 2, [](FakeVcpu& vcpu, uint64_t) {
    vcpu.RaiseException(0, false);
    vcpu.sregs.ds.base = 0x1000;
    return kGoOn;
  }));
  ASSERT_EQ(machine().Enter(), ZX_OK);
  PushEndAt(Machine::kEntry + 2);
  ASSERT_EQ(machine().Enter(), ZX_OK);
  EXPECT_TRUE(cpu().deliveries().empty());
  EXPECT_EQ(cpu().sregs.ds.base, 0u);
}

// ---- Accesses that no trap takes (FAULT) ----

TEST_F(VcpuMemory, UntrappedLoadLeavesRipAndMayBeRepaired) {
  Shows("FAULT-4 FAULT-8 FAULT-9");
  constexpr uint64_t kHole = 0x300000;
  zx_vcpu_state_t state = machine().State();
  state.rbx = kHole;
  ASSERT_EQ(machine().SetState(state), ZX_OK);
  PutCode({0x8B, 0x03});
  for (int again = 0; again < 2; ++again) {
    cpu().Push(Do([](FakeVcpu& vcpu) { EXPECT_EQ(vcpu.regs.rip, Machine::kEntry); }));
    cpu().Push(MmioRead(kHole, 4, 2, {kRax, 4}));
    EXPECT_EQ(machine().Enter(), ZX_ERR_NOT_FOUND);
    EXPECT_EQ(machine().State().rax, kValue);
  }
  // "a VMM may map the page and re-enter"
  ASSERT_EQ(machine().Map(kHole, 0x1000, ZX_VM_PERM_READ | ZX_VM_PERM_WRITE), ZX_OK);
  EXPECT_NE(machine().memory(kHole), nullptr);
  PushEndAt(Machine::kEntry);
  EXPECT_EQ(machine().Enter(), ZX_OK);
}

TEST_F(VcpuMemory, UntrappedStoreLeavesRip) {
  Shows("FAULT-4 FAULT-8");
  constexpr uint64_t kHole = 0x300000;
  zx_vcpu_state_t state = machine().State();
  state.rbx = state.rdi = kHole;
  state.rsp = kHole + 8;
  state.rcx = 5;
  ASSERT_EQ(machine().SetState(state), ZX_OK);
  const struct {
    std::vector<uint8_t> code;
    uint32_t size;
    uint64_t value;
  } kCases[] = {
      {{0x89, 0x03}, 4, kValue & 0xFFFFFFFF},
      {{0xC6, 0x03, 0x55}, 1, 0x55},
      {{0x50}, 8, kValue},                     // push %rax
      {{0xAB}, 4, kValue & 0xFFFFFFFF},        // stosl
      {{0xF3, 0xAB}, 4, kValue & 0xFFFFFFFF},  // rep stosl, not at its end
  };
  for (const auto& c : kCases) {
    SCOPED_TRACE(int{c.code[0]});
    PutCode(c.code);
    for (int again = 0; again < 2; ++again) {
      cpu().Push([&](FakeVcpu& vcpu) {
        EXPECT_EQ(vcpu.regs.rip, Machine::kEntry);
        const bool repeats = c.code[0] == 0xF3;
        if (c.code[0] == 0x50) vcpu.regs.rsp -= 8;
        if (c.code.back() == 0xAB) vcpu.regs.rdi += 4;
        if (repeats) {
          vcpu.regs.rcx -= 1;
          vcpu.regs.rflags |= kResumeFlag;
        }
        const auto length = static_cast<uint8_t>(repeats ? 0 : c.code.size());
        return MmioWrite(kHole, c.value, c.size, length)(vcpu);
      });
      EXPECT_EQ(machine().Enter(), ZX_ERR_NOT_FOUND);
      const zx_vcpu_state_t now = machine().State();
      EXPECT_EQ(now.rsp, kHole + 8);
      EXPECT_EQ(now.rdi, kHole);
      EXPECT_EQ(now.rcx, 5u);
      EXPECT_EQ(now.rax, kValue);
    }
  }
  PushEndAt(Machine::kEntry);
  EXPECT_EQ(machine().Enter(), ZX_OK);
}

TEST_F(VcpuMemory, StoreThatCannotBeUndoneLeavesRipPast) {
  PutCode({0x90, 0x90});
  cpu().Push(MmioWrite(0x300000, 1, 4, 2));
  EXPECT_EQ(machine().Enter(), ZX_ERR_NOT_FOUND);
  PushEndAt(Machine::kEntry + 2);
  EXPECT_EQ(machine().Enter(), ZX_OK);
}

TEST_F(VcpuMemory, ReadModifyWriteOfNothingLeavesEverything) {
  Shows("FAULT-8 FAULT-11");
  zx_vcpu_state_t state = machine().State();
  state.rbx = 0x300000;
  ASSERT_EQ(machine().SetState(state), ZX_OK);
  PutCode({0x01, 0x03});
  cpu().Push(MmioReadThen(0x300000, 4, 2, [](FakeVcpu& vcpu, uint64_t) {
    vcpu.regs.rflags |= 0x1;
    vcpu.CompleteWith([](FakeVcpu&) { return kGoOn; });
    return fake::ExitForWrite(vcpu, 0x300000, 0, 4);
  }));
  EXPECT_EQ(machine().Enter(), ZX_ERR_NOT_FOUND);
  EXPECT_EQ(machine().State().rflags, 0u);
  PushEndAt(Machine::kEntry);
  EXPECT_EQ(machine().Enter(), ZX_OK);
}

TEST_F(VcpuMemory, BeyondTheSpaceIsOutOfRange) {
  Shows("FAULT-3");
  PutCode({0x8B, 0x03});
  cpu().Push(MmioRead(uint64_t{1} << 48, 4, 2, {kRax, 4}));
  EXPECT_EQ(machine().Enter(), ZX_ERR_OUT_OF_RANGE);
  cpu().Push(MmioWrite(uint64_t{1} << 50, 0, 4, 2));
  EXPECT_EQ(machine().Enter(), ZX_ERR_OUT_OF_RANGE);
}

TEST_F(VcpuMemory, BeyondTheVmoIsOutOfRange) {
  Shows("FAULT-5");
  // A mapping that is longer than its VMO.
  zx_gpaddr_t at = 0;
  ASSERT_EQ(zx_vmar_map(machine().vmar, ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_SPECIFIC,
                        0x400000, machine().vmo, Machine::kMemorySize - 0x1000, 0x3000, &at),
            ZX_OK);
  PutCode({0x8B, 0x03});
  cpu().Push(MmioRead(0x401000, 4, 2, {kRax, 4}));
  EXPECT_EQ(machine().Enter(), ZX_ERR_OUT_OF_RANGE);
}

TEST_F(VcpuMemory, StoreToAReadOnlyMappingIsAccessDenied) {
  Shows("FAULT-6");
  ASSERT_EQ(machine().Map(0x500000, 0x1000, ZX_VM_PERM_READ), ZX_OK);
  zx_vcpu_state_t state = machine().State();
  state.rbx = 0x500000;
  ASSERT_EQ(machine().SetState(state), ZX_OK);
  PutCode({0x89, 0x03});
  for (int again = 0; again < 2; ++again) {
    cpu().Push(Do([](FakeVcpu& vcpu) { EXPECT_EQ(vcpu.regs.rip, Machine::kEntry); }));
    cpu().Push(MmioWrite(0x500000, 0x44332211, 4, 2));
    EXPECT_EQ(machine().Enter(), ZX_ERR_ACCESS_DENIED);
  }
}

TEST_F(VcpuMemory, DestroyedWithALoadOwed) {
  PutCode({0x03, 0x03});
  cpu().Push(MmioReadThen(kDevice, 4, 2, [](FakeVcpu& vcpu, uint64_t) {
    vcpu.CompleteWith([](FakeVcpu&) { return kGoOn; });
    return fake::ExitForRead(vcpu, kDevice, 4);
  }));
  ASSERT_EQ(machine().Enter(), ZX_OK);
  ASSERT_EQ(zx_handle_close(machine().vcpu), ZX_OK);
  ASSERT_EQ(zx_vcpu_create(machine().guest, 0, 0x5000, &machine().vcpu), ZX_OK);
  EXPECT_EQ(cpu().regs.rip, 0x5000u);
}

}  // namespace
}  // namespace zircon
