// Creating things allocates in many places; none of them leaves the library as an exception, and
// what was half made has owners.
//
//   status = syscalls::OrNoMemory([&] { return Guest::Create(&guest, &root); });

#pragma once

#include <zircon/errors.h>
#include <zircon/types.h>

#include <new>

namespace zircon::syscalls {

template <typename Function>
zx_status_t OrNoMemory(Function function) {
  try {
    return function();
  } catch (const std::bad_alloc&) {
    return ZX_ERR_NO_MEMORY;
  }
}

}  // namespace zircon::syscalls
