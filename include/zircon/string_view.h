// zircon/string_view.h: zx_string_view_t, a piece of text.
// Part of <zircon/types.h>.

#ifndef ZIRCON_STRING_VIEW_H_
#define ZIRCON_STRING_VIEW_H_

#include <stddef.h>
#include <zircon-kvm/detail.h>

// Text that the library has for ever.
typedef struct zx_string_view {
  const char* c_str;  // With a NUL behind it.
  size_t length;      // Bytes, without the NUL.
} zx_string_view_t;

ZX_DETAIL_SIZE(zx_string_view_t, 16);
ZX_DETAIL_MEMBER(zx_string_view_t, c_str, 0, 8);
ZX_DETAIL_MEMBER(zx_string_view_t, length, 8, 8);

#endif  // ZIRCON_STRING_VIEW_H_
