// zircon/calls/resource.h: resources.
// Part of <zircon/syscalls.h>, which programs include and which states the rules for every call.

#ifndef ZIRCON_CALLS_RESOURCE_H_
#define ZIRCON_CALLS_RESOURCE_H_

#include <zircon/syscalls/resource.h>
#include <zircon/types.h>

ZX_DETAIL_C_BEGIN

// Creates a resource out of the root resource. zircon_kvm_root_resource() gives that one.
//
//   parent_rsrc      of kind ROOT; WRITE.
//   options          a kind ZX_RSRC_KIND_*, and ZX_RSRC_FLAG_EXCLUSIVE or not.
//   base, size       the range, in units of the kind; both 0 for kind ROOT.
//   name             for people, up to its first NUL; at most 31 bytes are kept.
//   name_size        in bytes.
//   resource_out     receives the resource: DUPLICATE, TRANSFER, WRITE, INSPECT.
//
// Errors:
//   Handle errors    of parent_rsrc.
//   ACCESS_DENIED    parent_rsrc is of another kind.
//   INVALID_ARGS     options; name; size is 0, or of kind ROOT not 0, or base.
//   NOT_FOUND        the kind has no such range; another resource holds part of it exclusively;
//                    EXCLUSIVE, and another holds part of it.
//   NO_MEMORY        out of memory, or the handle table is full.
//   INVALID_ARGS     resource_out.
//
// 2018: the kinds HYPERVISOR and VMEX have no range; there is no kind SYSTEM.
//
// Contract: RESOURCE-CREATE, RESOURCE, GEN.
zx_status_t zx_resource_create(zx_handle_t parent_rsrc, uint32_t options, uint64_t base,
                               size_t size, const char* name, size_t name_size,
                               zx_handle_t* resource_out) ZX_DETAIL_CALL_2018(resource_create);

// The second names.
ZX_DETAIL_TWIN_2018(resource_create);

ZX_DETAIL_C_END

#endif  // ZIRCON_CALLS_RESOURCE_H_
