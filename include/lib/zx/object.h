// lib/zx/object.h: owners of handles: what all kinds of object have in common.
//
// A zx::event, zx::vmo and so on owns one handle and closes it when it goes. It can be moved and
// not copied. zx::unowned_event and so on hold a handle that somebody else owns:
//
//   zx::event event;
//   if (zx::event::create(0, &event) != ZX_OK) return;
//   event.signal(0, ZX_EVENT_SIGNALED);
//   zx::unowned_event same = event.borrow();
//   same->wait_one(ZX_EVENT_SIGNALED, zx::time::infinite(), nullptr);
//
// zx::handle, which is zx::object<void>, owns a handle to any kind: it takes over that of any
// owner, and each owner takes over a zx::handle's, whatever kind that is.
//
// Thread safety: one object belongs to one thread at a time, as a pointer does; the calls behind
// the methods may be made from any thread.
//
// Contract: ZX.

#ifndef LIB_ZX_OBJECT_H_
#define LIB_ZX_OBJECT_H_

#include <lib/zx/object_traits.h>
#include <lib/zx/time.h>
#include <zircon/syscalls.h>

#include <type_traits>

ZX_DETAIL_ZX_BEGIN

template <typename T>
class object;
template <typename T>
class unowned;

// The owner of a handle to any kind of object.
using handle = object<void>;

// What does not depend on the kind.
class object_base {
 public:
  constexpr object_base() = default;
  object_base(const object_base&) = delete;
  object_base& operator=(const object_base&) = delete;

  // Whether there is a handle.
  constexpr bool is_valid() const { return value_ != ZX_HANDLE_INVALID; }
  constexpr explicit operator bool() const { return is_valid(); }
  // The handle, which this object goes on to own.
  constexpr zx_handle_t get() const { return value_; }

  // Closes the handle, and takes over `value`.
  void reset(zx_handle_t value = ZX_HANDLE_INVALID) {
    const zx_handle_t before = value_;
    value_ = value;
    if (before != ZX_HANDLE_INVALID) zx_handle_close(before);
  }
  // Closes the handle; the caller, a C call mostly, writes a new one to the address.
  zx_handle_t* reset_and_get_address() {
    reset();
    return &value_;
  }
#if ZX_DETAIL_API_2018
  // The same, of an object that has no handle.
  zx_handle_t* get_address() { return &value_; }
#endif
  // Gives the handle away.
  [[nodiscard]] zx_handle_t release() {
    const zx_handle_t value = value_;
    value_ = ZX_HANDLE_INVALID;
    return value;
  }

  // zx_object_get_info().
  zx_status_t get_info(uint32_t topic, void* buffer, size_t buffer_size, size_t* actual_count,
                       size_t* avail_count) const {
    return zx_object_get_info(get(), topic, buffer, buffer_size, actual_count, avail_count);
  }
  // zx_object_get_property().
  zx_status_t get_property(uint32_t property, void* value, size_t size) const {
    return zx_object_get_property(get(), property, value, size);
  }
  // zx_object_set_property().
  zx_status_t set_property(uint32_t property, const void* value, size_t size) const {
    return zx_object_set_property(get(), property, value, size);
  }

 protected:
  constexpr explicit object_base(zx_handle_t value) : value_(value) {}
  ~object_base() {
    if (value_ != ZX_HANDLE_INVALID) zx_handle_close(value_);
  }

  // The handle, which is owned.
  zx_handle_t value_ = ZX_HANDLE_INVALID;
};

// The owner of a handle to a T, or with void to anything.
template <typename T>
class object : public object_base {
 public:
  constexpr object() = default;
  constexpr explicit object(zx_handle_t value) : object_base(value) {}
  // Takes over the handle of another owner.
  object(object&& other) noexcept : object_base(other.release()) {}
  object& operator=(object&& other) noexcept {
    // A move to itself changes nothing.
    if (this != &other) reset(other.release());
    return *this;
  }
  // Takes over that of a zx::handle, whatever kind it is of.
  template <typename U,
            typename = std::enable_if_t<std::is_same_v<U, handle> && !std::is_void_v<T>>>
  explicit object(U&& other) noexcept : object_base(other.release()) {}
  // A zx::handle takes over that of any owner.
  template <typename U, typename = std::enable_if_t<std::is_void_v<T> && !std::is_void_v<U>>>
  object(object<U>&& other) noexcept : object_base(other.release()) {}  // NOLINT: any kind is one
  template <typename U, typename = std::enable_if_t<std::is_void_v<T> && !std::is_void_v<U>>>
  object& operator=(object<U>&& other) noexcept {
    reset(other.release());
    return *this;
  }

  // Exchanges the handles.
  void swap(object& other) {
    const zx_handle_t value = value_;
    value_ = other.value_;
    other.value_ = value;
  }

  // zx_handle_duplicate().
  zx_status_t duplicate(zx_rights_t rights, object* result) const {
    static_assert(object_traits<T>::supports_duplication, "such a handle cannot be duplicated");
    // Into a handle of its own, since *result may be this object.
    zx_handle_t value = ZX_HANDLE_INVALID;
    const zx_status_t status = zx_handle_duplicate(get(), rights, &value);
    result->reset(status == ZX_OK ? value : ZX_HANDLE_INVALID);
    return status;
  }
  // zx_handle_replace(): gives up this handle for one with other rights; *result may be this
  // object.
  zx_status_t replace(zx_rights_t rights, object* result) {
    zx_handle_t value = ZX_HANDLE_INVALID;
    const zx_status_t status = zx_handle_replace(release(), rights, &value);
    result->reset(status == ZX_OK ? value : ZX_HANDLE_INVALID);
    return status;
  }

