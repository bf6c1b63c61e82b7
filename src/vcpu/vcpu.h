// Vcpu: a virtual processor, as handles name it: what any thread may do to it (kick, interrupt),
// the thread that owns it, and its place, which only the owner uses: the Processor
// (vcpu/processor.h) with the guest's id and the kernel's VCPU, and the thread's one VCPU. The
// place is given back when the last handle is closed and the owner is in no call (vcpu/tenure.h),
// whoever holds references still.
//
// Ownership: handles and calls in progress hold it; its place holds its guest.
// Thread safety: Enter, EnterPlainly, ReadState, WriteState and WriteIo are the owner thread's,
// which keeps the object alive meanwhile (vcpu/thread_owner.h); the rest may be called from any
// thread.

#pragma once

#include <zircon/errors.h>
#include <zircon/syscalls/hypervisor.h>
#include <zircon/syscalls/port.h>
#include <zircon/types.h>

#include <optional>

#include "absl/functional/function_ref.h"
#include "base/probes.h"
#include "base/ref_ptr.h"
#include "guest/guest.h"
#include "objects/packet_reserve.h"
#include "objects/waitable.h"
#include "vcpu/interrupt_link.h"
#include "vcpu/processor.h"
#include "vcpu/run_gate.h"
#include "vcpu/tenure.h"
#include "vcpu/thread_owner.h"
#include "vcpu/x86/pending_interrupts.h"

namespace zircon::vcpu {

// Aligned so that what an exit touches of it, up to the port instructions that are known, lies in
// one page.
class alignas(2048) Vcpu final : public objects::Waitable, private objects::RoomListener {
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
  // As Processor::EnterPlainly(); defined in vcpu/vcpu_enter.h, and what follows in vcpu_state.h.
  template <typename Place>
  [[nodiscard]] zx_status_t EnterPlainly(const Place& place, zx_port_packet_t* apart,
                                         bool* is_apart) noexcept;
  [[nodiscard]] zx_status_t ReadState(zx_vcpu_state_t* state) noexcept;
  [[nodiscard]] zx_status_t WriteState(const zx_vcpu_state_t& state) noexcept;
  [[nodiscard]] zx_status_t WriteIo(const zx_vcpu_io_t& io) noexcept;
  // For a debugger: with the VCPU at rest (Core::Rest()), gives what `work` gives. ZX_ERR_BAD_STATE
  // in another thread than the owner.
  [[nodiscard]] zx_status_t AtRest(absl::FunctionRef<zx_status_t(x86::Core&)> work);

  void Kick() {
    PROBE(kick, gate_.owner_tid());
    gate_.Post(kRequestKick);
  }
  // ZX_ERR_OUT_OF_RANGE for a vector that the architecture does not have; as KVM-ERR where the
  // local APIC is the kernel's.
  [[nodiscard]] zx_status_t Interrupt(uint32_t vector);
  // A kick that no enter has taken yet.
  bool kicked() const { return gate_.IsSet(kRequestKick); }

 private:
  // A call of the owner thread that has begun: it has the place until this goes.
  class OwnersCall {
   public:
    explicit OwnersCall(Vcpu* vcpu) : vcpu_(*vcpu) {}
    ~OwnersCall() {
      if (vcpu_.tenure_.End()) [[unlikely]]
        vcpu_.GiveBackPlace();
    }
    OwnersCall(const OwnersCall&) = delete;
    OwnersCall& operator=(const OwnersCall&) = delete;

   private:
    Vcpu& vcpu_;
  };

  Vcpu(base::RefPtr<ThreadOwner> owner, Seat seat);

  void OnRoom() override { gate_.Post(kRequestRoom); }
  void OnZeroHandles() override;
  void GiveBackPlace();

  // What other threads touch.
  RunGate gate_;
  x86::PendingInterrupts pending_;
  InterruptLink link_;

  const base::RefPtr<ThreadOwner> owner_;
  Tenure tenure_;
  std::optional<Processor> processor_;
};

}  // namespace zircon::vcpu
