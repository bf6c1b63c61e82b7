// StoreFinder: which instruction made a store that KVM reports only after it has moved RIP on.
//
// A repeated string still stands at RIP, also when its counter has come to 0; KVM says so by
// RFLAGS.RF, which is set then and clear behind any other instruction. Those end at RIP, so they
// start at one of the 15 bytes before it. A candidate must decode to exactly the distance, write
// memory, and what it would store, by its address, size, value, and by what is memory there, must
// come out in just the pieces that KVM has reported. The registers before it are computed from
// those behind it (vcpu/x86/operand.h).
//
// As long as candidates of more than one width fit the finder asks for the other pieces; as long as
// only the contents of vector registers tell candidates apart, for those. Of several that fit to
// the end the longest wins whose first byte has an effect; a prefix without one is taken for the
// end of the instruction before.
//
// Ownership: the VCPU's; remembers the last code. Thread safety: the owner thread.

#pragma once

#include <array>
#include <cstdint>

#include "kvm/kvm_abi.h"
#include "vcpu/x86/guest_view.h"
#include "vcpu/x86/instruction.h"
#include "vcpu/x86/operand.h"

namespace zircon::vcpu::x86 {

// What is known of a store.
class StoreExit {
 public:
  struct Piece {
    uint64_t gpa = 0;
    uint32_t size = 0;
  };
  static constexpr size_t kMaxPieces = 12;  // 64 bytes over two pages, and to spare

  // The first piece.
  StoreExit(uint64_t gpa, uint32_t size, const uint8_t* data) { Add(gpa, size, data); }

  void Add(uint64_t gpa, uint32_t size, const uint8_t* data);
  // There are no more pieces.
  void Complete() { complete_ = true; }
  // The VCPU's vector registers, for as long as this is asked.
  void SetVectors(const kvm_fpu* fpu) { vectors_ = fpu; }

  size_t count() const { return count_; }
  const Piece& piece(size_t index) const { return pieces_[index]; }
  const uint8_t* data(size_t index) const { return data_ + 8 * index; }
  bool complete() const { return complete_; }
  const kvm_fpu* vectors() const { return vectors_; }

 private:
  Piece pieces_[kMaxPieces];
  uint8_t data_[8 * kMaxPieces];
  size_t count_ = 0;
  bool complete_ = false;
  const kvm_fpu* vectors_ = nullptr;
};

struct Store {
  Instruction insn;
  Progress progress = Progress::kOver;
  // KVM has reported all of it.
  bool whole = true;
  // The registers with which it is executed again.
  kvm_regs before = {};
};

class StoreFinder {
 public:
  enum class Answer {
    kFound,
    kNothingFits,
    kMorePieces,       // ask again when the exit is complete
    kVectorRegisters,  // ask again when the exit has them
  };

  // `regs` as at the exit.
  Answer Find(GuestView& view, const kvm_regs& regs, const kvm_sregs& sregs, const StoreExit& exit,
              Store* found);

 private:
  struct Window {
    uint8_t bytes[kMaxInstructionLength] = {};  // the last ends at RIP
    size_t have = 0;
  };
  // How far a candidate fits what KVM has reported.
  enum class Fit : uint8_t { kNot, kSoFar, kWhole };

  static Window ReadBehind(GuestView& view, const kvm_sregs& sregs, uint64_t linear_end);
  void DecodeEnding(const Window& window, CodeMode mode);
  Answer FindEnding(GuestView& view, const kvm_regs& regs, const kvm_sregs& sregs,
                    const StoreExit& exit, Store* found);
  Answer FindRepeating(GuestView& view, const kvm_regs& regs, const kvm_sregs& sregs,
                       const StoreExit& exit, Store* found);
  // *agrees becomes false where memory speaks against it, which another processor may have changed.
  static Fit FitOf(GuestView& view, const Instruction& candidate, const kvm_regs& before,
                   const kvm_sregs& sregs, const StoreExit& exit, bool* agrees);

  Window window_;
  CodeMode mode_ = CodeMode::k64;
  // The stores that end there, from the shortest on.
  std::array<Instruction, kMaxInstructionLength> ending_;
  size_t ending_count_ = 0;
  DecodeCache repeating_;
};

}  // namespace zircon::vcpu::x86
