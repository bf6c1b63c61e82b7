// Every call of the library in a forked child, with nothing but zeros for arguments: none of them
// comes to look at those. Generated from tests/abi/prototypes.inc, so that none is forgotten.

#pragma once

#include <zircon-kvm/host.h>
#include <zircon/process.h>
#include <zircon/status.h>
#include <zircon/syscalls.h>

#include <cstdio>
#include <cstring>
#include <type_traits>

namespace zircon {

// Those that are as good in a child as anywhere.
inline bool IsPureCall(const char* name) {
  for (const char* pure : {"handle_close", "nanosleep", "clock_get", "cache_flush", "ticks_", "system_", "cprng_",
                           "status_", "deadline_", "set_log_level", "kick_signal", "version"}) {
    // All of that name, but handle_close_many.
    const size_t length = strlen(pure);
    if (strncmp(name, pure, length) == 0 && strcmp(name + length, "_many") != 0) return true;
  }
  return false;
}

template <typename Result, typename... Arguments>
bool RefusesZeros(const char* name, Result (*call)(Arguments...)) {
  if constexpr (std::is_void_v<Result>) {
    call(Arguments{}...);
    return true;
  } else {
    const Result result = call(Arguments{}...);
    bool refused = true;
    if constexpr (std::is_same_v<Result, zx_status_t>) refused = result == ZX_ERR_BAD_STATE;
    if constexpr (std::is_same_v<Result, zx_handle_t>) refused = result == ZX_HANDLE_INVALID;
    if (refused || IsPureCall(name)) return true;
    fprintf(stderr, "%s is not refused\n", name);
    return false;
  }
}

// How many were not refused.
inline int CallsThatAreNotRefused() {
  int accepted = 0;
#define CALL(type, name, parameters) \
  if (strcmp(#name, "process_exit") != 0) accepted += RefusesZeros(#name, &zx_##name) ? 0 : 1;
#define HOST(type, name, parameters) accepted += RefusesZeros(#name, &zircon_kvm_##name) ? 0 : 1;
#include "abi/prototypes.inc"
#undef CALL
#undef HOST
  return accepted;
}

}  // namespace zircon
