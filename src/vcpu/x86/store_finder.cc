#include "vcpu/x86/store_finder.h"

#include <cstring>

namespace zircon::vcpu::x86 {
namespace {

constexpr uint64_t kPageMask = 4095;
constexpr uint8_t kRsp = 4;
constexpr uint8_t kRdi = 7;
constexpr uint64_t kDirectionFlag = 1u << 10;

bool SameEffect(const Instruction& a, const Instruction& b) {
  return a.form == b.form && a.memory == b.memory && a.reg == b.reg &&
         a.has_immediate == b.has_immediate && a.immediate == b.immediate &&
         a.repeated == b.repeated;
}

// STOS and MOVS have moved RDI on by the time of the exit.
bool MovesRdi(const Instruction& insn) {
  return insn.form == Form::kOther && insn.memory.segment == kEs && insn.memory.base == kRdi &&
         !insn.memory.read;
}

}  // namespace

StoreFinder::Window StoreFinder::ReadBehind(GuestView& view, const kvm_sregs& sregs,
                                            uint64_t linear_end) {
  Window window;
  // The page that holds the last byte first; the page before it may not be mapped.
  const uint64_t in_page = ((linear_end - 1) & kPageMask) + 1;
  const size_t near = in_page < kMaxInstructionLength ? in_page : kMaxInstructionLength;
  uint8_t* end = window.bytes + kMaxInstructionLength;
  if (view.Read(sregs, linear_end - near, end - near, near) != near) return window;
  window.have = near;
  const size_t far = kMaxInstructionLength - near;
  if (far != 0 && view.Read(sregs, linear_end - kMaxInstructionLength, window.bytes, far) == far) {
    window.have = kMaxInstructionLength;
  }
  return window;
}

bool StoreFinder::Fits(GuestView& view, const Instruction& candidate, const kvm_regs& regs,
                       const kvm_sregs& sregs, const StoreExit& exit) {
  if (!candidate.has_memory || !candidate.memory.written) return false;
  // A store wider than the exit is reported in pieces, this one being the first.
  if (candidate.memory.access_size < exit.size) return false;
  uint64_t linear = LinearAddress(candidate.memory, regs, sregs, regs.rip);
  if (MovesRdi(candidate)) {
    const uint64_t step = candidate.memory.access_size;
    linear += (regs.rflags & kDirectionFlag) != 0 ? step : -step;
  }
  // The first piece may have gone to memory, and the exit be about what lies in the next page.
  uint64_t skipped = 0;
  uint64_t gpa = 0;
  if (!view.Translate(sregs, linear, &gpa) || gpa != exit.gpa) {
    skipped = kPageMask + 1 - (linear & kPageMask);
    if (skipped >= candidate.memory.access_size ||
        exit.size > candidate.memory.access_size - skipped ||
        !view.Translate(sregs, linear + skipped, &gpa) || gpa != exit.gpa) {
      return false;
    }
  }
  // A first piece ends where its page does.
  const bool narrow = candidate.memory.access_size > exit.size && candidate.memory.access_size <= 8;
  if (narrow && skipped == 0 && ((exit.gpa + exit.size) & kPageMask) != 0) return false;
  if (candidate.form != Form::kStore && candidate.form != Form::kPush) return true;
  uint64_t value = candidate.immediate;
  if (!candidate.has_immediate) {
    value = ReadRegister(regs, candidate.reg);
    // PUSH RSP stores what it was before.
    if (candidate.form == Form::kPush && candidate.reg.number == kRsp) {
      value += candidate.memory.access_size;
    }
  }
  value >>= 8 * skipped;
  return std::memcmp(&value, exit.data, exit.size) == 0;
}

bool StoreFinder::Find(GuestView& view, const kvm_regs& regs, const kvm_sregs& sregs,
                       const StoreExit& exit, Store* found) {
  found->at_rip = !FindEnding(view, regs, sregs, exit, &found->insn);
  return !found->at_rip || FindRepeating(view, regs, sregs, exit, &found->insn);
}

bool StoreFinder::FindRepeating(GuestView& view, const kvm_regs& regs, const kvm_sregs& sregs,
                                const StoreExit& exit, Instruction* found) {
  const CodeMode mode = CodeModeOf(sregs);
  const uint64_t linear = (mode == CodeMode::k64 ? 0 : sregs.cs.base) + regs.rip;
  uint8_t bytes[kMaxInstructionLength];
  const size_t have = view.Read(sregs, linear, bytes, sizeof(bytes));
  return Decode(bytes, have, mode, found) && found->repeated && MovesRdi(*found) &&
         Fits(view, *found, regs, sregs, exit);
}

bool StoreFinder::FindEnding(GuestView& view, const kvm_regs& regs, const kvm_sregs& sregs,
                             const StoreExit& exit, Instruction* found) {
  const CodeMode mode = CodeModeOf(sregs);
  const uint64_t base = mode == CodeMode::k64 ? 0 : sregs.cs.base;
  const Window window = ReadBehind(view, sregs, base + regs.rip);
  if (window.have == 0) return false;

  // The same code again, as a rule: then the decoding is known and only the match is to be seen.
  if (last_.length != 0 && last_mode_ == mode && window.have == last_window_.have &&
      std::memcmp(window.bytes, last_window_.bytes, sizeof(window.bytes)) == 0 &&
      !(last_.repeated && regs.rcx != 0) && Fits(view, last_, regs, sregs, exit)) {
    *found = last_;
    return true;
  }

  Instruction best;
  for (size_t length = 1; length <= window.have; ++length) {
    Instruction candidate;
    const uint8_t* start = window.bytes + kMaxInstructionLength - length;
    if (!Decode(start, length, mode, &candidate) || candidate.length != length) continue;
    // A REP has ended when RIP is past it.
    if (candidate.repeated && regs.rcx != 0) continue;
    if (!Fits(view, candidate, regs, sregs, exit)) continue;
    if (best.length != 0 && SameEffect(best, candidate)) continue;
    best = candidate;
  }
  if (best.length == 0) return false;
  last_ = best;
  last_mode_ = mode;
  last_window_ = window;
  *found = best;
  return true;
}

void UndoStore(const Store& store, kvm_regs* regs) {
  const Instruction& insn = store.insn;
  if (!store.at_rip) regs->rip -= insn.length;
  if (MovesRdi(insn)) {
    const uint64_t step = insn.memory.access_size;
    const uint64_t back = (regs->rflags & kDirectionFlag) != 0 ? step : -step;
    regs->rdi += back;
    if (insn.moves_rsi) regs->rsi += back;
    if (insn.repeated) ++regs->rcx;
    return;
  }
  const bool push = insn.implicit_memory && insn.memory.base == kRsp && insn.memory.segment == kSs;
  if (push) regs->rsp += insn.memory.access_size;
}

}  // namespace zircon::vcpu::x86
