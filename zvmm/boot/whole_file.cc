#include "boot/whole_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>

#include "absl/strings/str_cat.h"
#include "host/descriptor.h"

namespace zvmm {
namespace {

absl::Status ErrnoStatus(const std::string& path, int error) {
  return absl::FailedPreconditionError(absl::StrCat(path, ": ", strerror(error)));
}

}  // namespace

absl::StatusOr<std::vector<uint8_t>> ReadWholeFile(const std::string& path) {
  // Not waiting: a FIFO, which is no such file, must not hold zvmm up.
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  const int fd = file.get();
  if (fd < 0) {
    return ErrnoStatus(path, errno);
  }
  struct stat status = {};
  if (fstat(fd, &status) != 0) {
    return ErrnoStatus(path, errno);
  }
  if (!S_ISREG(status.st_mode)) {
    return absl::FailedPreconditionError(absl::StrCat(path, ": not a regular file"));
  }
  std::vector<uint8_t> bytes(static_cast<size_t>(status.st_size));
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t got = read(fd, bytes.data() + done, bytes.size() - done);
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      return ErrnoStatus(path, errno);
    }
    if (got == 0) {
      break;  // It became shorter in the meantime.
    }
    done += static_cast<size_t>(got);
  }
  bytes.resize(done);
  return bytes;
}

}  // namespace zvmm
