// Loads and stores whose instruction is remembered: what an exit that looks like the last one
// gives, and that anything which has changed since is seen. Rows: TRAP-MEM.

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <vector>

#include "contract.h"
#include "fake/machine_test.h"
#include "vcpu/x86/evidence.h"

namespace zircon {
namespace {

using fake::Do;
using fake::FakeVcpu;
using fake::LoadInto;
using fake::Machine;
using fake::MmioRead;
using fake::MmioReadThen;
using fake::MmioWrite;

constexpr uint64_t kDevice = Machine::kDeviceAddress;
constexpr uint64_t kOtherDevice = kDevice + 0x1000;
constexpr uint64_t kTrapFlag = 1u << 8;
// Of the page tables at 0: the entry of the two megabytes that the device is in.
constexpr uint64_t kDeviceEntry = 0x2000 + 8 * (kDevice >> 21);

class KnownAccess : public fake::OnMachine {
 protected:
  void SetUp() override {
    OnMachine::SetUp();
    ASSERT_EQ(machine().TrapMemory(kDevice, 0x2000, 7), ZX_OK);
    zx_vcpu_state_t state = {};
    state.rax = 0x8877665544332211;
    state.rbx = kDevice;
    state.rcx = 2;
    ASSERT_EQ(machine().SetState(state), ZX_OK);
  }
  // Code whose RIP at the exit is `rip_`.
  void PutCode(const std::vector<uint8_t>& code) {
    machine().CodeAt(start_ - 32, std::vector<uint8_t>(64, 0x90));
    machine().CodeAt(start_, code);
    length_ = static_cast<uint8_t>(code.size());
  }
  // The guest comes to the instruction, and the access is made.
  zx_status_t Enter(fake::Step step, const std::function<void(FakeVcpu&)>& before = {}) {
    cpu().Push(Do([this, before](FakeVcpu& vcpu) {
      vcpu.regs.rip = start_;
      if (before) before(vcpu);
    }));
    cpu().Push(std::move(step));
    return machine().Enter();
  }
  zx_status_t Store(uint64_t gpa, uint64_t value, uint32_t size,
                    const std::function<void(FakeVcpu&)>& before = {}) {
    return Enter(MmioWrite(gpa, value, size, length_), before);
  }
  void ExpectPacket(uint64_t address, uint64_t rip, uint8_t length) {
    EXPECT_EQ(packet().key, 7u);
    EXPECT_EQ(packet().type, ZX_PKT_TYPE_GUEST_MEM);
    EXPECT_EQ(packet().status, ZX_OK);
    EXPECT_EQ(packet().guest_mem.addr, address);
    EXPECT_EQ(packet().guest_mem.cr3, cpu().sregs.cr3);
    EXPECT_EQ(packet().guest_mem.rip, rip);
    EXPECT_EQ(packet().guest_mem.instruction_size, length);
    EXPECT_EQ(packet().guest_mem.default_operand_size, 4);
  }

