// zircon/calls/object.h: what every object answers to.
// Part of <zircon/syscalls.h>, which programs include and which states the rules for every call.

#ifndef ZIRCON_CALLS_OBJECT_H_
#define ZIRCON_CALLS_OBJECT_H_

#include <zircon/syscalls/object.h>
#include <zircon/types.h>

ZX_DETAIL_C_BEGIN

// Tells about an object. <zircon/syscalls/object.h> has the topics and their records.
//
//   handle           HANDLE_VALID, HANDLE_BASIC: any, no right needed.
//                    VMAR: a VMAR, VCPU: a VCPU; INSPECT.
//   topic            ZX_INFO_*.
//   buffer           receives the record. HANDLE_VALID has none and uses no buffer.
//   buffer_size      in bytes; at least the record.
//   actual           optional; receives the number of records written.
//   avail            optional; receives the number of records there are.
//
// Errors:
//   NOT_SUPPORTED    topic is unknown, whatever the handle.
//   Handle errors    of handle.
//   BUFFER_TOO_SMALL buffer_size. actual receives 0, avail 1.
//   INVALID_ARGS     buffer, actual or avail.
zx_status_t zx_object_get_info(zx_handle_t handle, uint32_t topic, void* buffer, size_t buffer_size,
                               size_t* actual, size_t* avail) ZX_DETAIL_CALL_2018(object_get_info);

// The second names.
ZX_DETAIL_TWIN_2018(object_get_info);

ZX_DETAIL_C_END

#endif  // ZIRCON_CALLS_OBJECT_H_
