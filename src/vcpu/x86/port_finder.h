// Which instruction made an exit for an I/O port. IN, OUT, INS and OUTS come as the same exit, and
// hosts differ in what they have done by then:
//
//   instruction     RIP at the exit                          registers
//   IN, INS         on it                                    as before it
//   OUT             on it, or past it (software KVMs)        as before it
//   OUTS            past it                                  RSI moved
//   REP OUTS        on it, RFLAGS.RF set                     RSI, RCX moved
//
// So for an output both what stands at RIP and what ends there are looked at, and what was written
// decides: it is RAX's low bytes for OUT, memory for OUTS.
//
// Thread safety: the owner thread, inside enter.

#pragma once

#include <array>
#include <cstdint>
#include <cstring>

#include "kvm/kvm_abi.h"
#include "vcpu/x86/control_bits.h"
#include "vcpu/x86/guest_view.h"

namespace zircon::vcpu::x86 {

struct PortInstruction {
  bool string = false;
  uint8_t length = 0;        // of an IN or OUT that was found in the code, else 0
  kvm_regs before = {};      // the registers with which it would be executed again
  bool stores = false;       // INS
  uint64_t destination = 0;  // of an INS: the linear address that it stores to
};

PortInstruction FindPortInstruction(GuestView& view, const kvm_regs& regs, const kvm_sregs& sregs,
                                    const kvm_run& run);

// Where INs and OUTs stand that have been found: an exit whose RIP is known, and where the bytes in
// the guest's memory are what they were, comes from the same instruction. No page table is walked,
// and no other register looked at: a guest that has other tables by then may have something else
// there (docs/DIFFERENCES.md).
class PortMemory {
 public:
  // `regs` as at the exit.
  bool Knows(const kvm_regs& regs, bool input) const {
    const Site& site = sites_[IndexOf(regs.rip)];
    if (site.rip != regs.rip || site.input != input) return false;
    // A REP OUTS stands at RIP where an OUT may end.
    if (!input && (regs.rflags & kResumeFlag) != 0) return false;
    uint32_t now;
    std::memcpy(&now, site.code, sizeof(now));
    return ((now ^ site.bytes) & site.mask) == 0 && *site.before == site.byte_before;
  }
  // What FindPortInstruction() found for the exit.
  void Remember(GuestView& view, const kvm_regs& regs, const kvm_sregs& sregs,
                const PortInstruction& found, bool input);
  // Slots have changed: where the code was in this process may be nothing, or something else.
  void Forget() { sites_.fill(Site{}); }

 private:
  static constexpr size_t kSites = 32;
  static constexpr uint8_t kNothing[4] = {0};

  struct Site {
    uint64_t rip = 0;
    const uint8_t* code = kNothing;  // the instruction, in the guest's memory; 4 bytes can be read
    const uint8_t* before = kNothing;  // the byte before it, or `code` where that does not matter
    uint32_t bytes = 1;                // unlike kNothing
    uint32_t mask = 1;                 // as long as the instruction is
    uint8_t byte_before = 0;
    bool input = false;
  };
  static size_t IndexOf(uint64_t rip) { return (rip ^ rip >> 5) % kSites; }

  std::array<Site, kSites> sites_;
};

}  // namespace zircon::vcpu::x86
