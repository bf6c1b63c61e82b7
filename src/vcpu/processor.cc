#include "vcpu/processor.h"

#include <zircon/errors.h>

#include <cerrno>
#include <utility>

#include "base/futex.h"
#include "base/log.h"
#include "base/monotonic.h"
#include "base/probes.h"
#include "vcpu/kick_signal.h"
#include "vcpu/startup_waiter.h"
#include "vcpu/x86/core_known_exit.h"

namespace zircon::vcpu {

zx_status_t Seat::Take(base::RefPtr<guest::Guest> guest) {
  const zx_status_t status = guest->shelf().TakeId(&id_);
  if (status == ZX_OK) guest_ = std::move(guest);
  return status;
}

zx_status_t Seat::TakeFd() {
  if (guest_->apics() == guest::x86::Apics::kKernel) {
    const zx_status_t status = AwaitStartups(*guest_);
    if (status != ZX_OK) return status;
  }
  return guest_->shelf().TakeFd(guest_->vm(), id_, &fd_, &used_);
}

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
  // What has been announced before it joined.
  if (seat_.guest().startups().any()) gate_.Post(kRequestStartup);
  return 0;
}

bool Processor::TakeStartup(zx_port_packet_t* packet) {
  // In this order: what is announced after the look at the queue makes the request anew.
  gate_.Take(kRequestStartup);
  guest::StartupQueue::Startup startup;
  if (!seat_.guest().startups().Take(&startup)) return false;
  // There may be more, announced by what has just been taken away.
  gate_.Remind(kRequestStartup);
  *packet = {};
  packet->type = ZX_PKT_TYPE_GUEST_VCPU;
  packet->guest_vcpu.type = ZX_PKT_GUEST_VCPU_STARTUP;
  packet->guest_vcpu.startup.id = startup.id;
  packet->guest_vcpu.startup.entry = startup.entry;
  return true;
}

zx_status_t Processor::Enter(zx_port_packet_t* packet, x86::InstructionBytes* code) noexcept {
  const KickSignal::Target target(immediate_exit());
  return Go(Stage::kBegin, 0, packet, code);
}

zx_status_t Processor::Go(Stage stage, int error, zx_port_packet_t* packet,
                          x86::InstructionBytes* code) noexcept {
  volatile uint8_t& immediate_exit = *this->immediate_exit();
  zx_status_t status = ZX_OK;
  Next next = stage == Stage::kBegin ? Next::kAgain : Finish(error, packet, code, &status);
  while (next != Next::kReturn) {
    // In this order: whoever posts a request after Begin() has looked finds us running and sends
    // the signal, which ends the KVM_RUN below even if it has not begun. What a signal before was
    // about is looked at from here on.
    if (immediate_exit != 0) {
      immediate_exit = 0;
      NoteSignal();
    }
    const uint32_t requests = gate_.Begin();
    status = ZX_OK;
    next = Next::kRun;
    const bool nothing_to_do = requests == 0 && plain_ && core_.nothing_due();
    if (!nothing_to_do || !core_.SettleByRun()) next = Prepare(requests, packet, &status);
    if (next == Next::kRun) {
      PROBE(enter, seat_.id());
      error = core_.Run();
      PROBE(exit, seat_.id(), core_.page().exit_reason, error, core_.rip());
      if (error == 0 && core_.HandleKnownExit(packet)) {
        PROBE(packet, seat_.id(), packet->type, packet->key, packet->user.u64[0]);
        return code == nullptr ? ZX_OK : core_.ReadInstruction(*packet, code);
      }
      next = Finish(error, packet, code, &status);
    } else if (next == Next::kExit) {
      next = Finish(0, packet, code, &status);
    }
  }
  return status;
}

