// What a program in the guest's ring 3 may execute: anything, without an effect on the VMM. Rows:
// VCPU-ENTER-23, INSN-8, MSR-DIRECT-1.

#include <cpuid.h>
#include <fmt/core.h>

#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "contract.h"
#include "guests/user_tries.h"
#include "harness.h"
#include "host.h"

DECLARE_GUEST(compat_call);
DECLARE_GUEST(user_tries);

namespace conformance {
namespace {

using RingThreeTest = KvmTest;

constexpr uint64_t kCode64 = 0x00AFFB000000FFFF;  // ring 3
constexpr uint64_t kCode32 = 0x00CFFB000000FFFF;
constexpr uint64_t kData = 0x00CFF3000000FFFF;
constexpr uint64_t kKernelData = 0x00CF93000000FFFF;

// A task segment with a stack for what comes from ring 3, and the two words of its descriptor.
void MakeTask(Machine& machine, uint64_t descriptor, uint64_t task) {
  machine.At<uint64_t>(descriptor) =
      0x0000890000000067 | (task & 0xFFFFFF) << 16 | (task >> 24) << 56;
  machine.At<uint64_t>(descriptor + 8) = 0;
  machine.At<uint64_t>(task + 4) = GUEST_STACK_TOP;
}

constexpr uint64_t kPresent = 1;
constexpr uint64_t kWritable = 2;
constexpr uint64_t kUser = 4;

void LetUserThrough(Machine& machine, uint64_t entry) {
  machine.At<uint64_t>(entry) = machine.At<uint64_t>(entry) | kUser;
}

bool IsAmd() {
  uint32_t eax = 0;
  uint32_t ebx = 0;
  uint32_t ecx = 0;
  uint32_t edx = 0;
  __get_cpuid(0, &eax, &ebx, &ecx, &edx);
  constexpr uint32_t kHygo = 0x6F677948;  // HygonGenuine
  return ebx == signature_AMD_ebx || ebx == kHygo;
}

// The way that 32-bit programs call a 64-bit kernel on AMD's processors.
TEST_F(RingThreeTest, SyscallFrom32BitCode) {
  Shows("MSR-DIRECT-1 INSN-8");
  Machine machine(GUEST_BLOB(compat_call));
  machine.At<uint64_t>(GUEST_GDT + 0x10) = kKernelData;
  machine.At<uint64_t>(GUEST_GDT + 0x18) = kCode32;
  machine.At<uint64_t>(GUEST_GDT + 0x20) = kData;
  MakeTask(machine, GUEST_GDT + 0x28, GUEST_DATA + 0x400);
  for (const uint64_t entry : {GUEST_PML4, GUEST_POINTER_TABLE, GUEST_DIRECTORY}) {
    LetUserThrough(machine, entry);
  }
  ASSERT_EQ(machine.vcpu().Enter(), ZX_OK);
  if (IsAmd()) {
    ASSERT_TRUE(machine.vcpu().AtCheckpoint(0));
    EXPECT_EQ(machine.vcpu().State().rcx, machine.blob().form(0).rip() + 2);
  } else {
    ASSERT_TRUE(machine.vcpu().AtCheckpoint(1)) << "#UD";
  }
}

std::string Bytes(std::span<const uint8_t> code) {
  std::string text;
  for (const uint8_t byte : code) text += fmt::format("{:02X} ", byte);
  return text;
}

// A guest that tries code in ring 3.
class UserTries {
 public:
  UserTries() : machine_(GUEST_BLOB(user_tries)) {
    machine_.At<uint64_t>(GUEST_GDT + 0x10) = kCode64;
    machine_.At<uint64_t>(GUEST_GDT + 0x18) = kCode32;
    machine_.At<uint64_t>(GUEST_GDT + 0x20) = kData;
    MakeTask(machine_, GUEST_GDT + TRY_TASK, TRY_TASK_SEGMENT);
    machine_.At<uint16_t>(TRY_TASK_SEGMENT + 0x66) = 0xFFFF;  // No port is ring 3's.
    // The first 2 MiB in small pages, of which two are ring 3's.
    for (uint64_t page = 0; page < 512; ++page) {
      machine_.At<uint64_t>(TRY_PAGE_TABLE + 8 * page) = page << 12 | kPresent | kWritable;
    }
    machine_.At<uint64_t>(TRY_PAGE_TABLE + 8 * (TRY_CODE >> 12)) = TRY_CODE | kPresent | kUser;
    machine_.At<uint64_t>(TRY_PAGE_TABLE + 8 * (TRY_DATA >> 12)) =
        TRY_DATA | kPresent | kWritable | kUser;
    machine_.At<uint64_t>(GUEST_DIRECTORY) = TRY_PAGE_TABLE | kPresent | kWritable;
    for (const uint64_t entry : {GUEST_PML4, GUEST_POINTER_TABLE, GUEST_DIRECTORY}) {
      LetUserThrough(machine_, entry);
    }
    const testing::AssertionResult reached = machine_.vcpu().Reaches(0);
    if (!reached) throw std::runtime_error(reached.message());
  }

