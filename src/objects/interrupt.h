// Interrupt: a virtual interrupt: one thread triggers it, another waits for it, or a port it is
// bound to gets a packet.
//
//   state     | trigger, not bound  | trigger, bound         | wait (not bound)    | ack (bound)
//   ----------+---------------------+------------------------+---------------------+----------------
//   idle      | → triggered         | packet, → need ack     | sleeps, → waiting   | stays
//   waiting   | wakes, → need ack   | –                      | –                   | –
//   triggered | stays               | –                      | at once, → need ack | stays
//   need ack  | again: stays        | again: stays           | again: at once,     | again: packet,
//             |                     |                        |   stays; else sleeps|   stays; else
//             |                     |                        |   → waiting         |   → idle
//   destroyed | CANCELED            | CANCELED               | CANCELED            | CANCELED
//
// "Again" remembers one trigger, with the time of the first since the last delivery.
//
// Ownership: handles hold it; it holds its port. Thread safety: any thread.

#pragma once

#include <zircon/syscalls/object.h>
#include <zircon/types.h>

#include "base/mutex.h"
#include "base/ref_ptr.h"
#include "objects/parker.h"
#include "objects/port.h"
#include "objects/port_packet.h"
#include "objects/waitable.h"

namespace zircon::objects {

class Interrupt final : public Waitable {
 public:
  static constexpr zx_obj_type_t kType = ZX_OBJ_TYPE_INTERRUPT;

  Interrupt() noexcept;

  // All in the order of the contract's IRQ rows behind the handles.
  [[nodiscard]] zx_status_t Trigger(zx_time_t timestamp);
  [[nodiscard]] zx_status_t Wait(zx_time_t* timestamp);
  [[nodiscard]] zx_status_t Bind(base::RefPtr<Port> port, uint64_t key);
  [[nodiscard]] zx_status_t Unbind(const Port* port);
  [[nodiscard]] zx_status_t Ack();
  [[nodiscard]] zx_status_t Destroy();

 private:
  enum class State { kIdle, kWaiting, kTriggered, kNeedAck, kDestroyed };

  // A thread in Wait(); gone when it is unparked.
  struct Waiter {
    zx_status_t status = ZX_OK;
    zx_time_t timestamp = 0;
    Parker parker;
  };

  void OnZeroHandles() override { (void)Destroy(); }
  void EndWait(zx_status_t status, zx_time_t timestamp) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void QueuePacket(zx_time_t timestamp) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // Before the port's lock.
  base::Mutex mutex_;
  State state_ ABSL_GUARDED_BY(mutex_) = State::kIdle;
  bool again_ ABSL_GUARDED_BY(mutex_) = false;       // in need ack
  zx_time_t timestamp_ ABSL_GUARDED_BY(mutex_) = 0;  // of triggered, or of again
  Waiter* waiter_ ABSL_GUARDED_BY(mutex_) = nullptr;
  base::RefPtr<Port> port_ ABSL_GUARDED_BY(mutex_);  // bound to it
  PortPacket packet_;                                // the port's lock guards it
};

}  // namespace zircon::objects
