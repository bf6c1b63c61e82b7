#include "mmio/mmio_execute.h"

#include "mmio/alu.h"

namespace zvmm {
namespace {

using Kind = MmioInstruction::Kind;
using Register = MmioInstruction::Register;

constexpr uint64_t zx_vcpu_state_t::*kRegisters[] = {
    &zx_vcpu_state_t::rax, &zx_vcpu_state_t::rcx, &zx_vcpu_state_t::rdx, &zx_vcpu_state_t::rbx,
    &zx_vcpu_state_t::rsp, &zx_vcpu_state_t::rbp, &zx_vcpu_state_t::rsi, &zx_vcpu_state_t::rdi,
    &zx_vcpu_state_t::r8,  &zx_vcpu_state_t::r9,  &zx_vcpu_state_t::r10, &zx_vcpu_state_t::r11,
    &zx_vcpu_state_t::r12, &zx_vcpu_state_t::r13, &zx_vcpu_state_t::r14, &zx_vcpu_state_t::r15,
};
constexpr uint8_t kRax = 0;
constexpr uint8_t kRdx = 2;

constexpr uint64_t kRflagsValid = 1 << 1;  // zx_vcpu_write_state() takes the flags only with it.
constexpr uint64_t kZero = 1 << 6;

constexpr uint64_t Mask(uint8_t size) {
  return size == 8 ? ~uint64_t{0} : (uint64_t{1} << (8 * size)) - 1;
}

constexpr uint64_t SignExtend(uint64_t value, uint8_t size) {
  const unsigned shift = 64 - 8u * size;
  return static_cast<uint64_t>(static_cast<int64_t>(value << shift) >> shift);
}

constexpr uint64_t SwapBytes(uint64_t value, uint8_t size) {
  return __builtin_bswap64(value) >> (64 - 8u * size);
}

uint64_t ReadRegister(const Register& reg, const zx_vcpu_state_t& state) {
  const uint64_t value = state.*kRegisters[reg.index];
  return (reg.high_byte ? value >> 8 : value) & Mask(reg.size);
}

void WriteRegister(const Register& reg, uint64_t value, zx_vcpu_state_t& state) {
  uint64_t& target = state.*kRegisters[reg.index];
  if (reg.size >= 4) {
    target = value & Mask(reg.size);  // A 32-bit result clears the upper half.
    return;
  }
  const unsigned shift = reg.high_byte ? 8 : 0;
  const uint64_t mask = Mask(reg.size) << shift;
  target = (target & ~mask) | ((value << shift) & mask);
}

void SetFlags(uint64_t flags, zx_vcpu_state_t& state) {
  state.rflags = (state.rflags & ~kArithmeticFlags) | (flags & kArithmeticFlags) | kRflagsValid;
}

// One access, of one instruction. Refers to all of its arguments.
class Execution {
 public:
  Execution(const MmioInstruction& instruction, uint64_t address, MmioDevice& device,
            zx_vcpu_state_t& state)
      : instruction_(instruction),
        size_(instruction.access_size),
        address_(address),
        device_(device),
        state_(state) {}

  void Load() {
    uint64_t value = ReadMemory();
    if (instruction_.swap_bytes) {
      value = SwapBytes(value, size_);
    }
    WriteRegister(instruction_.reg, instruction_.sign_extend ? SignExtend(value, size_) : value,
                  state_);
  }

  void Store() { WriteMemory(instruction_.swap_bytes ? SwapBytes(Source(), size_) : Source()); }

  void Exchange() {
    const uint64_t memory = ReadMemory();
    WriteMemory(Source());
    WriteRegister(instruction_.reg, memory, state_);
  }

  void Compute() {
    const uint64_t memory = ReadMemory();
    const bool to_memory = instruction_.memory_is_destination;
    uint64_t destination = to_memory ? memory : Source();
    uint64_t source = to_memory ? Source() : memory;
    if (instruction_.has_third) {
      destination = memory;
      source = instruction_.immediate;
    }
    const AluResult result =
        zvmm::Compute(instruction_.operation, size_, destination, source, state_.rflags);
    SetFlags(result.flags, state_);
    if (instruction_.operation == AluOperation::kCmp ||
        instruction_.operation == AluOperation::kTest ||
        instruction_.operation == AluOperation::kBt) {
      return;
    }
    if (to_memory) {
      WriteMemory(result.value);
    } else {
      WriteRegister(instruction_.reg, result.value, state_);
    }
  }

