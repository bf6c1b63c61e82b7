// Resource: the permission to do something the host must allow: a kind and a range of it. Ranges of
// one kind may be shared, or held exclusively (zx_resource_create).
//
// A range is held until the last handle is closed, whoever still refers to the resource.
//
// Ownership: handles hold it. Thread safety: any thread.

#pragma once

#include <zircon/syscalls/resource.h>
#include <zircon/types.h>

#include <algorithm>
#include <cstdint>

#include "base/ref_ptr.h"
#include "handles/dispatcher.h"
#include "objects/linked_tree.h"

namespace zircon::objects {

class Resource;

// By base. A branch knows the last end of its ranges.
struct ByBase {
  struct Summary {
    uint64_t last_end = 0;
  };
  static bool Before(const Resource& a, const Resource& b);
  static Summary Of(const Resource& resource);
  static Summary Join(const Summary& a, const Summary& b) {
    return {std::max(a.last_end, b.last_end)};
  }
};

class Resource final : public handles::Dispatcher, public InTree<Resource, ByBase> {
 public:
  static constexpr zx_obj_type_t kType = ZX_OBJ_TYPE_RESOURCE;

  struct Range {
    zx_rsrc_kind_t kind;
    uint32_t flags;  // ZX_RSRC_FLAG_*
    uint64_t base;
    uint64_t size;
  };

  // One that the library hands out, beside all others.
  explicit Resource(const Range& range) noexcept : Dispatcher(kType), range_(range) {}
  ~Resource() override { Unlist(); }

  // zx_resource_create() behind the checks of its arguments: ZX_ERR_NOT_FOUND when the kind has no
  // such range, or another holds part of it exclusively, or this one would; ZX_ERR_NO_MEMORY.
  [[nodiscard]] static zx_status_t Create(const Range& range, const char* name, size_t name_size,
                                          base::RefPtr<Resource>* out);

  // The first unit that a kind does not have.
  static uint64_t EndOfKind(zx_rsrc_kind_t kind);

  base::Name* name() override { return &name_; }
  const Range& range() const { return range_; }

  // Whether this resource stands for the SYSTEM resource `system_base`: ZX_OK (the root resource
  // stands for all), ZX_ERR_WRONG_TYPE for another kind, ZX_ERR_OUT_OF_RANGE for another base.
  [[nodiscard]] zx_status_t CheckSystem(uint64_t system_base) const {
    return Check(ZX_RSRC_KIND_SYSTEM, system_base);
  }
  // The same for one unit of any kind.
  [[nodiscard]] zx_status_t Check(zx_rsrc_kind_t kind, uint64_t unit) const {
    if (range_.kind == ZX_RSRC_KIND_ROOT) return ZX_OK;
    if (range_.kind != kind) return ZX_ERR_WRONG_TYPE;
    if (unit < range_.base || unit - range_.base >= range_.size) return ZX_ERR_OUT_OF_RANGE;
    return ZX_OK;
  }

 private:
  void OnZeroHandles() override { Unlist(); }
  // From here on it holds nothing.
  void Unlist();

  const Range range_;
  bool listed_ = false;  // under the lock of the list, from when it is shared
  base::Name name_;
};

inline bool ByBase::Before(const Resource& a, const Resource& b) {
  return a.range().base < b.range().base;
}
inline ByBase::Summary ByBase::Of(const Resource& resource) {
  return {resource.range().base + resource.range().size};
}

}  // namespace zircon::objects
