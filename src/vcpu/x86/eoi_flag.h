// EoiFlag: KVM's "end of interrupt by a flag in memory" for the library's local APIC (contract EOI
// rows). A guest names a word of its memory; where bit 0 of that is set when an interrupt ends, it
// clears the bit instead of writing the EOI register, which would be an exit.
//
// This APIC knows no interrupts in service, so that an end of interrupt means nothing to it: the
// flag is raised with each interrupt, and nobody asks what has become of it. Nor does it matter
// where it cannot be raised; the guest writes the register then.
//
// Ownership: the VCPU's. Thread safety: the owner thread.

#pragma once

#include <cstdint>

#include "vcpu/x86/guest_view.h"
#include "vcpu/x86/msr_result.h"

namespace zircon::vcpu::x86 {

class EoiFlag {
 public:
  static bool Covers(uint32_t msr) { return msr == kMsr; }

  uint64_t value() const { return value_; }
  MsrResult Write(uint64_t value);

  // An interrupt is on its way into the guest, which does not run.
  void Raise(GuestView& view) const {
    if ((value_ & kEnable) != 0) Store(view);
  }

 private:
  static constexpr uint32_t kMsr = 0x4B564D04;
  static constexpr uint64_t kEnable = 1;
  static constexpr uint64_t kReserved = 2;

  void Store(GuestView& view) const;

  uint64_t value_ = 0;  // the address, of a multiple of 4, and bit 0
};

}  // namespace zircon::vcpu::x86
