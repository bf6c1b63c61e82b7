#include "vcpu/x86/store_finder.h"

#include <algorithm>
#include <cstring>

#include "vcpu/x86/control_bits.h"

namespace zircon::vcpu::x86 {
namespace {

constexpr uint64_t kPageMask = kPageSize - 1;
constexpr uint64_t kPieceSize = 8;

// What one page holds of an operand.
struct Part {
  uint64_t linear = 0;
  uint64_t size = 0;
};

// The part that begins `offset` bytes behind the operand's beginning.
Part PartAt(uint64_t linear, uint64_t offset, uint64_t size, const kvm_sregs& sregs) {
  uint64_t at = linear + offset;
  if (CodeModeOf(sregs) != CodeMode::k64) at &= 0xFFFFFFFF;
  return {at, std::min(size - offset, kPageSize - (at & kPageMask))};
}

// What the candidate stores, as far as it is known: bytes of it from the first on.
struct KnownBytes {
  uint8_t bytes[16];
  size_t count = 0;
  // Memory that the candidate has copied from may have been changed since.
  bool certain = true;
};

// False if there is no memory where the candidate has copied from.
bool KnownValue(GuestView& view, const Instruction& insn, const kvm_regs& before, uint64_t next_rip,
                const kvm_sregs& sregs, const StoreExit& exit, KnownBytes* known) {
  // Of the RBP that ENTER has pushed nothing is known but the store.
  if (insn.makes_frame) return true;
  const size_t size = std::min<size_t>(sizeof(known->bytes), insn.memory.access_size);
  uint64_t value = 0;
  if (StoredValue(insn, before, next_rip, sregs, &value)) {
    std::memcpy(known->bytes, &value, sizeof(value));
    known->count = std::min(sizeof(value), size);
  } else if (insn.source == Source::kMemory) {
    known->certain = false;
    known->count = size;
    return view.Read(sregs, LinearAddress(insn.other, before, next_rip, sregs), known->bytes,
                     size) == size;
  } else if (insn.source == Source::kVector && exit.vectors() != nullptr &&
             insn.vector < std::size(exit.vectors()->xmm)) {
    std::memcpy(known->bytes, exit.vectors()->xmm[insn.vector], sizeof(known->bytes));
    known->count = size;
  }
  return true;
}

// What a store of up to 8 bytes, all of which is reported, has left: in memory, and in the pieces
// where there is none.
uint64_t ValueLeftAt(GuestView& view, uint64_t linear, uint64_t size, const kvm_sregs& sregs,
                     const StoreExit& exit) {
  uint64_t value = 0;
  auto* const bytes = reinterpret_cast<uint8_t*>(&value);
  size_t piece = 0;
  for (uint64_t offset = 0; offset < size;) {
    const Part part = PartAt(linear, offset, size, sregs);
    Place place;
    if (view.Find(sregs, part.linear, &place) && place.TakesStores()) {
      std::memcpy(bytes + offset, place.host, part.size);
    } else if (piece < exit.count()) {
      std::memcpy(bytes + offset, exit.data(piece++), part.size);
    }
    offset += part.size;
  }
  return value;
}

// Two times 8 bytes: what is compared at each exit.
bool SameCode(const uint8_t* a, const uint8_t* b) {
  uint64_t words[4];
  std::memcpy(&words[0], a, 16);
  std::memcpy(&words[2], b, 16);
  return words[0] == words[2] && words[1] == words[3];
}

}  // namespace

void StoreExit::Add(uint64_t gpa, uint32_t size, const uint8_t* data) {
  // No store has so many; one more than it can have fits nothing.
  if (count_ == kMaxPieces) return;
  pieces_[count_] = {gpa, size};
  std::memcpy(data_ + kPieceSize * count_, data, kPieceSize);
  ++count_;
}

// Plays the store as KVM makes it: page by page, to memory where there is any, and where there is
// none in pieces of up to 8 bytes.
StoreFinder::Fit StoreFinder::FitOf(GuestView& view, const Instruction& candidate,
                                    const kvm_regs& before, uint64_t next_rip,
                                    const kvm_sregs& sregs, const StoreExit& exit, bool* agrees) {
  const uint64_t linear = LinearAddress(candidate.memory, before, next_rip, sregs);
  const uint64_t size = candidate.memory.access_size;
  // Without a walk: the place inside the page. A first piece that is not at the operand's beginning
  // begins a page.
  const uint64_t first_in_page = exit.piece(0).gpa & kPageMask;
  if (first_in_page != (linear & kPageMask) && first_in_page != 0) return Fit::kNot;

  KnownBytes known;
  if (!KnownValue(view, candidate, before, next_rip, sregs, exit, &known)) {
    known.count = 0;
    *agrees = false;
  }
  size_t piece = 0;
  for (uint64_t offset = 0; offset < size;) {
    const auto [at, in_page] = PartAt(linear, offset, size, sregs);
    Place place;
    if (!view.Find(sregs, at, &place)) return Fit::kNot;
    if (place.TakesStores()) {
      // Stored already, unless another processor has changed it since.
      if (offset < known.count) {
        const uint64_t compared = std::min(in_page, known.count - offset);
        *agrees = *agrees && std::memcmp(place.host, known.bytes + offset, compared) == 0;
      }
      offset += in_page;
      continue;
    }
    uint64_t gpa = place.gpa;
    for (const uint64_t end = offset + in_page; offset < end; ++piece) {
      const uint64_t length = std::min(end - offset, kPieceSize);
      if (piece == exit.count()) return exit.complete() ? Fit::kNot : Fit::kSoFar;
      if (exit.piece(piece).gpa != gpa || exit.piece(piece).size != length) return Fit::kNot;
      if (offset < known.count) {
        const uint64_t compared = std::min(length, known.count - offset);
        const bool same = std::memcmp(exit.data(piece), known.bytes + offset, compared) == 0;
        if (!same && known.certain) return Fit::kNot;
        *agrees = *agrees && same;
      }
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
  Instruction& insn = repeating_insn_;
  if (!repeating_.Decode(bytes, have, CodeModeOf(sregs), &insn)) return Answer::kNothingFits;
  if (!insn.repeated || !insn.moves_rdi || !insn.memory.written) return Answer::kNothingFits;
  if (!CanHaveLeft(insn, regs)) return Answer::kNothingFits;
  found->insn = &insn;
  found->progress = Progress::kRepeats;
  const kvm_regs before = found->Before(regs, sregs);
  bool agrees = true;
  const Fit fit = FitOf(view, insn, before, regs.rip + insn.length, sregs, exit, &agrees);
  found->whole = fit == Fit::kWhole;
  return fit == Fit::kNot ? Answer::kNothingFits : Answer::kFound;
}

StoreFinder::Site& StoreFinder::SiteAt(GuestView& view, const kvm_regs& regs,
                                       const kvm_sregs& sregs) {
  Site& site = sites_[regs.rip / 2 % kSites];
  const uint64_t end = LinearCode(sregs, regs.rip);
  const CodeMode mode = CodeModeOf(sregs);
  // The page that holds the last byte first; the page before it may not be mapped.
  const uint64_t in_page = ((end - 1) & kPageMask) + 1;
  constexpr uint64_t kWhole = sizeof(site.code);
  uint8_t code[kWhole] = {};
  uint8_t have = kMaxInstructionLength;
  Place place;
  if (in_page >= kWhole) {
    if (view.Find(sregs, end - kWhole, &place) && place.host != nullptr) {
      const bool known = site.rip == regs.rip && site.mode == mode && site.have == have;
      if (known && SameCode(site.code, place.host)) return site;
      std::memcpy(code, place.host, kWhole);
    } else {
      have = 0;
    }
  } else {
    uint8_t* last = code + kWhole;
    if (view.Read(sregs, end - in_page, last - in_page, in_page) != in_page) have = 0;
    const uint64_t far = kWhole - in_page;
    if (have != 0 && view.Read(sregs, end - kWhole, code, far) != far) {
      std::memset(code, 0, far);
      have = static_cast<uint8_t>(in_page);
    }
    const bool known = site.rip == regs.rip && site.mode == mode && site.have == have;
    if (known && SameCode(site.code, code)) return site;
  }
  site.rip = regs.rip;
  site.mode = mode;
  site.have = have;
  std::memcpy(site.code, code, kWhole);
  DecodeEnding(&site);
  return site;
}

void StoreFinder::DecodeEnding(Site* site) {
  site->count = 0;
  // No instruction goes round the end of its segment.
  const size_t longest = std::min<uint64_t>({kMaxInstructionLength, site->have, site->rip});
  for (size_t length = 1; length <= longest; ++length) {
    Instruction& candidate = site->ending[site->count];
    const uint8_t* start = site->code + sizeof(site->code) - length;
    if (!Decode(start, length, site->mode, &candidate) || candidate.length != length) continue;
    // No REP ends here: see above.
    if (!candidate.has_memory || !candidate.memory.written || candidate.repeated) continue;
    // The same with a prefix that does nothing.
    const auto same = [&](const Instruction& shorter) {
      return shorter.fingerprint == candidate.fingerprint;
    };
    if (std::any_of(site->ending, site->ending + site->count, same)) continue;
    ++site->count;
  }
}

StoreFinder::Answer StoreFinder::FindEnding(GuestView& view, const kvm_regs& regs,
                                            const kvm_sregs& sregs, const StoreExit& exit,
                                            Store* found) {
  const Site& site = SiteAt(view, regs, sregs);
  last_ = &site;
  const Instruction* best = nullptr;
  bool best_agrees = false, in_doubt = false;
  bool several = false, several_widths = false, vectors = false;
  for (size_t i = 0; i < site.count; ++i) {
    const Instruction& candidate = site.ending[i];
    kvm_regs moved;
    const kvm_regs* before = &regs;
    if (!MovesNothing(candidate)) {
      if (!CanHaveLeft(candidate, regs)) continue;
      moved = RegistersBefore(candidate, Progress::kOver, regs, sregs, 0);
      before = &moved;
    }
    bool agrees = true;
    const Fit fit = FitOf(view, candidate, *before, regs.rip, sregs, exit, &agrees);
    if (fit == Fit::kNot) continue;
    vectors = vectors || candidate.source == Source::kVector;
    if (best != nullptr) {
      several = true;
      const uint16_t width = candidate.memory.access_size;
      several_widths = several_widths || width != best->memory.access_size;
      // What memory says comes first. Of two widths, where the wider one's rest is memory, the
      // narrow one is right in any case: the rest has been stored.
      if (agrees || !best_agrees) in_doubt = agrees == best_agrees;
      if (best_agrees != agrees ? best_agrees : width > best->memory.access_size) continue;
    }
    best = &candidate;
    best_agrees = agrees;
    found->whole = fit == Fit::kWhole;
  }
  if (best == nullptr) return Answer::kNothingFits;
  // What is to come may tell them apart, or is wanted itself.
  const bool rest_tells = (in_doubt || best->makes_frame) && !found->whole;
  if ((several_widths || rest_tells) && !exit.complete()) return Answer::kMorePieces;
  if (several && vectors && !exit.vectors_asked()) return Answer::kVectorRegisters;
  found->insn = best;
  found->progress = Progress::kOver;
  if (best->makes_frame) {
    const kvm_regs before = RegistersBefore(*best, Progress::kOver, regs, sregs, 0);
    found->value = ValueLeftAt(view, LinearAddress(best->memory, before, regs.rip, sregs),
                               best->memory.access_size, sregs, exit);
  }
  return Answer::kFound;
}

}  // namespace zircon::vcpu::x86
