// zircon/calls/vmo.h: memory objects.
// Part of <zircon/syscalls.h>, which programs include and which states the rules for every call.

#ifndef ZIRCON_CALLS_VMO_H_
#define ZIRCON_CALLS_VMO_H_

#include <zircon/types.h>

ZX_DETAIL_C_BEGIN

// Creates a VMO: zeroed memory, allocated as it is touched.
//
//   size             in bytes, rounded up to whole pages; may be 0.
//   options          0: of fixed size. ZX_VMO_RESIZABLE.
//                    2018: 0: resizable. ZX_VMO_NON_RESIZABLE: of fixed size.
//   out              receives the VMO: DUPLICATE, TRANSFER, READ, WRITE, MAP, GET_PROPERTY,
//                    SET_PROPERTY, SIGNAL, WAIT, INSPECT; RESIZE if resizable.
//                    2018: EXECUTE instead of RESIZE.
//
// Errors:
//   INVALID_ARGS     options.
//   OUT_OF_RANGE     size is too large.
//   NO_RESOURCES     no file descriptor is left.
//   NO_MEMORY        out of memory, or the handle table is full.
//   INVALID_ARGS     out.
//
// On KVM: a VMO is an anonymous file and holds a file descriptor. Behind 2^62 bytes it can hold
// nothing.
//
// Contract: VMO-CREATE, VMO, GEN.
zx_status_t zx_vmo_create(uint64_t size, uint32_t options, zx_handle_t* out)
    ZX_DETAIL_CALL_2018(vmo_create);

// Copies bytes out of a VMO.
//
//   handle           VMO; READ.
//   buffer           receives them.
//   offset           of the first, in bytes.
//   buffer_size      how many; may be 0.
//
// Errors:
//   Handle errors    of handle.
//   OUT_OF_RANGE     the range goes beyond the end, or wraps.
//   BAD_STATE        the VMO's cache policy is not CACHED.
//   INVALID_ARGS     buffer; part of it may have been written.
//
// Contract: VMO-READ.
zx_status_t zx_vmo_read(zx_handle_t handle, void* buffer, uint64_t offset,
                        size_t buffer_size) ZX_DETAIL_CALL;

// Copies bytes into a VMO.
//
//   handle           VMO; WRITE.
//   buffer           holds them.
//   offset           of the first, in bytes.
//   buffer_size      how many; may be 0.
//
// Errors:
//   Handle errors    of handle.
//   OUT_OF_RANGE     the range goes beyond the end, or wraps.
//   BAD_STATE        the VMO's cache policy is not CACHED.
//   NO_MEMORY        out of memory; part may have been copied.
//   INVALID_ARGS     buffer; part may have been copied.
//
// Contract: VMO-READ.
zx_status_t zx_vmo_write(zx_handle_t handle, const void* buffer, uint64_t offset,
                         size_t buffer_size) ZX_DETAIL_CALL;

// Tells the size of a VMO.
//
//   handle           VMO; no right needed.
//   size             receives it: bytes, whole pages.
//
// Errors:
//   Handle errors    of handle.
//   INVALID_ARGS     size.
//
// Contract: VMO-READ.
zx_status_t zx_vmo_get_size(zx_handle_t handle, uint64_t* size) ZX_DETAIL_CALL;

// Changes the size of a VMO. Bytes behind a smaller size are gone; when it grows again there are
// zeros. Mappings stay, in guests too, and follow the size: an access behind the end is what it is
// for a mapping that goes beyond the end of its VMO.
//
//   handle           VMO that is resizable; WRITE and RESIZE.
//                    2018: WRITE.
//   size             in bytes, rounded up to whole pages; may be 0.
//
// Errors:
//   Handle errors    of handle, for WRITE.
//   UNAVAILABLE      the VMO is of fixed size.
//   ACCESS_DENIED    handle lacks RESIZE.
//   OUT_OF_RANGE     size is too large.
//   NO_RESOURCES     size is beyond RLIMIT_FSIZE, or a guest that maps the VMO has no memory slot
//                    left for the part that is new.
//   NO_MEMORY        out of memory.
//
// Contract: VMO-SIZE, VMO, GEN.
zx_status_t zx_vmo_set_size(zx_handle_t handle, uint64_t size) ZX_DETAIL_CALL_2018(vmo_set_size);

