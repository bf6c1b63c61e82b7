// ProcText: a short file of /proc, as it was when this was made.
//
//   const ProcText sizes("/proc/self/statm");
//   if (sizes.error() != 0) ...   // the host does not tell
//
// Thread safety: a value.

#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/descriptor.h"

namespace zircon::objects {

class ProcText {
 public:
  // Empty if the file cannot be read; what is beyond the room for it is not there.
  explicit ProcText(const char* path) {
    const int fd = base::OpenFile(path, O_RDONLY);
    if (fd < 0) {
      error_ = -fd;
      return;
    }
    ssize_t size;
    do {
      size = read(fd, text_, sizeof(text_) - 1);
    } while (size < 0 && errno == EINTR);
    if (size <= 0) error_ = size == 0 ? EIO : errno;
    close(fd);
    text_[size > 0 ? size : 0] = '\0';
  }

  // Why there is none: an errno, 0 for a text.
  int error() const { return error_; }
  bool empty() const { return error_ != 0; }
  const char* text() const { return text_; }

 private:
  int error_ = 0;
  char text_[4096] = {};
};

}  // namespace zircon::objects
