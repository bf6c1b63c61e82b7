// HandlesToSend: the handles that a call puts into a message. They are consumed whatever comes of
// the call, so it takes them out of the table as soon as it knows which they are, and the first
// that cannot be sent decides its status (contract: CHANNEL-HANDLES rows).
//
// Thread safety: belongs to one call.

#pragma once

#include <zircon/types.h>

#include <cstdint>
#include <new>

#include "handles/detached_handle.h"
#include "objects/message.h"

namespace zircon::syscalls {

class HandlesToSend {
 public:
  HandlesToSend() = default;
  HandlesToSend(const HandlesToSend&) = delete;
  HandlesToSend& operator=(const HandlesToSend&) = delete;
  // What has not been moved on is closed, the first first.
  ~HandlesToSend() {
    for (uint32_t i = 0; i < made_; ++i) places_[i].handle.~DetachedHandle();
  }

  // `channel`, which may be null, is the one that they are to go through. ZX_OK, or the status of
  // the first that is wrong; ZX_ERR_OUT_OF_RANGE for too many, which are all closed.
  [[nodiscard]] zx_status_t Take(const zx_handle_t* user_handles, uint32_t count,
                                 const handles::Dispatcher* channel);
  // The same for dispositions. Unless the call succeeds, the caller sees what is wrong with each.
  [[nodiscard]] zx_status_t Take(zx_handle_disposition_t* user_handles, uint32_t count,
                                 const handles::Dispatcher* channel);

  uint32_t count() const { return count_; }
  // Into the message, which has room for count().
  void MoveTo(objects::Message* message);

 private:
  static constexpr uint32_t kMost = ZX_CHANNEL_MAX_MSG_HANDLES;

  // Most messages have none: what is not needed is not made either.
  union Place {
    Place() {}
    ~Place() {}
    handles::DetachedHandle handle;
  };

  // The next that there is not yet, or any before it.
  handles::DetachedHandle* At(uint32_t i) {
    if (i == made_) ::new (&places_[made_++].handle) handles::DetachedHandle();
    return &places_[i].handle;
  }

  Place places_[kMost];
  uint32_t made_ = 0;
  uint32_t count_ = 0;
};

}  // namespace zircon::syscalls
