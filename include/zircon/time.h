// zircon/time.h: arithmetic on times and durations that saturates.
//
// A result that does not fit becomes ZX_TIME_INFINITE or ZX_TIME_INFINITE_PAST, so that a very long
// timeout is "never" and not a time in the past:
//
//   zx_time_t deadline = zx_time_add_duration(zx_clock_get_monotonic(), ZX_MSEC(10));

#ifndef ZIRCON_TIME_H_
#define ZIRCON_TIME_H_

#include <time.h>
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

// A duration as a number of nanoseconds.
ZX_DETAIL_INLINE int64_t zx_nsec_from_duration(zx_duration_t duration) { return duration; }

// So many nanoseconds.
ZX_DETAIL_INLINE zx_duration_t zx_duration_from_nsec(int64_t count) { return count; }

// So many microseconds.
ZX_DETAIL_INLINE zx_duration_t zx_duration_from_usec(int64_t count) {
  return zx_duration_mul_int64(ZX_USEC(1), count);
}

// So many milliseconds.
ZX_DETAIL_INLINE zx_duration_t zx_duration_from_msec(int64_t count) {
  return zx_duration_mul_int64(ZX_MSEC(1), count);
}

// So many seconds.
ZX_DETAIL_INLINE zx_duration_t zx_duration_from_sec(int64_t count) {
  return zx_duration_mul_int64(ZX_SEC(1), count);
}

// So many minutes.
ZX_DETAIL_INLINE zx_duration_t zx_duration_from_min(int64_t count) {
  return zx_duration_mul_int64(ZX_MIN(1), count);
}

// So many hours.
ZX_DETAIL_INLINE zx_duration_t zx_duration_from_hour(int64_t count) {
  return zx_duration_mul_int64(ZX_HOUR(1), count);
}

// A duration of one of the C library's, of any sign.
ZX_DETAIL_INLINE zx_duration_t zx_duration_from_timespec(struct timespec time) {
  // Towards 0 first, so that only what does not fit is saturated.
  if (time.tv_sec < 0) {
    return zx_duration_add_duration(zx_duration_from_sec(time.tv_sec + 1),
                                    time.tv_nsec - ZX_SEC(1));
  }
  return zx_duration_add_duration(zx_duration_from_sec(time.tv_sec), time.tv_nsec);
}

// A duration as one of the C library's: tv_nsec is from 0 to 999,999,999.
ZX_DETAIL_INLINE struct timespec zx_timespec_from_duration(zx_duration_t duration) {
  struct timespec time = {duration / ZX_SEC(1), duration % ZX_SEC(1)};
  if (time.tv_nsec < 0) {
    time.tv_sec -= 1;
    time.tv_nsec += ZX_SEC(1);
  }
  return time;
}

// A point in time of one of the C library's.
ZX_DETAIL_INLINE zx_time_t zx_time_from_timespec(struct timespec time) {
  return zx_duration_from_timespec(time);
}

// A point in time as one of the C library's, as of zx_timespec_from_duration().
ZX_DETAIL_INLINE struct timespec zx_timespec_from_time(zx_time_t time) {
  return zx_timespec_from_duration(time);
}

#if !ZX_DETAIL_API_2018
// first + second.
ZX_DETAIL_INLINE zx_ticks_t zx_ticks_add_ticks(zx_ticks_t first, zx_ticks_t second) {
  return zx_time_add_duration(first, second);
}

// first - second.
ZX_DETAIL_INLINE zx_ticks_t zx_ticks_sub_ticks(zx_ticks_t first, zx_ticks_t second) {
  return zx_time_sub_duration(first, second);
}

// ticks * factor.
ZX_DETAIL_INLINE zx_ticks_t zx_ticks_mul_int64(zx_ticks_t ticks, int64_t factor) {
  return zx_duration_mul_int64(ticks, factor);
}
#endif

ZX_DETAIL_C_END

#endif  // ZIRCON_TIME_H_
