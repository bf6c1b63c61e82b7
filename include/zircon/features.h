// zircon/features.h: what zx_system_get_features() is asked for, and what it may tell.
// Part of <zircon/types.h>.
//
//   uint32_t features = 0;
//   zx_system_get_features(ZX_FEATURE_KIND_CPU, &features);

#ifndef ZIRCON_FEATURES_H_
#define ZIRCON_FEATURES_H_

#include <zircon-kvm/detail.h>

// Kinds of features. The library answers the first.
#define ZX_FEATURE_KIND_CPU 0u
#if !ZX_DETAIL_API_2018
#define ZX_FEATURE_KIND_HW_BREAKPOINT_COUNT 1u
#define ZX_FEATURE_KIND_HW_WATCHPOINT_COUNT 2u
#define ZX_FEATURE_KIND_ADDRESS_TAGGING 3u
#define ZX_FEATURE_KIND_VM 4u
#endif

// CPU: the bit that is always set. x86 has no other.
#define ZX_HAS_CPU_FEATURES 0x00000001u

// CPU, arm64: parts of the instruction set.
#define ZX_ARM64_FEATURE_ISA_FP 0x00000002u
#define ZX_ARM64_FEATURE_ISA_ASIMD 0x00000004u
#define ZX_ARM64_FEATURE_ISA_AES 0x00000008u
#define ZX_ARM64_FEATURE_ISA_PMULL 0x00000010u
#define ZX_ARM64_FEATURE_ISA_SHA1 0x00000020u
#define ZX_ARM64_FEATURE_ISA_SHA2 0x00000040u
#define ZX_ARM64_FEATURE_ISA_CRC32 0x00000080u
#define ZX_ARM64_FEATURE_ISA_ATOMICS 0x00000100u
#define ZX_ARM64_FEATURE_ISA_RDM 0x00000200u
#define ZX_ARM64_FEATURE_ISA_SHA3 0x00000400u
#define ZX_ARM64_FEATURE_ISA_SM3 0x00000800u
#define ZX_ARM64_FEATURE_ISA_SM4 0x00001000u
#define ZX_ARM64_FEATURE_ISA_DP 0x00002000u
#define ZX_ARM64_FEATURE_ISA_DPB 0x00004000u
#if !ZX_DETAIL_API_2018
#define ZX_ARM64_FEATURE_ISA_FHM 0x00008000u
#define ZX_ARM64_FEATURE_ISA_TS 0x00010000u
#define ZX_ARM64_FEATURE_ISA_RNDR 0x00020000u
#define ZX_ARM64_FEATURE_ISA_SHA512 0x00040000u
#define ZX_ARM64_FEATURE_ISA_I8MM 0x00080000u

// VM: mappings can be executable and not readable.
#define ZX_VM_FEATURE_CAN_MAP_XOM 0x00000001u
#endif

#endif  // ZIRCON_FEATURES_H_
