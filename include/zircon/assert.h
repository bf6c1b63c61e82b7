// zircon/assert.h: conditions whose failure ends the program.
//
//   ZX_ASSERT(size <= sizeof(buffer));
//   ZX_ASSERT_MSG(status == ZX_OK, "cannot map %zu bytes: %d", size, status);
//   ZX_DEBUG_ASSERT(list_in_list(&entry->node));
//
// A condition that does not hold is a line on stderr with the place, and abort(). The debug ones
// are left out where ZX_ASSERT_LEVEL is below 2, which it is where NDEBUG is defined; their
// conditions are compiled then and not evaluated. A program may define ZX_ASSERT_LEVEL before.
//
// Thread safety: any thread.
//
// Contract: COMPILER.

#ifndef ZIRCON_ASSERT_H_
#define ZIRCON_ASSERT_H_

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <zircon/compiler.h>

// 2: all are looked at; 1: ZX_ASSERT and ZX_ASSERT_MSG only.
#ifndef ZX_ASSERT_LEVEL
#ifdef NDEBUG
#define ZX_ASSERT_LEVEL 1
#else
#define ZX_ASSERT_LEVEL 2
#endif
#endif

// Whether the debug ones are looked at.
#define ZX_DEBUG_ASSERT_IMPLEMENTED (ZX_ASSERT_LEVEL > 1)

ZX_DETAIL_C_BEGIN

// What ZX_PANIC calls: writes the text, with a newline if it has none, and ends the program.
__NO_RETURN __PRINTFLIKE(1, 2) ZX_DETAIL_PLAIN_INLINE void __zx_panic(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  (void)vfprintf(stderr, format, arguments);
  va_end(arguments);
  abort();
}

ZX_DETAIL_C_END

// Ends the program with a text, as of printf().
#define ZX_PANIC(...) __zx_panic(__VA_ARGS__)

// Ends it unless the condition holds.
#define ZX_ASSERT(condition)                                                      \
  do {                                                                            \
    if (__builtin_expect(!(condition), 0)) {                                      \
      ZX_PANIC("ASSERT FAILED at (%s:%d): %s\n", __FILE__, __LINE__, #condition); \
    }                                                                             \
  } while (0)

// The same, with a text of its own behind the place.
#define ZX_ASSERT_MSG(condition, ...)                                                          \
  do {                                                                                         \
    if (__builtin_expect(!(condition), 0)) {                                                   \
      (void)fprintf(stderr, "ASSERT FAILED at (%s:%d): %s\n", __FILE__, __LINE__, #condition); \
      (void)fprintf(stderr, __VA_ARGS__);                                                      \
      ZX_PANIC("\n");                                                                          \
    }                                                                                          \
  } while (0)

// The debug one of ZX_ASSERT.
#define ZX_DEBUG_ASSERT(condition)     \
  do {                                 \
    if (ZX_DEBUG_ASSERT_IMPLEMENTED) { \
      ZX_ASSERT(condition);            \
    }                                  \
  } while (0)
// The debug one of ZX_ASSERT_MSG.
#define ZX_DEBUG_ASSERT_MSG(condition, ...)  \
  do {                                       \
    if (ZX_DEBUG_ASSERT_IMPLEMENTED) {       \
      ZX_ASSERT_MSG(condition, __VA_ARGS__); \
    }                                        \
  } while (0)

// The same for conditions over what exists only where ZX_DEBUG_ASSERT_IMPLEMENTED is true: they are
// not even compiled elsewhere.
#if ZX_DEBUG_ASSERT_IMPLEMENTED
#define ZX_DEBUG_ASSERT_COND(condition) ZX_DEBUG_ASSERT(condition)
#define ZX_DEBUG_ASSERT_MSG_COND(condition, ...) ZX_DEBUG_ASSERT_MSG(condition, __VA_ARGS__)
#else
#define ZX_DEBUG_ASSERT_COND(condition) ((void)0)
#define ZX_DEBUG_ASSERT_MSG_COND(condition, ...) ((void)0)
#endif

#endif  // ZIRCON_ASSERT_H_
