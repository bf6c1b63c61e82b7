// LogToNowhere: while it lives the library's log goes nowhere; written it is.
//
// Thread safety: one at a time.

#pragma once

#include <fcntl.h>
#include <unistd.h>

#include "faults/witness.h"

namespace zircon::faults {

class LogToNowhere {
 public:
  LogToNowhere() : stderr_(dup(STDERR_FILENO)) {
    const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    dup2(nowhere, STDERR_FILENO);
    close(nowhere);
    witness.TellTo(stderr_);
  }
  ~LogToNowhere() {
    witness.TellTo(STDERR_FILENO);
    dup2(stderr_, STDERR_FILENO);
    close(stderr_);
  }
  LogToNowhere(const LogToNowhere&) = delete;
  LogToNowhere& operator=(const LogToNowhere&) = delete;

 private:
  const int stderr_;
};

}  // namespace zircon::faults
