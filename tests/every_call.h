// Every call of the library in a forked child, with nothing but zeros for arguments: none of them
// comes to look at those. Generated from the table of names (scripts/names), so that none is
// forgotten.

#pragma once

#include <zircon-kvm/debug.h>
#include <zircon-kvm/host.h>
#include <zircon/process.h>
#include <zircon/status.h>
#include <zircon/syscalls.h>
#include <zircon/threads.h>

#include <cstdio>
#include <cstring>
#include <type_traits>

namespace zircon {

// Those that are as good in a child as anywhere.
inline bool IsPureCall(const char* name) {
  // All that begin so, but zx_handle_close_many.
  for (const char* pure :
       {"zx_handle_close", "zx_nanosleep", "zx_clock_get", "zx_cache_flush", "zx_ticks_",
        "zx_system_", "zx_cprng_", "zx_status_", "zx_deadline_", "zircon_kvm_set_log_level",
        "zircon_kvm_set_pointer_checks", "zircon_kvm_kick_signal", "zircon_kvm_version"}) {
    const size_t length = strlen(pure);
    if (strncmp(name, pure, length) == 0 && strcmp(name + length, "_many") != 0) return true;
  }
  return false;
}

// What a refused call of this result gives.
template <typename Result>
bool IsRefusal([[maybe_unused]] const char* name, [[maybe_unused]] Result result) {
  if constexpr (std::is_same_v<Result, zx_status_t>) {
    return result ==
           (strcmp(name, "zircon_kvm_thread_create") == 0 ? thrd_error : ZX_ERR_BAD_STATE);
  }
  if constexpr (std::is_same_v<Result, zx_handle_t>) return result == ZX_HANDLE_INVALID;
  return true;
}

template <typename Result, typename... Arguments>
bool RefusesZeros(const char* name, Result (*call)(Arguments...)) {
  if constexpr (std::is_void_v<Result>) {
    call(Arguments{}...);
    return true;
  } else {
    const Result result = call(Arguments{}...);
    if (IsPureCall(name) || IsRefusal(name, result)) return true;
    fprintf(stderr, "%s is not refused\n", name);
    return false;
  }
}

// How many were not refused.
inline int CallsThatAreNotRefused() {
  int accepted = 0;
#define CALL(name) \
  if (strcmp(#name, "zx_process_exit") != 0) accepted += RefusesZeros(#name, &name) ? 0 : 1;
#include "every_call.inc"
#undef CALL
  return accepted;
}

}  // namespace zircon
