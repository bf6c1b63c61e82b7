#include "syscalls/channel_message.h"

#include <sys/uio.h>
#include <zircon/errors.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "handles/handle_table.h"
#include "syscalls/user_memory.h"

namespace zircon::syscalls {
namespace {

using handles::HandleTable;
using objects::Message;
using objects::MessagePtr;

constexpr uint32_t kMostBytes = ZX_CHANNEL_MAX_MSG_BYTES;
constexpr uint32_t kMostPieces = ZX_CHANNEL_MAX_MSG_IOVECS;

zx_status_t NewMessage(uint32_t bytes, uint32_t handles, MessagePtr* out) {
  *out = Message::Create(bytes, handles);
  return *out == nullptr ? ZX_ERR_NO_MEMORY : ZX_OK;
}

zx_status_t MakeFromPieces(const UserBytes& bytes, uint32_t num_handles, MessagePtr* out) {
  if (bytes.count > kMostPieces) return ZX_ERR_OUT_OF_RANGE;
  // The descriptions, each in the place of what becomes of it.
  static_assert(sizeof(iovec) == sizeof(zx_channel_iovec_t));
  const std::unique_ptr<iovec[]> pieces(new (std::nothrow) iovec[bytes.count]);
  if (pieces == nullptr) return ZX_ERR_NO_MEMORY;
  zx_status_t status = user::CopyIn(pieces.get(), bytes.bytes, bytes.count * sizeof(iovec));
  if (status != ZX_OK) return status;
  uint32_t total = 0;
  size_t count = 0;
  for (uint32_t i = 0; i < bytes.count; ++i) {
    zx_channel_iovec_t piece;
    std::memcpy(&piece, &pieces[i], sizeof(piece));
    if (piece.reserved != 0) return ZX_ERR_INVALID_ARGS;
    if (piece.capacity > kMostBytes - total) return ZX_ERR_OUT_OF_RANGE;
    total += piece.capacity;
    if (piece.capacity == 0) continue;  // wherever it is
    pieces[count++] = {const_cast<void*>(piece.buffer), piece.capacity};
  }
  status = NewMessage(total, num_handles, out);
  if (status != ZX_OK) return status;
  return user::CopyInPieces((*out)->bytes(), {pieces.get(), count}, total);
}

void Fill(zx_handle_t value, const handles::DetachedHandle& /*handle*/, zx_handle_t* out) {
  *out = value;
}

void Fill(zx_handle_t value, const handles::DetachedHandle& handle, zx_handle_info_t* out) {
  *out = {};
  out->handle = value;
  out->type = handle.object()->type();
  out->rights = handle.rights();
}

zx_handle_t* ValueIn(zx_handle_t* user_handle) { return user_handle; }
zx_handle_t* ValueIn(zx_handle_info_t* user_handle) { return &user_handle->handle; }

}  // namespace

zx_status_t MakeMessage(const UserBytes& bytes, uint32_t num_handles, MessagePtr* out) {
  if (num_handles > ZX_CHANNEL_MAX_MSG_HANDLES) return ZX_ERR_OUT_OF_RANGE;
  if (bytes.is_iovec) return MakeFromPieces(bytes, num_handles, out);
  if (bytes.count > kMostBytes) return ZX_ERR_OUT_OF_RANGE;
  const zx_status_t status = NewMessage(bytes.count, num_handles, out);
  if (status != ZX_OK) return status;
  return user::CopyIn((*out)->bytes(), bytes.bytes, bytes.count);
}

template <typename UserHandle>
zx_status_t GiveMessage(MessagePtr message, void* user_bytes, UserHandle* user_handles,
                        uint32_t* actual_bytes, uint32_t* actual_handles) {
  zx_status_t status = user::CopyOut(user_bytes, message->bytes(), message->num_bytes());
  if (status == ZX_OK && actual_bytes != nullptr) {
    status = user::Put(actual_bytes, message->num_bytes());
  }
  if (status == ZX_OK && actual_handles != nullptr) {
    status = user::Put(actual_handles, message->num_handles());
  }
  if (status != ZX_OK) return status;

  UserHandle given[ZX_CHANNEL_MAX_MSG_HANDLES];
  uint32_t attached = 0;
  absl::Cleanup close_attached = [&] {
    while (attached != 0) (void)HandleTable::Process().Close(*ValueIn(&given[--attached]));
  };
  for (; attached < message->num_handles(); ++attached) {
    handles::DetachedHandle& handle = message->handles()[attached];
    Fill(ZX_HANDLE_INVALID, handle, &given[attached]);
    status = HandleTable::Process().Attach(std::move(handle), ValueIn(&given[attached]));
    if (status != ZX_OK) return status;
  }
  status = user::CopyOut(user_handles, given, attached * sizeof(UserHandle));
  if (status == ZX_OK) std::move(close_attached).Cancel();
  return status;
}

template zx_status_t GiveMessage(MessagePtr, void*, zx_handle_t*, uint32_t*, uint32_t*);
template zx_status_t GiveMessage(MessagePtr, void*, zx_handle_info_t*, uint32_t*, uint32_t*);

}  // namespace zircon::syscalls
