#include "objects/vmo_pages.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zircon/errors.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <new>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "base/descriptor.h"
#include "base/log.h"
#include "objects/data_extents.h"
#include "objects/host_status.h"
#include "objects/pages.h"

namespace zircon::objects {
namespace {

// Since Linux 6.3: the file can never be executed as a program. Its mappings still can be
// executable, and hosts that insist on the flag (vm.memfd_noexec=2) allow VMOs with it only.
constexpr unsigned kNoExecSeal = 0x0008;

// Bytes moved by one pread or pwrite; the kernel refuses sizes of 2 GiB and more.
constexpr size_t kLargestTransfer = size_t{1} << 30;

// What a copy has in hand: small enough to stay in a processor's cache between the two halves.
constexpr size_t kCopyBuffer = size_t{256} << 10;

// A descriptor, or −errno.
int CreateFile() {
  const int fd = base::CreateMemoryFile("zircon-vmo", kNoExecSeal);
  return fd != -EINVAL ? fd : base::CreateMemoryFile("zircon-vmo", 0);
}

// The size as it will be. Beyond the process's limit ftruncate would not only fail but send a
// signal.
zx_status_t CheckSize(uint64_t size, uint64_t* rounded) {
  *rounded = RoundUpToPages(size);
  if (*rounded < size || *rounded > INT64_MAX) return ZX_ERR_OUT_OF_RANGE;
  rlimit file_size;
  if (getrlimit(RLIMIT_FSIZE, &file_size) == 0 && file_size.rlim_cur != RLIM_INFINITY &&
      *rounded > file_size.rlim_cur) {
    return ZX_ERR_NO_RESOURCES;
  }
  return ZX_OK;
}

// More than the machine has would be found out by the kernel's killing this process.
bool IsMoreThanTheHostHas(uint64_t length) {
  const long pages = sysconf(_SC_PHYS_PAGES);
  return pages > 0 && length / kPageSize > static_cast<uint64_t>(pages);
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
      return ZX_ERR_OUT_OF_RANGE;  // there are fewer pages meanwhile
    } else if (errno != EINTR) {
      return HostStatus(errno);
    }
  }
  return ZX_OK;
}

zx_status_t ReadFile(int fd, void* to, uint64_t offset, size_t length) {
  return TransferAll(length, [&](size_t done, size_t wanted) {
    return pread(fd, static_cast<uint8_t*>(to) + done, wanted, static_cast<off_t>(offset + done));
  });
}

zx_status_t WriteFile(int fd, const void* from, uint64_t offset, size_t length) {
  return TransferAll(length, [&](size_t done, size_t wanted) {
    return pwrite(fd, static_cast<const uint8_t*>(from) + done, wanted,
                  static_cast<off_t>(offset + done));
  });
}

bool IsInside(uint64_t offset, uint64_t length, uint64_t size) {
  return offset <= size && length <= size - offset;
}

}  // namespace

zx_status_t VmoPages::Create(uint64_t size, bool resizable, base::RefPtr<VmoPages>* out) {
  uint64_t rounded = 0;
  const zx_status_t status = CheckSize(size, &rounded);
  if (status != ZX_OK) return status;
  const int fd = CreateFile();
  if (fd < 0) return HostStatus(-fd);
  absl::Cleanup close_fd = [fd] { close(fd); };
  if (rounded != 0 && ftruncate(fd, static_cast<off_t>(rounded)) != 0) return HostStatus(errno);

  auto pages = base::RefPtr<VmoPages>::Adopt(new (std::nothrow) VmoPages(fd, rounded, resizable));
  if (!pages) return ZX_ERR_NO_MEMORY;
  std::move(close_fd).Cancel();
  *out = std::move(pages);
  return ZX_OK;
}

VmoPages::VmoPages(int fd, uint64_t size, bool resizable)
    : fd_(fd), resizable_(resizable), size_(size) {}

VmoPages::~VmoPages() { close(fd_); }

zx_status_t VmoPages::Read(void* user, uint64_t offset, size_t length) {
  return ReadFile(fd_, user, offset, length);
}

zx_status_t VmoPages::Write(const void* user, uint64_t offset, size_t length) {
  if (!resizable_) return WriteFile(fd_, user, offset, length);
  base::MutexLock lock(resize_mutex_);
  if (!IsInside(offset, length, size())) return ZX_ERR_OUT_OF_RANGE;
  return WriteFile(fd_, user, offset, length);
}

zx_status_t VmoPages::Commit(uint64_t offset, uint64_t length) {
  if (IsMoreThanTheHostHas(length)) return ZX_ERR_NO_MEMORY;
  return AllocateInside(FALLOC_FL_KEEP_SIZE, offset, length);
}

zx_status_t VmoPages::Zero(uint64_t offset, uint64_t length) {
  return AllocateInside(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, offset, length);
}

zx_status_t VmoPages::AllocateInside(int mode, uint64_t offset, uint64_t length) {
  if (length == 0) return ZX_OK;
  if (!resizable_) return Allocate(mode, offset, length);
  base::MutexLock lock(resize_mutex_);
  if (!IsInside(offset, length, size())) return ZX_ERR_OUT_OF_RANGE;
  return Allocate(mode, offset, length);
}

