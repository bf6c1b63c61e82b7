// zx_object_get_property, zx_object_set_property.

#include <zircon/syscalls.h>

#include <algorithm>

#include "handles/handle_table.h"
#include "objects/socket.h"
#include "objects/vmo.h"
#include "syscalls/syscall.h"
#include "syscalls/user_memory.h"

using zircon::handles::HandleRef;
using zircon::handles::HandleTable;
using zircon::objects::Socket;
using zircon::objects::Vmo;
namespace user = zircon::user;

namespace {

zx_status_t Lookup(zx_handle_t handle, zx_rights_t right, HandleRef* ref) {
  const zx_status_t status = HandleTable::Process().Lookup(handle, ref);
  if (status != ZX_OK) return status;
  return (ref->rights() & right) == right ? ZX_OK : ZX_ERR_ACCESS_DENIED;
}

zx_status_t GetName(const HandleRef& ref, void* value, size_t value_size) {
  if (value_size < ZX_MAX_NAME_LEN) return ZX_ERR_BUFFER_TOO_SMALL;
  char name[ZX_MAX_NAME_LEN] = {};
  if (ref.object()->name() != nullptr) ref.object()->name()->Get(name);
  return user::CopyOut(value, name, sizeof(name));
}

zx_status_t SetName(const HandleRef& ref, const void* value, size_t value_size) {
  if (ref.object()->name() == nullptr) return ZX_ERR_NOT_SUPPORTED;
  char name[ZX_MAX_NAME_LEN];
  const size_t size = std::min(value_size, sizeof(name) - 1);
  const zx_status_t status = user::CopyIn(name, value, size);
  if (status != ZX_OK) return status;
  ref.object()->name()->Set(name, size);
  return ZX_OK;
}

// Null unless it is one.
template <typename T>
T* As(const HandleRef& ref) {
  return ref.object()->type() == T::kType ? static_cast<T*>(ref.object()) : nullptr;
}

zx_status_t GetThreshold(const HandleRef& ref, bool read, void* value, size_t value_size) {
  if (value_size < sizeof(size_t)) return ZX_ERR_BUFFER_TOO_SMALL;
  Socket* const socket = As<Socket>(ref);
  if (socket == nullptr) return ZX_ERR_WRONG_TYPE;
  const size_t bytes = read ? socket->read_threshold() : socket->write_threshold();
  return user::CopyOut(value, &bytes, sizeof(bytes));
}

zx_status_t SetThreshold(const HandleRef& ref, bool read, const void* value, size_t value_size) {
  if (value_size < sizeof(size_t)) return ZX_ERR_BUFFER_TOO_SMALL;
  Socket* const socket = As<Socket>(ref);
  if (socket == nullptr) return ZX_ERR_WRONG_TYPE;
  size_t bytes = 0;
  const zx_status_t status = user::CopyIn(&bytes, value, sizeof(bytes));
  if (status != ZX_OK) return status;
  return read ? socket->SetReadThreshold(bytes) : socket->SetWriteThreshold(bytes);
}

zx_status_t GetContentSize(const HandleRef& ref, void* value, size_t value_size) {
  if (value_size < sizeof(uint64_t)) return ZX_ERR_BUFFER_TOO_SMALL;
  const Vmo* const vmo = As<Vmo>(ref);
  if (vmo == nullptr) return ZX_ERR_WRONG_TYPE;
  const uint64_t bytes = vmo->stream_size();
  return user::CopyOut(value, &bytes, sizeof(bytes));
}

zx_status_t SetContentSize(const HandleRef& ref, const void* value, size_t value_size) {
  if (value_size < sizeof(uint64_t)) return ZX_ERR_BUFFER_TOO_SMALL;
  Vmo* const vmo = As<Vmo>(ref);
  if (vmo == nullptr) return ZX_ERR_WRONG_TYPE;
  uint64_t bytes = 0;
  const zx_status_t status = user::CopyIn(&bytes, value, sizeof(bytes));
  return status != ZX_OK ? status : vmo->SetStreamSize(bytes);
}

}  // namespace

ZIRCON_SYSCALL(zx_status_t, object_get_property, (zx_handle_t)handle, (uint32_t)property,
               (void*)value, (size_t)value_size) {
  if (value == nullptr) return ZX_ERR_INVALID_ARGS;
  HandleRef ref;
  const zx_status_t status = Lookup(handle, ZX_RIGHT_GET_PROPERTY, &ref);
  if (status != ZX_OK) return status;
  switch (property) {
    case ZX_PROP_NAME:
      return GetName(ref, value, value_size);
    case ZX_PROP_SOCKET_RX_THRESHOLD:
    case ZX_PROP_SOCKET_TX_THRESHOLD:
      return GetThreshold(ref, property == ZX_PROP_SOCKET_RX_THRESHOLD, value, value_size);
    case ZX_PROP_VMO_CONTENT_SIZE:
      return GetContentSize(ref, value, value_size);
    default:
      return ZX_ERR_NOT_SUPPORTED;
  }
}

ZIRCON_SYSCALL(zx_status_t, object_set_property, (zx_handle_t)handle, (uint32_t)property,
               (const void*)value, (size_t)value_size) {
  if (value == nullptr) return ZX_ERR_INVALID_ARGS;
  HandleRef ref;
  const zx_status_t status = Lookup(handle, ZX_RIGHT_SET_PROPERTY, &ref);
  if (status != ZX_OK) return status;
  switch (property) {
    case ZX_PROP_NAME:
      return SetName(ref, value, value_size);
    case ZX_PROP_SOCKET_RX_THRESHOLD:
    case ZX_PROP_SOCKET_TX_THRESHOLD:
      return SetThreshold(ref, property == ZX_PROP_SOCKET_RX_THRESHOLD, value, value_size);
    case ZX_PROP_VMO_CONTENT_SIZE:
      return SetContentSize(ref, value, value_size);
    default:
      return ZX_ERR_NOT_SUPPORTED;
  }
}
