// NEW_OR_NULL: a new object, or null when memory is short. What cannot be made without an exception
// does not compile: the object's own memory is not all that a constructor may want, and what it
// throws would go past whoever has asked for null.
//
//   std::unique_ptr<Trap> trap(NEW_OR_NULL(Trap(address, size)));
//   if (trap == nullptr) return ZX_ERR_NO_MEMORY;

#pragma once

#include <new>

#define NEW_OR_NULL(...)                                                                  \
  [&] {                                                                                   \
    static_assert(noexcept(new (std::nothrow) __VA_ARGS__), "the constructor may throw"); \
    return new (std::nothrow) __VA_ARGS__;                                                \
  }()
