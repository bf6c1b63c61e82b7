// ProcText: a short file of /proc, as it was when this was made.
//
//   const ProcText sizes("/proc/self/statm");
//   if (sizes.empty()) ...   // the host does not tell
//
// Thread safety: a value.

#pragma once

#include <fcntl.h>
#include <unistd.h>

#include "base/descriptor.h"

namespace zircon::objects {

class ProcText {
 public:
  // Empty if the file cannot be read; what is beyond the room for it is not there.
  explicit ProcText(const char* path) {
    const int fd = base::OpenFile(path, O_RDONLY);
    if (fd < 0) return;
    const ssize_t size = read(fd, text_, sizeof(text_) - 1);
    close(fd);
    text_[size > 0 ? size : 0] = '\0';
  }

  bool empty() const { return text_[0] == '\0'; }
  const char* text() const { return text_; }

 private:
  char text_[4096] = {};
};

}  // namespace zircon::objects
