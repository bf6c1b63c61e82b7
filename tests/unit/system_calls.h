// How many system calls this thread makes for a piece of work: counted one by one
// (unit/stepping.h). Without the C library's own ways around them there is no other.
//
// Thread safety: one thread of a process at a time.

#pragma once

#include "absl/functional/function_ref.h"
#include "unit/stepping.h"

namespace zircon {

inline int SystemCallsOf(absl::FunctionRef<void()> work) {
  int counted = 0;
  Stepping::Run(work, [&counted](const uint8_t* at) {
    const bool is_syscall = at[0] == 0x0F && at[1] == 0x05;
    if (is_syscall) ++counted;
    return true;
  });
  return counted;
}

}  // namespace zircon
