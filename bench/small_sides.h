// Sides without a VCPU exit: the null ioctl, ports, and enter with its exits replayed.

#pragma once

#include <memory>

#include "side.h"

namespace bench {

// An ioctl that only returns a number: what entering the kernel by an ioctl costs here.
std::unique_ptr<Side> NullIoctl();

// zx_port_queue() and zx_port_wait() of one packet, and what it is measured by: two uncontended
// lock/unlock pairs of a mutex.
std::unique_ptr<Side> PortQueueWait();
std::unique_ptr<Side> TwoMutexPairs();

// The side that `make` gives, with the exit that it comes to replayed for ever after.
std::unique_ptr<Side> Replayed(const MakeSide& make);
// What remains of a raw loop when its exits are replayed: a call that comes back at once, and a
// look at the exit.
std::unique_ptr<Side> ReplayedRawLoop();

// The C library takes locks without an atomic operation while a process has one thread; a VMM has
// more, and after this so has this one.
void HaveTwoThreads();

}  // namespace bench
