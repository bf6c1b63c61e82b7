// AddressSpace: what a VMAR tree drives. The tree (objects/vmar.h) decides what may be mapped
// where; an AddressSpace makes it so: the process's with mmap (objects/process_space.h), a guest's
// with memory slots (guest/guest_space.h).
//
// Ownership: the root VMAR holds the space. Thread safety: the tree calls with its lock held, one
// call at a time.

#pragma once

#include <zircon/types.h>

#include <cstdint>

#include "base/mutex.h"
#include "base/ref_ptr.h"
#include "objects/vmo.h"

namespace zircon::objects {

// PERM bits of a mapping: ZX_VM_PERM_READ / WRITE / EXECUTE only.
using Permissions = uint32_t;

struct Mapping {
  base::RefPtr<Vmo> vmo;
  uint64_t vmo_offset = 0;
  Permissions permissions = 0;
};

class AddressSpace : public base::RefCounted {
 public:
  uint64_t base() const { return base_; }
  uint64_t size() const { return size_; }

  // Guards the whole VMAR tree over this space. The tree holds it while it calls the space, so the
  // space never takes it, and whoever calls a VMAR must hold no lock that the space takes.
  base::Mutex tree_mutex;

  // Picks a free range for a mapping without SPECIFIC, or leaves it to the tree: a space that
  // returns false wants first fit from its base (guest space); the process's asks the kernel. A
  // space that picks addresses may hold things that the tree knows nothing of; one that does not
  // holds what Map() put there and nothing else.
  virtual bool PicksAddresses() const = 0;

  // Maps [*address, *address + length) (page aligned, inside the space). With `fixed` the address
  // is given and, as far as the tree knows, free; otherwise the space picks it.
  // With `overwrite` (and `fixed`) mappings in the range are replaced: in a space that picks
  // addresses the whole range is mapped then, in any other it may have holes.
  // ZX_ERR_ALREADY_EXISTS when something outside of the tree's knowledge is there (host mappings of
  // the process), ZX_ERR_NO_MEMORY / NO_RESOURCES. A failure leaves the range as it was.
  virtual zx_status_t Map(uint64_t* address, uint64_t length, bool fixed, bool overwrite,
                          const Mapping& mapping) = 0;
  // The range is wholly mapped, by one or more Map(). Cannot fail.
  virtual void Unmap(uint64_t address, uint64_t length) = 0;
  // The range is wholly mapped.
  virtual zx_status_t Protect(uint64_t address, uint64_t length, Permissions permissions) = 0;

 protected:
  AddressSpace(uint64_t base, uint64_t size) : base_(base), size_(size) {}

 private:
  const uint64_t base_;
  const uint64_t size_;
};

}  // namespace zircon::objects
