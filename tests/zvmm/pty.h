// A pseudo-terminal for tests, and a process whose terminal it is.

#pragma once

#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>

namespace zvmm {

// Owns the master side.
class Pty {
 public:
  Pty() : master_(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
    if (master_ >= 0 && (grantpt(master_) != 0 || unlockpt(master_) != 0)) {
      close(master_);
      master_ = -1;
    }
  }
  ~Pty() {
    if (master_ >= 0) {
      close(master_);
    }
  }
  Pty(const Pty&) = delete;
  Pty& operator=(const Pty&) = delete;

  bool is_valid() const { return master_ >= 0; }
  int master() const { return master_; }

  int OpenSlave() const { return open(ptsname(master_), O_RDWR | O_NOCTTY | O_CLOEXEC); }

  // The mode can be asked for at the master too.
  bool IsRaw() const {
    termios mode = {};
    return tcgetattr(master_, &mode) == 0 && (mode.c_lflag & (ICANON | ECHO | ISIG)) == 0;
  }
  bool IsCooked() const {
    termios mode = {};
    return tcgetattr(master_, &mode) == 0 &&
           (mode.c_lflag & (ICANON | ECHO | ISIG)) == (ICANON | ECHO | ISIG);
  }

  // In a child: makes this the terminal of a new session, and standard input, output and error.
  void Control() const {
    setsid();
    const int slave = open(ptsname(master_), O_RDWR);
    if (ioctl(slave, TIOCSCTTY, 0) != 0) {
      _exit(99);
    }
    for (const int fd : {0, 1, 2}) {
      dup2(slave, fd);
    }
    if (slave > 2) {
      close(slave);
    }
  }

 private:
  int master_;
};

}  // namespace zvmm
