// VmoPages: the pages that a VMO shows, shared by the VMO with its slices and references: a memfd,
// and windows of the library's own on it, which guest memory slots point into. Process mappings map
// the memfd itself, so every view shows the same pages. Pages exist from the first store on.
//
// The size may be larger than a file can be (MemoryFile::kLargest): no page is ever there.
//
// A change of the size holds resize_mutex_ and is told to the watchers, who lock a guest's space
// meanwhile: nobody who holds such a lock may call what takes it. Pages of fixed size, which most
// are, never take it.
//
// Ownership: the VMOs hold it. Thread safety: any thread.

#pragma once

#include <zircon/types.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/mutex.h"
#include "base/ref_ptr.h"
#include "objects/host_window.h"
#include "objects/memory_file.h"
#include "objects/size_watcher.h"

namespace zircon::objects {

class VmoPages final : public base::RefCounted {
 public:
  // `size` in bytes, rounded up to pages. ZX_ERR_OUT_OF_RANGE as RoundSize(), ZX_ERR_NO_MEMORY,
  // ZX_ERR_NO_RESOURCES (no file descriptor left).
  [[nodiscard]] static zx_status_t Create(uint64_t size, bool resizable,
                                          base::RefPtr<VmoPages>* out);

  // In whole pages. ZX_ERR_OUT_OF_RANGE when that is more than a VMO can have.
  [[nodiscard]] static zx_status_t RoundSize(uint64_t size, uint64_t* rounded);

  int fd() const { return file_.fd(); }
  bool resizable() const { return resizable_; }
  uint64_t size() const { return size_.load(std::memory_order_acquire); }

  // Byte ranges that the caller found inside the size. Of one that is no longer all inside
  // ZX_ERR_OUT_OF_RANGE. ZX_ERR_INVALID_ARGS for a buffer that faults (`user` is a caller's).
  // ZX_ERR_NO_MEMORY behind what a file can have.
  [[nodiscard]] zx_status_t Read(void* user, uint64_t offset, size_t length);
  [[nodiscard]] zx_status_t Write(const void* user, uint64_t offset, size_t length);
  // Makes all pages of the range exist. ZX_ERR_NO_MEMORY; part may have been done.
  [[nodiscard]] zx_status_t Commit(uint64_t offset, uint64_t length);
  // Makes every byte of the range zero; pages that lie in it as a whole exist no longer.
  [[nodiscard]] zx_status_t Zero(uint64_t offset, uint64_t length);

  // Copies those pages of the range that exist to the beginning of `to`, which nobody else has and
  // which is as large. What is beyond the end is zero.
  [[nodiscard]] zx_status_t CopyTo(uint64_t offset, uint64_t length, VmoPages* to);
  // How many bytes of the range have memory.
  uint64_t CommittedBytes(uint64_t offset, uint64_t length);

  // For pages that are resizable. Errors as for Create(); those of a watcher.
  [[nodiscard]] zx_status_t Resize(uint64_t size);
  // Throws std::bad_alloc.
  void AddWatcher(base::RefPtr<SizeWatcher> watcher);

  // A window that shows at least the first `length` bytes, whatever the size. It stays where it is
  // as long as the pages, also when a larger one has come.
  // ZX_ERR_NO_MEMORY.
  [[nodiscard]] zx_status_t Window(uint64_t length, uint8_t** base);

 private:
  VmoPages(MemoryFile file, uint64_t size, bool resizable) noexcept;

  // Makes a change of the range with no change of the size meanwhile. ZX_ERR_OUT_OF_RANGE when it
  // is no longer all inside.
  template <typename Change>
  [[nodiscard]] zx_status_t Inside(uint64_t offset, uint64_t length, Change change);
  [[nodiscard]] zx_status_t TellWatchers(uint64_t size) ABSL_LOCKS_EXCLUDED(watchers_mutex_);

  MemoryFile file_;
  const bool resizable_;
  // Changes under resize_mutex_ only; read without it by all who can live with either size.
  std::atomic<uint64_t> size_;

  // Held by what must not meet a change of the size: a store behind the end would bring the end
  // back.
  base::Mutex resize_mutex_;

  base::Mutex watchers_mutex_;
  std::vector<base::RefPtr<SizeWatcher>> watchers_ ABSL_GUARDED_BY(watchers_mutex_);

  base::Mutex windows_mutex_;
  // Each longer than the one before.
  std::vector<HostWindow> windows_ ABSL_GUARDED_BY(windows_mutex_);
};

}  // namespace zircon::objects
