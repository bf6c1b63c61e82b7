#include "vcpu/vcpu.h"

#include <zircon/errors.h>

#include <cerrno>
#include <new>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "base/log.h"
#include "base/probes.h"
#include "guest/kvm_status.h"
#include "vcpu/kick_signal.h"

namespace zircon::vcpu {

Vcpu::Vcpu(base::RefPtr<ThreadOwner> owner, Seat seat)
    : Waitable(kType, 0, Handles::kRemembered),
      gate_(owner->tid()),
      link_(seat.guest(), seat.id()),
      owner_(std::move(owner)) {
  processor_.emplace(std::move(seat), &gate_, &pending_, static_cast<RoomListener*>(this));
}

zx_status_t Vcpu::Create(const base::RefPtr<guest::Guest>& guest, uint64_t entry,
                         base::RefPtr<Vcpu>* out) {
  Seat seat;
  zx_status_t status = seat.Take(guest);
  if (status != ZX_OK) return status;
  if (entry >= guest::GuestSpace::kSize) return ZX_ERR_INVALID_ARGS;
  base::RefPtr<ThreadOwner> owner = ThreadOwner::Current();
  if (!owner) return ZX_ERR_NO_MEMORY;
  if (!owner->TakeVcpu()) return ZX_ERR_BAD_STATE;
  absl::Cleanup free_thread = [&] { owner->DropVcpu(); };

  status = KickSignal::Prepare();
  if (status != ZX_OK) return status;
  status = seat.TakeFd();
  if (status != ZX_OK) return status;

  base::RefPtr<Vcpu> vcpu =
      base::RefPtr<Vcpu>::Adopt(new (std::nothrow) Vcpu(owner, std::move(seat)));
  if (!vcpu) return ZX_ERR_NO_MEMORY;
  // From here on the object frees the thread.
  std::move(free_thread).Cancel();

  KickSignal::Attach();
  const int error = vcpu->processor_->Initialize(entry);
  if (error != 0) {
    LOG_WARN("no VCPU can be created: KVM refuses its initial state (errno {})", error);
    // EINVAL: a state that this host's processor or KVM cannot take.
    return error == EINVAL ? ZX_ERR_NOT_SUPPORTED : guest::StatusFromErrno(error);
  }
  ThreadOwner::KeepVcpu(vcpu);
  *out = std::move(vcpu);
  return ZX_OK;
}

zx_status_t Vcpu::Enter(zx_port_packet_t* packet, x86::InstructionBytes* code) noexcept {
  if (!tenure_.Begin()) return ZX_ERR_BAD_HANDLE;
  const OwnersCall call(this);
  const RunScope scope(gate_);
  return processor_->Enter(packet, code);
}

Vcpu::~Vcpu() {
  // It has its place still if it never had a handle.
  if (tenure_.Close()) GiveBackPlace();
}

void Vcpu::OnZeroHandles() {
  if (tenure_.Close()) GiveBackPlace();
}

void Vcpu::GiveBackPlace() {
  const bool own = OnOwnerThread();
  if (own) KickSignal::Detach();
  link_.Cut();
  // First the id, then the thread: its next VCPU may have this id again.
  processor_.reset();
  owner_->DropVcpu();
  // This may be the end of the object. Where another thread has closed the handle it stays, without
  // its place, until the owner makes another VCPU or ends.
  if (own) ThreadOwner::KeepVcpu(nullptr);
}

zx_status_t Vcpu::Interrupt(uint32_t vector) {
  if (vector >= x86::kVectors) return ZX_ERR_OUT_OF_RANGE;
  PROBE(interrupt, gate_.owner_tid(), vector);
  if (link_.Takes(vector)) return link_.Send(vector);
  pending_.Set(vector);
  gate_.Post(kRequestInterrupt);
  return ZX_OK;
}

zx_status_t Vcpu::AtRest(absl::FunctionRef<zx_status_t(x86::Core&)> work) {
  if (!OnOwnerThread()) return ZX_ERR_BAD_STATE;
  if (!tenure_.Begin()) return ZX_ERR_BAD_HANDLE;
  const OwnersCall call(this);
  const RunScope scope(gate_);
  const zx_status_t status = processor_->Rest();
  return status == ZX_OK ? work(processor_->core()) : status;
}

}  // namespace zircon::vcpu
