// AccessMemory: which instructions have accessed MEM traps, by RIP at the exit. An exit at the same
// RIP, in the same address space, with the code and the tables that lead to it as they were, comes
// from the same instruction: nothing is walked or decoded again (vcpu/x86/evidence.h). Here are
// those alone that most drivers use, in 64-bit code with paging:
//
//   loads   MOV, MOVZX, MOVSX to a general register
//   stores  MOV of a general register or a constant, up to 8 bytes. What else could end at that RIP
//           is kept beside it, and has to be ruled out by address or width at each exit.
//
// Whatever is not plain is left to StoreFinder and Core::HandleLoad().
//
// Thread safety: the owner thread, inside enter.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "base/vector_registers.h"
#include "kvm/kvm_abi.h"
#include "vcpu/x86/control_bits.h"
#include "vcpu/x86/evidence.h"
#include "vcpu/x86/guest_view.h"
#include "vcpu/x86/instruction.h"
#include "vcpu/x86/operand.h"
#include "vcpu/x86/pending_exit.h"

namespace zircon::vcpu::x86 {

// A load that is known: what it owes, but for what each exit brings, and its length.
struct KnownLoad {
  PendingExit owed;
  uint8_t length = 0;

  // A load of `size` bytes that reads memory once.
  static KnownLoad Of(const Instruction& insn, uint8_t size) {
    KnownLoad load;
    load.owed.kind = PendingExit::kLoad;
    load.owed.size = size;
    load.owed.form = insn.form;
    load.owed.destination = insn.reg;
    load.length = insn.length;
    return load;
  }
};

class AccessMemory {
 public:
  // ---- At an exit, `mmio` its access ----

  // Null if the instruction is not known.
  const KnownLoad* FindLoad(const kvm_regs& regs, const kvm_sregs& sregs, uint32_t size) const {
    const Site& site = sites_[IndexOf(regs.rip)];
    const bool same = site.Is(regs.rip, sregs) && site.stores == 0 && site.load.owed.size == size;
    return same && site.evidence.Holds() ? &site.load : nullptr;
  }
  // The length of the instruction that made the store, or 0 if it is not known.
  [[gnu::always_inline]] uint8_t FindStore(GuestView& view, const kvm_regs& regs,
                                           const kvm_sregs& sregs, uint64_t gpa, uint32_t size,
                                           const uint8_t* data) {
    Site& site = sites_[IndexOf(regs.rip)];
    if (!site.Is(regs.rip, sregs) || site.stores == 0 || !site.evidence.Holds()) return 0;
    const StoreForm* only = nullptr;
    uint64_t linear = 0;
    for (size_t i = 0; i < site.stores; ++i) {
      const uint64_t at = site.store[i].Linear(regs);
      const uint64_t in_page = at % kPageSize;
      // One that crosses a page comes in pieces.
      if (in_page + site.store[i].size > kPageSize) return 0;
      if (site.store[i].size != size || in_page != gpa % kPageSize) continue;
      if (only != nullptr) return 0;
      only = &site.store[i];
      linear = at;
    }
    if (only == nullptr || !only->Stores(regs, data)) return 0;
    const bool there = linear / kPageSize == site.page && gpa / kPageSize == site.gpa_page;
    // A call, by who may have no other registers than the general ones.
    const auto leads_to = [view = &view, sregs = &sregs, linear, gpa] {
      return LeadsTo(*view, *sregs, linear, gpa);
    };
    return there || base::KeepingVectors(leads_to) ? only->length : uint8_t{0};
  }

  // ---- What has been found for an exit ----

  void RememberLoad(GuestView& view, const kvm_regs& regs, const kvm_sregs& sregs,
                    const Instruction& load, const uint8_t* bytes);
  // `ending`: all stores that the code before RIP, of which `code` are the last 16 bytes, may end
  // with.
  void RememberStore(GuestView& view, const kvm_regs& regs, const kvm_sregs& sregs,
                     std::span<const Instruction> ending, const uint8_t* code, uint64_t gpa);
  // Slots have changed.
  void Forget() {
    for (Site& site : sites_) site.rip = kNowhere;
  }

 private:
  static constexpr size_t kSites = 16;
  static constexpr uint64_t kNowhere = uint64_t{1} << 63;  // not canonical: no RIP
  static size_t IndexOf(uint64_t rip) { return (rip ^ rip >> 4) % kSites; }

  struct StoreForm {
    uint64_t displacement = 0;
    uint64_t immediate = 0;
    uint64_t mask = 0;  // of the bytes that are stored
    uint8_t base = kNoRegister;
    uint8_t index = kNoRegister;
    uint8_t scale = 0;
    uint8_t source = kNoRegister;  // none: the constant
    bool high_byte = false;
    uint8_t size = 0;
    uint8_t length = 0;

    uint64_t Linear(const kvm_regs& regs) const {
      uint64_t linear = displacement;
      if (base != kNoRegister) linear += RegisterValue(regs, base);
      if (index != kNoRegister) linear += RegisterValue(regs, index) * scale;
      return linear;
    }
    bool Stores(const kvm_regs& regs, const uint8_t* data) const {
      uint64_t value = source == kNoRegister ? immediate : RegisterValue(regs, source);
      if (high_byte) value >>= 8;
      uint64_t stored;
      std::memcpy(&stored, data, sizeof(stored));
      return ((value ^ stored) & mask) == 0;
    }
  };
  static constexpr size_t kMaxStores = 3;

  struct Site {
    uint64_t rip = kNowhere;
    uint64_t cr0 = 0, cr3 = 0, cr4 = 0, efer = 0;
    KnownLoad load;
    uint8_t stores = 0;  // 0: it is a load
    // Where a store went, in pages: linear, and guest-physical.
    uint64_t page = 0, gpa_page = 0;
    std::array<StoreForm, kMaxStores> store;
    Evidence evidence;

    bool Is(uint64_t at, const kvm_sregs& sregs) const {
      return at == rip && ((sregs.cr3 ^ cr3) | (sregs.cr0 ^ cr0) | (sregs.cr4 ^ cr4) |
                           (sregs.efer ^ efer) | (sregs.cs.l ^ 1u)) == 0;
    }
  };

  static bool TakeStore(const Instruction& insn, StoreForm* form);
  // A site of these registers without evidence, or null where such code is not remembered.
  Site* Begin(const kvm_regs& regs, const kvm_sregs& sregs);
  // Whether a store there comes to the VMM, at that address.
  static bool LeadsTo(GuestView& view, const kvm_sregs& sregs, uint64_t linear, uint64_t gpa);

  std::array<Site, kSites> sites_;
};

}  // namespace zircon::vcpu::x86