// Does something with a range of a VMO.
//
//   handle           VMO; WRITE for COMMIT, DECOMMIT, ZERO and CACHE_INVALIDATE, READ for the rest.
//   op               ZX_VMO_OP_COMMIT: allocates the pages of the range. ZX_VMO_OP_DECOMMIT: frees
//                    them; they read as zeros. ZX_VMO_OP_ZERO: makes all its bytes zero; whole
//                    pages are freed. ZX_VMO_OP_CACHE_*, ZX_VMO_OP_DONT_NEED, ALWAYS_NEED and
//                    PREFETCH have no effect but their errors.
//   offset           of the range, in bytes; for DECOMMIT a multiple of pages.
//   size             in bytes; for DECOMMIT a multiple of pages. 0 but for CACHE_*.
//   buffer           not looked at.
//   buffer_size      not looked at.
//
// Errors:
//   Handle errors    BAD_HANDLE and WRONG_TYPE, of handle.
//   INVALID_ARGS     op.
//   ACCESS_DENIED    handle lacks the right that op needs.
//   NOT_SUPPORTED    op is LOCK, TRY_LOCK or UNLOCK: no VMO is discardable.
//   INVALID_ARGS     DECOMMIT: offset or size is not a multiple of pages; CACHE_*: size is 0.
//   OUT_OF_RANGE     the range goes beyond the end, or wraps.
//   NO_MEMORY        out of memory; some pages may have been allocated.
//
// 2018: COMMIT and DECOMMIT end where the VMO ends; OUT_OF_RANGE is for offset. DECOMMIT frees all
// pages that the range touches.
//
// On KVM: the host's kernel decides what it swaps out and fetches; its caches are coherent.
//
// Contract: VMO-OP, GEN.
zx_status_t zx_vmo_op_range(zx_handle_t handle, uint32_t op, uint64_t offset, uint64_t size,
                            void* buffer, size_t buffer_size) ZX_DETAIL_CALL_2018(vmo_op_range);

// Says how a VMO's memory is to be cached. zx_vmo_read() and zx_vmo_write() refuse a VMO that is
// not CACHED.
//
//   handle           VMO; MAP.
//   cache_policy     ZX_CACHE_POLICY_*.
//
// Errors:
//   INVALID_ARGS     cache_policy.
//   Handle errors    of handle.
//   BAD_STATE        the VMO is mapped, has children or is one.
//
// 2018: BAD_STATE too where a page has memory.
//
// On KVM: recorded; the memory is cached whatever it says.
//
// Contract: VMO-CACHE, GEN.
zx_status_t zx_vmo_set_cache_policy(zx_handle_t handle, uint32_t cache_policy)
    ZX_DETAIL_CALL_2018(vmo_set_cache_policy);

#if ZX_DETAIL_API_2018
// Creates a VMO that begins with the bytes of another, as they are now: later changes of either are
// not seen in the other.
//
//   handle           VMO, the parent; DUPLICATE and READ.
//   options          ZX_VMO_CLONE_COPY_ON_WRITE. ZX_VMO_CLONE_NON_RESIZEABLE: of fixed size.
//   offset           where in the parent it begins, in bytes, a multiple of pages.
//   size             in bytes, rounded up to whole pages. What is beyond the parent's end is zero.
//   out              receives it: the rights of handle, GET_PROPERTY, SET_PROPERTY, WRITE.
//
// Errors:
//   Handle errors    of handle.
//   INVALID_ARGS     options.
//   INVALID_ARGS     offset is not a multiple of pages.
//   OUT_OF_RANGE     the range wraps.
//   BAD_STATE        the parent's cache policy is not CACHED.
//   OUT_OF_RANGE     size is too large.
//   NO_RESOURCES     no file descriptor is left.
//   NO_MEMORY        out of memory, or the handle table is full.
//   INVALID_ARGS     out.
//
// On KVM: the bytes are copied at once. Zircon's clone of 2018 showed, in pages that it had not
// written or that DECOMMIT had taken since, what its parent held then, and zeros behind its end.
//
// Contract: VMO-CLONE, VMO-CHILD.
zx_status_t zx_vmo_clone(zx_handle_t handle, uint32_t options, uint64_t offset, uint64_t size,
                         zx_handle_t* out) ZX_DETAIL_CALL;
