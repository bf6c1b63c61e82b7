// zx_vmo_create_physical, zx_vmo_create_contiguous: what is wrong with the arguments is said, and
// then that there is no such memory.

#include <zircon/syscalls.h>

#include "handles/handle_table.h"
#include "objects/pages.h"
#include "objects/resource.h"
#include "syscalls/syscall.h"

using zircon::handles::HandleRef;
using zircon::handles::HandleTable;
using zircon::handles::TypedRef;
using zircon::objects::IsPageAligned;
using zircon::objects::Resource;

namespace {

constexpr uint32_t kPageShift = ZX_PAGE_SHIFT;
constexpr uint32_t kAddressBits = 64;

}  // namespace

ZIRCON_SYSCALL(zx_status_t, vmo_create_physical, (zx_handle_t)resource, (zx_paddr_t)paddr,
               (size_t)size, (zx_handle_t*)out) {
  TypedRef<Resource> memory;
  zx_status_t status = memory.Lookup(resource, ZX_RIGHT_NONE);
  if (status != ZX_OK) return status;
  status = memory->Check(ZX_RSRC_KIND_MMIO, paddr);
  if (status == ZX_OK && size != 0) {
    if (size - 1 > UINTPTR_MAX - paddr) return ZX_ERR_OUT_OF_RANGE;
    status = memory->Check(ZX_RSRC_KIND_MMIO, paddr + (size - 1));
  }
  if (status != ZX_OK) return status;
  if (zircon::objects::RoundUpToPages(size) < size) return ZX_ERR_OUT_OF_RANGE;
  if (!IsPageAligned(paddr) || size == 0) return ZX_ERR_INVALID_ARGS;
  return ZX_ERR_NOT_SUPPORTED;
}

ZIRCON_SYSCALL(zx_status_t, vmo_create_contiguous, (zx_handle_t)bti, (size_t)size,
               (uint32_t)alignment_log2, (zx_handle_t*)out) {
  if (size == 0) return ZX_ERR_INVALID_ARGS;
  if (alignment_log2 != 0 && (alignment_log2 < kPageShift || alignment_log2 >= kAddressBits)) {
    return ZX_ERR_INVALID_ARGS;
  }
  HandleRef ref;
  const zx_status_t status = HandleTable::Process().Lookup(bti, &ref);
  if (status != ZX_OK) return status;
  // Nothing is of that type.
  return ref.object()->type() == ZX_OBJ_TYPE_BTI ? ZX_ERR_NOT_SUPPORTED : ZX_ERR_WRONG_TYPE;
}
