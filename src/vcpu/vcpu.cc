#include "vcpu/vcpu.h"

#include <zircon/errors.h>

#include <cerrno>
#include <new>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "base/log.h"
#include "guest/kvm_status.h"
#include "vcpu/kick_signal.h"

namespace zircon::vcpu {

// A call of the owner thread, from where it has the place to where it has not.
class Vcpu::OwnersCall {
 public:
  explicit OwnersCall(Vcpu* vcpu) {
    if (!vcpu->OnOwnerThread()) {
      status_ = ZX_ERR_BAD_STATE;
    } else if (!vcpu->tenure_.Begin()) {
      status_ = ZX_ERR_BAD_HANDLE;
    } else {
      vcpu_ = vcpu;
    }
  }
  ~OwnersCall() {
    if (vcpu_ != nullptr && vcpu_->tenure_.End()) vcpu_->GiveBackPlace();
  }
  OwnersCall(const OwnersCall&) = delete;
  OwnersCall& operator=(const OwnersCall&) = delete;

  zx_status_t status() const { return status_; }

 private:
  Vcpu* vcpu_ = nullptr;
  zx_status_t status_ = ZX_OK;
};

Vcpu::Vcpu(base::RefPtr<ThreadOwner> owner, Seat seat)
    : Waitable(kType, 0), gate_(owner->tid()), owner_(std::move(owner)) {
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
  *out = std::move(vcpu);
  return ZX_OK;
}

Vcpu::~Vcpu() {
  // It has its place still if it never had a handle.
  if (tenure_.Close()) GiveBackPlace();
}

void Vcpu::OnZeroHandles() {
  if (tenure_.Close()) GiveBackPlace();
}

void Vcpu::GiveBackPlace() {
  if (OnOwnerThread()) KickSignal::Detach();
  // First the id, then the thread: its next VCPU may have this id again.
  processor_.reset();
  owner_->DropVcpu();
}

zx_status_t Vcpu::Interrupt(uint32_t vector) {
  if (vector >= x86::kVectors) return ZX_ERR_OUT_OF_RANGE;
  pending_.Set(vector);
  gate_.Post(kRequestInterrupt);
  return ZX_OK;
}

zx_status_t Vcpu::Enter(zx_port_packet_t* packet, x86::InstructionBytes* code) noexcept {
  const OwnersCall call(this);
  if (call.status() != ZX_OK) return call.status();
  const RunScope scope(gate_);
  return processor_->Enter(packet, code);
}

zx_status_t Vcpu::ReadState(zx_vcpu_state_t* state) noexcept {
  const OwnersCall call(this);
  if (call.status() == ZX_OK) processor_->core().ReadState(state);
  return call.status();
}

zx_status_t Vcpu::WriteState(const zx_vcpu_state_t& state) noexcept {
  const OwnersCall call(this);
  if (call.status() == ZX_OK) processor_->core().WriteState(state);
  return call.status();
}

zx_status_t Vcpu::WriteIo(const zx_vcpu_io_t& io) noexcept {
  const OwnersCall call(this);
  if (call.status() == ZX_OK) processor_->core().WriteIo(io);
  return call.status();
}

}  // namespace zircon::vcpu
