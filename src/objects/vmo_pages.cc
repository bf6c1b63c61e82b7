#include "objects/vmo_pages.h"

#include <sys/stat.h>
#include <unistd.h>
#include <zircon/errors.h>

#include <algorithm>
#include <memory>
#include <new>
#include <utility>

#include "base/log.h"
#include "base/or_no_memory.h"
#include "base/page_epoch.h"
#include "objects/data_extents.h"
#include "objects/host_status.h"
#include "objects/pages.h"

namespace zircon::objects {
namespace {

// What a copy has in hand: small enough to stay in a processor's cache between the two halves.
constexpr size_t kCopyBuffer = size_t{256} << 10;

// More than the machine has would be found out by the kernel's killing this process.
bool IsMoreThanTheHostHas(uint64_t length) {
  const long pages = sysconf(_SC_PHYS_PAGES);
  return pages > 0 && length / kPageSize > static_cast<uint64_t>(pages);
}

// Zircon's own limit.
constexpr uint64_t kLargestSize = UINT64_MAX - 64 * kPageSize + 1;

bool IsInside(uint64_t offset, uint64_t length, uint64_t size) {
  return offset <= size && length <= size - offset;
}

}  // namespace

zx_status_t VmoPages::RoundSize(uint64_t size, uint64_t* rounded) {
  *rounded = RoundUpToPages(size);
  return size > kLargestSize ? ZX_ERR_OUT_OF_RANGE : ZX_OK;
}

zx_status_t VmoPages::Create(uint64_t size, bool resizable, base::RefPtr<VmoPages>* out) {
  uint64_t rounded = 0;
  zx_status_t status = RoundSize(size, &rounded);
  if (status != ZX_OK) return status;
  MemoryFile file;
  status = MemoryFile::Create(rounded, &file);
  if (status != ZX_OK) return status;
  auto pages =
      base::RefPtr<VmoPages>::Adopt(NEW_OR_NULL(VmoPages(std::move(file), rounded, resizable)));
  if (!pages) return ZX_ERR_NO_MEMORY;
  *out = std::move(pages);
  return ZX_OK;
}

VmoPages::VmoPages(MemoryFile file, uint64_t size, bool resizable) noexcept
    : file_(std::move(file)), resizable_(resizable), size_(size) {}

template <typename Change>
zx_status_t VmoPages::Inside(uint64_t offset, uint64_t length, Change change) {
  if (!resizable_) return change();
  base::MutexLock lock(resize_mutex_);
  return IsInside(offset, length, size()) ? change() : ZX_ERR_OUT_OF_RANGE;
}

zx_status_t VmoPages::Read(void* user, uint64_t offset, size_t length) {
  return file_.Read(user, offset, length);
}

zx_status_t VmoPages::Write(const void* user, uint64_t offset, size_t length) {
  return Inside(offset, length, [&] { return file_.Write(user, offset, length); });
}

zx_status_t VmoPages::Commit(uint64_t offset, uint64_t length) {
  if (IsMoreThanTheHostHas(length)) return ZX_ERR_NO_MEMORY;
  const uint64_t end = offset + length;
  for (uint64_t at = offset; at < end;) {
    constexpr uint64_t kPiece = MemoryFile::kLargestCommit;
    const uint64_t piece = std::min(end - at, kPiece - at % kPiece);
    const zx_status_t status = Inside(at, piece, [&] { return file_.Commit(at, piece); });
    if (status != ZX_OK) return status;
    at += piece;
  }
  return ZX_OK;
}

zx_status_t VmoPages::Zero(uint64_t offset, uint64_t length) {
  if (length == 0) return ZX_OK;
  return Inside(offset, length, [&] { return file_.Zero(offset, length); });
}

zx_status_t VmoPages::CopyTo(uint64_t offset, uint64_t length, VmoPages* to) {
  const std::unique_ptr<uint8_t[]> buffer(new (std::nothrow) uint8_t[kCopyBuffer]);
  if (buffer == nullptr) return ZX_ERR_NO_MEMORY;
  zx_status_t status = ZX_OK;
  auto copy = [&](uint64_t from, uint64_t bytes) {
    for (uint64_t done = 0; done < bytes;) {
      const size_t part = std::min<uint64_t>(bytes - done, kCopyBuffer);
      status = file_.Read(buffer.get(), from + done, part);
      if (status == ZX_ERR_OUT_OF_RANGE) {
        // They have just been cut off, so they are zero.
        status = ZX_OK;
        return false;
      }
      if (status == ZX_OK) status = to->file_.Write(buffer.get(), from + done - offset, part);
      if (status != ZX_OK) return false;
      done += part;
    }
    return true;
  };
  const uint64_t end = std::min({offset + length, size(), MemoryFile::kLargest});
  if (offset >= end) return ZX_OK;
  const int error = VisitData(fd(), offset, end, copy);
  return status != ZX_OK ? status : HostStatus(error);
}

uint64_t VmoPages::CommittedBytes(uint64_t offset, uint64_t length) {
  struct stat file;
  if (offset == 0 && length >= size() && fstat(fd(), &file) == 0) {
    return static_cast<uint64_t>(file.st_blocks) * 512;
  }
  const uint64_t end = std::min(offset + length, MemoryFile::kLargest);
  uint64_t committed = 0;
  // What the host does not tell is not counted.
  (void)VisitData(fd(), std::min(offset, end), end, [&](uint64_t, uint64_t bytes) {
    committed += bytes;
    return true;
  });
  return committed;
}

zx_status_t VmoPages::Resize(uint64_t size) {
  uint64_t rounded = 0;
  zx_status_t status = RoundSize(size, &rounded);
  if (status != ZX_OK) return status;

  base::MutexLock lock(resize_mutex_);
  const uint64_t before = this->size();
  if (rounded == before) return ZX_OK;
  if (rounded > before) {
    status = file_.SetSize(rounded);
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
  const zx_status_t cut = file_.SetSize(rounded);
  // Where the file is mapped in the process.
  base::PagesHaveChanged();
  return status == ZX_OK ? cut : status;
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
    zx_status_t status = base::OrNoMemory([&] {
      windows_mutex_.AssertHeld();
      windows_.reserve(windows_.size() + 1);
      return ZX_OK;
    });
    if (status != ZX_OK) return status;
    const uint64_t whole = std::max(length, size());
    HostWindow window;
    status = ZX_ERR_NO_MEMORY;
    // What can grow gets room to grow, for an address costs nothing: twice as much each time, so
    // that there are few windows.
    if (resizable_ && whole <= INT64_MAX / 2) status = window.Map(fd(), 2 * whole);
    if (status != ZX_OK) status = window.Map(fd(), whole);
    if (status != ZX_OK && length < whole) status = window.Map(fd(), length);
    if (status != ZX_OK) return status;
    windows_.push_back(std::move(window));
  }
  *base = windows_.back().base();
  return ZX_OK;
}

}  // namespace zircon::objects
