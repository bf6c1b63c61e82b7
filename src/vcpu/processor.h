// Processor: what the owner thread of a VCPU works with, and what the VCPU takes up: an id of its
// guest and the kernel's VCPU behind it, the registers, the guest's timer, and the loop that runs
// them. What an exit means is the architecture's (vcpu/x86/core.h).
//
// One turn of the loop: requests (kick first), a bell that waits, injection, KVM_RUN, the exit. No
// lock is held across it, nothing is allocated, and a trap costs one ioctl. What each enter goes
// through is inline, in vcpu/processor_enter.h; what is to do now and then is a call.
//
// Ownership: the Vcpu's, as long as it has its place (vcpu/vcpu.h); holds its guest, and gives it
// the id and the kernel's VCPU back when it goes. Thread safety: the owner thread; made and
// destroyed by any, while the owner is in no call.

#pragma once

#include <zircon/syscalls/hypervisor.h>
#include <zircon/syscalls/port.h>
#include <zircon/types.h>

#include <memory>

#include "base/ref_ptr.h"
#include "guest/guest.h"
#include "objects/packet_reserve.h"
#include "vcpu/exit_counters.h"
#include "vcpu/host_timer.h"
#include "vcpu/run_gate.h"
#include "vcpu/x86/core.h"
#include "vcpu/x86/pending_interrupts.h"

namespace zircon::vcpu {

// The id of a VCPU and the kernel's VCPU, as the guest gives them out.
class Seat {
 public:
  // Takes the lowest free id. ZX_ERR_NO_RESOURCES when there is none.
  [[nodiscard]] zx_status_t Take(base::RefPtr<guest::Guest> guest);
  // The kernel's VCPU of that id.
  [[nodiscard]] zx_status_t TakeFd();
  Seat() = default;
  // It is only moved before it is used.
  Seat(Seat&& other) noexcept = default;
  Seat& operator=(Seat&&) = delete;
  ~Seat();

  guest::Guest& guest() const { return *guest_; }
  uint32_t id() const { return id_; }
  kvm::VcpuFd& fd() const { return *fd_; }
  // Whether the kernel's VCPU has been another's, or has its CPUID, which comes to the same.
  bool used() const { return used_; }
  void SetUsed() { used_ = true; }

 private:
  base::RefPtr<guest::Guest> guest_;  // null: no id is taken
  uint32_t id_ = 0;
  std::unique_ptr<kvm::VcpuFd> fd_;
  bool used_ = false;
};

class Processor {
 public:
  // `gate`, `pending` and `listener` are the Vcpu's and outlive it.
  Processor(Seat seat, RunGate* gate, x86::PendingInterrupts* pending,
            objects::RoomListener* listener);
  ~Processor();
  Processor(const Processor&) = delete;
  Processor& operator=(const Processor&) = delete;

  // On the thread that is to own it, with the kick signal open. An errno.
  [[nodiscard]] int Initialize(uint64_t entry);

  // With `code` a GUEST_MEM packet comes with the bytes of its instruction.
  [[nodiscard]] zx_status_t Enter(zx_port_packet_t* packet, x86::InstructionBytes* code) noexcept;
  // Enter() without the bytes, for general registers alone (vcpu/processor_enter.h). place() gives,
  // after the run, where the packet may be written at once, or null. *is_apart: it is in *apart.
  template <typename Place>
  [[nodiscard]] zx_status_t EnterPlainly(const Place& place, zx_port_packet_t* apart,
                                         bool* is_apart) noexcept;
  x86::Core& core() { return core_; }
  // Core::Rest(), as a turn of its own.
  [[nodiscard]] zx_status_t Rest() noexcept;

 private:
  // What comes next in a turn.
  enum class Next {
    kRun,
    kExit,    // the exit in the run page is looked at, without a run
    kAgain,   // another turn
    kReturn,  // enter gives the status
  };
  // From where the loop goes on.
  enum class Stage {
    kBegin,
    kHasRun,  // KVM_RUN is over; its exit is not known
  };
  // Whether there is nothing to do before the run but what has been done.
  bool RunsPlainly();
  // All of it, behind KickSignal::Target.
  [[nodiscard]] zx_status_t Go(Stage stage, int error, zx_port_packet_t* packet,
                               x86::InstructionBytes* code) noexcept;
  volatile uint8_t* immediate_exit() const { return &core_.page().immediate_exit; }
  // Before the run: all that may be to do, beside folding in what is owed.
  [[nodiscard]] Next Prepare(uint32_t requests, zx_port_packet_t* packet, zx_status_t* status);
  // Behind the run, which gave `error`, and for kExit.
  [[nodiscard]] Next Finish(int error, zx_port_packet_t* packet, x86::InstructionBytes* code,
                            zx_status_t* status);
  // What enter gives for a kick, which is over with that.
  [[nodiscard]] zx_status_t TakeKick();
  // The packet of a processor that the guest has started, if there is one that nobody else gives.
  [[nodiscard]] bool TakeStartup(zx_port_packet_t* packet);
  // Waits, as HLT does, until something is pending. ZX_ERR_CANCELED when kicked.
  [[nodiscard]] zx_status_t Halt();
  // Queues the bell that waits, waiting for room. ZX_ERR_CANCELED when kicked.
  [[nodiscard]] zx_status_t RingBell();
  // A signal has come: the timer, perhaps.
  void NoteSignal();
  // False when the host has no timer left.
  bool ArmTimer();

  Seat seat_;
  RunGate& gate_;
  objects::RoomListener& listener_;
  // Prepare() would find nothing to do before the guest's timer is due, and since it looked last
  // nothing has come but exits that are known (x86::Core::HandleKnownExit).
  bool plain_ = false;
  bool told_no_timer_ = false;
  bool joined_ = false;  // whether the guest knows the gate
  objects::PacketReserve* last_bell_ = nullptr;
  ExitCounters counters_;
  HostTimer timer_;
  x86::Core core_;
};

}  // namespace zircon::vcpu
