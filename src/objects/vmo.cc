#include "objects/vmo.h"

#include <zircon/errors.h>

#include <algorithm>
#include <new>
#include <utility>

#include "objects/pages.h"

namespace zircon::objects {

base::RefPtr<Vmo> Vmo::Make(base::RefPtr<VmoPages> pages, base::RefPtr<StreamSize> stream_size) {
  if (!stream_size) return nullptr;
  return base::RefPtr<Vmo>::Adopt(NEW_OR_NULL(Vmo(std::move(pages), std::move(stream_size))));
}

Vmo::Vmo(base::RefPtr<VmoPages> pages, base::RefPtr<StreamSize> stream_size) noexcept
    : Waitable(kType, ZX_VMO_ZERO_CHILDREN),
      pages_(std::move(pages)),
      stream_size_(std::move(stream_size)) {}

zx_status_t Vmo::Create(uint64_t size, bool resizable, base::RefPtr<Vmo>* out) {
  base::RefPtr<VmoPages> pages;
  const zx_status_t status = VmoPages::Create(size, resizable, &pages);
  if (status != ZX_OK) return status;
  auto vmo = Make(std::move(pages), base::MakeRef<StreamSize>(size));
  if (!vmo) return ZX_ERR_NO_MEMORY;
  vmo->may_set_size_ = resizable;
  *out = std::move(vmo);
  return ZX_OK;
}

zx_status_t Vmo::CreateSnapshot(uint64_t offset, uint64_t size, bool resizable,
                                base::RefPtr<Vmo>* out) {
  if (lineage_.cache_policy() != ZX_CACHE_POLICY_CACHED) return ZX_ERR_BAD_STATE;
  base::RefPtr<Vmo> child;
  zx_status_t status = Create(size, resizable, &child);
  if (status != ZX_OK) return status;
  child->is_snapshot_ = true;
  // Before the copy: while it is made nobody changes the policy, from here on.
  status = Adopt(child.get(), /*must_be_cached=*/true);
  if (status != ZX_OK) return status;
  const uint64_t end = this->size();
  if (offset < end) {
    status = pages_->CopyTo(slice_offset_ + offset, std::min(child->size(), end - offset),
                            child->pages());
    if (status != ZX_OK) return status;
  }
  *out = std::move(child);
  return ZX_OK;
}

zx_status_t Vmo::CreateSlice(uint64_t offset, uint64_t size, base::RefPtr<Vmo>* out) {
  uint64_t length = 0;
  const zx_status_t rounded = VmoPages::RoundSize(size, &length);
  if (!IsPageAligned(offset)) return ZX_ERR_INVALID_ARGS;
  if (rounded != ZX_OK) return rounded;
  if (CheckRange(offset, length) != ZX_OK) return ZX_ERR_INVALID_ARGS;
  if (resizable()) return ZX_ERR_NOT_SUPPORTED;
  auto child = Make(pages_, base::MakeRef<StreamSize>(size));
  if (!child) return ZX_ERR_NO_MEMORY;
  child->is_slice_ = true;
  child->slice_offset_ = slice_offset_ + offset;
  child->slice_length_ = length;
  const zx_status_t status = Adopt(child.get(), /*must_be_cached=*/false);
  if (status != ZX_OK) return status;
  *out = std::move(child);
  return ZX_OK;
}

zx_status_t Vmo::CreateReference(bool resizable, base::RefPtr<Vmo>* out) {
  if (resizable && !may_set_size_) return ZX_ERR_NOT_SUPPORTED;
  auto child = Make(pages_, stream_size_);
  if (!child) return ZX_ERR_NO_MEMORY;
  child->may_set_size_ = resizable;
  child->is_reference_ = true;
  child->is_slice_ = is_slice_;
  child->slice_offset_ = slice_offset_;
  child->slice_length_ = slice_length_;
  const zx_status_t status = Adopt(child.get(), /*must_be_cached=*/false);
  if (status != ZX_OK) return status;
  *out = std::move(child);
  return ZX_OK;
}

zx_status_t Vmo::Adopt(Vmo* child, bool must_be_cached) {
  char name[ZX_MAX_NAME_LEN];
  name_.Get(name);
  child->name_.Set(name, sizeof(name));
  return child->lineage_.Join(&lineage_, must_be_cached);
}

zx_status_t Vmo::SetSize(uint64_t size, bool zero_tail) {
  if (!may_set_size_) return ZX_ERR_UNAVAILABLE;
  return stream_size_->Set(size, [&] {
    const zx_status_t status = pages_->Resize(size);
    const uint64_t tail = RoundUpToPages(size) - size;
    return status == ZX_OK && zero_tail && tail != 0 ? pages_->Zero(size, tail) : status;
  });
}

zx_status_t Vmo::SetStreamSize(uint64_t bytes) {
  return stream_size_->Set(bytes, [&] {
    const uint64_t end = size();
    if (bytes > end) return ZX_ERR_OUT_OF_RANGE;
    return bytes == end ? ZX_OK : pages_->Zero(slice_offset_ + bytes, end - bytes);
  });
}

zx_status_t Vmo::CheckRange(uint64_t offset, uint64_t length) const {
  const uint64_t end = size();
  if (offset > end || length > end - offset) return ZX_ERR_OUT_OF_RANGE;
  return ZX_OK;
}

zx_status_t Vmo::Read(void* user, uint64_t offset, size_t length) {
  const zx_status_t status = CheckRange(offset, length);
  if (status != ZX_OK) return status;
  if (lineage_.cache_policy() != ZX_CACHE_POLICY_CACHED) return ZX_ERR_BAD_STATE;
  return pages_->Read(user, slice_offset_ + offset, length);
}

zx_status_t Vmo::Write(const void* user, uint64_t offset, size_t length) {
  const zx_status_t status = CheckRange(offset, length);
  if (status != ZX_OK) return status;
  if (lineage_.cache_policy() != ZX_CACHE_POLICY_CACHED) return ZX_ERR_BAD_STATE;
  return pages_->Write(user, slice_offset_ + offset, length);
}

zx_status_t Vmo::Commit(uint64_t offset, uint64_t length) {
  const zx_status_t status = CheckRange(offset, length);
  return status == ZX_OK ? pages_->Commit(slice_offset_ + offset, length) : status;
}

zx_status_t Vmo::Zero(uint64_t offset, uint64_t length) {
  const zx_status_t status = CheckRange(offset, length);
  return status == ZX_OK ? pages_->Zero(slice_offset_ + offset, length) : status;
}

zx_status_t Vmo::SetCachePolicy(uint32_t policy) {
  if (mappings() != 0) return ZX_ERR_BAD_STATE;
  return lineage_.SetCachePolicy(policy);
}

zx_status_t Vmo::Window(uint64_t length, uint8_t** base) {
  if (length == 0) {
    *base = nullptr;
    return ZX_OK;
  }
  const zx_status_t status = pages_->Window(slice_offset_ + length, base);
  if (status == ZX_OK) *base += slice_offset_;
  return status;
}

}  // namespace zircon::objects
