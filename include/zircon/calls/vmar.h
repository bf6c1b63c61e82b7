// zircon/calls/vmar.h: address space: of this process, and of guests.
// Part of <zircon/syscalls.h>, which programs include and which states the rules for every call.

#ifndef ZIRCON_CALLS_VMAR_H_
#define ZIRCON_CALLS_VMAR_H_

#include <zircon/types.h>

ZX_DETAIL_C_BEGIN

// Makes a child of a VMAR: a range of its own that has a handle.
//
//   parent_vmar      VMAR; READ, WRITE, EXECUTE as the options ZX_VM_CAN_MAP_* ask.
//   options          ZX_VM_CAN_MAP_READ, _WRITE, _EXECUTE  what mappings in it may permit.
//                    ZX_VM_CAN_MAP_SPECIFIC              the child has places by ZX_VM_SPECIFIC.
//                    ZX_VM_SPECIFIC                      exactly at offset.
//                    ZX_VM_OFFSET_IS_UPPER_LIMIT         ending at offset, or lower.
//                    ZX_VM_ALIGN_*                       at a multiple of that.
//                    ZX_VM_COMPACT                       close to others: it always is.
//   offset           from the start of parent_vmar, in bytes, whole pages. 0 without SPECIFIC and
//                    OFFSET_IS_UPPER_LIMIT: any place in the process's root, else the lowest free
//                    one.
//   size             in bytes, whole pages.
//   child_vmar       receives the child: DUPLICATE, TRANSFER, INSPECT, OP_CHILDREN; READ, WRITE,
//                    EXECUTE as the options ZX_VM_CAN_MAP_* ask.
//   child_addr       receives where it begins, in the process or guest-physical.
//
// Errors:
//   Handle errors    of parent_vmar.
//   INVALID_ARGS     another option, ZX_VM_PERM_* among them; SPECIFIC with OFFSET_IS_UPPER_LIMIT;
//                    size is 0 or not whole pages.
//   BAD_STATE        the VMAR is destroyed.
//   INVALID_ARGS     offset is not whole pages, or not 0 without SPECIFIC and
//                    OFFSET_IS_UPPER_LIMIT.
//   ACCESS_DENIED    SPECIFIC or OFFSET_IS_UPPER_LIMIT in a VMAR without ZX_VM_CAN_MAP_SPECIFIC.
//   INVALID_ARGS     the range is not inside the VMAR, or its address not aligned so.
//   ALREADY_EXISTS   SPECIFIC, and the place is taken.
//   NO_RESOURCES     no place is large enough.
//   NO_MEMORY        out of memory, or the handle table is full.
//   INVALID_ARGS     child_addr, child_vmar: the child is destroyed again.
//
// 2018: NO_MEMORY in place of ALREADY_EXISTS and NO_RESOURCES.
//
// The child stays, with what is in it, when its handles are closed: zx_vmar_destroy() ends it, or
// zx_vmar_unmap() of its whole range, or the end of its parent. In the process nobody else is
// given an address in it.
//
// Contract: VMAR-ALLOC, VMAR-CHILD, VMAR, GEN.
zx_status_t zx_vmar_allocate(zx_handle_t parent_vmar, zx_vm_option_t options, size_t offset,
                             size_t size, zx_handle_t* child_vmar, zx_vaddr_t* child_addr)
    ZX_DETAIL_CALL_2018(vmar_allocate);

