// Processor::EnterPlainly(): what each zx_vcpu_enter goes through where nothing unusual is to be
// done, inline in its one caller, as are the exits that are known. It makes no call but KVM_RUN.
// All else is Processor::Go(), the whole loop. What that is given is given by value, so that it
// stays in registers until then.

#pragma once

#include "base/probes.h"
#include "base/vector_registers.h"
#include "vcpu/kick_signal.h"
#include "vcpu/processor.h"
#include "vcpu/x86/core_known_exit.h"

namespace zircon::vcpu {

inline bool Processor::RunsPlainly() {
  // In this order: whoever posts a request after BeginPlainly() has looked finds us running and
  // sends the signal, which ends the KVM_RUN even if it has not begun. A signal before that, which
  // may have been about anything, has set the byte.
  return *immediate_exit() == 0 && gate_.BeginPlainly() && plain_ && core_.nothing_due() &&
         core_.SettleByRun();
}

template <typename Place>
inline zx_status_t Processor::EnterPlainly(const Place& place, zx_port_packet_t* apart,
                                           bool* is_apart) noexcept {
  const KickSignal::Target target(immediate_exit());
  Stage stage = Stage::kBegin;
  int error = 0;
  if (RunsPlainly()) [[likely]] {
    PROBE(enter, seat_.id());
    error = core_.Run();
    PROBE(exit, seat_.id(), core_.page().exit_reason, error, core_.rip());
    if (error == 0) [[likely]] {
      zx_port_packet_t* const in_place = place();
      zx_port_packet_t* const packet = in_place != nullptr ? in_place : apart;
      if (core_.HandleKnownExit(packet)) [[likely]] {
        PROBE(packet, seat_.id(), packet->type, packet->key, packet->user.u64[0]);
        *is_apart = in_place == nullptr;
        return ZX_OK;
      }
    }
    stage = Stage::kHasRun;
  }
  const auto go = [this, stage, error, apart] { return Go(stage, error, apart, nullptr); };
  *is_apart = true;
  return base::KeepingVectors(go);
}

}  // namespace zircon::vcpu