#else
// Creates a VMO that shows bytes of another: as they are now (a snapshot), or the same pages (a
// slice, a reference).
//
//   handle           VMO, the parent; DUPLICATE and READ.
//   options          one of ZX_VMO_CHILD_SNAPSHOT, SNAPSHOT_AT_LEAST_ON_WRITE, SNAPSHOT_MODIFIED,
//                    which are the same here: later changes of either are not seen in the other;
//                    ZX_VMO_CHILD_SLICE: a range of the parent's pages, of fixed size;
//                    ZX_VMO_CHILD_REFERENCE: all of the parent's pages, and its size.
//                    With one of ZX_VMO_CHILD_RESIZABLE, but for a slice: it may change its size;
//                    ZX_VMO_CHILD_NO_WRITE: out has no WRITE.
//   offset           where in the parent it begins, in bytes, a multiple of pages. Of a reference
//                    0.
//   size             in bytes, rounded up to whole pages. What a snapshot has beyond the parent's
//                    end is zero. Of a reference 0.
//   out              receives it: the rights of handle but RESIZE, GET_PROPERTY, SET_PROPERTY;
//                    RESIZE with ZX_VMO_CHILD_RESIZABLE. With NO_WRITE not WRITE; a snapshot else
//                    has WRITE and not EXECUTE.
//
// Errors:
//   Handle errors    of handle.
//   INVALID_ARGS     options.
//   INVALID_ARGS     offset is not a multiple of pages; of a reference, offset or size is not 0.
//   OUT_OF_RANGE     a slice's size is too large; a snapshot's range wraps.
//   INVALID_ARGS     a slice that goes beyond the parent's end.
//   NOT_SUPPORTED    a slice of a parent that can change its size; a resizable reference to one
//                    that cannot.
//   BAD_STATE        a snapshot of a parent whose cache policy is not CACHED.
//   OUT_OF_RANGE     a snapshot's size is too large.
//   NO_RESOURCES     no file descriptor is left.
//   NO_MEMORY        out of memory, or the handle table is full.
//   INVALID_ARGS     out.
//
// On KVM: the bytes of a snapshot are copied at once, those of pages that exist. What others store
// meanwhile, each byte may be in it or not.
//
// Contract: VMO-CHILD.
zx_status_t zx_vmo_create_child(zx_handle_t handle, uint32_t options, uint64_t offset,
                                uint64_t size, zx_handle_t* out) ZX_DETAIL_CALL;
#endif

// Would create a VMO of memory that has a certain address; there is none to be had.
//
//   resource         resource of kind MMIO, or of kind ROOT; no right needed.
//   paddr            where it begins, a multiple of pages.
//   size             in bytes, rounded up to whole pages.
//   out              would receive it.
//
// Errors:
//   Handle errors    of resource.
//   WRONG_TYPE       resource is of another kind.
//   OUT_OF_RANGE     resource does not have all of the range; size is too large.
//   INVALID_ARGS     paddr is not a multiple of pages, or size is 0.
//   NOT_SUPPORTED    always: the host's memory is the host kernel's.
//
// Contract: VMO-PHYSICAL.
zx_status_t zx_vmo_create_physical(zx_handle_t resource, zx_paddr_t paddr, size_t size,
                                   zx_handle_t* out) ZX_DETAIL_CALL;

