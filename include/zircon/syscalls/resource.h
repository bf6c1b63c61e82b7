// zircon/syscalls/resource.h: kinds of resource.
//
// A handle to a resource permits what only few programs may do: its kind and its range say what. On
// Linux a program gets the two that matter from <zircon-kvm/host.h>, one for zx_guest_create(), one
// for zx_vmo_replace_as_executable().

#ifndef ZIRCON_SYSCALLS_RESOURCE_H_
#define ZIRCON_SYSCALLS_RESOURCE_H_

#include <zircon/types.h>

// A kind of resource, and what it is held with; both are the options of zx_resource_create(): the
// kind in the lower half, the flags in the upper.
typedef uint32_t zx_rsrc_kind_t;
typedef uint32_t zx_rsrc_flags_t;

// The two, of options.
#define ZX_RSRC_EXTRACT_KIND(options) ((options)&0x0000ffffu)
#define ZX_RSRC_EXTRACT_FLAGS(options) ((options)&0xffff0000u)

// Kinds of resource.
#define ZX_RSRC_KIND_MMIO 0u
#define ZX_RSRC_KIND_IRQ 1u
#define ZX_RSRC_KIND_IOPORT 2u
#if ZX_DETAIL_API_2018
#define ZX_RSRC_KIND_HYPERVISOR 3u
#define ZX_RSRC_KIND_ROOT 4u
#define ZX_RSRC_KIND_VMEX 5u
#define ZX_RSRC_KIND_SMC 6u
#define ZX_RSRC_KIND_COUNT 7u
#else
#define ZX_RSRC_KIND_ROOT 3u
#define ZX_RSRC_KIND_SMC 4u
#define ZX_RSRC_KIND_SYSTEM 5u
#define ZX_RSRC_KIND_COUNT 6u

// Kind SYSTEM: one unit of range for each privilege.
typedef uint64_t zx_rsrc_system_base_t;
#define ZX_RSRC_SYSTEM_HYPERVISOR_BASE UINT64_C(0)
#define ZX_RSRC_SYSTEM_VMEX_BASE UINT64_C(1)
#define ZX_RSRC_SYSTEM_DEBUG_BASE UINT64_C(2)
#define ZX_RSRC_SYSTEM_INFO_BASE UINT64_C(3)
#define ZX_RSRC_SYSTEM_CPU_BASE UINT64_C(4)
#define ZX_RSRC_SYSTEM_POWER_BASE UINT64_C(5)
#define ZX_RSRC_SYSTEM_MEXEC_BASE UINT64_C(6)
#define ZX_RSRC_SYSTEM_ENERGY_INFO_BASE UINT64_C(7)
#define ZX_RSRC_SYSTEM_IOMMU_BASE UINT64_C(8)
#define ZX_RSRC_SYSTEM_FRAMEBUFFER_BASE UINT64_C(9)
#define ZX_RSRC_SYSTEM_PROFILE_BASE UINT64_C(10)
#define ZX_RSRC_SYSTEM_MSI_BASE UINT64_C(11)
#define ZX_RSRC_SYSTEM_DEBUGLOG_BASE UINT64_C(12)
#define ZX_RSRC_SYSTEM_STALL_BASE UINT64_C(13)
#define ZX_RSRC_SYSTEM_COUNT UINT64_C(14)
#endif

// The range can be held by this resource only.
#define ZX_RSRC_FLAG_EXCLUSIVE 0x00010000u

ZX_DETAIL_SIZE(zx_rsrc_kind_t, 4);

#endif  // ZIRCON_SYSCALLS_RESOURCE_H_
