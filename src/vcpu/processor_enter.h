// Processor::Enter(): the loop that each zx_vcpu_enter goes through, inline in its one caller, as
// are the exits that are known. An enter that finds nothing unusual makes no call but KVM_RUN.

#pragma once

#include "base/probes.h"
#include "vcpu/kick_signal.h"
#include "vcpu/processor.h"
#include "vcpu/x86/core_known_exit.h"

namespace zircon::vcpu {

inline zx_status_t Processor::Enter(zx_port_packet_t* packet,
                                    x86::InstructionBytes* code) noexcept {
  volatile uint8_t& immediate_exit = core_.page().immediate_exit;
  const KickSignal::Target target(&immediate_exit);

  for (;;) {
    // In this order: whoever posts a request after Begin() has looked finds us running and sends
    // the signal, which ends the KVM_RUN below even if it has not begun. What a signal before was
    // about is looked at from here on.
    if (immediate_exit != 0) [[unlikely]] {
      immediate_exit = 0;
      NoteSignal();
    }
    const uint32_t requests = gate_.Begin();
    zx_status_t status = ZX_OK;
    Next next = Next::kRun;
    const bool nothing_to_do = requests == 0 && plain_ && core_.nothing_due();
    if (!nothing_to_do || !core_.SettleByRun()) [[unlikely]]
      next = Prepare(requests, packet, &status);
    if (next == Next::kRun) [[likely]] {
      PROBE(enter, seat_.id());
      const int error = core_.Run();
      PROBE(exit, seat_.id(), core_.page().exit_reason, error, core_.rip());
      if (error == 0 && core_.HandleKnownExit(packet)) [[likely]] {
        PROBE(packet, seat_.id(), packet->type, packet->key, packet->user.u64[0]);
        return code == nullptr ? ZX_OK : core_.ReadInstruction(*packet, code);
      }
      next = Finish(error, packet, code, &status);
    } else if (next == Next::kExit) {
      next = Finish(0, packet, code, &status);
    }
    if (next == Next::kReturn) return status;
  }
}

}  // namespace zircon::vcpu
