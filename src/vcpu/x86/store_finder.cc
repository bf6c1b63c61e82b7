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
         a.has_immediate == b.has_immediate && a.immediate == b.immediate;
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
  if (candidate.memory.access_size > exit.size && candidate.memory.access_size <= 8) {
    // Only a page boundary splits what fits into one exit.
    if (((exit.gpa + exit.size) & kPageMask) != 0) return false;
  }
  uint64_t linear = LinearAddress(candidate.memory, regs, sregs, regs.rip);
  if (MovesRdi(candidate)) {
    const uint64_t step = candidate.memory.access_size;
    linear += (regs.rflags & kDirectionFlag) != 0 ? step : -step;
  }
  uint64_t gpa = 0;
  if (!view.Translate(sregs, linear, &gpa) || gpa != exit.gpa) return false;
  if (candidate.form != Form::kStore) return true;
  const uint64_t value =
      candidate.has_immediate ? candidate.immediate : ReadRegister(regs, candidate.reg);
  return std::memcmp(&value, exit.data, exit.size) == 0;
}

bool StoreFinder::Find(GuestView& view, const kvm_regs& regs, const kvm_sregs& sregs,
                       const StoreExit& exit, Instruction* found) {
  const CodeMode mode = CodeModeOf(sregs);
  const uint64_t base = mode == CodeMode::k64 ? 0 : sregs.cs.base;
  const Window window = ReadBehind(view, sregs, base + regs.rip);
  if (window.have == 0) return false;

  // The same code again, as a rule: then the decoding is known and only the match is to be seen.
  if (last_.length != 0 && last_mode_ == mode && window.have == last_window_.have &&
      std::memcmp(window.bytes, last_window_.bytes, sizeof(window.bytes)) == 0 &&
      Fits(view, last_, regs, sregs, exit)) {
    *found = last_;
    return true;
  }

  Instruction best;
  for (size_t length = 1; length <= window.have; ++length) {
    Instruction candidate;
    const uint8_t* start = window.bytes + kMaxInstructionLength - length;
    if (!Decode(start, length, mode, &candidate) || candidate.length != length) continue;
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

bool UndoStore(const Instruction& store, kvm_regs* regs) {
  if (MovesRdi(store)) return false;
  regs->rip -= store.length;
  const bool push = store.form == Form::kOther && store.memory.base == kRsp &&
                    store.memory.segment == kSs && store.memory.displacement == 0 &&
                    store.memory.index == kNoRegister && store.implicit_memory;
  if (push) regs->rsp += store.memory.access_size;
  return true;
}

}  // namespace zircon::vcpu::x86
