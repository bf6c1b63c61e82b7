// Vcpu: a virtual processor, as handles name it: what any thread may do to it (kick, interrupt),
// the thread that owns it, and its place, which only the owner uses: the Processor
// (vcpu/processor.h) with the guest's id and the kernel's VCPU, and the thread's one VCPU. The
// place is given back when the last handle is closed and the owner is in no call (vcpu/tenure.h),
// whoever holds references still.
//
// Ownership: handles and calls in progress hold it; its place holds its guest.
// Thread safety: Enter, ReadState, WriteState and WriteIo are for the owner thread
// (ZX_ERR_BAD_STATE from any other); the rest may be called from any thread.

#pragma once

#include <zircon/syscalls/hypervisor.h>
#include <zircon/syscalls/port.h>
#include <zircon/types.h>

#include <optional>

#include "base/ref_ptr.h"
#include "guest/guest.h"
#include "objects/packet_reserve.h"
#include "objects/waitable.h"
#include "vcpu/processor.h"
#include "vcpu/run_gate.h"
#include "vcpu/tenure.h"
#include "vcpu/thread_owner.h"
#include "vcpu/x86/pending_interrupts.h"

namespace zircon::vcpu {

class Vcpu final : public objects::Waitable, private objects::RoomListener {
 public:
  static constexpr zx_obj_type_t kType = ZX_OBJ_TYPE_VCPU;

  // zx_vcpu_create behind the handle checks (contract VCPU-CREATE rows): ZX_ERR_NO_RESOURCES,
  // ZX_ERR_INVALID_ARGS (entry), ZX_ERR_BAD_STATE (the thread has a VCPU), ZX_ERR_NO_MEMORY.
  [[nodiscard]] static zx_status_t Create(const base::RefPtr<guest::Guest>& guest, uint64_t entry,
                                          base::RefPtr<Vcpu>* out);
  ~Vcpu() override;

  bool OnOwnerThread() const { return owner_->IsCurrent(); }
  // Those of the owner: ZX_ERR_BAD_HANDLE when the last handle has been closed since it was looked
  // up. With `code` a GUEST_MEM packet comes with the bytes of its instruction.
  [[nodiscard]] zx_status_t Enter(zx_port_packet_t* packet,
                                  x86::InstructionBytes* code = nullptr) noexcept;
  [[nodiscard]] zx_status_t ReadState(zx_vcpu_state_t* state) noexcept;
  [[nodiscard]] zx_status_t WriteState(const zx_vcpu_state_t& state) noexcept;
  [[nodiscard]] zx_status_t WriteIo(const zx_vcpu_io_t& io) noexcept;

  void Kick() { gate_.Post(kRequestKick); }
  // ZX_ERR_OUT_OF_RANGE for a vector that the architecture does not have.
  [[nodiscard]] zx_status_t Interrupt(uint32_t vector);
  // A kick that no enter has taken yet.
  bool kicked() const { return gate_.IsSet(kRequestKick); }

 private:
  class OwnersCall;

  Vcpu(base::RefPtr<ThreadOwner> owner, Seat seat);

  void OnRoom() override { gate_.Post(kRequestRoom); }
  void OnZeroHandles() override;
  void GiveBackPlace();

  // What other threads touch.
  RunGate gate_;
  x86::PendingInterrupts pending_;

  const base::RefPtr<ThreadOwner> owner_;
  Tenure tenure_;
  std::optional<Processor> processor_;
};

}  // namespace zircon::vcpu
