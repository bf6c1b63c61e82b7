// The functions that objects copy with (objects/user_copy.h), for a buffer of the caller's.

#pragma once

#include <zircon/types.h>

#include <cstddef>

#include "syscalls/user_memory.h"

namespace zircon::syscalls {

inline auto CopierFrom(const void* buffer) {
  return [buffer](void* memory, size_t offset, size_t size) {
    return user::CopyIn(memory, static_cast<const char*>(buffer) + offset, size);
  };
}

inline auto CopierTo(void* buffer) {
  return [buffer](const void* memory, size_t offset, size_t size) {
    return user::CopyOut(static_cast<char*>(buffer) + offset, memory, size);
  };
}

}  // namespace zircon::syscalls
