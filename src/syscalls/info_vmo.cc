// Topics of zx_object_get_info() about VMOs.

#include <zircon/rights.h>
#include <zircon/syscalls/object.h>

#include <cstring>

#include "handles/handle_table.h"
#include "objects/vmo.h"
#include "syscalls/info_topics.h"
#include "syscalls/layouts_2018.h"

namespace zircon::syscalls {
namespace {

using VmoRef = handles::TypedRef<objects::Vmo>;

zx_status_t Fill(zx_handle_t handle, VmoRef& vmo, zx_info_vmo_t* info) {
  const zx_status_t status = vmo.Lookup(handle, ZX_RIGHT_NONE);
  if (status != ZX_OK) return status;
  info->koid = vmo->koid();
  vmo->name()->Get(info->name);
  info->size_bytes = vmo->size();
  info->parent_koid = vmo->lineage().parent_koid();
  info->num_children = vmo->lineage().CountChildren();
  info->num_mappings = vmo->mappings();
  // One process; that a guest maps it as well makes it no other's.
  info->share_count = info->num_mappings == 0 ? 0 : 1;
  info->flags = ZX_INFO_VMO_TYPE_PAGED | ZX_INFO_VMO_VIA_HANDLE;
  if (vmo->is_snapshot()) info->flags |= ZX_INFO_VMO_IS_COW_CLONE;
  if (vmo->may_set_size()) info->flags |= ZX_INFO_VMO_RESIZABLE;
  info->committed_bytes = vmo->CommittedBytes();
  info->handle_rights = vmo.rights();
  info->cache_policy = vmo->lineage().cache_policy();
  info->populated_bytes = info->committed_bytes;
  return ZX_OK;
}

// A version's record is the beginning of the next one's.
template <typename Record>
zx_status_t PutVersion(zx_handle_t handle, const Answer& answer) {
  VmoRef vmo;
  zx_info_vmo_t info{};
  const zx_status_t status = Fill(handle, vmo, &info);
  if (status != ZX_OK) return status;
  Record record{};
  static_assert(sizeof(record) <= sizeof(info));
  std::memcpy(&record, &info, sizeof(record));
  return answer.PutRecord(record);
}

}  // namespace

zx_status_t VmoInfo(zx_handle_t handle, const Answer& answer) {
  return PutVersion<zx_info_vmo_t>(handle, answer);
}

zx_status_t VmoInfoV1(zx_handle_t handle, const Answer& answer) {
  return PutVersion<zx_info_vmo_v1_t>(handle, answer);
}

zx_status_t VmoInfoV2(zx_handle_t handle, const Answer& answer) {
  return PutVersion<zx_info_vmo_v2_t>(handle, answer);
}

zx_status_t VmoInfo2018(zx_handle_t handle, const Answer& answer) {
  VmoRef vmo;
  zx_info_vmo_t info{};
  const zx_status_t status = Fill(handle, vmo, &info);
  if (status != ZX_OK) return status;
  api_2018::InfoVmo record{};
  // The same up to the options, which are new behind the rights.
  std::memcpy(&record, &info, offsetof(api_2018::InfoVmo, create_options));
  record.flags &= ~ZX_INFO_VMO_RESIZABLE;  // younger; the options told it
  record.create_options = vmo->may_set_size() ? api_2018::kVmoOptionResizable : 0;
  record.cache_policy = info.cache_policy;
  return answer.PutRecord(record);
}

}  // namespace zircon::syscalls
