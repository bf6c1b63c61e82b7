// lib/zx/time.h: points in time and durations, which saturate.
//
//   zx::time deadline = zx::deadline_after(zx::msec(10));
//   zx::nanosleep(deadline);
//
// Thread safety: values.

#ifndef LIB_ZX_TIME_H_
#define LIB_ZX_TIME_H_

#include <zircon/syscalls.h>
#include <zircon/time.h>

ZX_DETAIL_ZX_BEGIN

// In nanoseconds.
class duration final {
 public:
  constexpr duration() = default;
  // Of a number of nanoseconds.
  constexpr explicit duration(zx_duration_t value) : value_(value) {}

  // Longer than any other.
  static constexpr duration infinite() { return duration(ZX_TIME_INFINITE); }
  // Shorter than any other.
  static constexpr duration infinite_past() { return duration(ZX_TIME_INFINITE_PAST); }

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

  constexpr duration operator+(duration other) const {
    return duration(zx_duration_add_duration(value_, other.value_));
  }
  constexpr duration operator-(duration other) const {
    return duration(zx_duration_sub_duration(value_, other.value_));
  }
  constexpr duration operator*(int64_t factor) const {
    return duration(zx_duration_mul_int64(value_, factor));
  }
  constexpr duration operator/(int64_t divisor) const { return duration(value_ / divisor); }
  constexpr duration operator%(duration other) const { return duration(value_ % other.value_); }
  constexpr int64_t operator/(duration other) const { return value_ / other.value_; }
  constexpr duration operator-() const { return duration(0) - *this; }
  constexpr duration& operator+=(duration other) { return *this = *this + other; }
  constexpr duration& operator-=(duration other) { return *this = *this - other; }
  constexpr duration& operator*=(int64_t factor) { return *this = *this * factor; }
  constexpr duration& operator/=(int64_t divisor) { return *this = *this / divisor; }

  constexpr bool operator==(duration other) const { return value_ == other.value_; }
  constexpr bool operator!=(duration other) const { return value_ != other.value_; }
  constexpr bool operator<(duration other) const { return value_ < other.value_; }
  constexpr bool operator<=(duration other) const { return value_ <= other.value_; }
  constexpr bool operator>(duration other) const { return value_ > other.value_; }
  constexpr bool operator>=(duration other) const { return value_ >= other.value_; }

 private:
  zx_duration_t value_ = 0;
};

constexpr duration operator*(int64_t factor, duration value) { return value * factor; }

// So many nanoseconds; saturated, as all of their arithmetic.
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

// In nanoseconds of the monotonic clock.
class time final {
 public:
  constexpr time() = default;
  // Of a number of nanoseconds.
  constexpr explicit time(zx_time_t value) : value_(value) {}

  // Never.
  static constexpr time infinite() { return time(ZX_TIME_INFINITE); }
  // Before all that happens.
  static constexpr time infinite_past() { return time(ZX_TIME_INFINITE_PAST); }

  // The number of nanoseconds.
  constexpr zx_time_t get() const { return value_; }
  // Where a C call may write the number.
  constexpr zx_time_t* get_address() { return &value_; }

  constexpr time operator+(duration delta) const {
    return time(zx_time_add_duration(value_, delta.get()));
  }
  constexpr time operator-(duration delta) const {
    return time(zx_time_sub_duration(value_, delta.get()));
  }
  constexpr duration operator-(time other) const {
    return duration(zx_time_sub_time(value_, other.value_));
  }
  constexpr time& operator+=(duration delta) { return *this = *this + delta; }
  constexpr time& operator-=(duration delta) { return *this = *this - delta; }

  constexpr bool operator==(time other) const { return value_ == other.value_; }
  constexpr bool operator!=(time other) const { return value_ != other.value_; }
  constexpr bool operator<(time other) const { return value_ < other.value_; }
  constexpr bool operator<=(time other) const { return value_ <= other.value_; }
  constexpr bool operator>(time other) const { return value_ > other.value_; }
  constexpr bool operator>=(time other) const { return value_ >= other.value_; }

 private:
  zx_time_t value_ = 0;
};

constexpr time operator+(duration delta, time value) { return value + delta; }

// In ticks: zx_ticks_per_second() of them are a second.
class ticks final {
 public:
  constexpr ticks() = default;
  // Of a number of ticks.
  constexpr explicit ticks(zx_ticks_t value) : value_(value) {}

  // zx_ticks_get().
  static ticks now() { return ticks(zx_ticks_get()); }
  // zx_ticks_per_second().
  static ticks per_second() { return ticks(zx_ticks_per_second()); }

  // The number of ticks.
  constexpr zx_ticks_t get() const { return value_; }
  constexpr ticks operator+(ticks other) const { return ticks(value_ + other.value_); }
  constexpr ticks operator-(ticks other) const { return ticks(value_ - other.value_); }
  constexpr bool operator==(ticks other) const { return value_ == other.value_; }
  constexpr bool operator!=(ticks other) const { return value_ != other.value_; }
  constexpr bool operator<(ticks other) const { return value_ < other.value_; }
  constexpr bool operator>(ticks other) const { return value_ > other.value_; }

 private:
  zx_ticks_t value_ = 0;
};

// The clocks.
class clock final {
 public:
  clock() = delete;

  // zx_clock_get_monotonic().
  static time get_monotonic() { return time(zx_clock_get_monotonic()); }
#if defined(ZX_API_2018)
  // zx_clock_get().
  static time get(zx_clock_t clock_id) { return time(zx_clock_get(clock_id)); }
  // zx_clock_get_new().
  static zx_status_t get_new(zx_clock_t clock_id, time* result) {
    return zx_clock_get_new(clock_id, result->get_address());
  }
#endif
};

// zx_deadline_after().
inline time deadline_after(duration delta) { return time(zx_deadline_after(delta.get())); }
// zx_nanosleep().
inline zx_status_t nanosleep(time deadline) { return zx_nanosleep(deadline.get()); }

ZX_DETAIL_ZX_END

#endif  // LIB_ZX_TIME_H_
