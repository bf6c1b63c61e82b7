// Topics of zx_object_get_info() about resources and timers.

#include <zircon/rights.h>
#include <zircon/syscalls/object.h>

#include "handles/handle_table.h"
#include "objects/resource.h"
#include "objects/timer.h"
#include "syscalls/info_topics.h"
#include "syscalls/layouts_2018.h"

namespace zircon::syscalls {
namespace {

using objects::Resource;

zx_info_resource_t Describe(Resource& resource) {
  zx_info_resource_t info{};
  const Resource::Range& range = resource.range();
  info.kind = range.kind;
  info.flags = range.flags;
  info.base = range.base;
  info.size = range.size;
  resource.name()->Get(info.name);
  return info;
}

// Two units of a later kind were kinds without a range.
void TranslateTo2018(zx_info_resource_t* info) {
  switch (info->kind) {
    case ZX_RSRC_KIND_ROOT:
      info->kind = api_2018::kKindRoot;
      break;
    case ZX_RSRC_KIND_SMC:
      info->kind = api_2018::kKindSmc;
      break;
    case ZX_RSRC_KIND_SYSTEM:
      info->kind =
          info->base == ZX_RSRC_SYSTEM_VMEX_BASE ? api_2018::kKindVmex : api_2018::kKindHypervisor;
      info->base = 0;
      info->size = 0;
      break;
    default:
      break;
  }
}

}  // namespace

zx_status_t ResourceInfo(zx_handle_t handle, const Answer& answer) {
  handles::TypedRef<Resource> resource;
  const zx_status_t status = resource.Lookup(handle, ZX_RIGHT_INSPECT);
  if (status != ZX_OK) return status;
  return answer.PutRecord(Describe(*resource));
}

zx_status_t ResourceInfo2018(zx_handle_t handle, const Answer& answer) {
  handles::TypedRef<Resource> resource;
  const zx_status_t status = resource.Lookup(handle, ZX_RIGHT_INSPECT);
  if (status != ZX_OK) return status;
  zx_info_resource_t info = Describe(*resource);
  TranslateTo2018(&info);
  return answer.PutRecord(info);
}

zx_status_t TimerInfo(zx_handle_t handle, const Answer& answer) {
  handles::TypedRef<objects::Timer> timer;
  const zx_status_t status = timer.Lookup(handle, ZX_RIGHT_INSPECT);
  if (status != ZX_OK) return status;
  return answer.PutRecord(timer->Info());
}

}  // namespace zircon::syscalls
