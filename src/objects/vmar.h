// Vmar: a region of an address space and what is in it, mappings and child VMARs, under Zircon's
// rules. The root of the process and the root of each guest are Vmars over their AddressSpace;
// children are ranges of their parent that have handles of their own.
//
// Ownership: handles hold it, and a parent its children, so that one whose last handle is closed
// keeps what is mapped in it. A guest holds its root and tears it down when it goes (Destroy); an
// open handle answers ZX_ERR_BAD_STATE then. A child refers to its parent without holding it: the
// parent makes it forget when it goes itself. A mapping holds its VMO.
// Thread safety: all of it may be called from any thread.

#pragma once

#include <zircon/syscalls/object.h>
#include <zircon/types.h>

#include <cstdint>
#include <map>

#include "base/mutex.h"
#include "base/ref_ptr.h"
#include "handles/dispatcher.h"
#include "objects/address_space.h"
#include "objects/extent_tree.h"
#include "objects/placement.h"
#include "objects/region_map.h"

namespace zircon::objects {

class Vmar final : public handles::Dispatcher {
 public:
  static constexpr zx_obj_type_t kType = ZX_OBJ_TYPE_VMAR;

  // A root over the whole of `space`.
  explicit Vmar(base::RefPtr<AddressSpace> space) noexcept;
  ~Vmar() override;

  uint64_t base() const { return base_; }
  uint64_t size() const { return size_; }

  // zx_vmar_allocate from VMAR-ALLOC-3 on.
  [[nodiscard]] zx_status_t Allocate(uint32_t options, uint64_t offset, uint64_t size,
                                     base::RefPtr<Vmar>* child);
  // zx_vmar_map from row 4 on (contract VMAR-MAP rows): `options` as given by the caller,
  // `vmo_rights` and `vmar_rights` are the handles'.
  [[nodiscard]] zx_status_t Map(uint32_t options, uint64_t vmar_offset, base::RefPtr<Vmo> vmo,
                                zx_rights_t vmo_rights, zx_rights_t vmar_rights,
                                uint64_t vmo_offset, uint64_t length, uint64_t* mapped_address);
  [[nodiscard]] zx_status_t Unmap(uint64_t address, uint64_t length, zx_rights_t vmar_rights);
  [[nodiscard]] zx_status_t Protect(uint32_t options, uint64_t address, uint64_t length,
                                    zx_rights_t vmar_rights);
  // Takes back what Map() has just made of `vmo` at `address`, if that is what is still there.
  void UndoMap(uint64_t address, uint64_t length, const Vmo* vmo, uint64_t vmo_offset);
  // zx_vmar_op_range from VMAR-OP-4 on.
  [[nodiscard]] zx_status_t OpRange(uint32_t op, uint64_t address, uint64_t length,
                                    zx_rights_t vmar_rights);
  // zx_vmar_destroy: a root answers ZX_ERR_NOT_SUPPORTED (ZX_ERR_BAD_STATE once torn down).
  [[nodiscard]] zx_status_t DestroyByUser();

  // For the owner of the root: unmaps everything; later calls give ZX_ERR_BAD_STATE.
  void Destroy();
  // For guest_set_trap, on the root: unmaps what lies in the range, in children too, which stay.
  // ZX_ERR_INVALID_ARGS outside of the region or for length 0, ZX_ERR_BAD_STATE when torn down.
  [[nodiscard]] zx_status_t UnmapForTrap(uint64_t address, uint64_t length);

 private:
  using Children = std::map<uint64_t, base::RefPtr<Vmar>>;  // by base
  // What a change has taken out of the tree. Destroyed after the lock is dropped: VMOs may go with
  // it, and VMARs, which take the lock.
  struct Removed {
    RegionMap regions;
    // Of several generations, which may begin at the same address.
    std::multimap<uint64_t, base::RefPtr<Vmar>> children;
  };

  // A child of `parent`, not in the tree yet: destroyed until it is.
  Vmar(Vmar* parent, uint64_t base, uint64_t size, bool can_map_specific) noexcept;

  bool is_root() const { return is_root_; }
  // Whether [address, address + length) lies inside the region.
  bool Contains(uint64_t address, uint64_t length) const;
  // The first child that ends above `address`.
  Children::const_iterator FirstChildAbove(uint64_t address) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(space_->tree_mutex);
  // Whether a child has a page in the range.
  bool MeetsChild(uint64_t address, uint64_t length) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(space_->tree_mutex);
  // Whether each mapping of a child in the range permits as much already.
  bool OnlyReducesChildren(uint64_t address, uint64_t length, Permissions wanted) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(space_->tree_mutex);

  // Chooses a place and, where that is needed, reserves what the tree does not have yet. For
  // `reserve` see AddressSpace::Reserve. `removed`: what is found to be gone.
  zx_status_t TakePlace(const Placement& placement, bool reserve, uint64_t* address,
                        Removed* removed) ABSL_EXCLUSIVE_LOCKS_REQUIRED(space_->tree_mutex);
  zx_status_t TakeAnyPlace(const Placement& placement, uint64_t* address, Removed* removed)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(space_->tree_mutex);
  zx_status_t ReserveHoles(uint64_t address, uint64_t end)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(space_->tree_mutex);
  // Gives up, in a root, what has just been reserved in a range: all that the tree does not have.
  void GiveBack(uint64_t address, uint64_t end) ABSL_EXCLUSIVE_LOCKS_REQUIRED(space_->tree_mutex);
  // The longest piece that begins at `address` and is wholly taken, by mappings and children, or
  // wholly free; cut at `end`.
  Piece TakenAt(uint64_t address, uint64_t end) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(space_->tree_mutex);

  // Both throw std::bad_alloc, with nothing changed.
  zx_status_t AllocateLocked(const Placement& placement, bool can_map_specific, Removed* removed,
                             base::RefPtr<Vmar>* child)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(space_->tree_mutex);
  zx_status_t MapLocked(const Placement& placement, Region region, uint64_t* mapped_address,
                        Removed* removed) ABSL_EXCLUSIVE_LOCKS_REQUIRED(space_->tree_mutex);
  // Unmaps a range in which no child lies in part, and destroys the children in it. A failure
  // leaves it as it was; in the process's root, where others live in between, from where it came.
  zx_status_t Empty(uint64_t address, uint64_t end, Removed* removed)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(space_->tree_mutex);
  // Takes a range that the space has let go out of the tree.
  void Forget(uint64_t address, uint64_t end, Removed* removed)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(space_->tree_mutex);
  // Marks this and all below as destroyed and moves them out of their parents.
  void MarkDestroyed(Removed* removed) ABSL_EXCLUSIVE_LOCKS_REQUIRED(space_->tree_mutex);

  const base::RefPtr<AddressSpace> space_;
  const bool is_root_;
  const bool can_map_specific_;
  const uint64_t base_;
  const uint64_t size_;
  bool destroyed_ ABSL_GUARDED_BY(space_->tree_mutex) = false;
  // Null in a root and when destroyed.
  Vmar* parent_ ABSL_GUARDED_BY(space_->tree_mutex) = nullptr;
  Children children_ ABSL_GUARDED_BY(space_->tree_mutex);
  // What its own mappings and its children take, and what this takes of its parent.
  ExtentTree taken_ ABSL_GUARDED_BY(space_->tree_mutex);
  Extent extent_ ABSL_GUARDED_BY(space_->tree_mutex);
  // The list that MarkDestroyed() works on.
  Vmar* next_destroyed_ ABSL_GUARDED_BY(space_->tree_mutex) = nullptr;
};

}  // namespace zircon::objects