zx_status_t VmoPages::Allocate(int mode, uint64_t offset, uint64_t length) {
  int result = 0;
  do {
    result = fallocate(fd_, mode, static_cast<off_t>(offset), static_cast<off_t>(length));
  } while (result != 0 && errno == EINTR);
  return result == 0 ? ZX_OK : HostStatus(errno);
}

zx_status_t VmoPages::CopyTo(uint64_t offset, uint64_t length, VmoPages* to) {
  const std::unique_ptr<uint8_t[]> buffer(new (std::nothrow) uint8_t[kCopyBuffer]);
  if (buffer == nullptr) return ZX_ERR_NO_MEMORY;
  zx_status_t status = ZX_OK;
  auto copy = [&](uint64_t from, uint64_t bytes) {
    for (uint64_t done = 0; done < bytes;) {
      const size_t part = std::min<uint64_t>(bytes - done, kCopyBuffer);
      status = ReadFile(fd_, buffer.get(), from + done, part);
      if (status == ZX_ERR_OUT_OF_RANGE) {
        // They have just been cut off, so they are zero.
        status = ZX_OK;
        return false;
      }
      if (status == ZX_OK) status = WriteFile(to->fd_, buffer.get(), from + done - offset, part);
      if (status != ZX_OK) return false;
      done += part;
    }
    return true;
  };
  const uint64_t end = std::min(offset + length, size());
  VisitData(fd_, offset, end, copy);
  return status;
}

uint64_t VmoPages::CommittedBytes(uint64_t offset, uint64_t length) {
  struct stat file;
  if (offset == 0 && length >= size() && fstat(fd_, &file) == 0) {
    return static_cast<uint64_t>(file.st_blocks) * 512;
  }
  uint64_t committed = 0;
  VisitData(fd_, offset, offset + length, [&](uint64_t, uint64_t bytes) {
    committed += bytes;
    return true;
  });
  return committed;
}

zx_status_t VmoPages::Resize(uint64_t size) {
  uint64_t rounded = 0;
  zx_status_t status = CheckSize(size, &rounded);
  if (status != ZX_OK) return status;

  base::MutexLock lock(resize_mutex_);
  const uint64_t before = this->size();
  if (rounded == before) return ZX_OK;
  if (rounded > before) {
    status = SetFileSize(rounded);
    if (status != ZX_OK) return status;
    // release, here and below: who sees a size finds the file as long.
    size_.store(rounded, std::memory_order_release);
    status = TellWatchers(rounded);
    if (status == ZX_OK) return ZX_OK;
    LOG_WARN("a VMO cannot grow to {:#x} bytes in a guest: status {}", rounded, status);
    rounded = before;
  }
  size_.store(rounded, std::memory_order_release);
  (void)TellWatchers(rounded);  // what was must not stay, come what may
  const zx_status_t cut = SetFileSize(rounded);
  return status == ZX_OK ? cut : status;
}

zx_status_t VmoPages::SetFileSize(uint64_t size) {
  int result = 0;
  do {
    result = ftruncate(fd_, static_cast<off_t>(size));
  } while (result != 0 && errno == EINTR);
  return result == 0 ? ZX_OK : HostStatus(errno);
}

zx_status_t VmoPages::TellWatchers(uint64_t size) {
  // Who comes while they are told finds the new size by itself. So the list is not held, and read
  // by its length of now; only this, under resize_mutex_, and AddWatcher() change it.
  zx_status_t result = ZX_OK;
  for (size_t i = 0;; ++i) {
    base::RefPtr<SizeWatcher> watcher;
    {
      base::MutexLock lock(watchers_mutex_);
      if (i >= watchers_.size()) return result;
      watcher = watchers_[i];
    }
    const zx_status_t status = watcher->OnResize(this, size);
    if (result == ZX_OK) result = status;
  }
}

void VmoPages::AddWatcher(base::RefPtr<SizeWatcher> watcher) {
  base::MutexLock lock(watchers_mutex_);
  // A place that has become free is used first: nothing moves, so that TellWatchers() misses none.
  for (base::RefPtr<SizeWatcher>& known : watchers_) {
    if (known == watcher) return;
  }
  for (base::RefPtr<SizeWatcher>& known : watchers_) {
    if (!known->gone()) continue;
    known = std::move(watcher);
    return;
  }
  watchers_.push_back(std::move(watcher));
}

zx_status_t VmoPages::Window(uint64_t length, uint8_t** base) {
  base::MutexLock lock(windows_mutex_);
  if (windows_.empty() || windows_.back().length() < length) {
    try {
      windows_.reserve(windows_.size() + 1);
    } catch (const std::bad_alloc&) {
      return ZX_ERR_NO_MEMORY;
    }
    const uint64_t whole = std::max(length, size());
    HostWindow window;
    zx_status_t status = ZX_ERR_NO_MEMORY;
    // What can grow gets room to grow, for an address costs nothing: twice as much each time, so
    // that there are few windows.
    if (resizable_ && whole <= INT64_MAX / 2) status = window.Map(fd_, 2 * whole);
    if (status != ZX_OK) status = window.Map(fd_, whole);
    if (status != ZX_OK) return status;
    windows_.push_back(std::move(window));
  }
  *base = windows_.back().base();
  return ZX_OK;
}

}  // namespace zircon::objects
