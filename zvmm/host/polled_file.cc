#include "host/polled_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

namespace zvmm {

Descriptor OpenForPolling(int fd, int access) {
  struct stat status = {};
  if (fstat(fd, &status) == 0 && (S_ISFIFO(status.st_mode) || isatty(fd) != 0)) {
    const std::string path = "/proc/self/fd/" + std::to_string(fd);
    Descriptor again(open(path.c_str(), access | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    if (again.is_valid()) {
      return again;
    }
  }
  return Descriptor(fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
}

}  // namespace zvmm
