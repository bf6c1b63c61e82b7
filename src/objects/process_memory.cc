#include "objects/process_memory.h"

#include <fcntl.h>
#include <unistd.h>
#include <zircon/errors.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace zircon::objects {
namespace {

// A short file of /proc. Empty if it cannot be read.
class ProcText {
 public:
  explicit ProcText(const char* path) {
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return;
    const ssize_t size = read(fd, text_, sizeof(text_) - 1);
    close(fd);
    if (size > 0) text_[size] = '\0';
  }

  bool empty() const { return text_[0] == '\0'; }
  const char* text() const { return text_; }

  // The number behind a name such as "Pss:", in bytes; it stands there in kilobytes.
  size_t Kilobytes(const char* name) const {
    const char* at = std::strstr(text_, name);
    return at == nullptr ? 0 : std::strtoul(at + std::strlen(name), nullptr, 10) * 1024;
  }

 private:
  char text_[4096] = {};
};

}  // namespace

zx_status_t ReadProcessMemory(zx_info_task_stats_t* stats) {
  const ProcText sizes("/proc/self/statm");
  const ProcText pages("/proc/self/smaps_rollup");
  if (sizes.empty() || pages.empty()) return ZX_ERR_INTERNAL;
  *stats = {};
  // The first number of the file: pages.
  stats->mem_mapped_bytes =
      std::strtoul(sizes.text(), nullptr, 10) * static_cast<size_t>(sysconf(_SC_PAGESIZE));
  stats->mem_private_bytes =
      pages.Kilobytes("\nPrivate_Clean:") + pages.Kilobytes("\nPrivate_Dirty:");
  stats->mem_shared_bytes = pages.Kilobytes("\nShared_Clean:") + pages.Kilobytes("\nShared_Dirty:");
  // The host's proportional size counts private pages whole.
  const size_t proportional = pages.Kilobytes("\nPss:");
  stats->mem_scaled_shared_bytes =
      proportional > stats->mem_private_bytes ? proportional - stats->mem_private_bytes : 0;
  return ZX_OK;
}

}  // namespace zircon::objects
