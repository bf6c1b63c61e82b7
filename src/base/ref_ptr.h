// RefCounted and RefPtr: an intrusive reference count, for objects that handles, mappings, traps
// and running calls hold at the same time. A new object starts with one reference, which
// MakeRef() or AdoptRef() takes over.
//
//   RefPtr<Port> port = MakeRef<Port>(options);
//
// Thread safety: references may be taken and dropped from any thread; a RefPtr itself belongs to
// one thread at a time, as a plain pointer would.

#pragma once

#include <atomic>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "base/new_or_null.h"

namespace zircon::base {

class RefCounted {
 public:
  RefCounted(const RefCounted&) = delete;
  RefCounted& operator=(const RefCounted&) = delete;

  void AddRef() const { count_.fetch_add(1, std::memory_order_relaxed); }
  void Release() const {
    // acq_rel: the last holder sees everything the others did before it destroys the object.
    if (count_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

  // Takes a reference unless the last one is already gone: for back-pointers that do not own.
  [[nodiscard]] bool TryAddRef() const {
    uint32_t seen = count_.load(std::memory_order_relaxed);
    while (seen != 0) {
      if (count_.compare_exchange_weak(seen, seen + 1, std::memory_order_relaxed)) return true;
    }
    return false;
  }

 protected:
  RefCounted() = default;
  virtual ~RefCounted() = default;

 private:
  mutable std::atomic<uint32_t> count_{1};
};

template <typename T>
class RefPtr {
 public:
  RefPtr() = default;
  RefPtr(std::nullptr_t) noexcept {}  // NOLINT: as with any pointer
  RefPtr(const RefPtr& other) noexcept : object_(other.object_) {
    if (object_ != nullptr) object_->AddRef();
  }
  RefPtr(RefPtr&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  template <typename U, typename = std::enable_if_t<std::is_convertible_v<U*, T*>>>
  RefPtr(RefPtr<U> other) noexcept : object_(other.Leak()) {}  // NOLINT: derived to base
  ~RefPtr() {
    if (object_ != nullptr) object_->Release();
  }
  RefPtr& operator=(RefPtr other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }

  T* get() const { return object_; }
  T* operator->() const { return object_; }
  T& operator*() const { return *object_; }
  explicit operator bool() const { return object_ != nullptr; }
  friend bool operator==(const RefPtr& a, const RefPtr& b) { return a.object_ == b.object_; }

  // Gives the reference away: the caller now owes a Release().
  [[nodiscard]] T* Leak() { return std::exchange(object_, nullptr); }
  void reset() { *this = RefPtr(); }

  static RefPtr Adopt(T* object) {
    RefPtr ptr;
    ptr.object_ = object;
    return ptr;
  }
  // A further reference to an object that the caller knows to be alive.
  static RefPtr Share(T* object) {
    if (object != nullptr) object->AddRef();
    return Adopt(object);
  }

 private:
  T* object_ = nullptr;
};

// Null when memory is short; the constructor must not throw.
template <typename T, typename... Args>
RefPtr<T> MakeRef(Args&&... args) {
  return RefPtr<T>::Adopt(NEW_OR_NULL(T(std::forward<Args>(args)...)));
}

}  // namespace zircon::base
