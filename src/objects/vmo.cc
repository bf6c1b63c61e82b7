#include "objects/vmo.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "objects/host_status.h"
#include "objects/pages.h"

namespace zircon::objects {
namespace {

// Since Linux 6.3: the file can never be executed as a program. Its mappings still can be
// executable, and hosts that insist on the flag (vm.memfd_noexec=2) allow VMOs with it only.
constexpr unsigned kNoExecSeal = 0x0008;

// Bytes moved by one pread or pwrite; the kernel refuses sizes of 2 GiB and more.
constexpr size_t kLargestTransfer = size_t{1} << 30;

int CreateMemoryFile() {
  int fd = memfd_create("zircon-vmo", MFD_CLOEXEC | kNoExecSeal);
  if (fd < 0 && errno == EINVAL) fd = memfd_create("zircon-vmo", MFD_CLOEXEC);
  return fd;
}

// ZX_ERR_OUT_OF_RANGE unless [offset, offset + length) lies within `size`.
zx_status_t CheckRange(uint64_t offset, uint64_t length, uint64_t size) {
  if (offset > size || length > size - offset) return ZX_ERR_OUT_OF_RANGE;
  return ZX_OK;
}

// Moves `length` bytes by `transfer(done, wanted)`, which answers as pread and pwrite do.
template <typename Transfer>
zx_status_t TransferAll(size_t length, Transfer transfer) {
  size_t done = 0;
  while (done < length) {
    const ssize_t moved = transfer(done, std::min(length - done, kLargestTransfer));
    if (moved > 0) {
      done += static_cast<size_t>(moved);
    } else if (moved == 0) {
      return ZX_ERR_OUT_OF_RANGE;  // the object has become smaller meanwhile
    } else if (errno != EINTR) {
      return HostStatus(errno);
    }
  }
  return ZX_OK;
}

}  // namespace

zx_status_t Vmo::Create(uint64_t size, bool resizable, base::RefPtr<Vmo>* out) {
  const uint64_t rounded = RoundUpToPages(size);
  if (rounded < size || rounded > INT64_MAX) return ZX_ERR_OUT_OF_RANGE;
  // Beyond this limit ftruncate would not only fail but send a signal.
  rlimit file_size;
  if (getrlimit(RLIMIT_FSIZE, &file_size) == 0 && file_size.rlim_cur != RLIM_INFINITY &&
      rounded > file_size.rlim_cur) {
    return ZX_ERR_NO_RESOURCES;
  }

  const int fd = CreateMemoryFile();
  if (fd < 0) return HostStatus(errno);
  absl::Cleanup close_fd = [fd] { close(fd); };
  if (rounded != 0 && ftruncate(fd, static_cast<off_t>(rounded)) != 0) return HostStatus(errno);

  auto vmo = base::RefPtr<Vmo>::Adopt(new (std::nothrow) Vmo(fd, rounded, resizable));
  if (!vmo) return ZX_ERR_NO_MEMORY;
  std::move(close_fd).Cancel();
  *out = std::move(vmo);
  return ZX_OK;
}

Vmo::Vmo(int fd, uint64_t size, bool resizable)
    : Waitable(kType, ZX_VMO_ZERO_CHILDREN), fd_(fd), resizable_(resizable), size_(size) {}

Vmo::~Vmo() {
  {
    base::MutexLock lock(window_mutex_);
    uint8_t* window = window_.load(std::memory_order_relaxed);
    if (window != nullptr) munmap(window, window_size_);
  }
  close(fd_);
}

zx_status_t Vmo::Read(void* user, uint64_t offset, size_t length) {
  zx_status_t status = CheckRange(offset, length, size());
  if (status != ZX_OK) return status;
  return TransferAll(length, [&](size_t done, size_t wanted) {
    return pread(fd_, static_cast<uint8_t*>(user) + done, wanted,
                 static_cast<off_t>(offset + done));
  });
}

zx_status_t Vmo::Write(const void* user, uint64_t offset, size_t length) {
  zx_status_t status = CheckRange(offset, length, size());
  if (status != ZX_OK) return status;
  return TransferAll(length, [&](size_t done, size_t wanted) {
    return pwrite(fd_, static_cast<const uint8_t*>(user) + done, wanted,
                  static_cast<off_t>(offset + done));
  });
}

zx_status_t Vmo::Window(uint8_t** base) {
  // acquire: pairs with the release below, so that the mapping is there for who sees its address.
  *base = window_.load(std::memory_order_acquire);
  if (*base != nullptr) return ZX_OK;
  base::MutexLock lock(window_mutex_);
  *base = window_.load(std::memory_order_relaxed);
  const uint64_t length = size();
  if (*base != nullptr || length == 0) return ZX_OK;

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
  if (mmap(window, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd_, 0) == MAP_FAILED) {
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
  window_size_ = length;
  *base = static_cast<uint8_t*>(window);
  window_.store(*base, std::memory_order_release);
  return ZX_OK;
}

}  // namespace zircon::objects
