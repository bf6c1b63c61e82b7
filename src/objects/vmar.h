// Vmar: a region of an address space and what is mapped in it, under Zircon's rules. The root of
// the process and the root of each guest are Vmars over their AddressSpace.
//
// Ownership: handles hold it; a guest holds its root and tears it down when it goes (Destroy); an
// open handle answers ZX_ERR_BAD_STATE then. A mapping holds its VMO.
// Thread safety: all of it may be called from any thread.

#pragma once

#include <zircon/syscalls/object.h>
#include <zircon/types.h>

#include <cstdint>

#include "base/mutex.h"
#include "base/ref_ptr.h"
#include "handles/dispatcher.h"
#include "objects/address_space.h"
#include "objects/region_map.h"

namespace zircon::objects {

class Vmar final : public handles::Dispatcher {
 public:
  static constexpr zx_obj_type_t kType = ZX_OBJ_TYPE_VMAR;

  // A root over the whole of `space`.
  explicit Vmar(base::RefPtr<AddressSpace> space);
  ~Vmar() override;

  uint64_t base() const { return base_; }
  uint64_t size() const { return size_; }

  // zx_vmar_map from row 4 on (contract VMAR-MAP rows): `options` as given by the caller,
  // `vmo_rights` and `vmar_rights` are the handles'.
  [[nodiscard]] zx_status_t Map(uint32_t options, uint64_t vmar_offset, base::RefPtr<Vmo> vmo,
                                zx_rights_t vmo_rights, zx_rights_t vmar_rights,
                                uint64_t vmo_offset, uint64_t length, uint64_t* mapped_address);
  [[nodiscard]] zx_status_t Unmap(uint64_t address, uint64_t length, zx_rights_t vmar_rights);
  [[nodiscard]] zx_status_t Protect(uint32_t options, uint64_t address, uint64_t length,
                                    zx_rights_t vmar_rights);
  // zx_vmar_destroy: a root answers ZX_ERR_NOT_SUPPORTED (ZX_ERR_BAD_STATE once torn down).
  [[nodiscard]] zx_status_t DestroyByUser();

  // For the owner of the root: unmaps everything; later calls give ZX_ERR_BAD_STATE.
  void Destroy();
  // For guest_set_trap: as Unmap() without rights; sub-VMARs lose what lies in the range.
  // ZX_ERR_INVALID_ARGS outside of the region or for length 0, ZX_ERR_BAD_STATE when torn down.
  [[nodiscard]] zx_status_t UnmapForTrap(uint64_t address, uint64_t length);

 private:
  struct Placement {
    bool specific = false;  // at the given offset, overwriting or not
    bool overwrite = false;
    uint64_t offset = 0;
    uint64_t length = 0;  // whole pages
  };

  // Whether [address, address + length) lies inside the region.
  bool Contains(uint64_t address, uint64_t length) const;
  zx_status_t CheckPlacement(const Placement& placement) const;
  // Throws std::bad_alloc, with nothing changed. `removed` takes the regions that went; it is
  // destroyed after the lock is dropped, since VMOs may go with it.
  zx_status_t MapLocked(const Placement& placement, const Mapping& mapping, Permissions allowed,
                        uint64_t* mapped_address, RegionMap* removed)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(space_->tree_mutex);
  // The space's part of an overwriting map.
  zx_status_t Overwrite(uint64_t address, uint64_t length, const Mapping& mapping)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(space_->tree_mutex);
  // The space's part of an unmap: exactly what the tree has as mapped in the range, or as free.
  void UnmapPieces(uint64_t address, uint64_t end, bool mapped)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(space_->tree_mutex);

  const base::RefPtr<AddressSpace> space_;
  const uint64_t base_;
  const uint64_t size_;
  bool destroyed_ ABSL_GUARDED_BY(space_->tree_mutex) = false;
  RegionMap regions_ ABSL_GUARDED_BY(space_->tree_mutex);
};

}  // namespace zircon::objects
