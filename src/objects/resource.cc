#include "objects/resource.h"

#include <zircon/errors.h>

#include <utility>

#include "base/mutex.h"

namespace zircon::objects {
namespace {

using Ranges = LinkedTree<Resource, ByBase>;

// The resources that programs have made, for who holds what: by kind, and whether exclusively.
struct Made {
  base::Mutex mutex;
  Ranges shared[ZX_RSRC_KIND_COUNT] ABSL_GUARDED_BY(mutex);
  Ranges exclusive[ZX_RSRC_KIND_COUNT] ABSL_GUARDED_BY(mutex);

  Ranges& RangesLike(const Resource::Range& range) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    return (IsExclusive(range) ? exclusive : shared)[range.kind];
  }
  static bool IsExclusive(const Resource::Range& range) {
    return (range.flags & ZX_RSRC_FLAG_EXCLUSIVE) != 0;
  }
};
constinit Made g_made;

bool AnyMeets(const Ranges& ranges, const Resource::Range& range) {
  // Of those that end behind its base the one with the lowest base: where that begins too late, the
  // others do.
  const Resource* const first = ranges.FirstThat(
      [&](const ByBase::Summary& summary) { return summary.last_end > range.base; });
  return first != nullptr && first->range().base < range.base + range.size;
}

}  // namespace

uint64_t Resource::EndOfKind(zx_rsrc_kind_t kind) {
  switch (kind) {
    case ZX_RSRC_KIND_IOPORT:
      return UINT64_C(1) << 16;
    case ZX_RSRC_KIND_IRQ:
      return UINT64_C(1) << 32;
    case ZX_RSRC_KIND_SYSTEM:
      return ZX_RSRC_SYSTEM_COUNT;
    default:
      return UINT64_MAX;
  }
}

void Resource::Unlist() {
  base::MutexLock lock(g_made.mutex);
  if (listed_) g_made.RangesLike(range_).Remove(this);
  listed_ = false;
}

zx_status_t Resource::Create(const Range& range, const char* name, size_t name_size,
                             base::RefPtr<Resource>* out) {
  const uint64_t end = EndOfKind(range.kind);
  if (range.base >= end || range.size > end - range.base) return ZX_ERR_NOT_FOUND;
  auto resource = base::MakeRef<Resource>(range);
  if (!resource) return ZX_ERR_NO_MEMORY;
  resource->name_.Set(name, name_size);
  base::MutexLock lock(g_made.mutex);
  if (AnyMeets(g_made.exclusive[range.kind], range)) return ZX_ERR_NOT_FOUND;
  if (Made::IsExclusive(range) && AnyMeets(g_made.shared[range.kind], range)) {
    return ZX_ERR_NOT_FOUND;
  }
  g_made.RangesLike(range).Insert(resource.get());
  resource->listed_ = true;
  *out = std::move(resource);
  return ZX_OK;
}

}  // namespace zircon::objects
