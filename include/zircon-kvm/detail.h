// zircon-kvm/detail.h: the few differences between compilers and languages that the headers hide.
//
// They need GCC or Clang for x86-64 or arm64, and C11 or C++17 or later. All that is defined here
// is named ZX_DETAIL_* and belongs to the headers; a program has no use for it.

#ifndef ZIRCON_KVM_DETAIL_H_
#define ZIRCON_KVM_DETAIL_H_

#include <stddef.h>

#if !defined(__GNUC__)
#error "zircon-kvm needs GCC or Clang"
#endif
#if !defined(__x86_64__) && !defined(__aarch64__)
#error "zircon-kvm supports x86-64 and arm64 only"
#endif
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__ || __SIZEOF_POINTER__ != 8
#error "zircon-kvm needs a 64-bit little-endian target"
#endif

// The API generation that a program is compiled for: the current one, or with ZX_API_2018 defined
// that of the end of 2018. Where layouts or numbers differ the headers ask ZX_DETAIL_API_2018; a
// call that differs has a second symbol, zx_NAME_2018, to which its plain name is bound then. Both
// generations link against the same library, also in one program.
#if defined(ZX_API_2018)
#define ZX_DETAIL_API_2018 1
#else
#define ZX_DETAIL_API_2018 0
#endif

// C linkage around declarations.
#if defined(__cplusplus)
#define ZX_DETAIL_C_BEGIN extern "C" {
#define ZX_DETAIL_C_END }
#else
#define ZX_DETAIL_C_BEGIN
#define ZX_DETAIL_C_END
#endif

// The namespace of <lib/zx>. The generations have one each, in which a program finds the same
// names, so that what is inline in both can be in one program.
#if ZX_DETAIL_API_2018
#define ZX_DETAIL_ZX_BEGIN \
  namespace zx {           \
  inline namespace generation_2018 {
#define ZX_DETAIL_ZX_END \
  }                      \
  }
#else
#define ZX_DETAIL_ZX_BEGIN namespace zx {
#define ZX_DETAIL_ZX_END }
#endif

// An exported call. None throws.
#define ZX_DETAIL_CALL __attribute__((visibility("default"), nothrow))

// The same for a call that differs between the generations.
#if ZX_DETAIL_API_2018
#define ZX_DETAIL_CALL_2018(name) __asm__("zx_" #name "_2018") ZX_DETAIL_CALL
#else
#define ZX_DETAIL_CALL_2018(name) ZX_DETAIL_CALL
#endif

// Declares `_zx_NAME`, the second name of `zx_NAME`. Both have the same type and do the same.
#define ZX_DETAIL_TWIN(name) extern __typeof__(zx_##name) _zx_##name ZX_DETAIL_CALL
#if ZX_DETAIL_API_2018
#define ZX_DETAIL_TWIN_2018(name) \
  extern __typeof__(zx_##name) _zx_##name __asm__("_zx_" #name "_2018") ZX_DETAIL_CALL
#else
#define ZX_DETAIL_TWIN_2018(name) ZX_DETAIL_TWIN(name)
#endif

// A function defined in a header.
#if defined(__cplusplus)
#define ZX_DETAIL_INLINE inline constexpr
#else
#define ZX_DETAIL_INLINE static inline
#endif

// The same, for what no constant is made of.
#if defined(__cplusplus)
#define ZX_DETAIL_PLAIN_INLINE inline
#else
#define ZX_DETAIL_PLAIN_INLINE static inline
#endif

// Casts that neither language warns about: of numbers, and between pointers and their addresses.
#if defined(__cplusplus)
#define ZX_DETAIL_CAST(type, value) (static_cast<type>(value))
#define ZX_DETAIL_POINTER_CAST(type, value) (reinterpret_cast<type>(value))
#else
#define ZX_DETAIL_CAST(type, value) ((type)(value))
#define ZX_DETAIL_POINTER_CAST(type, value) ((type)(value))
#endif

// Layout checks: the size of a type; the offset and the size of one of its members.
#if defined(__cplusplus)
#define ZX_DETAIL_ASSERT(condition, words) static_assert(condition, words)
#define ZX_DETAIL_MEMBER_SIZE(type, member) sizeof(type::member)
#else
#define ZX_DETAIL_ASSERT(condition, words) _Static_assert(condition, words)
#define ZX_DETAIL_MEMBER_SIZE(type, member) sizeof(((type*)0)->member)
#endif
#define ZX_DETAIL_SIZE(type, bytes) ZX_DETAIL_ASSERT(sizeof(type) == (bytes), "size of " #type)
#define ZX_DETAIL_MEMBER(type, member, offset, bytes)                                   \
  ZX_DETAIL_ASSERT(offsetof(type, member) == (offset), "offset of " #type "." #member); \
  ZX_DETAIL_ASSERT(ZX_DETAIL_MEMBER_SIZE(type, member) == (bytes), "size of " #type "." #member)

#endif  // ZIRCON_KVM_DETAIL_H_
