// Vmo: a virtual memory object, as handles and mappings know it: a range of pages (VmoPages), which
// it may share with others, and a place among its relatives (VmoLineage).
//
// A child is a snapshot, with pages of its own, a slice, a fixed range of its parent's pages, or a
// reference, all that the parent has. Only a VMO that shows all of its pages shows a size that
// changes: pages that can change their size are never sliced.
//
// Ownership: handles and mappings hold it. Thread safety: all of it may be called from any thread.

#pragma once

#include <zircon/syscalls/object.h>
#include <zircon/types.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "base/name.h"
#include "base/ref_ptr.h"
#include "objects/memory_file.h"
#include "objects/stream_size.h"
#include "objects/vmo_lineage.h"
#include "objects/vmo_pages.h"
#include "objects/waitable.h"

namespace zircon::objects {

class Vmo final : public Waitable {
 public:
  static constexpr zx_obj_type_t kType = ZX_OBJ_TYPE_VMO;

  // `size` in bytes, rounded up to pages. ZX_ERR_OUT_OF_RANGE when that overflows or no file can
  // be as large, ZX_ERR_NO_MEMORY, ZX_ERR_NO_RESOURCES (no file descriptor left).
  [[nodiscard]] static zx_status_t Create(uint64_t size, bool resizable, base::RefPtr<Vmo>* out);

  // The children, which begin with its name. Contract VMO-CHILD rows from 3 on, for a snapshot from
  // 7 on: its offset is in whole pages, and `offset + size` does not overflow when rounded up.
  [[nodiscard]] zx_status_t CreateSnapshot(uint64_t offset, uint64_t size, bool resizable,
                                           base::RefPtr<Vmo>* out);
  [[nodiscard]] zx_status_t CreateSlice(uint64_t offset, uint64_t size, base::RefPtr<Vmo>* out);
  [[nodiscard]] zx_status_t CreateReference(bool resizable, base::RefPtr<Vmo>* out);

  base::Name* name() override { return &name_; }

  // Whether its size may change, by itself or by another that shows the same pages.
  bool resizable() const { return pages_->resizable(); }
  uint64_t size() const { return is_slice_ ? slice_length_ : pages_->size(); }
  // ZX_ERR_UNAVAILABLE when it is of fixed size or a reference that may not; errors as Create().
  // What of the last page is behind it becomes zero if `zero_tail`.
  [[nodiscard]] zx_status_t SetSize(uint64_t size, bool zero_tail);
  bool may_set_size() const { return may_set_size_; }

  // How many bytes are content: at first those that it was created with.
  uint64_t stream_size() const { return stream_size_->bytes(); }
  // And all behind them is zero. ZX_ERR_OUT_OF_RANGE above the size, ZX_ERR_NO_MEMORY.
  [[nodiscard]] zx_status_t SetStreamSize(uint64_t bytes);

  // Byte ranges: ZX_ERR_OUT_OF_RANGE beyond the size or wrapped; ZX_ERR_BAD_STATE when the cache
  // policy is not CACHED; ZX_ERR_INVALID_ARGS for a buffer that faults (`user` is a caller's
  // pointer); whole or error.
  [[nodiscard]] zx_status_t Read(void* user, uint64_t offset, size_t length);
  [[nodiscard]] zx_status_t Write(const void* user, uint64_t offset, size_t length);
  // Both ZX_ERR_OUT_OF_RANGE, as above; ZX_ERR_NO_MEMORY.
  [[nodiscard]] zx_status_t Commit(uint64_t offset, uint64_t length);
  [[nodiscard]] zx_status_t Zero(uint64_t offset, uint64_t length);
  // ZX_ERR_OUT_OF_RANGE unless [offset, offset + length) lies within the size.
  [[nodiscard]] zx_status_t CheckRange(uint64_t offset, uint64_t length) const;

  // ZX_ERR_BAD_STATE when it is mapped, has children or is one.
  [[nodiscard]] zx_status_t SetCachePolicy(uint32_t policy);
  // Whether a page has memory.
  bool has_pages() { return CommittedBytes() != 0; }

  // ---- For those who map it ----

  VmoPages* pages() const { return pages_.get(); }
  // Whether there are pages behind its end, which are not its own.
  bool is_slice() const { return is_slice_; }
  // How many of its first bytes mappings may ever show: what is behind a slice's end is its
  // parent's, and other VMOs grow as far as files can.
  uint64_t end_of_mappings() const {
    const uint64_t files = MemoryFile::kLargest - std::min(MemoryFile::kLargest, slice_offset_);
    return is_slice_ ? std::min(slice_length_, files) : files;
  }
  // Where in the pages' file its first byte is.
  uint64_t file_offset() const { return slice_offset_; }
  int fd() const { return pages_->fd(); }
  // An address in this process at which at least its first `length` bytes are seen, whatever the
  // size: one behind the end must not be touched. Good as long as the object, also when it has
  // grown. Null for no bytes. ZX_ERR_NO_MEMORY.
  [[nodiscard]] zx_status_t Window(uint64_t length, uint8_t** base);
  // A mapping of it has been made, or has gone. relaxed: it is only told to people.
  void AddMapping() { mappings_.fetch_add(1, std::memory_order_relaxed); }
  void DropMapping() { mappings_.fetch_sub(1, std::memory_order_relaxed); }

  // ---- What ZX_INFO_VMO tells ----

  uint64_t mappings() const { return mappings_.load(std::memory_order_relaxed); }
  // A reference has none of its own: they count for its parent.
  uint64_t CommittedBytes() {
    return is_reference_ ? 0 : pages_->CommittedBytes(slice_offset_, size());
  }
  bool is_snapshot() const { return is_snapshot_; }
  const VmoLineage& lineage() const { return lineage_; }

 private:
  Vmo(base::RefPtr<VmoPages> pages, base::RefPtr<StreamSize> stream_size) noexcept;
  // Null when memory is short.
  static base::RefPtr<Vmo> Make(base::RefPtr<VmoPages> pages, base::RefPtr<StreamSize> stream_size);

  // `child`, which nobody else knows yet, becomes one of this.
  [[nodiscard]] zx_status_t Adopt(Vmo* child, bool must_be_cached);

  const base::RefPtr<VmoPages> pages_;
  const base::RefPtr<StreamSize> stream_size_;
  // Set before the object is known to others.
  bool may_set_size_ = false;
  bool is_snapshot_ = false;
  bool is_slice_ = false;
  bool is_reference_ = false;
  uint64_t slice_offset_ = 0;
  uint64_t slice_length_ = 0;

  base::Name name_;
  std::atomic<uint64_t> mappings_{0};
  VmoLineage lineage_{*this};
};

// Counts a mapping for as long as it exists; a copy is another mapping. It does not hold the VMO.
class MappingCount {
 public:
  MappingCount() = default;
  explicit MappingCount(Vmo* vmo) : vmo_(vmo) {
    if (vmo_ != nullptr) vmo_->AddMapping();
  }
  MappingCount(const MappingCount& other) : MappingCount(other.vmo_) {}
  MappingCount(MappingCount&& other) noexcept : vmo_(std::exchange(other.vmo_, nullptr)) {}
  MappingCount& operator=(MappingCount other) noexcept {
    std::swap(vmo_, other.vmo_);
    return *this;
  }
  ~MappingCount() {
    if (vmo_ != nullptr) vmo_->DropMapping();
  }

 private:
  Vmo* vmo_ = nullptr;
};

}  // namespace zircon::objects