Processor::Next Processor::Prepare(uint32_t requests, zx_port_packet_t* packet,
                                   zx_status_t* status) {
  plain_ = false;
  if ((requests & kRequestKick) != 0) {
    *status = TakeKick();
    return Next::kReturn;
  }
  if ((requests & kRequestStartup) != 0 && TakeStartup(packet)) return Next::kReturn;
  if (gate_.TakeTablesChanged()) core_.ForgetTables();
  if (core_.bell().trap != nullptr) {
    *status = RingBell();
    return *status == ZX_OK ? Next::kAgain : Next::kReturn;
  }
  if ((requests & kRequestHold) != 0) {
    gate_.StepOut();
    *status = seat_.guest().space().CatchUp();
    return *status == ZX_OK ? Next::kAgain : Next::kReturn;
  }
  bool entered = false;
  *status = core_.Settle(&entered);
  if (*status != ZX_OK) return Next::kReturn;
  // The byte is set, by us: whether a signal has come as well nobody knows.
  if (entered) return Next::kAgain;
  if (core_.exit_unseen()) return Next::kExit;
  const bool interrupts = (requests & kRequestInterrupt) != 0;
  if (interrupts) gate_.Take(kRequestInterrupt);
  *status = core_.PrepareRun(interrupts);
  if (*status != ZX_OK) return Next::kReturn;
  // Where an interrupt waits until the guest can take one, the guest exits before it could take the
  // timer's.
  const bool needs_timer = core_.may_have_deadline() && !core_.exits_for_interrupts();
  const bool armed = !needs_timer || ArmTimer();
  plain_ = armed && core_.nothing_waits();
  return Next::kRun;
}

zx_status_t Processor::TakeKick() {
  gate_.Take(kRequestKick);
  core_.EndHalt();
  return ZX_ERR_CANCELED;
}

Processor::Next Processor::Finish(int error, zx_port_packet_t* packet, x86::InstructionBytes* code,
                                  zx_status_t* status) {
  plain_ = false;
  if (error == EINTR || error == EAGAIN) {
    counters_.Count(ZIRCON_KVM_EXIT_INTR);
    gate_.TakeSignals();
    // At once: with another turn it would have to wait until who kicks has been seen to be done.
    if (!gate_.IsSet(kRequestKick)) return Next::kAgain;
    *status = TakeKick();
    return Next::kReturn;
  }
  const Turn turn = error == 0 ? core_.HandleExit(packet) : core_.HandleRunError(error);
  switch (turn.kind) {
    case Turn::kContinue:
      return Next::kAgain;
    case Turn::kBell:
      *status = RingBell();
      break;
    case Turn::kHalt:
      *status = Halt();
      break;
    case Turn::kPacket:
      PROBE(packet, seat_.id(), packet->type, packet->key, packet->user.u64[0]);
      *status = code == nullptr ? ZX_OK : core_.ReadInstruction(*packet, code);
      return Next::kReturn;
    case Turn::kStatus:
      *status = turn.status;
      return Next::kReturn;
  }
  return *status == ZX_OK ? Next::kAgain : Next::kReturn;
}

zx_status_t Processor::Rest() noexcept {
  plain_ = false;
  for (;;) {
    const uint32_t requests = gate_.Begin();
    if (gate_.TakeTablesChanged()) core_.ForgetTables();
    if ((requests & kRequestHold) == 0) return core_.Rest();
    gate_.StepOut();
    const zx_status_t status = seat_.guest().space().CatchUp();
    if (status != ZX_OK) return status;
  }
}

bool Processor::ArmTimer() {
  if (timer_.Arm(gate_.owner_tid(), core_.TimerDeadline())) return true;
  if (!std::exchange(told_no_timer_, true)) {
    LOG_ERROR("VCPU {}: the host has no timer left; the guest's timer stands still", seat_.id());
  }
  return false;
}

void Processor::NoteSignal() {
  plain_ = false;
  // If the counter is not where the timer's deadline is yet, the host's clocks differ a little.
  core_.ForgetTimerTime();
  if (timer_.armed()) timer_.NoteSignal(base::MonotonicNow());
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
      if (status == ZX_OK) {
        PROBE(bell, seat_.id(), bell.trap->key, bell.address);
      }
      bell = {};
      return status;
    }
    const uint32_t requests = gate_.Begin();
    if ((requests & kRequestKick) != 0) {
      gate_.Take(kRequestKick);
      return ZX_ERR_CANCELED;
    }
    // What waits until the guest runs does not end the wait for room.
    constexpr uint32_t kForTheRun = kRequestInterrupt | kRequestHold | kRequestStartup;
    if ((requests & kRequestRoom) == 0) gate_.Sleep(base::kForever, kForTheRun);
  }
}

}  // namespace zircon::vcpu
