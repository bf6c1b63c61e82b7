// Topics of zx_object_get_info() that every handle has.

#include <zircon/rights.h>
#include <zircon/syscalls/object.h>

#include <type_traits>

#include "handles/handle_table.h"
#include "syscalls/info_topics.h"
#include "syscalls/layouts_2018.h"

namespace zircon::syscalls {
namespace {

using handles::HandleRef;
using handles::HandleTable;

// Record: of either generation.
template <typename Record>
zx_status_t HandleBasic(zx_handle_t handle, const Answer& answer) {
  HandleRef ref;
  const zx_status_t status = HandleTable::Process().Lookup(handle, &ref);
  if (status != ZX_OK) return status;
  Record info{};
  info.koid = ref.object()->koid();
  info.rights = ref.rights();
  info.type = ref.object()->type();
  info.related_koid = ref.object()->related_koid();
  if constexpr (std::is_same_v<Record, api_2018::HandleBasic>) {
    info.props = ref.object()->is_waitable() ? api_2018::kPropWaitable : 0;
  }
  return answer.PutRecord(info);
}

}  // namespace

zx_status_t HandleValidInfo(zx_handle_t handle) {
  HandleRef ref;
  return HandleTable::Process().Lookup(handle, &ref);
}

zx_status_t HandleCountInfo(zx_handle_t handle, const Answer& answer) {
  HandleRef ref;
  const zx_status_t status = HandleTable::Process().Lookup(handle, &ref);
  if (status != ZX_OK) return status;
  if ((ref.rights() & ZX_RIGHT_INSPECT) == 0) return ZX_ERR_ACCESS_DENIED;
  return answer.PutRecord(zx_info_handle_count_t{ref.object()->handle_count()});
}

zx_status_t HandleBasicInfo(zx_handle_t handle, const Answer& answer) {
  return HandleBasic<zx_info_handle_basic_t>(handle, answer);
}

zx_status_t HandleBasicInfo2018(zx_handle_t handle, const Answer& answer) {
  return HandleBasic<api_2018::HandleBasic>(handle, answer);
}

}  // namespace zircon::syscalls
