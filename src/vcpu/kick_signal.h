// The signal that takes a thread out of KVM_RUN, and how it stays harmless everywhere else.
//
// One real-time signal of the process, chosen when the first VCPU is created (or before, by the
// program): it must be at SIG_DFL then. In a thread that owns a VCPU it is blocked, and open only
// inside KVM_RUN: one that is sent a moment before KVM_RUN stays pending and ends it at once.
// Should the program unblock it after all, the handler sets the VCPU's immediate_exit, with the
// same effect.
//
// Thread safety: as each function says.

#pragma once

#include <zircon/types.h>

#include <cstdint>

namespace zircon::vcpu {

class KickSignal {
 public:
  // Chooses, unless that has been done, and installs the handler. ZX_ERR_NO_RESOURCES when every
  // real-time signal is used by the program. Any thread.
  [[nodiscard]] static zx_status_t Prepare();
  // The program's choice, before the first VCPU. Any thread.
  [[nodiscard]] static zx_status_t Choose(int signo);
  // 0 when none is chosen yet. Any thread.
  static int number();

  // For the calling thread, when it comes to own a VCPU and when it gives it up.
  static void Attach();
  static void Detach();
  // The calling thread's mask without the signal: what KVM_RUN is to use.
  static uint64_t MaskForRun();

  // While the calling thread is inside enter: the byte that ends its KVM_RUN (null: none).
  static void SetTarget(volatile uint8_t* immediate_exit);

  // Takes what is pending of it for the calling thread; says whether anything was.
  static bool Drain();
};

}  // namespace zircon::vcpu
