// How many instructions this thread executes in user mode for a piece of work: counted one by one
// (unit/stepping.h), so that a test can compare costs and not times.
//
//   const uint64_t few = InstructionsOf([&] { tree.Insert(item); });
//
// Thread safety: one thread of a process at a time.

#pragma once

#include <cstdint>

#include "absl/functional/function_ref.h"
#include "unit/stepping.h"

namespace zircon {

inline uint64_t InstructionsOf(absl::FunctionRef<void()> work) {
  uint64_t counted = 0;
  Stepping::Run(work, [&counted](const uint8_t*) {
    ++counted;
    return true;
  });
  return counted;
}

}  // namespace zircon
