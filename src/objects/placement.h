// Placement: where in a VMAR something is to go, as the options of zx_vmar_map and
// zx_vmar_allocate say it, and what is wrong with options (contract: VMAR-MAP, VMAR-ALLOC rows).
//
// Thread safety: values and functions without state.

#pragma once

#include <zircon/rights.h>
#include <zircon/types.h>

#include <cstdint>

#include "objects/mapping.h"
#include "objects/pages.h"

namespace zircon::objects {

inline constexpr uint32_t kAllPermissions = ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_PERM_EXECUTE;

// The permissions that handles with these rights can give.
Permissions PermittedBy(zx_rights_t rights);
// Whether WRITE or EXECUTE are there without READ.
bool LacksRead(Permissions permissions);

// VMAR-MAP-4 to 10 in their order. `allowed`: what the two handles can give.
[[nodiscard]] zx_status_t CheckMapOptions(uint32_t options, const Vmo& vmo, Permissions allowed,
                                          uint64_t vmo_offset, uint64_t length);
// The permissions that the options of a map ask for.
Permissions WantedPermissions(uint32_t options);
// VMAR-ALLOC-3 and 4.
[[nodiscard]] zx_status_t CheckAllocateOptions(uint32_t options, uint64_t size);

struct Placement {
  // `offset` from the start of the VMAR; `length` in whole pages, 0 when it cannot be rounded up.
  Placement(uint32_t options, uint64_t offset, uint64_t length);

  // VMAR-MAP-12 to 16, which VMAR-ALLOC shares, in a VMAR at `base`.
  [[nodiscard]] zx_status_t Check(uint64_t base, uint64_t size, bool can_map_specific) const;

  bool specific;   // at `offset`, overwriting or not
  bool overwrite;  // in place of mappings
  bool limited;    // `offset` is where it must end at the latest
  uint64_t offset;
  uint64_t length;
  uint64_t alignment = kPageSize;  // of the address
};

}  // namespace zircon::objects
