// zircon/calls/vmar.h: address space: of this process, and of guests.
// Part of <zircon/syscalls.h>, which programs include and which states the rules for every call.

#ifndef ZIRCON_CALLS_VMAR_H_
#define ZIRCON_CALLS_VMAR_H_

#include <zircon/types.h>

ZX_DETAIL_C_BEGIN

// Maps part of a VMO.
//
//   handle           VMAR; READ, WRITE, EXECUTE as options ask.
//   options          ZX_VM_PERM_READ, _WRITE, _EXECUTE   what the mapping permits.
//                    ZX_VM_SPECIFIC                      exactly at vmar_offset.
//                    ZX_VM_SPECIFIC_OVERWRITE            and in place of mappings there.
//                    ZX_VM_MAP_RANGE                     bring in the pages that exist.
//                    ZX_VM_REQUIRE_NON_RESIZABLE         only a VMO of fixed size.
//   vmar_offset      from the start of the VMAR, in bytes, whole pages. 0 without SPECIFIC: the
//                    lowest free place in a guest, any place in the process.
//   vmo              VMO; MAP, and READ, WRITE, EXECUTE as options ask.
//   vmo_offset       from the start of the VMO, in bytes, whole pages.
//   len              in bytes, rounded up to whole pages; may go beyond the end of the VMO.
//   mapped_addr      receives the address, in the process or guest-physical.
//
// Errors:
//   BAD_HANDLE, WRONG_TYPE  handle.
//   BAD_HANDLE, WRONG_TYPE  vmo.
//   ACCESS_DENIED    vmo lacks MAP.
//   INVALID_ARGS     WRITE or EXECUTE without READ; MAP_RANGE with SPECIFIC_OVERWRITE; an option
//                    ZX_VM_CAN_MAP_*.
//   ACCESS_DENIED    handle or vmo lacks READ, WRITE or EXECUTE.
//   INVALID_ARGS     an unknown option.
//   NOT_SUPPORTED    REQUIRE_NON_RESIZABLE, and vmo is resizable.
//   INVALID_ARGS     COMPACT; vmo_offset is not whole pages.
//   OUT_OF_RANGE     vmo_offset + len wraps.
//   BAD_STATE        the VMAR is destroyed.
//   INVALID_ARGS     len is 0; vmar_offset is not whole pages, or not 0 without SPECIFIC.
//   ACCESS_DENIED    SPECIFIC in a VMAR without that ability.
//   INVALID_ARGS     the range is not inside the VMAR.
//   INVALID_ARGS     SPECIFIC_OVERWRITE over part of a child VMAR.
//   ALREADY_EXISTS   SPECIFIC, and the place is taken.
//   NO_RESOURCES     no place is large enough.
//   NO_MEMORY        out of memory.
//   INVALID_ARGS     mapped_addr.
//
// The mapping keeps the VMO; its handle may be closed.
//
// On KVM: in a guest, EXECUTE is recorded but not enforced, and traps stay in force under a
// mapping. In the process, touching a mapping beyond the end of its VMO raises SIGBUS.
//
// Contract: VMAR-MAP, VMAR.
zx_status_t zx_vmar_map(zx_handle_t handle, zx_vm_option_t options, size_t vmar_offset,
                        zx_handle_t vmo, uint64_t vmo_offset, size_t len,
                        zx_vaddr_t* mapped_addr) ZX_DETAIL_CALL;

// Unmaps a range. Running VCPUs notice at once.
//
//   handle           VMAR; no right needed, OP_CHILDREN to destroy child VMARs in the range.
//   addr, len        in bytes; addr whole pages. There may be holes.
//
// Errors:
//   BAD_HANDLE, WRONG_TYPE  handle.
//   INVALID_ARGS     addr is not whole pages, or len is 0.
//   BAD_STATE        the VMAR is destroyed.
//   INVALID_ARGS     the range is not inside the VMAR, or holds part of a child VMAR.
//   ACCESS_DENIED    the range holds a child VMAR, and handle lacks OP_CHILDREN.
//
// Contract: VMAR-UNMAP, VMAR.
zx_status_t zx_vmar_unmap(zx_handle_t handle, zx_vaddr_t addr, size_t len) ZX_DETAIL_CALL;

// Changes what the mappings in a range permit. Running VCPUs notice at once.
//
//   handle           VMAR; READ, WRITE, EXECUTE as options ask.
//   options          ZX_VM_PERM_READ, _WRITE, _EXECUTE.
//   addr, len        in bytes; addr whole pages. No holes.
//
// Errors:
//   BAD_HANDLE, WRONG_TYPE  handle.
//   INVALID_ARGS     WRITE or EXECUTE without READ.
//   ACCESS_DENIED    handle lacks READ, WRITE or EXECUTE.
//   INVALID_ARGS     another option; addr is not whole pages, or len is 0.
//   BAD_STATE        the VMAR is destroyed.
//   INVALID_ARGS     the range is not inside the VMAR, or meets a child VMAR.
//   NOT_FOUND        the range has a hole.
//   ACCESS_DENIED    more than the handles given to zx_vmar_map() allowed.
//
// Contract: VMAR-PROTECT, VMAR.
zx_status_t zx_vmar_protect(zx_handle_t handle, zx_vm_option_t options, zx_vaddr_t addr,
                            size_t len) ZX_DETAIL_CALL;

// Destroys a VMAR, with all mappings and VMARs in it.
//
//   handle           VMAR; OP_CHILDREN. Not the root of the process or of a guest.
//
// Errors:
//   Handle errors    of handle.
//   BAD_STATE        it is destroyed.
//   NOT_SUPPORTED    it is a root.
//
// Contract: VMAR-DESTROY, VMAR.
zx_status_t zx_vmar_destroy(zx_handle_t handle) ZX_DETAIL_CALL;

// Gives the root VMAR of this process: DUPLICATE, TRANSFER, READ, WRITE, EXECUTE, INSPECT,
// OP_CHILDREN.
//
// The same value each time. It belongs to the library: duplicate it, never close it.
//
// Contract: VMAR-ROOT.
zx_handle_t zx_vmar_root_self(void) ZX_DETAIL_CALL;

// The second names.
ZX_DETAIL_TWIN(vmar_map);
ZX_DETAIL_TWIN(vmar_unmap);
ZX_DETAIL_TWIN(vmar_protect);
ZX_DETAIL_TWIN(vmar_destroy);
ZX_DETAIL_TWIN(vmar_root_self);

ZX_DETAIL_C_END

#endif  // ZIRCON_CALLS_VMAR_H_
