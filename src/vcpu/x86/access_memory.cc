#include "vcpu/x86/access_memory.h"

#include <algorithm>

#include "vcpu/x86/control_bits.h"

namespace zircon::vcpu::x86 {
namespace {

// `count` bytes of code from `linear` on are `bytes`: of the guest's memory, by its tables.
bool AddCode(GuestView& view, const kvm_sregs& sregs, uint64_t linear, const uint8_t* bytes,
             size_t count, Evidence* evidence) {
  while (count != 0) {
    Place place;
    if (!view.Witness(sregs, linear, &place, evidence) || place.host == nullptr) return false;
    const size_t piece = std::min<size_t>(count, kPageSize - linear % kPageSize);
    if (!evidence->AddBytes(place.host, bytes, piece)) return false;
    linear += piece;
    bytes += piece;
    count -= piece;
  }
  return true;
}

}  // namespace

AccessMemory::Site* AccessMemory::Begin(const kvm_regs& regs, const kvm_sregs& sregs) {
  if (CodeModeOf(sregs) != CodeMode::k64 || (sregs.cr0 & kCr0Paging) == 0) return nullptr;
  Site& site = sites_[IndexOf(regs.rip)];
  site.rip = kNowhere;
  site.cr0 = sregs.cr0;
  site.cr3 = sregs.cr3;
  site.cr4 = sregs.cr4;
  site.efer = sregs.efer;
  site.stores = 0;
  site.evidence.Clear();
  return &site;
}

void AccessMemory::RememberLoad(GuestView& view, const kvm_regs& regs, const kvm_sregs& sregs,
                                const Instruction& load, const uint8_t* bytes) {
  Site* site = Begin(regs, sregs);
  if (site == nullptr) return;
  site->load = KnownLoad::Of(load, static_cast<uint8_t>(load.memory.access_size));
  if (AddCode(view, sregs, regs.rip, bytes, load.length, &site->evidence)) site->rip = regs.rip;
}

bool AccessMemory::TakeStore(const Instruction& insn, StoreForm* form) {
  const MemoryOperand& memory = insn.memory;
  const bool by_register = insn.source == Source::kRegister;
  const bool plain = (by_register || insn.source == Source::kImmediate) && MovesNothing(insn) &&
                     !memory.read && memory.address_size == 8 && memory.access_size >= 1 &&
                     memory.access_size <= 8 && memory.segment != kFs && memory.segment != kGs &&
                     memory.base != kRipRegister && !memory.on_stack &&
                     (!by_register || insn.reg.size >= memory.access_size);
  if (!plain) return false;
  form->displacement = static_cast<uint64_t>(memory.displacement);
  form->immediate = insn.immediate;
  form->size = static_cast<uint8_t>(memory.access_size);
  form->mask = ~uint64_t{0} >> (64 - 8 * form->size);
  form->base = memory.base;
  form->index = memory.index;
  form->scale = memory.scale;
  form->source = by_register ? insn.reg.number : kNoRegister;
  form->high_byte = by_register && insn.reg.high_byte;
  form->length = insn.length;
  return true;
}

void AccessMemory::RememberStore(GuestView& view, const kvm_regs& regs, const kvm_sregs& sregs,
                                 std::span<const Instruction> ending, const uint8_t* code,
                                 uint64_t gpa) {
  if (ending.empty() || ending.size() > kMaxStores) return;
  Site* site = Begin(regs, sregs);
  if (site == nullptr) return;
  site->page = 0;
  site->gpa_page = kNowhere;
  for (const Instruction& insn : ending) {
    StoreForm* form = &site->store[site->stores++];
    if (!TakeStore(insn, form)) return;
    const uint64_t linear = form->Linear(regs);
    Place place;
    // The place of the store, if it is this one's.
    if (linear % kPageSize != gpa % kPageSize || !view.Find(sregs, linear, &place) ||
        place.gpa != gpa || place.TakesStores()) {
      continue;
    }
    if (!view.Witness(sregs, linear, &place, &site->evidence)) return;
    site->page = linear / kPageSize;
    site->gpa_page = gpa / kPageSize;
  }
  constexpr size_t kCode = 16;
  if (AddCode(view, sregs, regs.rip - kCode, code, kCode, &site->evidence)) site->rip = regs.rip;
}

bool AccessMemory::LeadsTo(GuestView& view, const kvm_sregs& sregs, uint64_t linear, uint64_t gpa) {
  Place place;
  return view.Find(sregs, linear, &place) && place.gpa == gpa && !place.TakesStores();
}

}  // namespace zircon::vcpu::x86
