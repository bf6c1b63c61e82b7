#include "host/write_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/descriptor.h"

namespace zvmm {
namespace {

absl::Status WriteAll(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = write(fd, text.data(), text.size());
    if (count < 0 && errno != EINTR) {
      return absl::ErrnoToStatus(errno, "write");
    }
    text.remove_prefix(count < 0 ? 0 : static_cast<size_t>(count));
  }
  return absl::OkStatus();
}

// A file that others can find meanwhile, or a device or pipe, which nothing can be renamed to.
bool IsSpecial(const std::string& path) {
  struct stat status = {};
  return stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode);
}

}  // namespace

absl::Status WriteFile(const std::string& path, std::string_view text) {
  const bool special = IsSpecial(path);
  const std::string target = special ? path : path + ".new";
  const Descriptor file(open(target.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
                             S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH));
  if (!file.is_valid()) {
    return absl::ErrnoToStatus(errno, target);
  }
  absl::Status status = WriteAll(file.get(), text);
  if (status.ok() && !special && rename(target.c_str(), path.c_str()) != 0) {
    status = absl::ErrnoToStatus(errno, path);
  }
  if (!status.ok() && !special) {
    // What is left behind does not matter.
    static_cast<void>(unlink(target.c_str()));
  }
  return status;
}

}  // namespace zvmm
