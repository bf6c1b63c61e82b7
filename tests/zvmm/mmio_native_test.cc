// What zvmm makes of an instruction with an operand in memory, beside what the processor makes of
// it: every opcode with a ModRM byte is tried, in all sizes, with all registers.

#include <gtest/gtest.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <zircon/syscalls/hypervisor.h>

#include <cstring>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "mmio/mmio_decode.h"
#include "mmio/mmio_execute.h"

namespace zvmm {
namespace {

// The registers as zx_vcpu_state_t has them, RSP aside, which stays the host's.
constexpr uint64_t kFlagsTried = kArithmeticFlags;
constexpr uint64_t kZero = 1 << 6;
constexpr uint64_t kUndefinedOfMultiply = 0xD4;  // All but carry and overflow.

// Memory that is a device.
class Memory : public MmioDevice {
 public:
  std::string_view name() const override { return "memory"; }
  uint64_t Read(uint64_t address, uint8_t size) override {
    uint64_t read = 0;
    std::memcpy(&read, &value, size);
    return read;
  }
  void Write(uint64_t address, uint8_t size, uint64_t written) override {
    std::memcpy(&value, &written, size);
  }
  uint64_t value = 0;
};

sigjmp_buf g_escape;
void Escape(int) { siglongjmp(g_escape, 1); }

// Runs one instruction on the processor. Its memory operand is [rdi], which points to `memory`.
class Processor {
 public:
  Processor()
      : code_(static_cast<uint8_t*>(mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))) {
    EXPECT_NE(code_, MAP_FAILED);
    struct sigaction action = {};
    action.sa_handler = Escape;
    action.sa_flags = static_cast<int>(SA_NODEFER);
    sigaction(SIGILL, &action, nullptr);
    sigaction(SIGFPE, &action, nullptr);
    sigaction(SIGSEGV, &action, nullptr);
  }
  ~Processor() {
    for (const int number : {SIGILL, SIGFPE, SIGSEGV}) {
      signal(number, SIG_DFL);
    }
    munmap(code_, 4096);
  }

  // False if this processor does not have it. RSP and RDI of the state are not used.
  bool Run(const std::vector<uint8_t>& instruction, zx_vcpu_state_t& state, uint64_t& memory) {
    uint8_t* at = code_;
    const auto emit = [&at](std::initializer_list<int> bytes) {
      for (const int byte : bytes) {
        *at++ = static_cast<uint8_t>(byte);
      }
    };
    const auto emit64 = [&at](uint64_t value) {
      std::memcpy(at, &value, sizeof(value));
      at += sizeof(value);
    };
    // push rbx, rbp, r12 to r15, and the state's address, which is in rsi.
    emit({0x53, 0x55, 0x41, 0x54, 0x41, 0x55, 0x41, 0x56, 0x41, 0x57, 0x56});
    emit({0x57});        // push rdi, the memory's address, for a moment
    emit({0x48, 0xB8});  // mov rax, flags
    emit64((state.rflags & kFlagsTried) | 2);
    emit({0x50, 0x9D});  // push rax; popf
    emit({0x5F});        // pop rdi
    for (unsigned i = 0; i < 16; ++i) {
      if (i == 4 || i == 7) {
        continue;
      }
      emit({i < 8 ? 0x48 : 0x49, 0xB8 + static_cast<int>(i % 8)});  // mov reg, value
      emit64((&state.rax)[i]);
    }
    at = std::copy(instruction.begin(), instruction.end(), at);
    // Store all: push flags, then rax for room; then the state's address to rax.
    emit({0x9C, 0x50});                    // pushf; push rax
    emit({0x48, 0x8B, 0x44, 0x24, 0x10});  // mov rax, [rsp+16]
    for (unsigned i = 1; i < 16; ++i) {
      if (i == 4 || i == 7) {
        continue;
      }
      emit({i < 8 ? 0x48 : 0x4C, 0x89, 0x40 | static_cast<int>(i % 8) << 3,
            static_cast<int>(8 * i)});  // mov [rax+8*i], reg
    }
    emit({0x59, 0x48, 0x89, 0x08});  // pop rcx; mov [rax], rcx
    emit({0x59, 0x48, 0x89, 0x88});  // pop rcx; mov [rax+128], rcx
    emit({0x80, 0, 0, 0});
    emit({0x5E, 0x41, 0x5F, 0x41, 0x5E, 0x41, 0x5D, 0x41, 0x5C, 0x5D, 0x5B, 0xC3});
    if (sigsetjmp(g_escape, 1) != 0) {
      return false;
    }
    reinterpret_cast<void (*)(uint64_t*, zx_vcpu_state_t*)>(code_)(&memory, &state);
    return true;
  }