  void DoubleShift() {
    const auto count =
        static_cast<uint8_t>(instruction_.third_is_cl ? state_.rcx : instruction_.immediate);
    const bool left = instruction_.operation == AluOperation::kShl;
    const AluResult result = ComputeDoubleShift(
        left, size_, ReadMemory(), ReadRegister(instruction_.reg, state_), count, state_.rflags);
    SetFlags(result.flags, state_);
    WriteMemory(result.value);
  }

  void Multiply() {
    const bool is_signed = instruction_.operation == AluOperation::kImul;
    const AluProduct product =
        zvmm::Multiply(is_signed, size_, state_.rax, ReadMemory(), state_.rflags);
    SetFlags(product.flags, state_);
    if (size_ == 1) {
      WriteRegister({.index = kRax, .size = 2}, product.high << 8 | product.low, state_);
      return;
    }
    WriteRegister({.index = kRax, .size = size_}, product.low, state_);
    WriteRegister({.index = kRdx, .size = size_}, product.high, state_);
  }

  void ExchangeAdd() {
    const uint64_t memory = ReadMemory();
    const AluResult sum = zvmm::Compute(AluOperation::kAdd, size_, memory, Source(), state_.rflags);
    SetFlags(sum.flags, state_);
    WriteRegister(instruction_.reg, memory, state_);
    WriteMemory(sum.value);
  }

  void CompareExchange() {
    const Register accumulator = {.index = kRax, .size = size_};
    const uint64_t memory = ReadMemory();
    const AluResult difference = zvmm::Compute(
        AluOperation::kCmp, size_, ReadRegister(accumulator, state_), memory, state_.rflags);
    SetFlags(difference.flags, state_);
    if ((difference.flags & kZero) != 0) {
      WriteMemory(Source());
    } else {
      // A processor writes in either case.
      WriteMemory(memory);
      WriteRegister(accumulator, memory, state_);
    }
  }

  void CompareExchange8() {
    const uint64_t memory = ReadMemory();
    const uint64_t expected = state_.rdx << 32 | (state_.rax & Mask(4));
    if (memory == expected) {
      SetFlags(state_.rflags | kZero, state_);
      WriteMemory(state_.rcx << 32 | (state_.rbx & Mask(4)));
    } else {
      SetFlags(state_.rflags & ~kZero, state_);
      WriteMemory(memory);
      state_.rax = memory & Mask(4);
      state_.rdx = memory >> 32;
    }
  }

  void ConditionalMove() {
    const uint64_t memory = ReadMemory();
    const bool holds = ConditionHolds(instruction_.condition, state_.rflags);
    // A 32-bit register loses its upper half in either case.
    WriteRegister(instruction_.reg, holds ? memory : ReadRegister(instruction_.reg, state_),
                  state_);
  }

  void SetCondition() {
    WriteMemory(ConditionHolds(instruction_.condition, state_.rflags) ? 1 : 0);
  }

 private:
  uint64_t ReadMemory() { return device_.Read(address_, size_) & Mask(size_); }
  void WriteMemory(uint64_t value) { device_.Write(address_, size_, value & Mask(size_)); }
  uint64_t Source() const {
    return instruction_.has_register ? ReadRegister(instruction_.reg, state_)
                                     : instruction_.immediate & Mask(size_);
  }

  const MmioInstruction& instruction_;
  const uint8_t size_;
  const uint64_t address_;
  MmioDevice& device_;
  zx_vcpu_state_t& state_;
};

}  // namespace

bool ExecuteMmio(const MmioInstruction& instruction, uint64_t address, MmioDevice& device,
                 zx_vcpu_state_t& state) {
  Execution execution(instruction, address, device, state);
  switch (instruction.kind) {
    case Kind::kStore:
      execution.Store();
      return false;
    case Kind::kSetCondition:
      execution.SetCondition();
      return false;
    case Kind::kLoad:
      execution.Load();
      break;
    case Kind::kExchange:
      execution.Exchange();
      break;
    case Kind::kCompute:
      execution.Compute();
      break;
    case Kind::kDoubleShift:
      execution.DoubleShift();
      break;
    case Kind::kMultiply:
      execution.Multiply();
      break;
    case Kind::kExchangeAdd:
      execution.ExchangeAdd();
      break;
    case Kind::kCompareExchange:
      execution.CompareExchange();
      break;
    case Kind::kCompareExchange8:
      execution.CompareExchange8();
      break;
    case Kind::kConditionalMove:
      execution.ConditionalMove();
      break;
  }
  return true;
}

}  // namespace zvmm
