// lib/zx/time.h: points in time, durations and ticks, each of one clock.
//
//   zx::time deadline = zx::deadline_after(zx::msec(10));
//   zx::nanosleep(deadline);
//
// Nothing here wraps: what does not fit is the nearest that does, which is "never" or "always
// past".
//
// Thread safety: values.
//
// Contract: ZX, TIME.

#ifndef LIB_ZX_TIME_H_
#define LIB_ZX_TIME_H_

#include <time.h>
#include <zircon/syscalls.h>
#include <zircon/time.h>

#include <limits>

ZX_DETAIL_ZX_BEGIN

// Arithmetic that saturates, of either generation's numbers.
namespace saturating {
// a + b.
template <typename T>
constexpr T Add(T a, T b) {
  T sum = 0;
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  return b > 0 ? std::numeric_limits<T>::max() : std::numeric_limits<T>::min();
}
// a - b.
template <typename T>
constexpr T Subtract(T a, T b) {
  T difference = 0;
  if (!__builtin_sub_overflow(a, b, &difference)) return difference;
  return b > 0 ? std::numeric_limits<T>::min() : std::numeric_limits<T>::max();
}
// a * b.
template <typename T>
constexpr T Multiply(T a, int64_t b) {
  T product = 0;
  if (!__builtin_mul_overflow(a, b, &product)) return product;
  return (a < 0) == (b < 0) ? std::numeric_limits<T>::max() : std::numeric_limits<T>::min();
}
// a / b. What does not fit: the least number by -1, and of numbers without a sign all by one below
// 0.
template <typename T>
constexpr T Divide(T a, int64_t b) {
  if constexpr (std::numeric_limits<T>::is_signed) {
    return b == -1 ? Subtract<T>(0, a) : a / b;
  } else {
    return b < 0 ? 0 : a / static_cast<T>(b);
  }
}
}  // namespace saturating

// A length of time, in nanoseconds.
template <zx_clock_t kClock>
class basic_duration final {
 public:
  constexpr basic_duration() = default;
  // Of a number of nanoseconds.
  constexpr explicit basic_duration(zx_duration_t value) : value_(value) {}
  // Of one of the C library's.
  constexpr explicit basic_duration(const timespec& time)
      : value_(zx_duration_from_timespec(time)) {}
  // As long as one of another clock.
  template <zx_clock_t kOther>
  constexpr explicit basic_duration(basic_duration<kOther> other) : value_(other.get()) {}

  // Longer than any other.
  static constexpr basic_duration infinite() { return basic_duration(ZX_TIME_INFINITE); }
  // Shorter than any other.
  static constexpr basic_duration infinite_past() { return basic_duration(ZX_TIME_INFINITE_PAST); }

  // The number of nanoseconds.
  constexpr zx_duration_t get() const { return value_; }
  // Whole nanoseconds.
  constexpr int64_t to_nsecs() const { return value_; }
  // Whole microseconds.
  constexpr int64_t to_usecs() const { return value_ / ZX_USEC(1); }
  // Whole milliseconds.
  constexpr int64_t to_msecs() const { return value_ / ZX_MSEC(1); }
  // Whole seconds.
  constexpr int64_t to_secs() const { return value_ / ZX_SEC(1); }
  // Whole minutes.
  constexpr int64_t to_mins() const { return value_ / ZX_MIN(1); }
  // Whole hours.
  constexpr int64_t to_hours() const { return value_ / ZX_HOUR(1); }
  // The same as the C library's.
  constexpr timespec to_timespec() const { return zx_timespec_from_duration(value_); }

  constexpr basic_duration operator+(basic_duration other) const {
    return basic_duration(saturating::Add(value_, other.value_));
  }
  constexpr basic_duration operator-(basic_duration other) const {
    return basic_duration(saturating::Subtract(value_, other.value_));
  }
  constexpr basic_duration operator*(int64_t factor) const {
    return basic_duration(saturating::Multiply(value_, factor));
  }
  constexpr basic_duration operator/(int64_t divisor) const {
    return basic_duration(saturating::Divide(value_, divisor));
  }
  constexpr int64_t operator/(basic_duration other) const {
    return saturating::Divide(value_, other.value_);
  }
  constexpr basic_duration operator%(basic_duration other) const {
    return basic_duration(other.value_ == -1 ? 0 : value_ % other.value_);
  }
  constexpr basic_duration operator-() const { return basic_duration(0) - *this; }
  constexpr basic_duration& operator+=(basic_duration other) { return *this = *this + other; }
  constexpr basic_duration& operator-=(basic_duration other) { return *this = *this - other; }
  constexpr basic_duration& operator*=(int64_t factor) { return *this = *this * factor; }
  constexpr basic_duration& operator/=(int64_t divisor) { return *this = *this / divisor; }
  constexpr basic_duration& operator%=(basic_duration other) { return *this = *this % other; }

