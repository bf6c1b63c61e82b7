// zircon/compiler.h: attributes under short names, and a few macros beside them.
//
//   __BEGIN_CDECLS
//   __EXPORT int print(const char* format, ...) __PRINTFLIKE(1, 2);
//   __END_CDECLS
//
// Each is defined only where the program has not defined it: what it has included or defined before
// stays. The C library and the C++ library use none of these names.
//
// Contract: COMPILER.

#ifndef ZIRCON_COMPILER_H_
#define ZIRCON_COMPILER_H_

#include <zircon-kvm/detail.h>

// C linkage around declarations.
#ifndef __BEGIN_CDECLS
#define __BEGIN_CDECLS ZX_DETAIL_C_BEGIN
#endif
#ifndef __END_CDECLS
#define __END_CDECLS ZX_DETAIL_C_END
#endif

// Whether the compiler has a feature: for those that cannot say.
#ifndef __has_feature
#define __has_feature(feature) 0
#endif

// What a condition mostly is.
#ifndef likely
#define likely(condition) __builtin_expect(!!(condition), 1)
#endif
#ifndef unlikely
#define unlikely(condition) __builtin_expect(!!(condition), 0)
#endif

// How many elements an array has.
#ifndef countof
#define countof(array) (sizeof(array) / sizeof((array)[0]))
#endif

// Where in a structure a member is, in bytes.
#ifndef __offsetof
#define __offsetof(type, member) __builtin_offsetof(type, member)
#endif

// Whether the compiler knows a value.
#ifndef __ISCONSTANT
#define __ISCONSTANT(value) __builtin_constant_p(value)
#endif

// Where a call comes from, and the frame it has; the argument is not looked at.
#ifndef __GET_CALLER
#define __GET_CALLER(unused) __builtin_return_address(0)
#endif
#ifndef __GET_FRAME
#define __GET_FRAME(unused) __builtin_frame_address(0)
#endif

// A statement that is never reached.
#ifndef __UNREACHABLE
#define __UNREACHABLE __builtin_unreachable()
#endif
// A case that goes on in the next.
#ifndef __FALLTHROUGH
#define __FALLTHROUGH __attribute__((__fallthrough__))
#endif

// What need not be used; what is to be kept although nothing uses it.
#ifndef __UNUSED
#define __UNUSED __attribute__((__unused__))
#endif
#ifndef __USED
#define __USED __attribute__((__used__))
#endif

// Layouts: no padding, an alignment in bytes, a type whose objects may be others' bytes.
#ifndef __PACKED
#define __PACKED __attribute__((__packed__))
#endif
#ifndef __ALIGNED
#define __ALIGNED(bytes) __attribute__((__aligned__(bytes)))
#endif
#ifndef __MAY_ALIAS
#define __MAY_ALIAS __attribute__((__may_alias__))
#endif

// Functions that take a format: the number of the format's argument, and of the first one for it.
#ifndef __PRINTFLIKE
#define __PRINTFLIKE(format, first) __attribute__((__format__(__printf__, format, first)))
#endif
#ifndef __SCANFLIKE
#define __SCANFLIKE(format, first) __attribute__((__format__(__scanf__, format, first)))
#endif

// What a function promises: no effect but its result; the same without looking at memory; a result
// that nothing else points to; no return; no call back into this unit.
#ifndef __PURE
#define __PURE __attribute__((__pure__))
#endif
#ifndef __CONST
#define __CONST __attribute__((__const__))
#endif
#ifndef __MALLOC
#define __MALLOC __attribute__((__malloc__))
#endif
#ifndef __NO_RETURN
#define __NO_RETURN __attribute__((__noreturn__))
#endif
#ifndef __LEAF_FN
#define __LEAF_FN __attribute__((__leaf__))
#endif

// What a function asks of its caller: arguments, counted from 1 and in parentheses, that are not
// NULL; a look at the result; not to be called any more.
#ifndef __NONNULL
#define __NONNULL(arguments) __attribute__((__nonnull__ arguments))
#endif
#ifndef __WARN_UNUSED_RESULT
#define __WARN_UNUSED_RESULT __attribute__((__warn_unused_result__))
#endif
#ifndef __DEPRECATE
#define __DEPRECATE __attribute__((__deprecated__))
#endif

// How a function is compiled: into its callers, never into them, with the compiler's own semantics
// of inline, without code of the compiler's at its ends, at another level of optimization (GCC).
#ifndef __ALWAYS_INLINE
#define __ALWAYS_INLINE __attribute__((__always_inline__))
#endif
#ifndef __NO_INLINE
#define __NO_INLINE __attribute__((__noinline__))
#endif
#ifndef __GNU_INLINE
#define __GNU_INLINE __attribute__((__gnu_inline__))
#endif
#ifndef __NAKED
#define __NAKED __attribute__((__naked__))
#endif
#ifndef __OPTIMIZE
#if defined(__clang__)
#define __OPTIMIZE(level)
#else
#define __OPTIMIZE(level) __attribute__((__optimize__(level)))
#endif
#endif

// Functions that run before main(), and behind it.
#ifndef __CONSTRUCTOR
#define __CONSTRUCTOR __attribute__((__constructor__))
#endif
#ifndef __DESTRUCTOR
#define __DESTRUCTOR __attribute__((__destructor__))
#endif

