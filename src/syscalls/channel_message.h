// What the calls of channels do alike: a message from the caller's memory, and one to it.

#pragma once

#include <zircon/types.h>

#include "handles/dispatcher.h"
#include "objects/message.h"
#include "syscalls/handles_to_send.h"

namespace zircon::syscalls {

// The caller's bytes: themselves, or with ZX_CHANNEL_WRITE_USE_IOVEC the pieces that an array of
// `count` descriptions names.
struct UserBytes {
  const void* bytes;
  uint32_t count;
  bool is_iovec;
};

// Room for the bytes and for `num_handles` handles, and the bytes copied into it.
// ZX_ERR_OUT_OF_RANGE, ZX_ERR_INVALID_ARGS, ZX_ERR_NO_MEMORY.
[[nodiscard]] zx_status_t MakeMessage(const UserBytes& bytes, uint32_t num_handles,
                                      objects::MessagePtr* out);

// Gives a message that was taken to the caller: bytes, then the handles under new values. Whatever
// fails, the message is lost and its handles are closed. `user_handles` is an array of zx_handle_t
// or of zx_handle_info_t; both sizes may be NULL.
template <typename UserHandle>
[[nodiscard]] zx_status_t GiveMessage(objects::MessagePtr message, void* user_bytes,
                                      UserHandle* user_handles, uint32_t* actual_bytes,
                                      uint32_t* actual_handles);

}  // namespace zircon::syscalls
