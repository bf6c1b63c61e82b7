// zx_channel_create, zx_channel_read, zx_channel_write and their _etc forms.

#include "objects/channel.h"

#include <zircon/syscalls.h>

#include <utility>

#include "handles/handle_table.h"
#include "rights/rights.h"
#include "syscalls/channel_message.h"
#include "syscalls/out_handle.h"
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

// UserHandle: of either form. The handles are consumed whatever comes of the rest.
template <typename UserHandle>
zx_status_t Write(zx_handle_t handle, uint32_t options, const void* bytes, uint32_t num_bytes,
                  UserHandle* user_handles, uint32_t num_handles) {
  TypedRef<Channel> channel;
  MessagePtr message = NoMessage();
  zx_status_t status = ZX_OK;
  if ((options & ~ZX_CHANNEL_WRITE_USE_IOVEC) != 0) status = ZX_ERR_INVALID_ARGS;
  if (status == ZX_OK) status = channel.Lookup(handle, ZX_RIGHT_WRITE);
  if (status == ZX_OK) {
    const bool is_iovec = (options & ZX_CHANNEL_WRITE_USE_IOVEC) != 0;
    status = syscalls::MakeMessage({bytes, num_bytes, is_iovec}, num_handles, &message);
  }
  syscalls::HandlesToSend handles;
  const zx_status_t taken =
      handles.Take(user_handles, num_handles, status == ZX_OK ? channel.get() : nullptr);
  if (status == ZX_OK) status = taken;
  if (status != ZX_OK) return status;
  handles.MoveTo(message.get());
  return channel->Write(std::move(message));
}

template <typename UserHandle>
zx_status_t Read(zx_handle_t handle, uint32_t options, void* bytes, UserHandle* user_handles,
                 uint32_t num_bytes, uint32_t num_handles, uint32_t* actual_bytes,
                 uint32_t* actual_handles) {
  MessagePtr message = NoMessage();
  {
    TypedRef<Channel> channel;
    zx_status_t status = channel.Lookup(handle, ZX_RIGHT_READ);
    if (status != ZX_OK) return status;
    if ((options & ~ZX_CHANNEL_READ_MAY_DISCARD) != 0) return ZX_ERR_NOT_SUPPORTED;
    const Channel::Room room{num_bytes, num_handles, (options & ZX_CHANNEL_READ_MAY_DISCARD) != 0};
    Channel::Size size;
    status = channel->Read(room, &message, &size);
    if (status == ZX_ERR_BUFFER_TOO_SMALL) {
      zx_status_t told = actual_bytes == nullptr ? ZX_OK : user::Put(actual_bytes, size.bytes);
      if (told == ZX_OK && actual_handles != nullptr) {
        told = user::Put(actual_handles, size.handles);
      }
      return told != ZX_OK ? told : status;
    }
    if (status != ZX_OK) return status;
  }
  return syscalls::GiveMessage(std::move(message), bytes, user_handles, actual_bytes,
                               actual_handles);
}

}  // namespace

ZIRCON_SYSCALL(zx_status_t, channel_create, (uint32_t)options, (zx_handle_t*)out0,
               (zx_handle_t*)out1) {
  if (options != 0) return ZX_ERR_INVALID_ARGS;
  RefPtr<Channel> end0;
  RefPtr<Channel> end1;
  const zx_status_t status = Channel::Create(&end0, &end1);
  if (status != ZX_OK) return status;
  return syscalls::PutHandles(out0, std::move(end0), zircon::rights::kChannel, out1,
                              std::move(end1), zircon::rights::kChannel);
}

ZIRCON_SYSCALL(zx_status_t, channel_write, (zx_handle_t)handle, (uint32_t)options,
               (const void*)bytes, (uint32_t)num_bytes, (const zx_handle_t*)handles,
               (uint32_t)num_handles) {
  return Write(handle, options, bytes, num_bytes, handles, num_handles);
}

ZIRCON_SYSCALL(zx_status_t, channel_write_etc, (zx_handle_t)handle, (uint32_t)options,
               (const void*)bytes, (uint32_t)num_bytes, (zx_handle_disposition_t*)handles,
               (uint32_t)num_handles) {
  return Write(handle, options, bytes, num_bytes, handles, num_handles);
}

ZIRCON_SYSCALL(zx_status_t, channel_read, (zx_handle_t)handle, (uint32_t)options, (void*)bytes,
               (zx_handle_t*)handles, (uint32_t)num_bytes, (uint32_t)num_handles,
               (uint32_t*)actual_bytes, (uint32_t*)actual_handles) {
  return Read(handle, options, bytes, handles, num_bytes, num_handles, actual_bytes,
              actual_handles);
}

ZIRCON_SYSCALL(zx_status_t, channel_read_etc, (zx_handle_t)handle, (uint32_t)options, (void*)bytes,
               (zx_handle_info_t*)handles, (uint32_t)num_bytes, (uint32_t)num_handles,
               (uint32_t*)actual_bytes, (uint32_t*)actual_handles) {
  return Read(handle, options, bytes, handles, num_bytes, num_handles, actual_bytes,
              actual_handles);
}
