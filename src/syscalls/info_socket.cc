// Topics of zx_object_get_info() about sockets.

#include <zircon/rights.h>
#include <zircon/syscalls/object.h>

#include "handles/handle_table.h"
#include "objects/socket.h"
#include "syscalls/info_topics.h"

namespace zircon::syscalls {

zx_status_t SocketInfo(zx_handle_t handle, const Answer& answer) {
  handles::TypedRef<objects::Socket> socket;
  const zx_status_t status = socket.Lookup(handle, ZX_RIGHT_INSPECT);
  if (status != ZX_OK) return status;
  return answer.PutRecord(socket->Info());
}

}  // namespace zircon::syscalls