 private:
  uint8_t* const code_;
};

// Instructions with a ModRM byte that names [rdi], for one opcode: with each register or extension
// in it, each size, and the lock prefix where it is allowed (a processor says so).
std::vector<std::vector<uint8_t>> FormsOf(const std::vector<uint8_t>& opcode) {
  std::vector<std::vector<uint8_t>> forms;
  const std::vector<uint8_t> prefixes[] = {{},           {0x66},       {0x48},      {0x44},
                                           {0x4C},       {0x66, 0x44}, {0x40},      {0xF0},
                                           {0xF0, 0x48}, {0xF0, 0x66}, {0x66, 0x48}};
  for (const std::vector<uint8_t>& prefix : prefixes) {
    for (uint8_t reg = 0; reg < 8; ++reg) {
      std::vector<uint8_t> form = prefix;
      form.insert(form.end(), opcode.begin(), opcode.end());
      form.push_back(static_cast<uint8_t>(reg << 3 | 7));
      // Room for an immediate value.
      form.insert(form.end(), {0x85, 0x43, 0x21, 0x87});
      forms.push_back(std::move(form));
    }
  }
  return forms;
}

class MmioNativeTest : public testing::Test {
 protected:
  // Tries a form with several operands; notes what was understood.
  void Try(const std::vector<uint8_t>& form) {
    const auto instruction = DecodeMmio(form);
    if (!instruction.ok()) {
      return;
    }
    const std::vector<uint8_t> bytes(form.begin(), form.begin() + instruction->length);
    const auto uses = [&](uint8_t index) {
      return instruction->has_register && instruction->reg.index == index;
    };
    if (uses(4) || uses(7)) {
      return;  // RSP is the host's, and RDI the address.
    }
    std::string text;
    for (const uint8_t byte : bytes) {
      constexpr char kDigits[] = "0123456789abcdef";
      text += {kDigits[byte >> 4], kDigits[byte & 15]};
    }
    for (unsigned round = 0; round < 12; ++round) {
      zx_vcpu_state_t before = {};
      for (unsigned i = 0; i < 16; ++i) {
        (&before.rax)[i] = Number(round);
      }
      before.rsp = before.rdi = 0;
      const bool tests_bit = instruction->kind == MmioInstruction::Kind::kCompute &&
                             instruction->operation >= AluOperation::kBt &&
                             instruction->operation <= AluOperation::kBtc;
      if (tests_bit && instruction->has_register) {
        // A number beyond the operand's bits moves its address.
        (&before.rax)[instruction->reg.index] %= 8u * instruction->access_size;
      }
      before.rflags = random_() & kFlagsTried;
      const uint64_t memory = round % 3 == 0 ? before.rax : Number(round);
      if (!Compare(bytes, *instruction, before, memory)) {
        ADD_FAILURE() << text;
        return;
      }
    }
    ++tried_;
  }

  // Numbers where something happens.
  uint64_t Number(unsigned round) {
    constexpr uint64_t kCorners[] = {0,          1,          0x7F,         0x80,
                                     0xFF,       0x7FFF,     0x8000,       0xFFFF,
                                     0x7FFFFFFF, 0x80000000, ~uint64_t{0}, uint64_t{1} << 63};
    return round % 2 == 0 ? random_() : kCorners[random_() % std::size(kCorners)];
  }

