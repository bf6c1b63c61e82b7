#include "syscalls/handles_to_send.h"

#include <zircon/errors.h>
#include <zircon/rights.h>

#include <algorithm>
#include <utility>

#include "handles/handle_table.h"
#include "rights/rights.h"
#include "syscalls/user_memory.h"

namespace zircon::syscalls {
namespace {

using handles::DetachedHandle;
using handles::Dispatcher;
using handles::HandleRef;
using handles::HandleTable;

HandleTable& Table() { return HandleTable::Process(); }

zx_status_t CheckToSend(const Dispatcher* object, zx_rights_t rights, const Dispatcher* channel) {
  if ((rights & ZX_RIGHT_TRANSFER) == 0) return ZX_ERR_ACCESS_DENIED;
  return object == channel ? ZX_ERR_NOT_SUPPORTED : ZX_OK;
}

zx_status_t TakeOne(zx_handle_t handle, const Dispatcher* channel, DetachedHandle* out) {
  const zx_status_t status = Table().Detach(handle, out);
  return status != ZX_OK ? status : CheckToSend(out->object(), out->rights(), channel);
}

// What the disposition asks for, of an object and the rights that are there.
zx_status_t CheckDisposition(const zx_handle_disposition_t& wanted, const Dispatcher* object,
                             zx_rights_t held, const Dispatcher* channel, zx_rights_t* rights) {
  const bool duplicate = wanted.operation == ZX_HANDLE_OP_DUPLICATE;
  if (!duplicate && wanted.operation != ZX_HANDLE_OP_MOVE) return ZX_ERR_INVALID_ARGS;
  const zx_status_t status = CheckToSend(object, held, channel);
  if (status != ZX_OK) return status;
  if (wanted.type != ZX_OBJ_TYPE_NONE && wanted.type != object->type()) return ZX_ERR_WRONG_TYPE;
  if (!rights::Reduce(wanted.rights, held, rights)) return ZX_ERR_INVALID_ARGS;
  if (duplicate && (held & ZX_RIGHT_DUPLICATE) == 0) return ZX_ERR_ACCESS_DENIED;
  return ZX_OK;
}

zx_status_t TakeOne(const zx_handle_disposition_t& wanted, const Dispatcher* channel,
                    DetachedHandle* out) {
  zx_rights_t rights = 0;
  if (wanted.operation != ZX_HANDLE_OP_DUPLICATE) {
    // Consumed whatever comes of it, also by an operation that there is not.
    zx_status_t status = Table().Detach(wanted.handle, out);
    if (status != ZX_OK) return status;
    status = CheckDisposition(wanted, out->object(), out->rights(), channel, &rights);
    out->set_rights(rights);
    return status;
  }
  HandleRef source;
  zx_status_t status = Table().Lookup(wanted.handle, &source);
  if (status != ZX_OK) return status;
  status = CheckDisposition(wanted, source.object(), source.rights(), channel, &rights);
  if (status != ZX_OK) return status;
  // The last handle, this one included, may have been closed since.
  if (!source.object()->TryAddHandle()) return ZX_ERR_BAD_HANDLE;
  *out = DetachedHandle(source.share(), rights, ZX_HANDLE_INVALID);
  return ZX_OK;
}

}  // namespace

zx_status_t HandlesToSend::Take(const zx_handle_t* user_handles, uint32_t count,
                                const Dispatcher* channel) {
  zx_status_t result = count > kMost ? ZX_ERR_OUT_OF_RANGE : ZX_OK;
  zx_handle_t chunk[kMost];
  for (uint32_t done = 0; done < count; done += kMost) {
    const uint32_t size = std::min(count - done, kMost);
    const zx_status_t copied = user::CopyIn(chunk, user_handles + done, size * sizeof(chunk[0]));
    if (copied != ZX_OK) return result != ZX_OK ? result : copied;
    for (uint32_t i = 0; i < size; ++i) {
      const zx_status_t status = TakeOne(chunk[i], channel, At(i));
      if (result == ZX_OK) result = status;
    }
  }
  count_ = result == ZX_OK ? count : 0;
  return result;
}

zx_status_t HandlesToSend::Take(zx_handle_disposition_t* user_handles, uint32_t count,
                                const Dispatcher* channel) {
  zx_status_t result = count > kMost ? ZX_ERR_OUT_OF_RANGE : ZX_OK;
  zx_handle_disposition_t chunk[kMost];
  for (uint32_t done = 0; done < count; done += kMost) {
    const uint32_t size = std::min(count - done, kMost);
    const zx_status_t copied = user::CopyIn(chunk, user_handles + done, size * sizeof(chunk[0]));
    if (copied != ZX_OK) return result != ZX_OK ? result : copied;
    zx_status_t first = ZX_OK;
    for (uint32_t i = 0; i < size; ++i) {
      const zx_status_t status = TakeOne(chunk[i], channel, At(i));
      if (status == ZX_OK) continue;
      chunk[i].result = status;
      if (first == ZX_OK) first = status;
    }
    if (result == ZX_OK) result = first;
    if (first == ZX_OK) continue;
    // Told as well as can be: the call fails anyway.
    (void)user::CopyOut(user_handles + done, chunk, size * sizeof(chunk[0]));
  }
  count_ = result == ZX_OK ? count : 0;
  return result;
}

void HandlesToSend::MoveTo(objects::Message* message) {
  for (uint32_t i = 0; i < count_; ++i) message->handles()[i] = std::move(*At(i));
  count_ = 0;
}

}  // namespace zircon::syscalls
