// AddressSpace: what a VMAR tree drives. The tree (objects/vmar.h) decides what may be mapped
// where; an AddressSpace makes it so: the process's with mmap (objects/process_space.h), a guest's
// with memory slots (guest/guest_space.h).
//
// What may fail fails before it has changed anything, so that the tree and the space never part.
//
// Ownership: the VMARs hold the space. Thread safety: the tree calls with its lock held, one call
// at a time.

#pragma once

#include <zircon/types.h>

#include <cstdint>

#include "base/mutex.h"
#include "base/ref_ptr.h"
#include "objects/mapping.h"
#include "objects/region_map.h"

namespace zircon::objects {

class AddressSpace : public base::RefCounted {
 public:
  uint64_t base() const { return base_; }
  uint64_t size() const { return size_; }

  // Guards the whole VMAR tree over this space. The tree holds it while it calls the space, so the
  // space never takes it, and whoever calls a VMAR must hold no lock that the space takes.
  base::Mutex tree_mutex;
  // What the tree has mapped in the space. The tree's: the space never looks at it.
  RegionMap mappings ABSL_GUARDED_BY(tree_mutex);

  // Whether others live in the space, of whom the tree knows nothing. It then picks the addresses
  // in its root, and every page is reserved before something is mapped there. A space that is the
  // tree's alone (a guest's) wants first fit from its base and holds what Map() put there.
  virtual bool PicksAddresses() const = 0;

  // Takes a range, whole pages inside the space, so that nothing comes there but by Map(). For
  // each child of the root; in a space that picks addresses also for the mappings of the root.
  // ZX_ERR_ALREADY_EXISTS when another is there, ZX_ERR_NO_MEMORY.
  [[nodiscard]] virtual zx_status_t Reserve(uint64_t address, uint64_t length) = 0;
  // The same anywhere: at a multiple of `alignment`, ending at or below `limit`. Only where the
  // space picks addresses. ZX_ERR_NO_RESOURCES when no place is large enough.
  [[nodiscard]] virtual zx_status_t ReserveAnywhere(uint64_t length, uint64_t alignment,
                                                    uint64_t limit, uint64_t* address) = 0;
  // Gives a range up, with what is mapped there. In a space that picks addresses all of it is the
  // tree's. ZX_ERR_NO_MEMORY, ZX_ERR_NO_RESOURCES; a failure leaves the range as it was.
  [[nodiscard]] virtual zx_status_t Vacate(uint64_t address, uint64_t length) = 0;

  // Maps a range in place of what is mapped there. Where the space picks addresses the range is
  // wholly reserved. ZX_ERR_NO_MEMORY, ZX_ERR_NO_RESOURCES; a failure leaves the range as it was.
  [[nodiscard]] virtual zx_status_t Map(uint64_t address, uint64_t length,
                                        const Mapping& mapping) = 0;
  // Unmaps what is mapped in a range; what is reserved stays reserved. Errors as for Vacate().
  [[nodiscard]] virtual zx_status_t Unmap(uint64_t address, uint64_t length) = 0;
  // The range is wholly mapped, by several mappings perhaps. A failure leaves it as it was.
  [[nodiscard]] virtual zx_status_t Protect(uint64_t address, uint64_t length,
                                            Permissions permissions) = 0;
  // Brings in those pages of a mapping that exist. Only advice.
  virtual void Populate(uint64_t address, uint64_t length, const Mapping& mapping) = 0;

 protected:
  AddressSpace(uint64_t base, uint64_t size) noexcept : base_(base), size_(size) {}

 private:
  const uint64_t base_;
  const uint64_t size_;
};

}  // namespace zircon::objects