  bool Compare(const std::vector<uint8_t>& bytes, const MmioInstruction& instruction,
               const zx_vcpu_state_t& before, uint64_t memory) {
    zx_vcpu_state_t native = before;
    uint64_t native_memory = memory;
    if (!processor_.Run(bytes, native, native_memory)) {
      return true;  // Not on this processor, or not with this prefix.
    }
    zx_vcpu_state_t ours = before;
    Memory device;
    device.value = memory;
    const bool changed = ExecuteMmio(instruction, 0, device, ours);
    if (!changed) {
      EXPECT_EQ(std::memcmp(&ours, &before, sizeof(ours)), 0);
    }
    uint64_t flags = kArithmeticFlags;
    const bool multiplies = instruction.kind == MmioInstruction::Kind::kMultiply;
    const bool scans =
        instruction.operation == AluOperation::kBsf || instruction.operation == AluOperation::kBsr;
    if (multiplies) {
      flags &= ~kUndefinedOfMultiply;
    }
    bool same = native_memory == device.value && ((native.rflags ^ ours.rflags) & flags) == 0;
    for (unsigned i = 0; i < 16; ++i) {
      // Without a bit that is set the destination is undefined.
      const bool undefined = scans && (native.rflags & kZero) != 0 &&
                             instruction.kind == MmioInstruction::Kind::kCompute &&
                             i == instruction.reg.index;
      if (i != 4 && i != 7 && !undefined) {
        same = same && (&native.rax)[i] == (&ours.rax)[i];
      }
    }
    if (!same) {
      ADD_FAILURE() << std::hex << "memory " << memory << ": " << native_memory << ", ours "
                    << device.value << "; rax " << before.rax << ": " << native.rax << ", ours "
                    << ours.rax << "; flags " << before.rflags << ": "
                    << (native.rflags & kArithmeticFlags) << ", ours "
                    << (ours.rflags & kArithmeticFlags);
    }
    return same;
  }

  Processor processor_;
  std::mt19937_64 random_{20261129};
  unsigned tried_ = 0;
};

TEST_F(MmioNativeTest, EveryInstructionThatIsUnderstoodDoesWhatTheProcessorDoes) {
  for (unsigned byte = 0; byte < 0x100; ++byte) {
    const auto opcode = static_cast<uint8_t>(byte);
    for (const std::vector<uint8_t>& form : FormsOf({opcode})) {
      Try(form);
    }
    for (const std::vector<uint8_t>& form : FormsOf({0x0F, opcode})) {
      Try(form);
    }
    for (const std::vector<uint8_t>& form : FormsOf({0x0F, 0x38, opcode})) {
      Try(form);
    }
  }
  EXPECT_GT(tried_, 2000u) << "else this shows little";
}

TEST_F(MmioNativeTest, AllFormsOfArithmeticAreUnderstood) {
  struct Form {
    std::vector<uint8_t> opcode;
    std::set<unsigned> extensions;  // Of the ModRM byte.
  };
  const std::set<unsigned> all = {0, 1, 2, 3, 4, 5, 6, 7};
  std::vector<Form> forms;
  for (unsigned operation = 0; operation < 8; ++operation) {
    for (unsigned direction = 0; direction < 4; ++direction) {
      forms.push_back({{static_cast<uint8_t>(operation << 3 | direction)}, all});
    }
  }
  for (const uint8_t opcode : {0x80, 0x81, 0x83, 0xC0, 0xC1, 0xD0, 0xD1, 0xD2, 0xD3, 0x84,
                               0x85, 0x86, 0x87, 0x88, 0x89, 0x8A, 0x8B, 0x63, 0x69, 0x6B}) {
    forms.push_back({{opcode}, all});
  }
  forms.push_back({{0xF6}, {0, 1, 2, 3, 4, 5}});
  forms.push_back({{0xF7}, {0, 1, 2, 3, 4, 5}});
  forms.push_back({{0xFE}, {0, 1}});
  forms.push_back({{0xFF}, {0, 1}});
  forms.push_back({{0xC6}, {0}});
  forms.push_back({{0xC7}, {0}});
  for (const uint8_t opcode : {0xA3, 0xAB, 0xB3, 0xBB, 0xBC, 0xBD, 0xA4, 0xA5, 0xAC, 0xAD,
                               0xAF, 0xB0, 0xB1, 0xC0, 0xC1, 0xC3, 0xB6, 0xB7, 0xBE, 0xBF}) {
    forms.push_back({{0x0F, opcode}, all});
  }
  forms.push_back({{0x0F, 0xBA}, {4, 5, 6, 7}});
  forms.push_back({{0x0F, 0xC7}, {1}});
  for (uint8_t code = 0; code < 16; ++code) {
    forms.push_back({{0x0F, static_cast<uint8_t>(0x40 | code)}, all});
    forms.push_back({{0x0F, static_cast<uint8_t>(0x90 | code)}, all});
  }
  for (const Form& form : forms) {
    for (const unsigned extension : form.extensions) {
      std::vector<uint8_t> bytes = form.opcode;
      bytes.push_back(static_cast<uint8_t>(extension << 3 | 7));
      bytes.insert(bytes.end(), {1, 2, 3, 4});
      EXPECT_TRUE(DecodeMmio(bytes).ok()) << DecodeMmio(bytes).status();
    }
  }
}

}  // namespace
}  // namespace zvmm
