// lib/zx/result.h: zx::result: a value, or the status that tells why there is none.
//
//   zx::result<zx::event> MakeEvent() {
//     zx::event event;
//     if (zx_status_t status = zx::event::create(0, &event); status != ZX_OK) {
//       return zx::error(status);
//     }
//     return zx::ok(std::move(event));
//   }
//
//   zx::result event = MakeEvent();
//   if (event.is_error()) return event.status_value();
//   event->signal(0, ZX_EVENT_SIGNALED);
//
// A zx::result<> has no value, only success or an error. ZX_OK is no error: to make one of it, and
// to ask an error for its value or a success for its error, ends the program.
//
// Thread safety: values.
//
// Contract: ZX-RESULT.

#ifndef LIB_ZX_RESULT_H_
#define LIB_ZX_RESULT_H_

#include <zircon/assert.h>
#include <zircon/status.h>

#include <optional>
#include <type_traits>
#include <utility>

ZX_DETAIL_ZX_BEGIN

// Success, with a value or without: what zx::ok() gives, for a zx::result to take.
template <typename... T>
class success;
// Without a value.
template <>
class success<> final {};
// With one.
template <typename T>
class success<T> final {
 public:
  // Of a value.
  explicit constexpr success(T value) : value_(std::move(value)) {}

  // The value.
  constexpr T& value() & { return value_; }
  // Of a constant.
  constexpr const T& value() const& { return value_; }
  // To be moved.
  constexpr T&& value() && { return std::move(value_); }

 private:
  T value_;
};

// An error: what zx::error() gives, for a zx::result to take.
class error_result final {
 public:
  // Of a status that is not ZX_OK.
  explicit constexpr error_result(zx_status_t status) : status_(status) {
    ZX_ASSERT_MSG(status != ZX_OK, "ZX_OK is no error");
  }

  // The status.
  constexpr const zx_status_t& error_value() const { return status_; }
  // The same.
  constexpr zx_status_t status_value() const { return status_; }

 private:
  zx_status_t status_;
};

// Success.
constexpr success<> ok() { return success<>(); }
// Success with a value.
template <typename T>
constexpr success<std::decay_t<T>> ok(T&& value) {
  return success<std::decay_t<T>>(std::forward<T>(value));
}
// An error, of a status that is not ZX_OK.
constexpr error_result error(zx_status_t status) { return error_result(status); }

// Success or an error.
template <typename... T>
class [[nodiscard]] result;

// Whether a type is one.
template <typename T>
inline constexpr bool is_result_v = false;
// A result is one.
template <typename... T>
inline constexpr bool is_result_v<result<T...>> = true;

// Without a value.
template <>
class [[nodiscard]] result<> final {
 public:
  // What zx::ok() says.
  constexpr result(success<>) {}  // NOLINT: is one
  // What zx::error() says.
  constexpr result(error_result error) : status_(error.status_value()) {}  // NOLINT: is one
  // What a result with a value says.
  template <typename U>
  constexpr result(const result<U>& other) : status_(other.status_value()) {}  // NOLINT: is one

  // Whether it is success.
  constexpr bool is_ok() const { return status_ == ZX_OK; }
  // Whether it is an error.
  constexpr bool is_error() const { return status_ != ZX_OK; }

  // The status: ZX_OK for success.
  constexpr zx_status_t status_value() const { return status_; }
  // Its name: zx_status_get_string().
  const char* status_string() const { return zx_status_get_string(status_); }

  // The error, of an error.
  constexpr const zx_status_t& error_value() const {
    ZX_ASSERT(is_error());
    return status_;
  }
  // The same, to be returned.
  constexpr error_result take_error() const { return error_result(error_value()); }

  // Exchanges the two.
  constexpr void swap(result& other) {
    const zx_status_t status = status_;
    status_ = other.status_;
    other.status_ = status;
  }

 private:
  zx_status_t status_ = ZX_OK;
};

// Success with a value, or an error.
template <typename T>
class [[nodiscard]] result<T> final {
 public:
  // What zx::ok() says.
  template <typename U, typename = std::enable_if_t<std::is_constructible_v<T, U&&>>>
  constexpr result(success<U> success) : value_(std::move(success).value()) {}  // NOLINT: is one
  // What zx::error() says.
  constexpr result(error_result error) : status_(error.status_value()) {}  // NOLINT: is one
  // What a result with another type of value says.
  template <typename U,
            typename = std::enable_if_t<!std::is_same_v<T, U> && std::is_constructible_v<T, U&&>>>
  constexpr result(result<U> other) : status_(other.status_value()) {  // NOLINT: is one
    if (is_ok()) value_.emplace(std::move(other).value());
  }