// Maps part of a VMO.
//
//   handle           VMAR; READ, WRITE, EXECUTE as options ask.
//   options          ZX_VM_PERM_READ, _WRITE, _EXECUTE   what the mapping permits.
//                    ZX_VM_SPECIFIC                      exactly at vmar_offset.
//                    ZX_VM_SPECIFIC_OVERWRITE            and in place of mappings there.
//                    ZX_VM_OFFSET_IS_UPPER_LIMIT         ending at vmar_offset, or lower.
//                    ZX_VM_ALIGN_*                       at a multiple of that.
//                    ZX_VM_PERM_READ_IF_XOM_UNSUPPORTED  PERM_READ: memory cannot be execute-only.
//                    ZX_VM_MAP_RANGE                     bring in the pages that exist.
//                    ZX_VM_REQUIRE_NON_RESIZABLE         only a VMO of fixed size.
//   vmar_offset      from the start of the VMAR, in bytes, whole pages. 0 without SPECIFIC and
//                    OFFSET_IS_UPPER_LIMIT: any place in the process's root, else the lowest free
//                    one.
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
//   INVALID_ARGS     COMPACT; SPECIFIC with OFFSET_IS_UPPER_LIMIT; vmo_offset is not whole pages.
//   OUT_OF_RANGE     vmo_offset + len wraps.
//   BAD_STATE        the VMAR is destroyed.
//   INVALID_ARGS     len is 0; vmar_offset is not whole pages, or not 0 without SPECIFIC and
//                    OFFSET_IS_UPPER_LIMIT.
//   ACCESS_DENIED    SPECIFIC or OFFSET_IS_UPPER_LIMIT in a VMAR without ZX_VM_CAN_MAP_SPECIFIC.
//   INVALID_ARGS     the range is not inside the VMAR, or its address not aligned so.
//   INVALID_ARGS     SPECIFIC_OVERWRITE over a page of a child VMAR.
//   ALREADY_EXISTS   SPECIFIC, and the place is taken.
//   NO_RESOURCES     no place is large enough.
//   NO_MEMORY        out of memory.
//   INVALID_ARGS     mapped_addr: the mapping is undone.
//
// 2018: NO_MEMORY in place of ALREADY_EXISTS and NO_RESOURCES, INVALID_ARGS in place of
// OUT_OF_RANGE.
//
// The mapping keeps the VMO; its handle may be closed.
//
// On KVM: in a guest, EXECUTE is recorded but not enforced, and traps stay in force under a
// mapping. In the process, touching a mapping beyond the end of its VMO raises SIGBUS.
//
// Contract: VMAR-MAP, VMAR-CHILD, VMAR, GEN.
zx_status_t zx_vmar_map(zx_handle_t handle, zx_vm_option_t options, size_t vmar_offset,
                        zx_handle_t vmo, uint64_t vmo_offset, size_t len, zx_vaddr_t* mapped_addr)
    ZX_DETAIL_CALL_2018(vmar_map);

// Unmaps a range, and destroys the child VMARs in it. Running VCPUs notice at once.
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
//   NO_MEMORY, NO_RESOURCES  the host cannot; see below.
//
// On KVM: unmapping takes memory of the host's kernel, and a hole in the middle of a mapping one
// more piece of memory (vm.max_map_count), in a guest one more memory slot. Where the host has none
// left nothing is unmapped.
//
// Contract: VMAR-UNMAP, VMAR.
zx_status_t zx_vmar_unmap(zx_handle_t handle, zx_vaddr_t addr, size_t len) ZX_DETAIL_CALL;

// Changes what the mappings in a range permit. Running VCPUs notice at once.
//
//   handle           VMAR; READ, WRITE, EXECUTE as options ask; OP_CHILDREN where the range meets
//                    child VMARs, whose mappings can only lose permissions so.
//   options          ZX_VM_PERM_READ, _WRITE, _EXECUTE.
//   addr, len        in bytes; addr whole pages. No holes.
//
// Errors:
//   BAD_HANDLE, WRONG_TYPE  handle.
//   ACCESS_DENIED    handle lacks READ, WRITE or EXECUTE.
//   INVALID_ARGS     WRITE or EXECUTE without READ.
//   INVALID_ARGS     another option; addr is not whole pages, or len is 0.
//   BAD_STATE        the VMAR is destroyed.
//   INVALID_ARGS     the range is not inside the VMAR; it meets a child VMAR, and handle lacks
//                    OP_CHILDREN.
//   NOT_FOUND        the range has a hole.
//   ACCESS_DENIED    more than the handles given to zx_vmar_map() allowed; in a child VMAR, more
//                    than a mapping permits now.
//   NO_MEMORY, NO_RESOURCES  as for zx_vmar_unmap(): nothing has changed.
//
// 2018: INVALID_ARGS where the range meets a child VMAR, whatever handle has.
//
// Contract: VMAR-PROTECT, VMAR, GEN.
zx_status_t zx_vmar_protect(zx_handle_t handle, zx_vm_option_t options, zx_vaddr_t addr, size_t len)
    ZX_DETAIL_CALL_2018(vmar_protect);

