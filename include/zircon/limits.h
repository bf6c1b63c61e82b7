// zircon/limits.h: the size of a page.
//
// Pages have one size here. The least and the largest that any machine of Zircon's has are for
// programs that must not know.
//
// Contract: COMPILER.

#ifndef ZIRCON_LIMITS_H_
#define ZIRCON_LIMITS_H_

#include <stdint.h>
#include <zircon-kvm/detail.h>

// Binary logarithms.
#define ZX_PAGE_SHIFT UINT32_C(12)
#define ZX_MIN_PAGE_SHIFT UINT32_C(12)
#define ZX_MAX_PAGE_SHIFT UINT32_C(21)

// Bytes; of a page also the bits of an address within it.
#define ZX_PAGE_SIZE (ZX_DETAIL_CAST(uintptr_t, 1) << ZX_PAGE_SHIFT)
#define ZX_PAGE_MASK (ZX_PAGE_SIZE - 1)
#define ZX_MIN_PAGE_SIZE (ZX_DETAIL_CAST(uintptr_t, 1) << ZX_MIN_PAGE_SHIFT)
#define ZX_MAX_PAGE_SIZE (ZX_DETAIL_CAST(uintptr_t, 1) << ZX_MAX_PAGE_SHIFT)

#endif  // ZIRCON_LIMITS_H_
