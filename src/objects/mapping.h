// Mapping: part of a VMO as it stands somewhere in an address space, and what may be done there.
//
// Ownership: it holds its VMO. Thread safety: none; a value.

#pragma once

#include <zircon/types.h>

#include <cstdint>

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

}  // namespace zircon::objects