  // The program comes to an end as all do. Fails fatally when many have not.
  void Expect(std::span<const uint8_t> code, uint64_t code_selector) {
    const zx_status_t status = Run(code, code_selector);
    if (status == ZX_OK && machine_.vcpu().AtCheckpoint(0)) return;
    ADD_FAILURE() << (code_selector == TRY_CODE_64 ? "64" : "32") << " bit: " << Bytes(code) << ": "
                  << Describe(status, machine_.vcpu().packet());
    ASSERT_LT(++refused_, 10) << "and so on";
  }

 private:
  zx_status_t Run(std::span<const uint8_t> code, uint64_t code_selector) {
    constexpr uint64_t kPlace = TRY_CODE + 0x800;  // a short jump leads nowhere but into INT3
    constexpr uint64_t kMiddle = TRY_DATA + 0x800;
    memset(machine_.bytes(TRY_CODE), 0xCC, 0x1000);
    memcpy(machine_.bytes(kPlace), code.data(), code.size());
    memset(machine_.bytes(TRY_DATA), 0, 0x1000);
    const uint64_t frame[] = {kPlace, code_selector, 0x2, kMiddle, TRY_DATA_SELECTOR};
    memcpy(machine_.bytes(TRY_FRAME), frame, sizeof(frame));
    zx_vcpu_state_t state{};
    uint64_t* registers = &state.rax;
    for (int i = 0; i < 16; ++i) registers[i] = kMiddle;
    state.rcx = 3;
    machine_.vcpu().SetState(state);
    return machine_.vcpu().Enter();
  }

  Machine machine_;
  int refused_ = 0;
};

// Every opcode of one and two bytes, with each register field of a ModRM byte, for memory and for a
// register; behind a prefix that chooses another instruction with some of them.
TEST_F(RingThreeTest, NoOpcodeEndsAnEnter) {
  Shows("VCPU-ENTER-23 INSN-8");
  UserTries tries;
  const std::vector<std::vector<uint8_t>> prefixes = {{}, {0x66}, {0xF2}, {0xF3}, {0x48}};
  for (const uint64_t selector : {TRY_CODE_64, TRY_CODE_32}) {
    for (int opcode = 0; opcode < 512; ++opcode) {
      // QEMU's SYSENTER leaves CS with L and D set in 32-bit code of a 64-bit kernel, which no
      // processor enters. AMD's say #UD there, Intel's do it.
      if (IsEmulated() && selector == TRY_CODE_32 && opcode == 256 + 0x34) continue;
      for (const std::vector<uint8_t>& prefix : prefixes) {
        for (int field = 0; field < 16; ++field) {
          if (!prefix.empty() && field % 8 != opcode % 8) continue;
          std::vector<uint8_t> code = prefix;
          if (opcode >= 256) code.push_back(0x0F);
          code.push_back(static_cast<uint8_t>(opcode));
          // [rax] or rcx.
          code.push_back(static_cast<uint8_t>((field % 8) << 3 | (field < 8 ? 0x00 : 0xC1)));
          tries.Expect(code, selector);
          if (HasFatalFailure()) return;
        }
      }
    }
  }
}

// The bytes behind these choose among many instructions, some of which hosts emulate.
TEST_F(RingThreeTest, NoSystemInstructionEndsAnEnter) {
  Shows("VCPU-ENTER-23 INSN-8");
  UserTries tries;
  for (const uint64_t selector : {TRY_CODE_64, TRY_CODE_32}) {
    for (const uint8_t opcode : {0x01, 0xAE, 0xC7}) {
      for (const uint8_t prefix : {0x90, 0x66, 0xF2, 0xF3}) {
        for (int modrm = 0; modrm < 256; ++modrm) {
          tries.Expect(std::vector<uint8_t>{prefix, 0x0F, opcode, static_cast<uint8_t>(modrm)},
                       selector);
          if (HasFatalFailure()) return;
        }
      }
    }
  }
}

}  // namespace
}  // namespace conformance
