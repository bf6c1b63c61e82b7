#include "vcpu/processor.h"

#include <zircon/errors.h>

#include <cerrno>
#include <utility>

#include "base/futex.h"
#include "base/log.h"
#include "vcpu/kick_signal.h"

namespace zircon::vcpu {

zx_status_t Seat::Take(base::RefPtr<guest::Guest> guest) {
  const zx_status_t status = guest->shelf().TakeId(&id_);
  if (status == ZX_OK) guest_ = std::move(guest);
  return status;
}

zx_status_t Seat::TakeFd() { return guest_->shelf().TakeFd(guest_->vm(), id_, &fd_, &used_); }

Seat::~Seat() {
  // The kernel's VCPU goes with the id: it cannot be had a second time.
  if (guest_) guest_->shelf().Return(id_, std::move(fd_), used_);
}

Processor::Processor(Seat seat, RunGate* gate, x86::PendingInterrupts* pending,
                     objects::RoomListener* listener)
    : seat_(std::move(seat)),
      gate_(*gate),
      listener_(*listener),
      core_(seat_.fd(), seat_.guest(), seat_.id(), pending, &counters_) {}

Processor::~Processor() {
  // The listener may be listening still, or be told at this moment.
  if (last_bell_ != nullptr) last_bell_->RemoveListener(&listener_);
  if (joined_) seat_.guest().vcpus().Remove(&gate_);
}

int Processor::Initialize(uint64_t entry) {
  const int error = core_.Initialize(entry, seat_.used());
  if (error != 0) return error;
  seat_.SetUsed();
  seat_.guest().vcpus().Add(&gate_);
  joined_ = true;
  return 0;
}

zx_status_t Processor::Enter(zx_port_packet_t* packet, x86::InstructionBytes* code) noexcept {
  volatile uint8_t& immediate_exit = seat_.fd().run().immediate_exit;
  const KickSignal::Target target(&immediate_exit);

  for (;;) {
    // In this order: whoever posts a request after Begin() has looked finds us running and sends
    // the signal, which ends the KVM_RUN below even if it has not begun. What a signal before was
    // about is looked at from here on.
    if (immediate_exit != 0) {
      immediate_exit = 0;
      NoteSignal();
    }
    const uint32_t requests = gate_.Begin();
    if ((requests & kRequestKick) != 0) {
      gate_.Take(kRequestKick);
      return ZX_ERR_CANCELED;
    }
    if (gate_.TakeTablesChanged()) core_.ForgetTables();
    if (core_.bell().trap != nullptr) {
      const zx_status_t status = RingBell();
      if (status != ZX_OK) return status;
      continue;
    }
    if ((requests & kRequestHold) != 0) {
      gate_.StepOut();
      const zx_status_t status = seat_.guest().space().CatchUp();
      if (status != ZX_OK) return status;
      continue;
    }
    bool entered = false;
    zx_status_t status = core_.Settle(&entered);
    if (status != ZX_OK) return status;
    // The byte is set, by us: whether a signal has come as well nobody knows.
    if (entered) continue;
    int error = 0;
    if (!core_.exit_unseen()) {
      const bool interrupts = (requests & kRequestInterrupt) != 0;
      if (interrupts) gate_.Take(kRequestInterrupt);
      status = core_.PrepareRun(interrupts);
      if (status != ZX_OK) return status;
      if (core_.may_have_deadline() || timer_.armed()) ArmTimer();

      error = core_.Run();
      if (error == EINTR || error == EAGAIN) {
        counters_.Count(ZIRCON_KVM_EXIT_INTR);
        gate_.TakeSignals();
        continue;
      }
    }
    const Turn turn = error == 0 ? core_.HandleExit(packet) : core_.HandleRunError(error);
    switch (turn.kind) {
      case Turn::kContinue:
        break;
      case Turn::kBell: {
        const zx_status_t rung = RingBell();
        if (rung != ZX_OK) return rung;
        break;
      }
      case Turn::kPacket:
        return code == nullptr ? ZX_OK : core_.ReadInstruction(*packet, code);
      case Turn::kHalt: {
        const zx_status_t halted = Halt();
        if (halted != ZX_OK) return halted;
        break;
      }
      case Turn::kStatus:
        return turn.status;
    }
  }
}

void Processor::ArmTimer() {
  if (!timer_.Arm(gate_.owner_tid(), core_.TimerDeadline()) &&
      !std::exchange(told_no_timer_, true)) {
    LOG_ERROR("VCPU {}: the host has no timer left; the guest's timer stands still", seat_.id());
  }
}

void Processor::NoteSignal() {
  // If the counter is not where the timer's deadline is yet, the host's clocks differ a little.
  core_.ForgetTimerTime();
  timer_.Forget();
}

zx_status_t Processor::Halt() {
  for (;;) {
    const uint32_t requests = gate_.Begin();
    if ((requests & kRequestKick) != 0) {
      gate_.Take(kRequestKick);
      return ZX_ERR_CANCELED;
    }
    core_.ExpireTimer();
    if (core_.TakeNoteOfPending()) return ZX_OK;
    // Nothing is pending, so these are old news; kept, they would end the sleep at once.
    if ((requests & ~kRequestHold) != 0) {
      gate_.Take(kRequestInterrupt | kRequestRoom);
      continue;
    }
    gate_.Sleep(core_.TimerDeadline(), kRequestHold);
    core_.ForgetTimerTime();
  }
}

zx_status_t Processor::RingBell() {
  x86::PendingBell& bell = core_.bell();
  last_bell_ = bell.trap->bell.get();
  for (;;) {
    if (gate_.IsSet(kRequestRoom)) gate_.Take(kRequestRoom);
    const zx_status_t status = bell.trap->bell->QueueBell(bell.address, &listener_);
    if (status != ZX_ERR_SHOULD_WAIT) {
      bell = {};
      return status;
    }
    const uint32_t requests = gate_.Begin();
    if ((requests & kRequestKick) != 0) {
      gate_.Take(kRequestKick);
      return ZX_ERR_CANCELED;
    }
    // What waits until the guest runs does not end the wait for room.
    constexpr uint32_t kForTheRun = kRequestInterrupt | kRequestHold;
    if ((requests & kRequestRoom) == 0) gate_.Sleep(base::kForever, kForTheRun);
  }
}

}  // namespace zircon::vcpu