  // Whether it is success.
  constexpr bool is_ok() const { return status_ == ZX_OK; }
  // Whether it is an error.
  constexpr bool is_error() const { return status_ != ZX_OK; }

  // The status: ZX_OK for success.
  constexpr zx_status_t status_value() const { return status_; }
  // Its name: zx_status_get_string().
  const char* status_string() const { return zx_status_get_string(status_); }

  // The error, of an error.
  constexpr const zx_status_t& error_value() const {
    ZX_ASSERT(is_error());
    return status_;
  }
  // The same, to be returned.
  constexpr error_result take_error() const { return error_result(error_value()); }

  // The value, of success.
  constexpr T& value() & {
    ZX_ASSERT(is_ok());
    return *value_;
  }
  // Of a constant.
  constexpr const T& value() const& {
    ZX_ASSERT(is_ok());
    return *value_;
  }
  // To be moved.
  constexpr T&& value() && {
    ZX_ASSERT(is_ok());
    return std::move(*value_);
  }
  // The same, to be returned.
  constexpr success<T> take_value() && { return success<T>(std::move(*this).value()); }
  // The value, or of an error another.
  template <typename U>
  constexpr T value_or(U&& other) const& {
    return is_ok() ? *value_ : static_cast<T>(std::forward<U>(other));
  }
  // The same, moved out.
  template <typename U>
  constexpr T value_or(U&& other) && {
    return is_ok() ? std::move(*value_) : static_cast<T>(std::forward<U>(other));
  }

  constexpr T& operator*() & { return value(); }
  constexpr const T& operator*() const& { return value(); }
  constexpr T&& operator*() && { return std::move(*this).value(); }
  // What the value points to, if it is a pointer or like one.
  constexpr decltype(auto) operator->() { return Arrow(value()); }
  constexpr decltype(auto) operator->() const { return Arrow(value()); }

  // Exchanges the two.
  constexpr void swap(result& other) {
    std::swap(status_, other.status_);
    value_.swap(other.value_);
  }

 private:
  // As C++ does it: through the value's own arrow, if it has one.
  template <typename U, typename = void>
  struct HasArrow : std::is_pointer<U> {};
  template <typename U>
  struct HasArrow<U, std::void_t<decltype(std::declval<U&>().operator->())>> : std::true_type {};
  template <typename U>
  static constexpr decltype(auto) Arrow(U& value) {
    if constexpr (HasArrow<std::remove_const_t<U>>::value) {
      return (value);
    } else {
      return &value;
    }
  }

  zx_status_t status_ = ZX_OK;
  std::optional<T> value_;
};

// A result of a status, and of a value if that is ZX_OK.
constexpr result<> make_result(zx_status_t status) {
  if (status == ZX_OK) return ok();
  return error(status);
}
// The same with the value that it then has.
template <typename T>
constexpr result<std::decay_t<T>> make_result(zx_status_t status, T&& value) {
  if (status == ZX_OK) return ok(std::forward<T>(value));
  return error(status);
}

// Results are the same if their statuses and values are; zx::ok() is any success, zx::ok(value) and
// a value alone the success with it, and zx::error() the error of that status.
template <typename... T, typename... U>
constexpr bool operator==(const result<T...>& a, const result<U...>& b) {
  if (a.status_value() != b.status_value()) return false;
  if constexpr (sizeof...(T) == 1 && sizeof...(U) == 1) {
    return a.is_error() || a.value() == b.value();
  } else {
    return true;
  }
}
template <typename... T>
constexpr bool operator==(const result<T...>& a, success<>) {
  return a.is_ok();
}
template <typename T, typename U>
constexpr bool operator==(const result<T>& a, const success<U>& b) {
  return a.is_ok() && a.value() == b.value();
}
template <typename... T>
constexpr bool operator==(const result<T...>& a, error_result b) {
  return a.status_value() == b.status_value();
}
template <typename T, typename U,
          typename = std::enable_if_t<!is_result_v<U>, decltype(std::declval<const T&>() ==
                                                                std::declval<const U&>())>>
constexpr bool operator==(const result<T>& a, const U& b) {
  return a.is_ok() && a.value() == b;
}
template <typename... T, typename U>
constexpr bool operator!=(const result<T...>& a, const U& b) {
  return !(a == b);
}

ZX_DETAIL_ZX_END

#endif  // LIB_ZX_RESULT_H_
