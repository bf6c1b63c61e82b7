// zircon/time.h: arithmetic on times and durations that saturates.
//
// A result that does not fit becomes ZX_TIME_INFINITE or ZX_TIME_INFINITE_PAST, so that a very long
// timeout is "never" and not a time in the past:
//
//   zx_time_t deadline = zx_time_add_duration(zx_clock_get_monotonic(), ZX_MSEC(10));

#ifndef ZIRCON_TIME_H_
#define ZIRCON_TIME_H_

#include <zircon/types.h>

ZX_DETAIL_C_BEGIN

// time + duration.
ZX_DETAIL_INLINE zx_time_t zx_time_add_duration(zx_time_t time, zx_duration_t duration) {
  zx_time_t sum = 0;
  if (__builtin_add_overflow(time, duration, &sum)) {
    return duration > 0 ? ZX_TIME_INFINITE : ZX_TIME_INFINITE_PAST;
  }
  return sum;
}

// time - duration.
ZX_DETAIL_INLINE zx_time_t zx_time_sub_duration(zx_time_t time, zx_duration_t duration) {
  zx_time_t difference = 0;
  if (__builtin_sub_overflow(time, duration, &difference)) {
    return duration > 0 ? ZX_TIME_INFINITE_PAST : ZX_TIME_INFINITE;
  }
  return difference;
}

// The duration from `earlier` to `later`; negative if they are the other way round.
ZX_DETAIL_INLINE zx_duration_t zx_time_sub_time(zx_time_t later, zx_time_t earlier) {
  return zx_time_sub_duration(later, earlier);
}

// first + second.
ZX_DETAIL_INLINE zx_duration_t zx_duration_add_duration(zx_duration_t first, zx_duration_t second) {
  return zx_time_add_duration(first, second);
}

// first - second.
ZX_DETAIL_INLINE zx_duration_t zx_duration_sub_duration(zx_duration_t first, zx_duration_t second) {
  return zx_time_sub_duration(first, second);
}

// duration * factor.
ZX_DETAIL_INLINE zx_duration_t zx_duration_mul_int64(zx_duration_t duration, int64_t factor) {
  zx_duration_t product = 0;
  if (__builtin_mul_overflow(duration, factor, &product)) {
    return (duration < 0) == (factor < 0) ? ZX_TIME_INFINITE : ZX_TIME_INFINITE_PAST;
  }
  return product;
}

ZX_DETAIL_C_END

#endif  // ZIRCON_TIME_H_