  uint64_t start_ = Machine::kEntry + 0x100;
  uint8_t length_ = 0;
};

struct Form {
  const char* name;
  std::vector<uint8_t> code;
  uint64_t offset;
  uint64_t value;
  uint32_t size;
};

const Form kForms[] = {
    {"mov %al,(%rbx)", {0x88, 0x03}, 0, 0x11, 1},
    {"mov %ah,(%rbx)", {0x88, 0x23}, 0, 0x22, 1},
    {"mov %ax,(%rbx)", {0x66, 0x89, 0x03}, 0, 0x2211, 2},
    {"mov %eax,8(%rbx,%rcx,4)", {0x89, 0x44, 0x8B, 8}, 16, 0x44332211, 4},
    {"mov %rax,(%rbx)", {0x48, 0x89, 0x03}, 0, 0x8877665544332211, 8},
    {"movl $0x12345678,4(%rbx)", {0xC7, 0x43, 4, 0x78, 0x56, 0x34, 0x12}, 4, 0x12345678, 4},
    {"movq $-2,(%rbx)", {0x48, 0xC7, 0x03, 0xFE, 0xFF, 0xFF, 0xFF}, 0, ~uint64_t{1}, 8},
    {"mov %eax,%fs:(%rbx)", {0x64, 0x89, 0x03}, 0, 0x44332211, 4},
    {"mov %eax,(%rip)", {0x89, 0x05, 0xFA, 0xBE, 0x1F, 0}, 0, 0x44332211, 4},
    {"stosl", {0xAB}, 0, 0x44332211, 4},
};

TEST_F(KnownAccess, EachStoreOfALoopIsToldAsTheFirst) {
  Shows("TRAP-MEM-1 TRAP-MEM-2 TRAP-MEM-3");
  // In the middle of a page, at its beginning and a little behind, where code lies in two.
  for (const uint64_t start : {0x4100, 0x5000, 0x5003, 0x500C}) {
    start_ = start;
    for (const Form& form : kForms) {
      SCOPED_TRACE(form.name);
      PutCode(form.code);
      // RIP-relative: another displacement for each place.
      const bool relative = form.code.size() == 6;
      if (relative) {
        const auto distance = static_cast<uint32_t>(kDevice - (start_ + 6));
        std::vector<uint8_t> code = {0x89, 0x05};
        for (int i = 0; i < 4; ++i) code.push_back(static_cast<uint8_t>(distance >> (8 * i)));
        PutCode(code);
      }
      for (int i = 0; i < 12; ++i) {
        const bool string = form.code[0] == 0xAB;
        ASSERT_EQ(Store(kDevice + form.offset, form.value, form.size,
                        [&](FakeVcpu& vcpu) {
                          // KVM has moved it when it reports.
                          if (string) vcpu.regs.rdi = kDevice + 4;
                        }),
                  ZX_OK);
        ExpectPacket(kDevice + form.offset, start_, static_cast<uint8_t>(form.code.size()));
      }
    }
  }
}

TEST_F(KnownAccess, EachLoadOfALoopIsToldAsTheFirst) {
  Shows("TRAP-MEM-1 TRAP-MEM-3 TRAP-MEM-8");
  const std::vector<std::vector<uint8_t>> codes = {
      {0x8B, 0x03},              // mov (%rbx),%eax
      {0x48, 0x0F, 0xBE, 0x03},  // movsbq (%rbx),%rax
      {0x03, 0x03},              // add (%rbx),%eax: finished by the kernel
  };
  for (const uint64_t start : {0x4100, 0x4FFE, 0x4FFF, 0x5000}) {
    start_ = start;
    for (size_t c = 0; c < codes.size(); ++c) {
      SCOPED_TRACE(c);
      PutCode(codes[c]);
      const uint32_t size = c == 1 ? 1 : 4;
      const LoadInto into = {0, static_cast<uint8_t>(c == 1 ? 8 : 4), c == 1};
      for (uint32_t i = 0; i < 12; ++i) {
        ASSERT_EQ(Enter(MmioRead(kDevice + 8, size, length_, into)), ZX_OK);
        ExpectPacket(kDevice + 8, start_, length_);
        zx_vcpu_state_t state = machine().State();
        state.rax = i;
        ASSERT_EQ(machine().SetState(state), ZX_OK);
        cpu().Push(Do([i, rip = start_ + length_](FakeVcpu& vcpu) {
          EXPECT_EQ(vcpu.regs.rax, i);
          EXPECT_EQ(vcpu.regs.rip, rip);
        }));
      }
    }
  }
}

// KVM tells of its pieces one after the other; the first alone is less than the instruction takes.
TEST_F(KnownAccess, AKnownLoadOverTwoPagesIsOnePacket) {
  Shows("TRAP-MEM-11");
  PutCode({0x8B, 0x03});  // mov (%rbx),%eax
  const auto load_in_pieces = MmioReadThen(kDevice + 0xFFE, 2, 2, [](FakeVcpu& vcpu, uint64_t) {
    vcpu.CompleteWith([](FakeVcpu&) { return fake::kGoOn; });
    return fake::ExitForRead(vcpu, kDevice + 0x1000, 2);
  });
  for (uint32_t i = 0; i < 12; ++i) {
    const bool in_pieces = i % 4 == 3;
    const uint64_t address = kDevice + (in_pieces ? 0xFFE : 8);
    const auto set_address = [address](FakeVcpu& vcpu) { vcpu.regs.rbx = address; };
    ASSERT_EQ(Enter(in_pieces ? load_in_pieces : MmioRead(address, 4, 2, {0, 4}), set_address),
              ZX_OK);
    ExpectPacket(address, start_, 2);
    zx_vcpu_state_t state = machine().State();
    state.rax = 0x12345678 + i;
    ASSERT_EQ(machine().SetState(state), ZX_OK);
    cpu().Push(Do([i, rip = start_ + 2](FakeVcpu& vcpu) {
      EXPECT_EQ(vcpu.regs.rax, 0x12345678 + i);
      EXPECT_EQ(vcpu.regs.rip, rip);
    }));
  }
}

// The last bytes of code are memory's own, at any distance to a page's end.
TEST_F(KnownAccess, CodeThatWasChangedIsLookedAtAgain) {
  Shows("TRAP-MEM-3");
  for (const uint64_t start : {0x4100, 0x5000, 0x5001}) {
    start_ = start;
    PutCode({0x89, 0x03});
    for (int i = 0; i < 5; ++i) ASSERT_EQ(Store(kDevice, 0x44332211, 4), ZX_OK);
    PutCode({0x67, 0x89, 0x03});  // the same effect, and one byte more
    ASSERT_EQ(Store(kDevice, 0x44332211, 4), ZX_OK);
    ExpectPacket(kDevice, start_, 3);
    // Before the instruction: 48 is a prefix of the one that is there, of no effect on its length.
    PutCode({0x89, 0x03});
    for (int i = 0; i < 5; ++i) ASSERT_EQ(Store(kDevice, 0x44332211, 4), ZX_OK);
    machine().CodeAt(start_ - 1, {0x48});
    ASSERT_EQ(Store(kDevice, 0x44332211, 4), ZX_OK);
    ExpectPacket(kDevice, start_, 2);
    ASSERT_EQ(Store(kDevice, 0x8877665544332211, 8), ZX_OK);
    ExpectPacket(kDevice, start_ - 1, 3);
  }
  PutCode({0x8B, 0x03});
  for (int i = 0; i < 5; ++i) ASSERT_EQ(Enter(MmioRead(kDevice, 4, 2, LoadInto{0, 4})), ZX_OK);
  PutCode({0x67, 0x8B, 0x03});
  ASSERT_EQ(Enter(MmioRead(kDevice, 4, 3, LoadInto{0, 4})), ZX_OK);
  ExpectPacket(kDevice, start_, 3);
}

TEST_F(KnownAccess, TheOperandIsComputedEachTime) {
  Shows("TRAP-MEM-1 TRAP-MEM-3");
  PutCode({0x89, 0x03});
  for (int i = 0; i < 5; ++i) ASSERT_EQ(Store(kDevice, 0x44332211, 4), ZX_OK);
  // Another place in the page, another page of the same trap.
  for (const uint64_t place : {kDevice + 0x10, kOtherDevice, kDevice}) {
    ASSERT_EQ(Store(place, 0x44332211, 4, [&](FakeVcpu& vcpu) { vcpu.regs.rbx = place; }), ZX_OK);
    ExpectPacket(place, start_, 2);
  }
  // A store that this instruction has not made, by its address or by its value.
  ASSERT_EQ(Store(kDevice + 4, 0x44332211, 4), ZX_OK);
  ExpectPacket(kDevice + 4, start_ + 2, 0);
  ASSERT_EQ(Store(kDevice, 0x44332212, 4), ZX_OK);
  ExpectPacket(kDevice, start_ + 2, 0);
}

TEST_F(KnownAccess, TablesThatWereChangedAreWalkedAgain) {
  Shows("TRAP-MEM-3");
  PutCode({0x89, 0x03});
  for (int i = 0; i < 5; ++i) ASSERT_EQ(Store(kDevice, 0x44332211, 4), ZX_OK);
  auto* entry = reinterpret_cast<uint64_t*>(machine().memory(kDeviceEntry));
  const uint64_t before = *entry;
  // The linear address leads to other two megabytes: this instruction has not stored there.
  *entry = before + 0x200000;
  ASSERT_EQ(Store(kDevice, 0x44332211, 4), ZX_OK);
  ExpectPacket(kDevice, start_ + 2, 0);
  // What the processor itself marks is no change.
  *entry = before | 0x60;
  ASSERT_EQ(Store(kDevice, 0x44332211, 4), ZX_OK);
  ExpectPacket(kDevice, start_, 2);
}

TEST_F(KnownAccess, AnotherAddressSpaceIsSeen) {
  Shows("TRAP-MEM-2 TRAP-MEM-3");
  constexpr uint64_t kTables = 0x10000, kPage = 0x20000;
  PutCode({0x8B, 0x03});
  const auto load = [&](uint8_t length) {
    return Enter(MmioRead(kDevice, 4, length, LoadInto{0, 4}));
  };
  for (int i = 0; i < 5; ++i) ASSERT_EQ(load(2), ZX_OK);
  // Tables that have another page where the code is.
  auto* tables = reinterpret_cast<uint64_t*>(machine().memory(kTables));
  tables[0] = (kTables + 0x1000) | 3;
  tables[512] = (kTables + 0x2000) | 3;
  tables[1024] = (kTables + 0x3000) | 3;
  for (uint64_t i = 0; i < 512; ++i) tables[1536 + i] = i << 12 | 3;
  tables[1536 + start_ / 4096] = kPage | 3;
  machine().CodeAt(kPage + start_ % 4096, {0x67, 0x8B, 0x03});
  cpu().Push(Do([](FakeVcpu& vcpu) { vcpu.sregs.cr3 = kTables; }));
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(load(3), ZX_OK);
    ExpectPacket(kDevice, start_, 3);
  }
  cpu().Push(Do([](FakeVcpu& vcpu) { vcpu.sregs.cr3 = 0; }));
  ASSERT_EQ(load(2), ZX_OK);
  ExpectPacket(kDevice, start_, 2);
}

TEST_F(KnownAccess, ASingleStepIsOwedStill) {
  Shows("TRAP-MEM-10");
  PutCode({0x89, 0x03});
  for (int i = 0; i < 5; ++i) ASSERT_EQ(Store(kDevice, 0x44332211, 4), ZX_OK);
  ASSERT_EQ(Store(kDevice, 0x44332211, 4, [](FakeVcpu& vcpu) { vcpu.regs.rflags |= kTrapFlag; }),
            ZX_OK);
  ExpectPacket(kDevice, start_, 2);
  cpu().Push(Do([](FakeVcpu& vcpu) { vcpu.regs.rflags &= ~kTrapFlag; }));
  ASSERT_EQ(Store(kDevice, 0x44332211, 4), ZX_OK);
  ASSERT_EQ(cpu().deliveries().size(), 1u);
  EXPECT_EQ(cpu().deliveries()[0].vector, 1);
}

TEST_F(KnownAccess, ChangedSlotsForgetAllOfIt) {
  Shows("TRAP-MEM-1");
  constexpr uint64_t kPage = 0x300000;
  const auto map = [&] { return machine().Map(kPage, 0x1000, ZX_VM_PERM_READ | ZX_VM_PERM_WRITE); };
  ASSERT_EQ(map(), ZX_OK);
  start_ = kPage + 0x80;
  PutCode({0x89, 0x03});
  for (int i = 0; i < 5; ++i) ASSERT_EQ(Store(kDevice, 0x44332211, 4), ZX_OK);
  ASSERT_EQ(zx_vmar_unmap(machine().vmar, kPage, 0x1000), ZX_OK);
  // Nor is the memory looked at, of which nothing may be left.
  ASSERT_EQ(Store(kDevice, 0x44332211, 4), ZX_OK);
  EXPECT_EQ(packet().guest_mem.instruction_size, 0u);
  ASSERT_EQ(map(), ZX_OK);
  PutCode({0x67, 0x89, 0x03});
  ASSERT_EQ(Store(kDevice, 0x44332211, 4), ZX_OK);
  ExpectPacket(kDevice, start_, 3);
}

TEST(Evidence, BytesAreComparedAndNoneBesideThem) {
  alignas(4096) static uint8_t page[4096];
  for (const size_t at : {size_t{0}, size_t{13}, sizeof(page) - 20, sizeof(page) - 8}) {
    for (size_t count = 1; count <= 20 && at + count <= sizeof(page); ++count) {
      std::fill(std::begin(page), std::end(page), uint8_t{0x90});
      vcpu::x86::Evidence evidence;
      ASSERT_TRUE(evidence.AddBytes(page + at, page + at, count));
      for (size_t i = at < 8 ? 0 : at - 8; i < std::min(at + count + 8, sizeof(page)); ++i) {
        page[i] ^= 1;
        EXPECT_EQ(evidence.Holds(), i < at || i >= at + count) << at << ' ' << count << ' ' << i;
        page[i] ^= 1;
      }
    }
  }
}

TEST(Evidence, ThereIsRoomForSoManyWords) {
  static const uint64_t words[32] = {};
  vcpu::x86::Evidence evidence;
  const auto* where = reinterpret_cast<const uint8_t*>(words);
  size_t added = 0;
  while (added < 32 && evidence.AddWord(where + 8 * added, 0, ~uint64_t{0})) ++added;
  EXPECT_EQ(added, 14u);
  EXPECT_TRUE(evidence.AddWord(where, 0, ~uint64_t{0})) << "it is there already";
}

}  // namespace
}  // namespace zircon