  constexpr bool operator==(basic_duration other) const { return value_ == other.value_; }
  constexpr bool operator!=(basic_duration other) const { return value_ != other.value_; }
  constexpr bool operator<(basic_duration other) const { return value_ < other.value_; }
  constexpr bool operator<=(basic_duration other) const { return value_ <= other.value_; }
  constexpr bool operator>(basic_duration other) const { return value_ > other.value_; }
  constexpr bool operator>=(basic_duration other) const { return value_ >= other.value_; }

 private:
  zx_duration_t value_ = 0;
};

template <zx_clock_t kClock>
constexpr basic_duration<kClock> operator*(int64_t factor, basic_duration<kClock> value) {
  return value * factor;
}

// A length of monotonic time.
using duration = basic_duration<ZX_CLOCK_MONOTONIC>;

// What lies between two points in time of a clock.
#if ZX_DETAIL_API_2018
template <zx_clock_t kClock>
using duration_of = duration;
#else
template <zx_clock_t kClock>
using duration_of = basic_duration<kClock>;
#endif

// So many nanoseconds.
constexpr duration nsec(int64_t count) { return duration(count); }
// So many microseconds.
constexpr duration usec(int64_t count) { return duration(ZX_USEC(1)) * count; }
// So many milliseconds.
constexpr duration msec(int64_t count) { return duration(ZX_MSEC(1)) * count; }
// So many seconds.
constexpr duration sec(int64_t count) { return duration(ZX_SEC(1)) * count; }
// So many minutes.
constexpr duration min(int64_t count) { return duration(ZX_MIN(1)) * count; }
// So many hours.
constexpr duration hour(int64_t count) { return duration(ZX_HOUR(1)) * count; }

// A point in time, in nanoseconds of a clock.
template <zx_clock_t kClock>
class basic_time final {
 public:
  constexpr basic_time() = default;
  // Of a number of nanoseconds.
  constexpr explicit basic_time(zx_time_t value) : value_(value) {}
  // Of one of the C library's.
  constexpr explicit basic_time(const timespec& time) : value_(zx_time_from_timespec(time)) {}

  // Never.
  static constexpr basic_time infinite() { return basic_time(ZX_TIME_INFINITE); }
  // Before all that happens.
  static constexpr basic_time infinite_past() { return basic_time(ZX_TIME_INFINITE_PAST); }

  // The number of nanoseconds.
  constexpr zx_time_t get() const { return value_; }
  // Where a C call may write the number.
  constexpr zx_time_t* get_address() { return &value_; }
  // The same as the C library's.
  constexpr timespec to_timespec() const { return zx_timespec_from_time(value_); }

  constexpr basic_time operator+(duration_of<kClock> delta) const {
    return basic_time(saturating::Add(value_, delta.get()));
  }
  constexpr basic_time operator-(duration_of<kClock> delta) const {
    return basic_time(saturating::Subtract(value_, delta.get()));
  }
  constexpr duration_of<kClock> operator-(basic_time other) const {
    return duration_of<kClock>(saturating::Subtract(value_, other.value_));
  }
  constexpr basic_time& operator+=(duration_of<kClock> delta) { return *this = *this + delta; }
  constexpr basic_time& operator-=(duration_of<kClock> delta) { return *this = *this - delta; }

  constexpr bool operator==(basic_time other) const { return value_ == other.value_; }
  constexpr bool operator!=(basic_time other) const { return value_ != other.value_; }
  constexpr bool operator<(basic_time other) const { return value_ < other.value_; }
  constexpr bool operator<=(basic_time other) const { return value_ <= other.value_; }
  constexpr bool operator>(basic_time other) const { return value_ > other.value_; }
  constexpr bool operator>=(basic_time other) const { return value_ >= other.value_; }

 private:
  zx_time_t value_ = 0;
};

