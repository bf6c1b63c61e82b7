// PortWait: a wait for signals that ends, or goes on, by a packet in a port:
// zx_object_wait_async().
//
//   state    | at the object | at the port      | packet
//   ---------+---------------+------------------+----------------
//   pending  | yes           | yes              | REPEATING: may be queued
//   fired    | no            | until it is taken| queued or taken
//   ended    | no            | until it is taken| none, or still queued
//
// It comes to both with the object's lock held, so that nobody finds it pending at one of them who
// could not take it from the other. It is ended from either side: by the handle that it was begun
// through, or by the port (cancelled, dead). The port's lock decides whether a firing still counts;
// the object's list follows.
//
// Ownership: counted: the object, the port while it is pending and the packet while it is queued
// hold a reference each; it holds the port. Thread safety: any thread.

#pragma once

#include <zircon/syscalls/port.h>
#include <zircon/types.h>

#include <cstdint>

#include "base/ref_ptr.h"
#include "objects/linked_list.h"
#include "objects/linked_tree.h"
#include "objects/port.h"
#include "objects/port_packet.h"
#include "objects/waitable.h"

namespace zircon::objects {

class PortWait final : public base::RefCounted,
                       public SignalObserver,
                       public InTree<PortWait, ByKey>,
                       public Linked<PortWait> {
 public:
  // What the packet tells of when it was.
  enum class Timestamp { kNone, kMonotonic, kBoot };

  struct Options {
    bool edge = false;  // only a change to active counts
    Timestamp timestamp = Timestamp::kNone;
    bool repeating = false;    // a packet at each change (2018)
    bool count_queue = false;  // the packet counts a channel's messages (2018)
  };

  // Begins a wait; it may end at once. ZX_ERR_NO_MEMORY, ZX_ERR_BAD_HANDLE (the port is dead).
  [[nodiscard]] static zx_status_t Begin(base::RefPtr<Port> port, uint64_t key,
                                         const handles::HandleRef& ref, zx_handle_t handle,
                                         zx_signals_t trigger, Options options);

  // By the port.
  uint64_t key() const { return packet_.packet.key; }
  Waitable* source() const { return source_; }

 private:
  friend class Port;

  PortWait(base::RefPtr<Port> port, uint64_t key, Waitable* source, zx_handle_t handle,
           zx_signals_t trigger, Options options) noexcept;
  ~PortWait() override = default;

  Next OnArrival(zx_signals_t active) override;
  Next OnChange(zx_signals_t before, zx_signals_t active) override;
  void OnHandleGone(zx_signals_t /*active*/) override { OnLeft(); }
  void OnLeft() override;

  Next Fire(zx_signals_t active, uint64_t count);
  zx_time_t TimeOfMatch() const;

  const base::RefPtr<Port> port_;
  // Alive while this is pending: its own waits end before it goes, and the port's with them.
  Waitable* const source_;
  const zx_signals_t trigger_;
  const Options options_;
  zx_status_t begun_ = ZX_OK;  // for Begin()

  // The port's lock guards these.
  bool pending_ = false;
  PortPacket packet_;
};

inline bool ByKey::Before(const PortWait& a, const PortWait& b) {
  return a.key() != b.key() ? a.key() < b.key() : a.handle() < b.handle();
}

}  // namespace zircon::objects
