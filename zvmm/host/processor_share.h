// The host's processors, and how the threads of a guest's share them.
//
// Where a guest has more processors than the host lets it have, one that is woken (by an interrupt
// that another has sent) takes the place of one that runs: often of the sender, which may hold a
// lock of the guest's kernel. Then whoever wants that lock spins until its time is over. Linux'
// SCHED_BATCH is made for this: a thread of it that wakes waits for its turn.
//
// Thread safety: any thread.

#pragma once

namespace zvmm {

// Whether this process may run on fewer processors than `wanted` at a time.
bool HasFewerProcessorsThan(unsigned wanted);

// From here on the calling thread, when it wakes, lets the one that runs go on. It stays as it is
// if it has a policy of its own already (chrt).
void LetOthersFinish();

}  // namespace zvmm
