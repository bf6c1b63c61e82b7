// What zx_vmar_op_range does with the mappings of a range (contract: VMAR-OP rows). The pages
// belong to the VMOs, so it is done to them; the VMAR finds the mappings.
//
// Thread safety: functions without state.

#pragma once

#include <zircon/rights.h>
#include <zircon/types.h>

#include <cstdint>
#include <vector>

#include "objects/mapping.h"

namespace zircon::objects {

// Part of a range, within one mapping.
struct RangePart {
  uint64_t address = 0;
  uint64_t length = 0;
  Mapping mapping;
  // What zx_vmar_protect may make of its permissions.
  Permissions allowed = 0;
};

bool IsRangeOp(uint32_t op);
// Whether mappings of child VMARs may be in the range.
bool ReachesChildren(uint32_t op);
// What the VMAR's handle needs: WRITE for what changes the pages of a VMO, as for the VMO itself.
zx_rights_t RightsForRangeOp(uint32_t op);
// VMAR-OP-9 and 10.
[[nodiscard]] zx_status_t CheckRangeOp(uint32_t op, const std::vector<RangePart>& parts);
[[nodiscard]] zx_status_t DoRangeOp(uint32_t op, const std::vector<RangePart>& parts);

// Brings the pages of a VMO that exist into a host mapping of [offset, offset + length) at `host`;
// those that nobody has touched are left out. Only advice: a host that cannot does nothing.
void PopulateExisting(const Vmo& vmo, uint64_t offset, uint64_t length, uint8_t* host);

// Makes large pages of what exists of a VMO in [offset, offset + length), for its host mapping at
// `host`. Only advice: hosts before Linux 6.1 do nothing.
void EnlargeExisting(const Vmo& vmo, uint64_t offset, uint64_t length, uint8_t* host);

}  // namespace zircon::objects
