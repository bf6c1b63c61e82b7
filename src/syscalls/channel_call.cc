// zx_channel_call, zx_channel_call_etc.

#include <zircon/syscalls.h>

#include <utility>

#include "handles/handle_table.h"
#include "objects/channel.h"
#include "syscalls/channel_message.h"
#include "syscalls/syscall.h"
#include "syscalls/user_memory.h"

using zircon::base::RefPtr;
using zircon::handles::TypedRef;
using zircon::objects::Channel;
using zircon::objects::MessagePtr;
using zircon::objects::NoMessage;
namespace syscalls = zircon::syscalls;
namespace user = zircon::user;

namespace {

constexpr uint32_t kTransactionSize = 4;

// Args: of either form. Up to the message, whose handles are consumed whatever comes of the rest.
template <typename Args>
zx_status_t Prepare(zx_handle_t handle, uint32_t options, const Args& args,
                    RefPtr<Channel>* channel, MessagePtr* message) {
  zx_status_t status = ZX_OK;
  if ((options & ~ZX_CHANNEL_WRITE_USE_IOVEC) != 0) status = ZX_ERR_INVALID_ARGS;
  TypedRef<Channel> ref;
  if (status == ZX_OK) status = ref.Lookup(handle, ZX_RIGHT_READ | ZX_RIGHT_WRITE);
  if (status == ZX_OK) {
    *channel = ref.share();
    const bool is_iovec = (options & ZX_CHANNEL_WRITE_USE_IOVEC) != 0;
    status = syscalls::MakeMessage({args.wr_bytes, args.wr_num_bytes, is_iovec},
                                   args.wr_num_handles, message);
  }
  if (status == ZX_OK && (*message)->num_bytes() < kTransactionSize) status = ZX_ERR_INVALID_ARGS;
  syscalls::HandlesToSend handles;
  const zx_status_t taken =
      handles.Take(args.wr_handles, args.wr_num_handles, status == ZX_OK ? ref.get() : nullptr);
  if (status == ZX_OK) status = taken;
  if (status == ZX_OK) handles.MoveTo(message->get());
  return status;
}

template <typename Args>
zx_status_t Call(zx_handle_t handle, uint32_t options, zx_time_t deadline, const Args* user_args,
                 uint32_t* actual_bytes, uint32_t* actual_handles) {
  Args args;
  zx_status_t status = user::CopyIn(&args, user_args, sizeof(args));
  if (status != ZX_OK) return status;
  // From here on the call holds the object, not its handle's place in the table.
  RefPtr<Channel> channel;
  MessagePtr message = NoMessage();
  status = Prepare(handle, options, args, &channel, &message);
  if (status != ZX_OK) return status;

  MessagePtr reply = NoMessage();
  status = channel->Call(std::move(message), deadline, &reply);
  if (status != ZX_OK) return status;
  if (reply->num_bytes() > args.rd_num_bytes || reply->num_handles() > args.rd_num_handles) {
    return ZX_ERR_BUFFER_TOO_SMALL;
  }
  // Both are wanted here.
  if (actual_bytes == nullptr || actual_handles == nullptr) return ZX_ERR_INVALID_ARGS;
  return syscalls::GiveMessage(std::move(reply), args.rd_bytes, args.rd_handles, actual_bytes,
                               actual_handles);
}

}  // namespace

ZIRCON_SYSCALL(zx_status_t, channel_call, (zx_handle_t)handle, (uint32_t)options,
               (zx_time_t)deadline, (const zx_channel_call_args_t*)args, (uint32_t*)actual_bytes,
               (uint32_t*)actual_handles) {
  return Call(handle, options, deadline, args, actual_bytes, actual_handles);
}

// Nothing ends the wait of a call before its time, so that there is nothing to retry.
ZIRCON_SYSCALL(zx_status_t, channel_call_noretry, (zx_handle_t)handle, (uint32_t)options,
               (zx_time_t)deadline, (const zx_channel_call_args_t*)args, (uint32_t*)actual_bytes,
               (uint32_t*)actual_handles) {
  return Call(handle, options, deadline, args, actual_bytes, actual_handles);
}

ZIRCON_SYSCALL(zx_status_t, channel_call_etc, (zx_handle_t)handle, (uint32_t)options,
               (zx_time_t)deadline, (zx_channel_call_etc_args_t*)args, (uint32_t*)actual_bytes,
               (uint32_t*)actual_handles) {
  return Call(handle, options, deadline, args, actual_bytes, actual_handles);
}
