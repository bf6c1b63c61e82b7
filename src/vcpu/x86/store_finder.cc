#include "vcpu/x86/store_finder.h"

#include <algorithm>
#include <cstring>

namespace zircon::vcpu::x86 {
namespace {

constexpr uint64_t kPageSize = 4096;
constexpr uint64_t kPageMask = kPageSize - 1;
constexpr uint64_t kPieceSize = 8;
constexpr uint64_t kResumeFlag = 1u << 16;

// What the candidate stores, as far as it is known: bytes of it from the first on.
struct KnownBytes {
  uint8_t bytes[16];
  size_t count = 0;
};

KnownBytes KnownValue(const Instruction& insn, const kvm_regs& before, const kvm_sregs& sregs,
                      const StoreExit& exit) {
  KnownBytes known;
  uint64_t value = 0;
  if (StoredValue(insn, before, sregs, &value)) {
    std::memcpy(known.bytes, &value, sizeof(value));
    known.count = std::min<size_t>(sizeof(value), insn.memory.access_size);
  } else if (insn.source == Source::kVector && exit.vectors() != nullptr &&
             insn.vector < std::size(exit.vectors()->xmm)) {
    std::memcpy(known.bytes, exit.vectors()->xmm[insn.vector], sizeof(known.bytes));
    known.count = std::min<size_t>(sizeof(known.bytes), insn.memory.access_size);
  }
  return known;
}

// Whether the memory that the candidate has copied from says what was stored. It may have been
// changed since.
bool SourceAgrees(GuestView& view, const Instruction& insn, const kvm_regs& before,
                  const kvm_sregs& sregs, const StoreExit& exit) {
  if (insn.source != Source::kMemory) return true;
  uint8_t bytes[kPieceSize];
  const size_t size = std::min<size_t>(exit.piece(0).size, sizeof(bytes));
  if (exit.piece(0).size != insn.memory.access_size) return true;  // in pieces: nobody can tell
  return view.Read(sregs, LinearAddress(insn, insn.other, before, sregs), bytes, size) == size &&
         std::memcmp(bytes, exit.data(0), size) == 0;
}

}  // namespace

void StoreExit::Add(uint64_t gpa, uint32_t size, const uint8_t* data) {
  // No store has so many; one more than it can have fits nothing.
  if (count_ == kMaxPieces) return;
  pieces_[count_] = {gpa, size};
  std::memcpy(data_ + kPieceSize * count_, data, kPieceSize);
  ++count_;
}

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

// Plays the store as KVM makes it: page by page, to memory where there is any, and where there is
// none in pieces of up to 8 bytes.
StoreFinder::Fit StoreFinder::FitOf(GuestView& view, const Instruction& candidate,
                                    const kvm_regs& before, const kvm_sregs& sregs,
                                    const StoreExit& exit, bool* agrees) {
  const uint64_t linear = LinearAddress(candidate, candidate.memory, before, sregs);
  const uint64_t size = candidate.memory.access_size;
  // Without a walk: the place inside the page. A first piece that is not at the operand's beginning
  // begins a page.
  const uint64_t first_in_page = exit.piece(0).gpa & kPageMask;
  if (first_in_page != (linear & kPageMask) && first_in_page != 0) return Fit::kNot;

  const bool long_code = CodeModeOf(sregs) == CodeMode::k64;
  const KnownBytes known = KnownValue(candidate, before, sregs, exit);
  size_t piece = 0;
  for (uint64_t offset = 0; offset < size;) {
    const uint64_t at = long_code ? linear + offset : (linear + offset) & 0xFFFFFFFF;
    const uint64_t in_page = std::min(size - offset, kPageSize - (at & kPageMask));
    uint64_t gpa = 0;
    if (!view.Translate(sregs, at, &gpa)) return Fit::kNot;
    size_t there = 0;
    if (const uint8_t* host = view.HostForWrite(gpa, &there); host != nullptr) {
      // Stored already, unless another processor has changed it since.
      const uint64_t compared = offset >= known.count ? 0 : std::min(in_page, known.count - offset);
      *agrees = *agrees && std::memcmp(host, known.bytes + offset, compared) == 0;
      offset += in_page;
      continue;
    }
    for (const uint64_t end = offset + in_page; offset < end; ++piece) {
      const uint64_t length = std::min(end - offset, kPieceSize);
      if (piece == exit.count()) return exit.complete() ? Fit::kNot : Fit::kSoFar;
      if (exit.piece(piece).gpa != gpa || exit.piece(piece).size != length) return Fit::kNot;
      const uint64_t compared = offset >= known.count ? 0 : std::min(length, known.count - offset);
      if (std::memcmp(exit.data(piece), known.bytes + offset, compared) != 0) return Fit::kNot;
      offset += length;
      gpa += length;
    }
  }
  return piece == exit.count() ? Fit::kWhole : Fit::kNot;
}

StoreFinder::Answer StoreFinder::Find(GuestView& view, const kvm_regs& regs, const kvm_sregs& sregs,
                                      const StoreExit& exit, Store* found) {
  if ((regs.rflags & kResumeFlag) != 0) return FindRepeating(view, regs, sregs, exit, found);
  const Answer answer = FindEnding(view, regs, sregs, exit, found);
  if (answer != Answer::kNothingFits) return answer;
  return FindRepeating(view, regs, sregs, exit, found);
}

StoreFinder::Answer StoreFinder::FindRepeating(GuestView& view, const kvm_regs& regs,
                                               const kvm_sregs& sregs, const StoreExit& exit,
                                               Store* found) {
  uint8_t bytes[kMaxInstructionLength];
  const size_t have = view.Read(sregs, LinearCode(sregs, regs.rip), bytes, sizeof(bytes));
  Instruction& insn = found->insn;
  if (!repeating_.Decode(bytes, have, CodeModeOf(sregs), &insn)) return Answer::kNothingFits;
  if (!insn.repeated || !insn.moves_rdi || !insn.memory.written) return Answer::kNothingFits;
  found->progress = Progress::kRepeats;
  found->before = RegistersBefore(insn, found->progress, regs, sregs, 0);
  bool agrees = true;
  const Fit fit = FitOf(view, insn, found->before, sregs, exit, &agrees);
  found->whole = fit == Fit::kWhole;
  return fit == Fit::kNot ? Answer::kNothingFits : Answer::kFound;
}

void StoreFinder::DecodeEnding(const Window& window, CodeMode mode) {
  if (mode_ == mode && window.have == window_.have &&
      std::memcmp(window.bytes, window_.bytes, sizeof(window.bytes)) == 0) {
    return;
  }
  window_ = window;
  mode_ = mode;
  ending_count_ = 0;
  for (size_t length = 1; length <= window.have; ++length) {
    Instruction& candidate = ending_[ending_count_];
    const uint8_t* start = window.bytes + kMaxInstructionLength - length;
    if (!Decode(start, length, mode, &candidate) || candidate.length != length) continue;
    // No REP ends here: see above.
    if (!candidate.has_memory || !candidate.memory.written || candidate.repeated) continue;
    // The same with a prefix that does nothing.
    const auto same = [&](const Instruction& shorter) {
      return shorter.fingerprint == candidate.fingerprint;
    };
    const auto end = ending_.begin() + static_cast<ptrdiff_t>(ending_count_);
    if (std::find_if(ending_.begin(), end, same) != end) continue;
    ++ending_count_;
    if (ending_count_ == ending_.size()) return;
  }
}

StoreFinder::Answer StoreFinder::FindEnding(GuestView& view, const kvm_regs& regs,
                                            const kvm_sregs& sregs, const StoreExit& exit,
                                            Store* found) {
  const Window window = ReadBehind(view, sregs, LinearCode(sregs, regs.rip));
  if (window.have == 0) return Answer::kNothingFits;
  DecodeEnding(window, CodeModeOf(sregs));

  uint64_t stored = 0;
  std::memcpy(&stored, exit.data(0), sizeof(stored));
  const Instruction* best = nullptr;
  bool best_agrees = false, several = false, several_widths = false, vectors = false;
  for (size_t i = 0; i < ending_count_; ++i) {
    const Instruction& candidate = ending_[i];
    const kvm_regs before = RegistersBefore(candidate, Progress::kOver, regs, sregs, stored);
    bool agrees = SourceAgrees(view, candidate, before, sregs, exit);
    const Fit fit = FitOf(view, candidate, before, sregs, exit, &agrees);
    if (fit == Fit::kNot) continue;
    vectors = vectors || candidate.source == Source::kVector;
    if (best != nullptr) {
      several = true;
      const uint16_t width = candidate.memory.access_size;
      several_widths = several_widths || width != best->memory.access_size;
      // What memory says comes first. Of two widths, where the wider one's rest is memory, the
      // narrow one is right in any case: the rest has been stored.
      if (best_agrees != agrees ? best_agrees : width > best->memory.access_size) continue;
    }
    best = &candidate;
    best_agrees = agrees;
    found->before = before;
    found->whole = fit == Fit::kWhole;
  }
  if (best == nullptr) return Answer::kNothingFits;
  if (several_widths && !exit.complete()) return Answer::kMorePieces;
  if (several && vectors && exit.vectors() == nullptr) return Answer::kVectorRegisters;
  found->insn = *best;
  found->progress = Progress::kOver;
  return Answer::kFound;
}

}  // namespace zircon::vcpu::x86