template <zx_clock_t kClock>
constexpr basic_time<kClock> operator+(duration_of<kClock> delta, basic_time<kClock> value) {
  return value + delta;
}

// Of the monotonic clock.
using time = basic_time<ZX_CLOCK_MONOTONIC>;
#if ZX_DETAIL_API_2018
// Of that year's clock that can be set.
using time_utc = basic_time<ZX_CLOCK_UTC>;
// Of a thread's own.
using time_thread = basic_time<ZX_CLOCK_THREAD>;
#else
// The same by the clock's name.
using time_monotonic = time;
// The same by the clock's name.
using duration_monotonic = duration;
// Of the clock that also runs while the host is suspended.
using time_boot = basic_time<ZX_CLOCK_BOOT>;
// A length of its time.
using duration_boot = basic_duration<ZX_CLOCK_BOOT>;
#endif

// A number of ticks of a clock: zx_ticks_per_second() of them are a second.
template <zx_clock_t kClock>
class basic_ticks final {
 public:
  constexpr basic_ticks() = default;
  // Of a number of ticks.
  constexpr explicit basic_ticks(zx_ticks_t value) : value_(value) {}

  // The most.
  static constexpr basic_ticks infinite() {
    return basic_ticks(std::numeric_limits<zx_ticks_t>::max());
  }
  // The least.
  static constexpr basic_ticks infinite_past() {
    return basic_ticks(std::numeric_limits<zx_ticks_t>::min());
  }

  // zx_ticks_get(), or zx_ticks_get_boot() for the clock BOOT.
  static basic_ticks now() {
#if !ZX_DETAIL_API_2018
    if constexpr (kClock == ZX_CLOCK_BOOT) return basic_ticks(zx_ticks_get_boot());
#endif
    return basic_ticks(zx_ticks_get());
  }
  // zx_ticks_per_second().
  static basic_ticks per_second() { return basic_ticks(zx_ticks_per_second()); }

  // The number of ticks.
  constexpr zx_ticks_t get() const { return value_; }
  // Where a C call may write the number.
  constexpr zx_ticks_t* get_address() { return &value_; }

  constexpr basic_ticks operator+(basic_ticks other) const {
    return basic_ticks(saturating::Add(value_, other.value_));
  }
  constexpr basic_ticks operator-(basic_ticks other) const {
    return basic_ticks(saturating::Subtract(value_, other.value_));
  }
  constexpr basic_ticks operator*(int64_t factor) const {
    return basic_ticks(saturating::Multiply(value_, factor));
  }
  constexpr basic_ticks operator/(int64_t divisor) const {
    return basic_ticks(saturating::Divide(value_, divisor));
  }
  constexpr basic_ticks& operator+=(basic_ticks other) { return *this = *this + other; }
  constexpr basic_ticks& operator-=(basic_ticks other) { return *this = *this - other; }
  constexpr basic_ticks& operator*=(int64_t factor) { return *this = *this * factor; }
  constexpr basic_ticks& operator/=(int64_t divisor) { return *this = *this / divisor; }

  constexpr bool operator==(basic_ticks other) const { return value_ == other.value_; }
  constexpr bool operator!=(basic_ticks other) const { return value_ != other.value_; }
  constexpr bool operator<(basic_ticks other) const { return value_ < other.value_; }
  constexpr bool operator<=(basic_ticks other) const { return value_ <= other.value_; }
  constexpr bool operator>(basic_ticks other) const { return value_ > other.value_; }
  constexpr bool operator>=(basic_ticks other) const { return value_ >= other.value_; }

 private:
  zx_ticks_t value_ = 0;
};

// Of the monotonic clock.
using ticks = basic_ticks<ZX_CLOCK_MONOTONIC>;
#if !ZX_DETAIL_API_2018
// The same by the clock's name.
using ticks_monotonic = ticks;
// Of the clock that also runs while the host is suspended.
using ticks_boot = basic_ticks<ZX_CLOCK_BOOT>;
#endif

// zx_deadline_after().
inline time deadline_after(duration delta) { return time(zx_deadline_after(delta.get())); }
// zx_nanosleep().
inline zx_status_t nanosleep(time deadline) { return zx_nanosleep(deadline.get()); }

ZX_DETAIL_ZX_END

// zx::clock is an owner, and owners take what is above: so behind it.
#include <lib/zx/object.h>

#endif  // LIB_ZX_TIME_H_