// Would create a VMO of memory that is one piece for a device; there is none to be had.
//
//   bti              a device's view of memory, which does not exist here either.
//   size             in bytes, rounded up to whole pages.
//   alignment_log2   binary logarithm of what its address is a multiple of, or 0 for pages.
//   out              would receive it.
//
// Errors:
//   INVALID_ARGS     size is 0; alignment_log2 is not 0, and below 12 or above 63.
//   Handle errors    of bti.
//   NOT_SUPPORTED    always, were there a BTI.
//
// Contract: VMO-PHYSICAL.
zx_status_t zx_vmo_create_contiguous(zx_handle_t bti, size_t size, uint32_t alignment_log2,
                                     zx_handle_t* out) ZX_DETAIL_CALL;

#if !ZX_DETAIL_API_2018
// Gives how many bytes of a VMO are content: what it was created with before that was rounded up to
// pages, or what has been set since.
//
//   handle           VMO; no right needed.
//   size             receives it, in bytes.
//
// Errors:
//   Handle errors    of handle.
//   INVALID_ARGS     size.
//
// Contract: VMO-STREAM.
zx_status_t zx_vmo_get_stream_size(zx_handle_t handle, uint64_t* size) ZX_DETAIL_CALL;

// Says how many bytes of a VMO are content. All that is behind them, to the VMO's end, is zero
// then.
//
//   handle           VMO; WRITE.
//   size             in bytes, at most the VMO's size.
//
// Errors:
//   Handle errors    of handle.
//   OUT_OF_RANGE     size.
//
// zx_vmo_set_size() sets it too, to the size that it is given. A reference and its parent have one
// and the same; a snapshot or a slice begins with the size that it is created with.
//
// Contract: VMO-STREAM.
zx_status_t zx_vmo_set_stream_size(zx_handle_t handle, uint64_t size) ZX_DETAIL_CALL;
#endif

// Changes a VMO handle for one that has EXECUTE as well.
//
//   handle           VMO, no right needed. Closed by the call, also if it fails.
//   vmex             of kind SYSTEM with ZX_RSRC_SYSTEM_VMEX_BASE, or of kind ROOT; no right
//                    needed. zircon_kvm_vmex_resource() gives one. ZX_HANDLE_INVALID is accepted
//                    too: no job policy forbids it here.
//   out              receives the new one.
//
// Errors:
//   BAD_HANDLE       handle is not live, or not a VMO.
//   BAD_HANDLE       vmex is not live, nor ZX_HANDLE_INVALID.
//   WRONG_TYPE       vmex is not a resource, or one of another kind.
//   OUT_OF_RANGE     vmex is of kind SYSTEM, for something else.
//   INVALID_ARGS     out.
//
// Contract: VMO-EXEC.
zx_status_t zx_vmo_replace_as_executable(zx_handle_t handle, zx_handle_t vmex,
                                         zx_handle_t* out) ZX_DETAIL_CALL;

// The second names.
ZX_DETAIL_TWIN_2018(vmo_create);
ZX_DETAIL_TWIN(vmo_read);
ZX_DETAIL_TWIN(vmo_write);
ZX_DETAIL_TWIN(vmo_get_size);
ZX_DETAIL_TWIN_2018(vmo_set_size);
ZX_DETAIL_TWIN_2018(vmo_op_range);
ZX_DETAIL_TWIN_2018(vmo_set_cache_policy);
#if ZX_DETAIL_API_2018
ZX_DETAIL_TWIN(vmo_clone);
#else
ZX_DETAIL_TWIN(vmo_create_child);
ZX_DETAIL_TWIN(vmo_get_stream_size);
ZX_DETAIL_TWIN(vmo_set_stream_size);
#endif
ZX_DETAIL_TWIN(vmo_create_physical);
ZX_DETAIL_TWIN(vmo_create_contiguous);
ZX_DETAIL_TWIN(vmo_replace_as_executable);

ZX_DETAIL_C_END

#endif  // ZIRCON_CALLS_VMO_H_