  // zx_object_wait_one().
  zx_status_t wait_one(zx_signals_t signals, zx::time deadline, zx_signals_t* pending) const {
    static_assert(object_traits<T>::supports_wait, "such an object cannot be waited for");
    return zx_object_wait_one(get(), signals, deadline.get(), pending);
  }
  // zx_object_wait_many().
  static zx_status_t wait_many(zx_wait_item_t* items, uint32_t count, zx::time deadline) {
    static_assert(object_traits<T>::supports_wait, "such an object cannot be waited for");
    return zx_object_wait_many(items, count, deadline.get());
  }
  // zx_object_wait_async().
  zx_status_t wait_async(const object<port>& to, uint64_t key, zx_signals_t signals,
                         uint32_t options) const {
    static_assert(object_traits<T>::supports_wait, "such an object cannot be waited for");
    return zx_object_wait_async(get(), to.get(), key, signals, options);
  }
  // zx_object_signal().
  zx_status_t signal(uint32_t clear_mask, uint32_t set_mask) const {
    static_assert(object_traits<T>::supports_user_signal, "such an object has no signals");
    return zx_object_signal(get(), clear_mask, set_mask);
  }
  // zx_object_signal_peer().
  zx_status_t signal_peer(uint32_t clear_mask, uint32_t set_mask) const {
    static_assert(object_traits<T>::has_peer_handle, "such an object has no peer");
    return zx_object_signal_peer(get(), clear_mask, set_mask);
  }

  // The same handle, which this object goes on to own.
  unowned<std::conditional_t<std::is_void_v<T>, handle, T>> borrow() const {
    return unowned<std::conditional_t<std::is_void_v<T>, handle, T>>(get());
  }
};

// A handle that somebody else owns: never closed.
template <typename T>
class unowned final {
 public:
  constexpr unowned() = default;
  constexpr explicit unowned(zx_handle_t value) : value_(value) {}
  // The handle of an owner.
  explicit unowned(const T& owner) : value_(owner.get()) {}
  // The same handle once more.
  unowned(const unowned& other) : value_(other.get()) {}
  unowned& operator=(const unowned& other) {
    if (this != &other) Hold(other.get());
    return *this;
  }
  // The handle, which the other no longer holds.
  unowned(unowned&& other) noexcept : value_(other.value_.release()) {}
  unowned& operator=(unowned&& other) noexcept {
    if (this != &other) Hold(other.value_.release());
    return *this;
  }
  ~unowned() { Hold(ZX_HANDLE_INVALID); }
#if ZX_DETAIL_API_2018
  // A handle's value.
  static unowned wrap(zx_handle_t value) { return unowned(value); }
#endif

  // The handle.
  constexpr zx_handle_t get() const { return value_.get(); }
  // Whether there is a handle.
  constexpr bool is_valid() const { return value_.is_valid(); }
  constexpr explicit operator bool() const { return is_valid(); }
  constexpr const T* operator->() const { return &value_; }
  constexpr const T& operator*() const { return value_; }

 private:
  void Hold(zx_handle_t value) {
    (void)value_.release();
    value_.reset(value);
  }

  T value_;
};

using unowned_handle = unowned<handle>;

// Owners, handles that somebody else owns, and values of handles compare by value.
#define ZX_DETAIL_ZX_COMPARE(compared)                                                        \
  template <typename T>                                                                       \
  constexpr bool operator compared(const object<T>& a, const object<T>& b) {                  \
    return a.get() compared b.get();                                                          \
  }                                                                                           \
  template <typename T>                                                                       \
  constexpr bool operator compared(const object<T>& a, zx_handle_t b) {                       \
    return a.get() compared b;                                                                \
  }                                                                                           \
  template <typename T>                                                                       \
  constexpr bool operator compared(zx_handle_t a, const object<T>& b) {                       \
    return a compared b.get();                                                                \
  }                                                                                           \
  template <typename T>                                                                       \
  constexpr bool operator compared(const unowned<T>& a, const unowned<T>& b) {                \
    return a.get() compared b.get();                                                          \
  }                                                                                           \
  template <typename T>                                                                       \
  constexpr bool operator compared(const unowned<T>& a, zx_handle_t b) {                      \
    return a.get() compared b;                                                                \
  }                                                                                           \
  template <typename T>                                                                       \
  constexpr bool operator compared(zx_handle_t a, const unowned<T>& b) {                      \
    return a compared b.get();                                                                \
  }                                                                                           \
  template <typename T>                                                                       \
  constexpr bool operator compared(const unowned<T>& a, const std::enable_if_t<true, T>& b) { \
    return a.get() compared b.get();                                                          \
  }                                                                                           \
  template <typename T>                                                                       \
  constexpr bool operator compared(const std::enable_if_t<true, T>& a, const unowned<T>& b) { \
    return a.get() compared b.get();                                                          \
  }
ZX_DETAIL_ZX_COMPARE(==)
ZX_DETAIL_ZX_COMPARE(!=)
ZX_DETAIL_ZX_COMPARE(<)
ZX_DETAIL_ZX_COMPARE(>)
ZX_DETAIL_ZX_COMPARE(<=)
ZX_DETAIL_ZX_COMPARE(>=)
#undef ZX_DETAIL_ZX_COMPARE

ZX_DETAIL_ZX_END

// The last of the owners that every program has.
#include <lib/zx/clock.h>

#endif  // LIB_ZX_OBJECT_H_
