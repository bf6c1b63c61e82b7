#include "host/processor_share.h"

#include <sched.h>

namespace zvmm {

bool HasFewerProcessorsThan(unsigned wanted) {
  cpu_set_t usable;
  // Fails on a host with more processors than a set has.
  return sched_getaffinity(0, sizeof(usable), &usable) == 0 &&
         static_cast<unsigned>(CPU_COUNT(&usable)) < wanted;
}

void LetOthersFinish() {
  if (sched_getscheduler(0) != SCHED_OTHER) {
    return;
  }
  const sched_param no_priority = {};
  // Needs no privilege. Where it fails all the same the guest is only slower.
  static_cast<void>(sched_setscheduler(0, SCHED_BATCH, &no_priority));
}

}  // namespace zvmm
