// LocalApic: the x2APIC registers and the timer (contract APIC rows). It is Zircon's: no in-service
// state, no priorities but the vector's number, no TPR; inter-processor interrupts are packets for
// the VMM. Registers are reached by MSR only; page 0xFEE00000 is ordinary memory.
//
// Ownership: the VCPU's. Thread safety: the owner thread.

#pragma once

#include <zircon-kvm/debug.h>
#include <zircon/syscalls/port.h>
#include <zircon/types.h>

#include <cstdint>

#include "vcpu/x86/apic_registers.h"
#include "vcpu/x86/msr_result.h"
#include "vcpu/x86/pending_interrupts.h"

namespace zircon::vcpu::x86 {

class LocalApic {
 public:
  // `deadline_timer`: the guest has the TSC-deadline mode; else it may read the current count.
  LocalApic(uint32_t id, bool deadline_timer, PendingInterrupts* pending)
      : id_(id), deadline_timer_(deadline_timer), pending_(pending) {}

  static bool Covers(uint32_t msr) {
    return (msr >= 0x800 && msr <= 0x8FF) || msr == apic::kTscDeadline;
  }

  MsrResult Read(uint32_t msr, uint64_t* value) const;
  // A write of ICR may fill `packet` (MsrResult::Packet()).
  MsrResult Write(uint32_t msr, uint64_t value, zx_port_packet_t* packet);

  // What a divide configuration divides by: bits 0, 1 and 3; 0 is 2, up to 6 for 128; 7 is 1.
  static uint32_t Divisor(uint64_t configuration) {
    const auto code = static_cast<uint32_t>((configuration & 3) | ((configuration >> 1) & 4));
    return code == 7 ? 1 : 2u << code;
  }

  // The state of the timer, for a debugger.
  void Tell(zircon_kvm_apic_registers_t* to) const {
    to->lvt_timer = lvt_timer_;
    to->initial_count = initial_count_;
    to->divisor = divisor_;
    to->timer_deadline = deadline_;
  }

  // The counter value at which the timer fires, or kNever.
  static constexpr uint64_t kNever = UINT64_MAX;
  uint64_t timer_deadline() const { return deadline_; }
  // Makes what is due pending. True if something was.
  bool ExpireTimer(uint64_t now);

 private:
  MsrResult WriteIcr(uint64_t value, zx_port_packet_t* packet);
  MsrResult WriteTimerVector(uint64_t value);
  void Rearm();
  uint64_t CountTicks() const { return uint64_t{initial_count_} * divisor_; }

  const uint32_t id_;
  const bool deadline_timer_;
  PendingInterrupts* const pending_;

  uint32_t lvt_timer_ = apic::kLvtMasked;
  uint32_t initial_count_ = 0;
  uint32_t divisor_ = 2;  // a divide configuration of 0
  uint64_t deadline_ = kNever;
};

}  // namespace zircon::vcpu::x86
