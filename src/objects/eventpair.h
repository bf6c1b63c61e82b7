// Eventpair: one end of a pair of events, each of which can be signalled from either side.
//
// Ownership: handles hold it. Thread safety: any thread.

#pragma once

#include <zircon/syscalls/object.h>
#include <zircon/types.h>

#include <utility>

#include "objects/paired.h"

namespace zircon::objects {

class Eventpair final : public Paired<Eventpair> {
 public:
  static constexpr zx_obj_type_t kType = ZX_OBJ_TYPE_EVENTPAIR;

  [[nodiscard]] static zx_status_t Create(base::RefPtr<Eventpair>* end0,
                                          base::RefPtr<Eventpair>* end1) {
    return CreatePair(end0, end1);
  }
  zx_signals_t user_signals() const override { return ZX_EVENTPAIR_SIGNALED | ZX_USER_SIGNAL_ALL; }

 private:
  friend class Paired<Eventpair>;
  explicit Eventpair(Place place) noexcept : Paired(kType, 0, std::move(place)) {}

  void OnPeerClosed() override { UpdateSignals(0, ZX_EVENTPAIR_PEER_CLOSED); }
};

}  // namespace zircon::objects