// Symbols: seen by other libraries, or not; one that another definition replaces; a second name; a
// section; one that is used from elsewhere although nothing here does.
#ifndef __EXPORT
#define __EXPORT __attribute__((__visibility__("default")))
#endif
#ifndef __LOCAL
#define __LOCAL __attribute__((__visibility__("hidden")))
#endif
#ifndef __WEAK
#define __WEAK __attribute__((__weak__))
#endif
#ifndef __ALIAS
#define __ALIAS(name) __attribute__((__alias__(name)))
#endif
#ifndef __WEAK_ALIAS
#define __WEAK_ALIAS(name) __attribute__((__weak__, __alias__(name)))
#endif
#ifndef __SECTION
#define __SECTION(name) __attribute__((__section__(name)))
#endif
#ifndef __SRAM
#define __SRAM __NO_INLINE __SECTION(".sram.text")
#endif
#ifndef __EXTERNALLY_VISIBLE
#if defined(__clang__)
#define __EXTERNALLY_VISIBLE __EXPORT
#else
#define __EXTERNALLY_VISIBLE __attribute__((__externally_visible__))
#endif
#endif

// A variable that each thread has its own of.
#ifndef __THREAD
#define __THREAD __thread
#endif

// A pointer whose memory no other reaches.
#ifndef __RESTRICT
#define __RESTRICT __restrict
#endif

// A function whose variables stay on the one stack: for Clang's -fsanitize=safe-stack.
#ifndef __NO_SAFESTACK
#if defined(__clang__)
#define __NO_SAFESTACK __attribute__((__no_sanitize__("safe-stack")))
#else
#define __NO_SAFESTACK
#endif
#endif

// Clang's thread safety analysis (-Wthread-safety); nothing to GCC. What each means is in Clang's
// documentation, under the attribute's own name.
#ifndef __THREAD_ANNOTATION
#if defined(__clang__)
#define __THREAD_ANNOTATION(attribute) __attribute__((attribute))
#else
#define __THREAD_ANNOTATION(attribute)
#endif
#endif
#ifndef __TA_CAPABILITY
#define __TA_CAPABILITY(name) __THREAD_ANNOTATION(__capability__(name))
#endif
#ifndef __TA_SCOPED_CAPABILITY
#define __TA_SCOPED_CAPABILITY __THREAD_ANNOTATION(__scoped_lockable__)
#endif
#ifndef __TA_GUARDED
#define __TA_GUARDED(capability) __THREAD_ANNOTATION(__guarded_by__(capability))
#endif
#ifndef __TA_PT_GUARDED
#define __TA_PT_GUARDED(capability) __THREAD_ANNOTATION(__pt_guarded_by__(capability))
#endif
#ifndef __TA_ACQUIRED_BEFORE
#define __TA_ACQUIRED_BEFORE(...) __THREAD_ANNOTATION(__acquired_before__(__VA_ARGS__))
#endif
#ifndef __TA_ACQUIRED_AFTER
#define __TA_ACQUIRED_AFTER(...) __THREAD_ANNOTATION(__acquired_after__(__VA_ARGS__))
#endif
#ifndef __TA_ACQUIRE
#define __TA_ACQUIRE(...) __THREAD_ANNOTATION(__acquire_capability__(__VA_ARGS__))
#endif
#ifndef __TA_ACQUIRE_SHARED
#define __TA_ACQUIRE_SHARED(...) __THREAD_ANNOTATION(__acquire_shared_capability__(__VA_ARGS__))
#endif
#ifndef __TA_TRY_ACQUIRE
#define __TA_TRY_ACQUIRE(...) __THREAD_ANNOTATION(__try_acquire_capability__(__VA_ARGS__))
#endif
#ifndef __TA_TRY_ACQUIRE_SHARED
#define __TA_TRY_ACQUIRE_SHARED(...) \
  __THREAD_ANNOTATION(__try_acquire_shared_capability__(__VA_ARGS__))
#endif
#ifndef __TA_RELEASE
#define __TA_RELEASE(...) __THREAD_ANNOTATION(__release_capability__(__VA_ARGS__))
#endif
#ifndef __TA_RELEASE_SHARED
#define __TA_RELEASE_SHARED(...) __THREAD_ANNOTATION(__release_shared_capability__(__VA_ARGS__))
#endif
#ifndef __TA_REQUIRES
#define __TA_REQUIRES(...) __THREAD_ANNOTATION(__requires_capability__(__VA_ARGS__))
#endif
#ifndef __TA_REQUIRES_SHARED
#define __TA_REQUIRES_SHARED(...) __THREAD_ANNOTATION(__requires_shared_capability__(__VA_ARGS__))
#endif
#ifndef __TA_EXCLUDES
#define __TA_EXCLUDES(...) __THREAD_ANNOTATION(__locks_excluded__(__VA_ARGS__))
#endif
#ifndef __TA_ASSERT
#define __TA_ASSERT(...) __THREAD_ANNOTATION(__assert_capability__(__VA_ARGS__))
#endif
#ifndef __TA_ASSERT_SHARED
#define __TA_ASSERT_SHARED(...) __THREAD_ANNOTATION(__assert_shared_capability__(__VA_ARGS__))
#endif
#ifndef __TA_RETURN_CAPABILITY
#define __TA_RETURN_CAPABILITY(capability) __THREAD_ANNOTATION(__lock_returned__(capability))
#endif
#ifndef __TA_NO_THREAD_SAFETY_ANALYSIS
#define __TA_NO_THREAD_SAFETY_ANALYSIS __THREAD_ANNOTATION(__no_thread_safety_analysis__)
#endif

#endif  // ZIRCON_COMPILER_H_