// Does something with the memory that is mapped in a range.
//
//   handle           VMAR; WRITE for COMMIT, DECOMMIT and ZERO; OP_CHILDREN where the range meets
//                    child VMARs, which COMMIT and DECOMMIT cannot reach.
//   op               ZX_VMAR_OP_COMMIT      allocate the pages now.
//                    ZX_VMAR_OP_DECOMMIT    give the pages back: they read as zeros.
//                    ZX_VMAR_OP_ZERO        make them zeros.
//                    ZX_VMAR_OP_MAP_RANGE   bring in the pages that exist.
//                    ZX_VMAR_OP_DONT_NEED, _ALWAYS_NEED, _PREFETCH
//                                           hints, which change nothing.
//   address, size    in bytes, whole pages. No holes.
//   buffer, buffer_size
//                    for future use: NULL and 0.
//
// Errors:
//   Handle errors    of handle.
//   INVALID_ARGS     another op; buffer or buffer_size; address or size is not whole pages, or
//                    size is 0.
//   BAD_STATE        the VMAR is destroyed.
//   OUT_OF_RANGE     the range is not inside the VMAR.
//   INVALID_ARGS     the range meets a child VMAR, and handle lacks OP_CHILDREN, or op is COMMIT or
//                    DECOMMIT.
//   BAD_STATE        the range has a hole.
//   ACCESS_DENIED    COMMIT, ZERO: a mapping does not permit WRITE; DECOMMIT: nor could
//                    zx_vmar_protect() make it so.
//   OUT_OF_RANGE     a mapping goes beyond the end of its VMO there; not for MAP_RANGE.
//   NO_MEMORY        out of memory; part may have been done.
//
// The pages are the VMO's: whatever else shows them sees the change.
//
// On KVM: MAP_RANGE in a guest brings the pages into this process; the guest's first access still
// costs a fault in the host's kernel.
//
// Contract: VMAR-OP, VMAR.
zx_status_t zx_vmar_op_range(zx_handle_t handle, uint32_t op, zx_vaddr_t address, size_t size,
                             void* buffer, size_t buffer_size) ZX_DETAIL_CALL;

// Destroys a VMAR, with all mappings and VMARs in it.
//
//   handle           VMAR; OP_CHILDREN. Not the root of the process or of a guest.
//
// Errors:
//   Handle errors    of handle.
//   BAD_STATE        it is destroyed.
//   NOT_SUPPORTED    it is a root.
//   NO_MEMORY, NO_RESOURCES  as for zx_vmar_unmap(): it is as before.
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

#if ZX_DETAIL_API_2018
// zx_vmar_allocate() with the order of arguments that it had before 2018.
//
// Contract: GEN, VMAR-ALLOC.
zx_status_t zx_vmar_allocate_old(zx_handle_t parent_vmar, uint64_t offset, uint64_t size,
                                 uint32_t map_flags, zx_handle_t* child_vmar,
                                 zx_vaddr_t* child_addr) ZX_DETAIL_CALL;

// zx_vmar_map() with the order of arguments that it had before 2018.
//
// Contract: GEN, VMAR-MAP.
zx_status_t zx_vmar_map_old(zx_handle_t handle, uint64_t vmar_offset, zx_handle_t vmo,
                            uint64_t vmo_offset, uint64_t len, uint32_t map_flags,
                            zx_vaddr_t* mapped_addr) ZX_DETAIL_CALL;

// zx_vmar_protect() with the order of arguments that it had before 2018.
//
// Contract: GEN, VMAR-PROTECT.
zx_status_t zx_vmar_protect_old(zx_handle_t handle, zx_vaddr_t addr, uint64_t len,
                                uint32_t prot_flags) ZX_DETAIL_CALL;
#endif

// The second names.
ZX_DETAIL_TWIN_2018(vmar_allocate);
ZX_DETAIL_TWIN_2018(vmar_map);
ZX_DETAIL_TWIN(vmar_unmap);
ZX_DETAIL_TWIN_2018(vmar_protect);
ZX_DETAIL_TWIN(vmar_op_range);
ZX_DETAIL_TWIN(vmar_destroy);
ZX_DETAIL_TWIN(vmar_root_self);
#if ZX_DETAIL_API_2018
ZX_DETAIL_TWIN(vmar_allocate_old);
ZX_DETAIL_TWIN(vmar_map_old);
ZX_DETAIL_TWIN(vmar_protect_old);
#endif

ZX_DETAIL_C_END

#endif  // ZIRCON_CALLS_VMAR_H_
