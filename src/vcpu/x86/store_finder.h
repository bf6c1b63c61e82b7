// StoreFinder: which instruction made a store that KVM reports only after it has moved RIP on.
//
// A repeated string still stands at RIP, also when its counter has come to 0; KVM says so by
// RFLAGS.RF, which is set then and clear behind any other instruction. Those end at RIP, so they
// start at one of the 15 bytes before it. A candidate must decode to exactly the distance, write
// memory, and what it would store, by its address, size, value, and by what is memory there, must
// come out in just the pieces that KVM has reported. The registers before it are computed from
// those behind it (vcpu/x86/operand.h).
//
// As long as candidates of more than one width fit, or several that memory does not tell apart, or
// what was stored is wanted as a whole (ENTER has pushed RBP, which is another since), the finder
// asks for the other pieces; as long as only the contents of vector registers tell candidates
// apart, for those. Of several that fit to the end the longest wins whose first byte has an effect;
// a prefix without one is taken for the end of the instruction before.
//
// Ownership: the VCPU's; remembers code that it has decoded, and compares it each time. Thread
// safety: the owner thread.

#pragma once

#include <array>
#include <cstdint>
#include <span>

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

  StoreExit() = default;
  StoreExit(uint64_t gpa, uint32_t size, const uint8_t* data) { Begin(gpa, size, data); }

  // Of another store the first piece.
  void Begin(uint64_t gpa, uint32_t size, const uint8_t* data) {
    count_ = 0;
    complete_ = false;
    vectors_ = Vectors::kNotAsked;
    Add(gpa, size, data);
  }
  void Add(uint64_t gpa, uint32_t size, const uint8_t* data);
  // There are no more pieces.
  void Complete() { complete_ = true; }
  // The VCPU's vector registers; null where they cannot be had.
  void SetVectors(const kvm_fpu* fpu) {
    vectors_ = fpu != nullptr ? Vectors::kKnown : Vectors::kUnknown;
    if (fpu != nullptr) fpu_ = *fpu;
  }

  size_t count() const { return count_; }
  const Piece& piece(size_t index) const { return pieces_[index]; }
  const uint8_t* data(size_t index) const { return data_ + 8 * index; }
  bool complete() const { return complete_; }
  const kvm_fpu* vectors() const { return vectors_ == Vectors::kKnown ? &fpu_ : nullptr; }
  bool vectors_asked() const { return vectors_ != Vectors::kNotAsked; }

 private:
  enum class Vectors : uint8_t { kNotAsked, kUnknown, kKnown };

  Piece pieces_[kMaxPieces];
  uint8_t data_[8 * kMaxPieces];
  size_t count_ = 0;
  bool complete_ = false;
  Vectors vectors_ = Vectors::kNotAsked;
  kvm_fpu fpu_;
};

struct Store {
  // Good until the finder is asked again.
  const Instruction* insn = nullptr;
  Progress progress = Progress::kOver;
  // KVM has reported all of it.
  bool whole = true;
  // The value, where the registers before the store follow from it (ENTER).
  uint64_t value = 0;

  // RIP of the instruction, of which `after` are the registers at the exit.
  uint64_t Rip(const kvm_regs& after, const kvm_sregs& sregs) const {
    if (progress == Progress::kRepeats) return after.rip;
    const uint64_t rip = after.rip - insn->length;
    return CodeModeOf(sregs) == CodeMode::k64 ? rip : rip & 0xFFFFFFFF;
  }
  // The registers with which it is executed again.
  kvm_regs Before(const kvm_regs& after, const kvm_sregs& sregs) const {
    return RegistersBefore(*insn, progress, after, sregs, value);
  }
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

  // ---- After a Find() of a store that is not repeated ----

  // All that may end at its RIP.
  std::span<const Instruction> ending() const { return {last_->ending, last_->count}; }
  // The 16 bytes before RIP; null where not all of them could be read.
  const uint8_t* code() const {
    return last_->have == kMaxInstructionLength ? last_->code : nullptr;
  }

 private:
  // How far a candidate fits what KVM has reported.
  enum class Fit : uint8_t { kNot, kSoFar, kWhole };

  // The code before a RIP, and the stores that end there.
  struct Site {
    static constexpr size_t kMaxEnding = kMaxInstructionLength;
    uint64_t rip = ~uint64_t{0};
    CodeMode mode = CodeMode::k64;
    uint8_t have = 0;                // how much of the code could be read
    uint8_t count = 0;               // of `ending`
    uint8_t code[16] = {};           // the last byte is the one before RIP
    Instruction ending[kMaxEnding];  // from the shortest on
  };
  static constexpr size_t kSites = 4;

  Site& SiteAt(GuestView& view, const kvm_regs& regs, const kvm_sregs& sregs);
  static void DecodeEnding(Site* site);
  Answer FindEnding(GuestView& view, const kvm_regs& regs, const kvm_sregs& sregs,
                    const StoreExit& exit, Store* found);
  Answer FindRepeating(GuestView& view, const kvm_regs& regs, const kvm_sregs& sregs,
                       const StoreExit& exit, Store* found);
  // *agrees becomes false where memory speaks against it, which another processor may have changed.
  static Fit FitOf(GuestView& view, const Instruction& candidate, const kvm_regs& before,
                   uint64_t next_rip, const kvm_sregs& sregs, const StoreExit& exit, bool* agrees);

  std::array<Site, kSites> sites_;
  const Site* last_ = &sites_[0];
  DecodeCache repeating_;
  Instruction repeating_insn_;
};

}  // namespace zircon::vcpu::x86
