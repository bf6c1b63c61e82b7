#include "objects/host_window.h"

#include <sys/mman.h>

#include <cerrno>

#include "absl/cleanup/cleanup.h"
#include "objects/host_status.h"
#include "objects/memory_file.h"
#include "objects/pages.h"

namespace zircon::objects {

HostWindow::~HostWindow() {
  if (base_ != nullptr) munmap(base_, length_);
}

zx_status_t HostWindow::Map(int fd, uint64_t length) {
  if (length > MemoryFile::kLargest) return ZX_ERR_NO_MEMORY;
  // Reserve enough addresses to find an aligned place among them, then map over it.
  const uint64_t slack = length >= kLargePageSize ? kLargePageSize : 0;
  void* reserved =
      mmap(nullptr, length + slack, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (reserved == MAP_FAILED) return HostStatus(errno);
  const uintptr_t start = reinterpret_cast<uintptr_t>(reserved);
  absl::Cleanup unmap = [&] { munmap(reserved, length + slack); };

  const uintptr_t aligned =
      slack == 0 ? start : (start + kLargePageSize - 1) / kLargePageSize * kLargePageSize;
  void* const window = reinterpret_cast<void*>(aligned);
  if (mmap(window, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED) {
    return HostStatus(errno);
  }
  if (madvise(window, length, MADV_DONTFORK) != 0) return HostStatus(errno);
  // Only advice: a kernel without large pages answers EINVAL.
  if (slack != 0) (void)madvise(window, length, MADV_HUGEPAGE);

  std::move(unmap).Cancel();
  if (aligned != start) munmap(reserved, aligned - start);
  const uintptr_t end = aligned + length;
  if (end != start + length + slack) {
    munmap(reinterpret_cast<void*>(end), start + length + slack - end);
  }
  base_ = static_cast<uint8_t*>(window);
  length_ = length;
  return ZX_OK;
}

}  // namespace zircon::objects
