// The first use of the library in a process: what is made once (the handle table, the root VMAR,
// the timer thread, the log, the choice of a signal) fails then. Each pass is a forked child of a
// process that has not used the library.
//
// Thread safety: one thread, the only one.

#pragma once

#include "faults/sweep.h"

namespace zircon::faults {

// As Sweep(), for the calls on the host's kernel and the allocations of the first pass. KVM's calls
// are the same in every pass.
SweepResult SweepFirstUse(const Scenario& scenario);

// What is wrong where the first call of a process finds no memory to have its children told apart:
// it says so, the next succeeds, and a child is refused as ever. Nothing, or a sentence.
std::string ForkAfterShortage();

// What the first call of a process gives, whose kernel does not know how to have children told
// apart.
zx_status_t FirstCallWithoutWiping();

// Whether this process has used the library: then there can be no first use in its children either.
bool LibraryHasBeenUsed();

}  // namespace zircon::faults
