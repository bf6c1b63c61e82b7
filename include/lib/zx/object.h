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
// Thread safety: one object belongs to one thread at a time, as a pointer does; the calls behind
// the methods may be made from any thread.

#ifndef LIB_ZX_OBJECT_H_
#define LIB_ZX_OBJECT_H_

#include <lib/zx/time.h>
#include <zircon/syscalls.h>

ZX_DETAIL_ZX_BEGIN

class port;

template <typename T>
class unowned;

// What is true of one kind of object.
template <typename T>
struct object_traits {
  static constexpr bool supports_duplication = true;
  static constexpr bool supports_wait = true;
  static constexpr bool supports_peer = false;
};

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

// The owner of a handle to a T.
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

  // Exchanges the handles.
  void swap(object& other) {
    const zx_handle_t value = value_;
    value_ = other.value_;
    other.value_ = value;
  }

  // zx_handle_duplicate().
  zx_status_t duplicate(zx_rights_t rights, T* result) const {
    static_assert(object_traits<T>::supports_duplication, "such a handle cannot be duplicated");
    zx_handle_t value = ZX_HANDLE_INVALID;
    const zx_status_t status = zx_handle_duplicate(get(), rights, &value);
    result->reset(status == ZX_OK ? value : ZX_HANDLE_INVALID);
    return status;
  }
  // zx_handle_replace(): gives up this handle for one with other rights; *result may be this
  // object.
  zx_status_t replace(zx_rights_t rights, T* result) {
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
  // zx_object_wait_async().
  zx_status_t wait_async(const object<port>& to, uint64_t key, zx_signals_t signals,
                         uint32_t options) const {
    static_assert(object_traits<T>::supports_wait, "such an object cannot be waited for");
    return zx_object_wait_async(get(), to.get(), key, signals, options);
  }
  // zx_object_signal().
  zx_status_t signal(uint32_t clear_mask, uint32_t set_mask) const {
    return zx_object_signal(get(), clear_mask, set_mask);
  }
  // zx_object_signal_peer().
  zx_status_t signal_peer(uint32_t clear_mask, uint32_t set_mask) const {
    static_assert(object_traits<T>::supports_peer, "such an object has no peer");
    return zx_object_signal_peer(get(), clear_mask, set_mask);
  }

  // The same handle, which this object goes on to own.
  unowned<T> borrow() const { return unowned<T>(get()); }
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
    if (this == &other) return *this;
    (void)value_.release();
    value_.reset(other.get());
    return *this;
  }
  ~unowned() { (void)value_.release(); }

  // The handle.
  zx_handle_t get() const { return value_.get(); }
  // Whether there is a handle.
  bool is_valid() const { return value_.is_valid(); }
  explicit operator bool() const { return is_valid(); }
  const T* operator->() const { return &value_; }
  const T& operator*() const { return value_; }

 private:
  T value_;
};

template <typename T>
bool operator==(const object<T>& a, const object<T>& b) {
  return a.get() == b.get();
}
template <typename T>
bool operator!=(const object<T>& a, const object<T>& b) {
  return a.get() != b.get();
}
template <typename T>
bool operator<(const object<T>& a, const object<T>& b) {
  return a.get() < b.get();
}
template <typename T>
bool operator==(zx_handle_t a, const object<T>& b) {
  return a == b.get();
}
template <typename T>
bool operator==(const object<T>& a, zx_handle_t b) {
  return a.get() == b;
}
template <typename T>
bool operator!=(zx_handle_t a, const object<T>& b) {
  return a != b.get();
}
template <typename T>
bool operator!=(const object<T>& a, zx_handle_t b) {
  return a.get() != b;
}

ZX_DETAIL_ZX_END

#endif  // LIB_ZX_OBJECT_H_
