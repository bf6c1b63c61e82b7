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
// On KVM: a VMO is an anonymous file and holds a file descriptor.
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
ZX_DETAIL_TWIN(vmo_replace_as_executable);

ZX_DETAIL_C_END

#endif  // ZIRCON_CALLS_VMO_H_
