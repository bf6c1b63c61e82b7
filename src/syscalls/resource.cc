// zx_resource_create, zx_take_startup_handle; zircon_kvm_root_resource,
// zircon_kvm_hypervisor_resource, zircon_kvm_vmex_resource.

#include "objects/resource.h"

#include <zircon-kvm/host.h>
#include <zircon/processargs.h>
#include <zircon/syscalls.h>

#include <algorithm>
#include <atomic>
#include <utility>

#include "handles/handle_table.h"
#include "rights/rights.h"
#include "syscalls/layouts_2018.h"
#include "syscalls/out_handle.h"
#include "syscalls/syscall.h"
#include "syscalls/user_memory.h"

using zircon::base::RefPtr;
using zircon::handles::TypedRef;
using zircon::objects::Resource;
namespace api_2018 = zircon::syscalls::api_2018;
namespace syscalls = zircon::syscalls;
namespace user = zircon::user;

namespace {

constexpr uint32_t kKindMask = 0xFFFF;

zx_status_t PutLibraryResource(const Resource::Range& range, zx_handle_t* out) {
  auto resource = zircon::base::MakeRef<Resource>(range);
  if (!resource) return ZX_ERR_NO_MEMORY;
  return syscalls::PutHandle(out, std::move(resource), zircon::rights::kResource);
}

zx_status_t CheckParent(zx_handle_t parent) {
  TypedRef<Resource> root;
  const zx_status_t status = root.Lookup(parent, ZX_RIGHT_WRITE);
  if (status != ZX_OK) return status;
  return root->range().kind == ZX_RSRC_KIND_ROOT ? ZX_OK : ZX_ERR_ACCESS_DENIED;
}

zx_status_t CreateResource(const Resource::Range& range, const char* user_name, size_t name_size,
                           zx_handle_t* out) {
  if ((range.flags & ~ZX_RSRC_FLAG_EXCLUSIVE) != 0) return ZX_ERR_INVALID_ARGS;
  char name[ZX_MAX_NAME_LEN];
  const size_t copied = std::min(name_size, sizeof(name));
  zx_status_t status = user::CopyIn(name, user_name, copied);
  if (status != ZX_OK) return status;
  const bool is_root = range.kind == ZX_RSRC_KIND_ROOT;
  if (is_root ? range.base != 0 || range.size != 0 : range.size == 0) return ZX_ERR_INVALID_ARGS;
  RefPtr<Resource> resource;
  if (is_root) {
    resource = zircon::base::MakeRef<Resource>(range);
    if (!resource) return ZX_ERR_NO_MEMORY;
    resource->name()->Set(name, copied);
  } else {
    status = Resource::Create(range, name, copied, &resource);
    if (status != ZX_OK) return status;
  }
  return syscalls::PutHandle(out, std::move(resource), zircon::rights::kResource);
}

// The kinds of 2018: two of them are single units of a later kind.
bool FromKind2018(Resource::Range* range) {
  const bool abstract = range->base == 0 && range->size == 0;
  switch (range->kind) {
    case ZX_RSRC_KIND_MMIO:
    case ZX_RSRC_KIND_IRQ:
    case ZX_RSRC_KIND_IOPORT:
      return true;
    case api_2018::kKindHypervisor:
      *range = {ZX_RSRC_KIND_SYSTEM, range->flags, ZX_RSRC_SYSTEM_HYPERVISOR_BASE, 1};
      return abstract;
    case api_2018::kKindRoot:
      range->kind = ZX_RSRC_KIND_ROOT;
      return abstract;
    case api_2018::kKindVmex:
      *range = {ZX_RSRC_KIND_SYSTEM, range->flags, ZX_RSRC_SYSTEM_VMEX_BASE, 1};
      return abstract;
    case api_2018::kKindSmc:
      range->kind = ZX_RSRC_KIND_SMC;
      return true;
    default:
      return false;
  }
}

// What zx_take_startup_handle() hands out, and whether it has.
struct StartupHandle {
  uint32_t type;
  zx_rsrc_kind_t kind;
  std::atomic<bool> taken;
};
constinit StartupHandle startup_handles[] = {
    {PA_RESOURCE, ZX_RSRC_KIND_ROOT, false},    {PA_MMIO_RESOURCE, ZX_RSRC_KIND_MMIO, false},
    {PA_IRQ_RESOURCE, ZX_RSRC_KIND_IRQ, false}, {PA_IOPORT_RESOURCE, ZX_RSRC_KIND_IOPORT, false},
    {PA_SMC_RESOURCE, ZX_RSRC_KIND_SMC, false}, {PA_SYSTEM_RESOURCE, ZX_RSRC_KIND_SYSTEM, false},
};

}  // namespace

ZIRCON_SYSCALL(zx_handle_t, take_startup_handle, (uint32_t)hnd_info) {
  const auto found = std::find_if(std::begin(startup_handles), std::end(startup_handles),
                                  [&](const StartupHandle& at) { return at.type == hnd_info; });
  // relaxed: the flag is all that the threads share.
  if (found == std::end(startup_handles) ||
      found->taken.exchange(true, std::memory_order_relaxed)) {
    return ZX_HANDLE_INVALID;
  }
  const bool is_root = found->kind == ZX_RSRC_KIND_ROOT;
  const uint64_t size = is_root ? 0 : Resource::EndOfKind(found->kind);
  zx_handle_t handle = ZX_HANDLE_INVALID;
  if (PutLibraryResource({found->kind, 0, 0, size}, &handle) == ZX_OK) return handle;
  found->taken.store(false, std::memory_order_relaxed);
  return ZX_HANDLE_INVALID;
}

ZIRCON_SYSCALL(zx_status_t, resource_create, (zx_handle_t)parent_rsrc, (uint32_t)options,
               (uint64_t)base, (size_t)size, (const char*)name, (size_t)name_size,
               (zx_handle_t*)resource_out) {
  const zx_status_t status = CheckParent(parent_rsrc);
  if (status != ZX_OK) return status;
  const Resource::Range range{options & kKindMask, options & ~kKindMask, base, size};
  if (range.kind >= ZX_RSRC_KIND_COUNT) return ZX_ERR_INVALID_ARGS;
  return CreateResource(range, name, name_size, resource_out);
}

ZIRCON_SYSCALL(zx_status_t, resource_create_2018, (zx_handle_t)parent_rsrc, (uint32_t)options,
               (uint64_t)base, (size_t)size, (const char*)name, (size_t)name_size,
               (zx_handle_t*)resource_out) {
  const zx_status_t status = CheckParent(parent_rsrc);
  if (status != ZX_OK) return status;
  Resource::Range range{options & kKindMask, options & ~kKindMask, base, size};
  if (!FromKind2018(&range) || size > UINT64_MAX - base) return ZX_ERR_INVALID_ARGS;
  return CreateResource(range, name, name_size, resource_out);
}

ZIRCON_HOST_CALL(zx_status_t, root_resource, (zx_handle_t*)out) {
  return PutLibraryResource({ZX_RSRC_KIND_ROOT, 0, 0, 0}, out);
}

ZIRCON_HOST_CALL(zx_status_t, hypervisor_resource, (zx_handle_t*)out) {
  return PutLibraryResource({ZX_RSRC_KIND_SYSTEM, 0, ZX_RSRC_SYSTEM_HYPERVISOR_BASE, 1}, out);
}

ZIRCON_HOST_CALL(zx_status_t, vmex_resource, (zx_handle_t*)out) {
  return PutLibraryResource({ZX_RSRC_KIND_SYSTEM, 0, ZX_RSRC_SYSTEM_VMEX_BASE, 1}, out);
}
