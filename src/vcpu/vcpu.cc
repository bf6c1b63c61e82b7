#include "vcpu/vcpu.h"

#include <zircon/errors.h>

#include <cerrno>
#include <new>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "base/futex.h"
#include "base/log.h"
#include "guest/kvm_status.h"
#include "vcpu/kick_signal.h"

namespace zircon::vcpu {

Vcpu::Vcpu(base::RefPtr<guest::Guest> guest, base::RefPtr<ThreadOwner> owner, uint32_t id,
           std::unique_ptr<kvm::VcpuFd>* fd)
    : Waitable(kType, 0),
      guest_(std::move(guest)),
      owner_(std::move(owner)),
      id_(id),
      fd_(std::move(*fd)),
      gate_(owner_->tid()),
      core_(*fd_, *guest_, id, &counters_) {}

zx_status_t Vcpu::Create(const base::RefPtr<guest::Guest>& guest, uint64_t entry,
                         base::RefPtr<Vcpu>* out) {
  guest::VcpuShelf& shelf = guest->shelf();
  uint32_t id = 0;
  zx_status_t status = shelf.TakeId(&id);
  if (status != ZX_OK) return status;
  // The kernel's VCPU goes with the id: it cannot be had a second time.
  std::unique_ptr<kvm::VcpuFd> fd;
  bool used = false;
  absl::Cleanup give_id_back = [&] { shelf.Return(id, std::move(fd), used); };

  if (entry >= guest::GuestSpace::kSize) return ZX_ERR_INVALID_ARGS;
  base::RefPtr<ThreadOwner> owner = ThreadOwner::Current();
  if (!owner) return ZX_ERR_NO_MEMORY;
  if (!owner->TakeVcpu()) return ZX_ERR_BAD_STATE;
  absl::Cleanup free_thread = [&] { owner->DropVcpu(); };

  status = KickSignal::Prepare();
  if (status != ZX_OK) return status;
  status = shelf.TakeFd(guest->vm(), id, &fd, &used);
  if (status != ZX_OK) return status;

  base::RefPtr<Vcpu> vcpu =
      base::RefPtr<Vcpu>::Adopt(new (std::nothrow) Vcpu(guest, owner, id, &fd));
  if (!vcpu) return ZX_ERR_NO_MEMORY;
  // From here on the object gives back the id, the thread and the kernel's VCPU.
  std::move(give_id_back).Cancel();
  std::move(free_thread).Cancel();

  KickSignal::Attach();
  vcpu->run_mask_ = KickSignal::MaskForRun();
  vcpu->configured_ = used;
  int error = vcpu->core_.Initialize(entry, used);
  if (error == 0) vcpu->configured_ = true;
  if (error == 0) error = vcpu->fd_->SetSignalMask(vcpu->run_mask_);
  if (error != 0) {
    LOG_WARN("no VCPU can be created: KVM refuses its initial state (errno {})", error);
    // EINVAL: a state that this host's processor or KVM cannot take.
    return error == EINVAL ? ZX_ERR_NOT_SUPPORTED : guest::StatusFromErrno(error);
  }
  vcpu->guest_->vcpus().Add(&vcpu->gate_);
  vcpu->joined_ = true;
  *out = std::move(vcpu);
  return ZX_OK;
}

Vcpu::~Vcpu() {
  // It may be listening still, or be told at this moment.
  if (last_bell_ != nullptr) last_bell_->RemoveListener(this);
  if (joined_) guest_->vcpus().Remove(&gate_);
  if (OnOwnerThread()) KickSignal::Detach();
  // First the id, then the thread: its next VCPU may have this id again.
  guest_->shelf().Return(id_, std::move(fd_), configured_);
  owner_->DropVcpu();
}

zx_status_t Vcpu::Interrupt(uint32_t vector) {
  if (vector >= x86::Core::kVectors) return ZX_ERR_OUT_OF_RANGE;
  core_.AddInterrupt(vector);
  gate_.Post(kRequestInterrupt);
  return ZX_OK;
}

zx_status_t Vcpu::Enter(zx_port_packet_t* packet, x86::InstructionBytes* code) {
  if (!OnOwnerThread()) return ZX_ERR_BAD_STATE;
  kvm_run& run = fd_->run();
  KickSignal::SetTarget(&run.immediate_exit);
  RunScope scope(gate_);
  absl::Cleanup no_target = [] { KickSignal::SetTarget(nullptr); };

  for (;;) {
    // In this order: whoever posts a request after Begin() has looked finds us running and sends
    // the signal, which ends the KVM_RUN below even if it has not begun.
    run.immediate_exit = 0;
    const uint32_t requests = gate_.Begin();
    if ((requests & kRequestKick) != 0) {
      gate_.Take(kRequestKick);
      return ZX_ERR_CANCELED;
    }
    if (core_.bell().trap != nullptr) {
      const zx_status_t status = RingBell();
      if (status != ZX_OK) return status;
      continue;
    }
    if ((requests & kRequestHold) != 0) {
      gate_.StepOut();
      const zx_status_t status = guest_->space().CatchUp();
      if (status != ZX_OK) return status;
      continue;
    }
    bool entered = false;
    zx_status_t status = core_.Settle(&entered);
    if (status != ZX_OK) return status;
    // A signal that was handled in there (the program may have it open) has left no trace.
    if (entered) continue;
    const bool interrupts = (requests & kRequestInterrupt) != 0;
    if (interrupts) gate_.Take(kRequestInterrupt);
    status = core_.PrepareRun(interrupts);
    if (status != ZX_OK) return status;
    ArmTimer();

    const int error = fd_->Run();
    if (error == EINTR || error == EAGAIN) {
      AfterInterruption();
      continue;
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

void Vcpu::ArmTimer() {
  if (!timer_.Arm(owner_->tid(), core_.TimerDeadline()) && !std::exchange(told_no_timer_, true)) {
    LOG_ERROR("VCPU {}: the host has no timer left; the guest's timer stands still", id_);
  }
}

void Vcpu::AfterInterruption() {
  counters_.Count(ZIRCON_KVM_EXIT_INTR);
  // The timer, as a rule. If the counter is not there yet, the host's clocks differ a little. Also
  // when no signal is left: the handler has it where the program has unblocked the signal.
  core_.ForgetTimerTime();
  timer_.Forget();
  if (gate_.TakeSignals()) return;
  // Some other signal. If the program has blocked it since, it stays pending and would end every
  // run at once: KVM_RUN follows the thread's mask.
  const uint64_t mask = KickSignal::MaskForRun();
  if (mask == run_mask_) return;
  if (fd_->SetSignalMask(mask) == 0) run_mask_ = mask;
}

zx_status_t Vcpu::Halt() {
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

zx_status_t Vcpu::RingBell() {
  x86::PendingBell& bell = core_.bell();
  last_bell_ = bell.trap->bell.get();
  for (;;) {
    if (gate_.IsSet(kRequestRoom)) gate_.Take(kRequestRoom);
    const zx_status_t status = bell.trap->bell->QueueBell(bell.address, this);
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
