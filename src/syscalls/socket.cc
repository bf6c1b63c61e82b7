// zx_socket_create, zx_socket_read, zx_socket_write, zx_socket_set_disposition, zx_socket_shutdown.

#include "objects/socket.h"

#include <zircon/syscalls.h>

#include <utility>

#include "handles/handle_table.h"
#include "rights/rights.h"
#include "syscalls/layouts_2018.h"
#include "syscalls/out_handle.h"
#include "syscalls/syscall.h"
#include "syscalls/user_copies.h"

using zircon::base::RefPtr;
using zircon::handles::TypedRef;
using zircon::objects::Socket;
namespace api_2018 = zircon::syscalls::api_2018;
namespace rights = zircon::rights;
namespace syscalls = zircon::syscalls;
namespace user = zircon::user;

namespace {

bool ToDisposition(uint32_t value, Socket::Disposition* out) {
  switch (value) {
    case 0:
      *out = Socket::Disposition::kUnchanged;
      return true;
    case ZX_SOCKET_DISPOSITION_WRITE_DISABLED:
      *out = Socket::Disposition::kDisabled;
      return true;
    case ZX_SOCKET_DISPOSITION_WRITE_ENABLED:
      *out = Socket::Disposition::kEnabled;
      return true;
    default:
      return false;
  }
}

}  // namespace

ZIRCON_SYSCALL(zx_status_t, socket_create, (uint32_t)options, (zx_handle_t*)out0,
               (zx_handle_t*)out1) {
  if ((options & ~ZX_SOCKET_DATAGRAM) != 0) return ZX_ERR_INVALID_ARGS;
  RefPtr<Socket> end0;
  RefPtr<Socket> end1;
  const auto kind = options == ZX_SOCKET_DATAGRAM ? Socket::Kind::kDatagram : Socket::Kind::kStream;
  const zx_status_t status = Socket::Create(kind, &end0, &end1);
  if (status != ZX_OK) return status;
  return syscalls::PutHandles(out0, std::move(end0), rights::kSocket, out1, std::move(end1),
                              rights::kSocket);
}

ZIRCON_SYSCALL(zx_status_t, socket_write, (zx_handle_t)handle, (uint32_t)options,
               (const void*)buffer, (size_t)buffer_size, (size_t*)actual) {
  if (buffer == nullptr && buffer_size != 0) return ZX_ERR_INVALID_ARGS;
  if (options != 0) return ZX_ERR_INVALID_ARGS;
  TypedRef<Socket> socket;
  zx_status_t status = socket.Lookup(handle, ZX_RIGHT_WRITE);
  if (status != ZX_OK) return status;
  size_t written = 0;
  status = socket->Write(buffer_size, syscalls::CopierFrom(buffer), &written);
  if (status != ZX_OK || actual == nullptr) return status;
  return user::Put(actual, written);
}

ZIRCON_SYSCALL(zx_status_t, socket_read, (zx_handle_t)handle, (uint32_t)options, (void*)buffer,
               (size_t)buffer_size, (size_t*)actual) {
  if (buffer == nullptr && buffer_size != 0) return ZX_ERR_INVALID_ARGS;
  if ((options & ~ZX_SOCKET_PEEK) != 0) return ZX_ERR_INVALID_ARGS;
  TypedRef<Socket> socket;
  zx_status_t status = socket.Lookup(handle, ZX_RIGHT_READ);
  if (status != ZX_OK) return status;
  size_t read = 0;
  status =
      socket->Read(buffer_size, (options & ZX_SOCKET_PEEK) != 0, syscalls::CopierTo(buffer), &read);
  if (status != ZX_OK || actual == nullptr) return status;
  return user::Put(actual, read);
}

ZIRCON_SYSCALL(zx_status_t, socket_set_disposition, (zx_handle_t)handle, (uint32_t)disposition,
               (uint32_t)disposition_peer) {
  Socket::Disposition own;
  Socket::Disposition of_peer;
  if (!ToDisposition(disposition, &own) || !ToDisposition(disposition_peer, &of_peer)) {
    return ZX_ERR_INVALID_ARGS;
  }
  TypedRef<Socket> socket;
  const zx_status_t status = socket.Lookup(handle, ZX_RIGHT_MANAGE_SOCKET);
  if (status != ZX_OK) return status;
  return socket->SetDisposition(own, of_peer);
}

ZIRCON_SYSCALL(zx_status_t, socket_shutdown, (zx_handle_t)handle, (uint32_t)options) {
  constexpr uint32_t kAll = api_2018::kSocketShutdownWrite | api_2018::kSocketShutdownRead;
  if ((options & ~kAll) != 0) return ZX_ERR_INVALID_ARGS;
  TypedRef<Socket> socket;
  const zx_status_t status = socket.Lookup(handle, ZX_RIGHT_WRITE);
  if (status != ZX_OK) return status;
  socket->Shutdown((options & api_2018::kSocketShutdownWrite) != 0,
                   (options & api_2018::kSocketShutdownRead) != 0);
  return ZX_OK;
}
