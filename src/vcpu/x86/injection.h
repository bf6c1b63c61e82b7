// Which pending event goes into the guest at an entry, at most one (contract INT rows):
//   1. NMI (vector 2), which ignores RFLAGS.IF. While NMIs are blocked it is no event of this
//   entry:
//      KVM keeps it until they are not.
//   2. the highest pending vector: 32..255 an external interrupt, when the guest can take one, else
//      a window is requested; 21..31 an error of enter; 0..20 an exception.
// After an injection the pending exceptions are dropped.
//
// It goes in through the synced events of the run page, in the same KVM_RUN: no further ioctl.
// Thread safety: the owner thread.

#pragma once

#include <zircon/types.h>

#include "kvm/kvm_abi.h"
#include "vcpu/x86/pending_interrupts.h"

namespace zircon::vcpu::x86 {

inline constexpr int kNmi = 2;
inline constexpr int kUndefinedOpcode = 6;
inline constexpr int kLastException = 20;
inline constexpr int kFirstExternal = 32;
constexpr bool IsException(int vector) {
  return vector >= 0 && vector <= kLastException && vector != kNmi;
}

enum class InjectionResult {
  kChosen,        // an event, or none
  kInterrupt,     // an external interrupt
  kNotSupported,  // vectors 21..31, taken away
  kNeedsEvents,   // ask again with the events known; nothing has been done
};
// *more says whether something is still pending. `fault_owed`: the kernel is about to queue a #GP
// of its own. `events_known`: the page has the VCPU's events. An external interrupt does without:
// where the kernel says that it is ready for one nothing else is under way.
[[nodiscard]] InjectionResult InjectNext(kvm_run* run, bool fault_owed, bool events_known,
                                         PendingInterrupts* pending, bool* more);

// An exception of the guest's own, for the next entry: nothing else may be under way.
void QueueException(kvm_run* run, int vector);

}  // namespace zircon::vcpu::x86
