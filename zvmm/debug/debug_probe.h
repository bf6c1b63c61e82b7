// Finds out what stops a guest on this host, by a guest of a few instructions.

#pragma once

#include <lib/zx/resource.h>

#include "debug/breakpoints.h"

namespace zvmm {

// Takes a thread and a guest for the while. What cannot be found out counts as not there.
DebugAbilities ProbeDebugAbilities(const zx::resource& hypervisor);

}  // namespace zvmm
