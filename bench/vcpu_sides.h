// What the benchmarks of VCPUs compare: each operation by the library and by its raw twin.
//
//   operation    zx                                      raw
//   EnterIoOut   enter                                   KVM_RUN, the byte from the run page
//   EnterIoIn    enter, write_state(IO)                  KVM_RUN, the byte into the run page
//   EnterMemStore  enter                                 KVM_RUN, mmio.data
//   EnterMemLoad enter, read_state, write_state(STATE)   KVM_RUN, mmio.data
//   ReadState    read_state                              KVM_GET_REGS
//   WriteState   write_state(STATE)                      KVM_SET_REGS
//   GuestCreate  guest_create, map, traps, vcpu_create,  the same machine in the fewest ioctls
//                the first exit; closing is not timed
//   Kick         kick → enter returns                    tgkill → KVM_RUN returns
//   Interrupt    interrupt → the handler's OUT           tgkill → KVM_RUN returns, the interrupt in
//   the
//                                                        synced events, KVM_RUN → the handler's OUT
//
// The raw programs let KVM copy no registers out (kvm_valid_regs = 0), block no signals for KVM_RUN
// and know neither traps nor handles: what the library does about those is what the ratio shows.

#pragma once

#include <span>

#include "side.h"

namespace bench {

struct Comparison {
  const char* name;
  MakeSide zx;
  MakeSide raw;
  double budget;      // of zx ÷ raw; 0: none
  int counted_times;  // how often it is done to count the ioctls of the zx side; 0: they vary
  int ioctls;         // that it may make each time; -1: no budget
  bool replays;       // one exit each time, that can be replayed to see the user time alone
};

std::span<const Comparison> VcpuComparisons();
}  // namespace bench
