// zircon/calls/handle.h: handles: closing, duplicating, replacing.
// Part of <zircon/syscalls.h>, which programs include and which states the rules for every call.

#ifndef ZIRCON_CALLS_HANDLE_H_
#define ZIRCON_CALLS_HANDLE_H_

#include <zircon/types.h>

ZX_DETAIL_C_BEGIN

// Closes a handle. An object goes with its last handle, unless something else still uses it.
//
//   handle           any; ZX_HANDLE_INVALID is fine and does nothing.
//
// Errors:
//   BAD_HANDLE       handle is not live.
//
// Contract: HANDLE-CLOSE.
zx_status_t zx_handle_close(zx_handle_t handle) ZX_DETAIL_CALL;

// Closes several handles, all that it can.
//
//   handles          an array of handles; each as for zx_handle_close().
//   num_handles      how many.
//
// Errors:
//   INVALID_ARGS     part of the array cannot be read. Handles before that part may be closed.
//   BAD_HANDLE       one is not live, or stands there twice. All others are closed.
//
// Contract: HANDLE-CLOSE-MANY.
zx_status_t zx_handle_close_many(const zx_handle_t* handles, size_t num_handles) ZX_DETAIL_CALL;

// Makes a second handle to the same object.
//
//   handle           any; DUPLICATE.
//   rights           for the new one: a subset of those of handle, or ZX_RIGHT_SAME_RIGHTS.
//   out              receives the new one.
//
// Errors:
//   BAD_HANDLE       handle is not live.
//   ACCESS_DENIED    handle lacks DUPLICATE.
//   INVALID_ARGS     rights is not a subset.
//   NO_MEMORY        the handle table is full.
//   INVALID_ARGS     out.
//
// Contract: HANDLE-DUP.
zx_status_t zx_handle_duplicate(zx_handle_t handle, zx_rights_t rights,
                                zx_handle_t* out) ZX_DETAIL_CALL;

// Changes a handle for one with fewer rights, or the same.
//
//   handle           any, no right needed. Closed by the call, also if it fails.
//   rights           as for zx_handle_duplicate().
//   out              receives the new one.
//
// Errors:
//   BAD_HANDLE       handle is not live.
//   INVALID_ARGS     rights is not a subset.
//   INVALID_ARGS     out.
//
// Contract: HANDLE-REPLACE.
zx_status_t zx_handle_replace(zx_handle_t handle, zx_rights_t rights,
                              zx_handle_t* out) ZX_DETAIL_CALL;

// The second names.
ZX_DETAIL_TWIN(handle_close);
ZX_DETAIL_TWIN(handle_close_many);
ZX_DETAIL_TWIN(handle_duplicate);
ZX_DETAIL_TWIN(handle_replace);

ZX_DETAIL_C_END

#endif  // ZIRCON_CALLS_HANDLE_H_
