// Vcpu: a virtual processor: the thread that owns it, the loop that runs it, and what other threads
// may do to it. What an exit means is the architecture's (vcpu/x86/core.h).
//
// One turn of the loop: requests (kick first), a bell that waits, injection, KVM_RUN, the exit. No
// lock is held across it, nothing is allocated, and a trap costs one ioctl.
//
// Ownership: handles hold it; it holds its guest. The kernel's VCPU goes back to the guest's shelf.
// Thread safety: Enter, ReadState and WriteState answer ZX_ERR_BAD_STATE but on the owner thread;
// the rest may be called from any thread.

#pragma once

#include <zircon/syscalls/hypervisor.h>
#include <zircon/syscalls/port.h>
#include <zircon/types.h>

#include <memory>

#include "base/ref_ptr.h"
#include "guest/guest.h"
#include "objects/packet_reserve.h"
#include "objects/waitable.h"
#include "vcpu/exit_counters.h"
#include "vcpu/host_timer.h"
#include "vcpu/run_gate.h"
#include "vcpu/thread_owner.h"
#include "vcpu/x86/core.h"

namespace zircon::vcpu {

class Vcpu final : public objects::Waitable, private objects::RoomListener {
 public:
  static constexpr zx_obj_type_t kType = ZX_OBJ_TYPE_VCPU;

  // zx_vcpu_create behind the handle checks (contract VCPU-CREATE rows): ZX_ERR_NO_RESOURCES,
  // ZX_ERR_INVALID_ARGS (entry), ZX_ERR_BAD_STATE (the thread has a VCPU), ZX_ERR_NO_MEMORY.
  [[nodiscard]] static zx_status_t Create(const base::RefPtr<guest::Guest>& guest, uint64_t entry,
                                          base::RefPtr<Vcpu>* out);
  ~Vcpu() override;

  // With `code` a GUEST_MEM packet comes with the bytes of its instruction.
  [[nodiscard]] zx_status_t Enter(zx_port_packet_t* packet, x86::InstructionBytes* code = nullptr);
  void Kick() { gate_.Post(kRequestKick); }
  // ZX_ERR_OUT_OF_RANGE for a vector that the architecture does not have.
  [[nodiscard]] zx_status_t Interrupt(uint32_t vector);
  bool OnOwnerThread() const { return owner_->IsCurrent(); }
  // The two below: on the owner thread.
  void ReadState(zx_vcpu_state_t* state) const { core_.ReadState(state); }
  void WriteState(const zx_vcpu_state_t& state) { core_.WriteState(state); }
  void WriteIo(const zx_vcpu_io_t& io) { core_.WriteIo(io); }

  // A kick that no enter has taken yet.
  bool kicked() const { return gate_.IsSet(kRequestKick); }

 private:
  Vcpu(base::RefPtr<guest::Guest> guest, base::RefPtr<ThreadOwner> owner, uint32_t id,
       std::unique_ptr<kvm::VcpuFd>* fd);

  void OnRoom() override { gate_.Post(kRequestRoom); }

  // Waits, as HLT does, until something is pending. ZX_ERR_CANCELED when kicked.
  [[nodiscard]] zx_status_t Halt();
  // Queues the bell that waits, waiting for room. ZX_ERR_CANCELED when kicked.
  [[nodiscard]] zx_status_t RingBell();
  // KVM_RUN came back because of a signal.
  void AfterInterruption();
  void ArmTimer();

  const base::RefPtr<guest::Guest> guest_;
  const base::RefPtr<ThreadOwner> owner_;
  const uint32_t id_;
  ExitCounters counters_;  // before what must not go when this cannot be made
  std::unique_ptr<kvm::VcpuFd> fd_;
  RunGate gate_;
  HostTimer timer_;
  x86::Core core_;
  uint64_t run_mask_ = 0;
  objects::PacketReserve* last_bell_ = nullptr;
  bool configured_ = false;  // whether the kernel's VCPU has its CPUID
  bool told_no_timer_ = false;
  bool joined_ = false;  // whether the guest knows the gate
};

}  // namespace zircon::vcpu
