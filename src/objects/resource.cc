#include "objects/resource.h"

#include <zircon/errors.h>

#include <utility>

#include "base/mutex.h"

namespace zircon::objects {
namespace {

// The resources that programs have made, for who holds what.
struct Made {
  base::Mutex mutex;
  LinkedList<Resource> list ABSL_GUARDED_BY(mutex);
};
constinit Made g_made;

bool Meet(const Resource::Range& a, const Resource::Range& b) {
  return a.kind == b.kind && a.base < b.base + b.size && b.base < a.base + a.size;
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
  if (listed_) g_made.list.Remove(this);
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
  for (const Resource* at = g_made.list.front(); at != nullptr;
       at = LinkedList<Resource>::Next(at)) {
    const bool exclusive = ((at->range_.flags | range.flags) & ZX_RSRC_FLAG_EXCLUSIVE) != 0;
    if (exclusive && Meet(at->range_, range)) return ZX_ERR_NOT_FOUND;
  }
  g_made.list.PushBack(resource.get());
  resource->listed_ = true;
  *out = std::move(resource);
  return ZX_OK;
}

}  // namespace zircon::objects
