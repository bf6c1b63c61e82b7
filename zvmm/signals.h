// The signals that ask zvmm to end.

#pragma once

#include <signal.h>

namespace zvmm {

// They are blocked in every thread, and the main thread takes them from a signalfd.
inline sigset_t EndSignals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) {
    sigaddset(&set, number);
  }
  return set;
}

}  // namespace zvmm
