#include "objects/range_op.h"

#include <sys/mman.h>
#include <zircon/errors.h>
#include <zircon/syscalls/object.h>

#include <algorithm>

#include "objects/data_extents.h"
#include "objects/memory_file.h"
#include "objects/pages.h"

namespace zircon::objects {
namespace {

// Since Linux 5.14; the C library's headers may be older.
constexpr int kPopulateRead = 22;
// Since Linux 6.1.
constexpr int kCollapse = 25;

// Whether the op changes the pages that a VMO has.
bool ChangesPages(uint32_t op) {
  return op == ZX_VMAR_OP_COMMIT || op == ZX_VMAR_OP_DECOMMIT || op == ZX_VMAR_OP_ZERO;
}

bool IsBeyondTheEnd(const RangePart& part) {
  const uint64_t size = part.mapping.vmo->size();
  return part.mapping.vmo_offset > size || part.length > size - part.mapping.vmo_offset;
}

}  // namespace

bool IsRangeOp(uint32_t op) {
  switch (op) {
    case ZX_VMAR_OP_COMMIT:
    case ZX_VMAR_OP_DECOMMIT:
    case ZX_VMAR_OP_MAP_RANGE:
    case ZX_VMAR_OP_ZERO:
    case ZX_VMAR_OP_DONT_NEED:
    case ZX_VMAR_OP_ALWAYS_NEED:
    case ZX_VMAR_OP_PREFETCH:
      return true;
    default:
      return false;
  }
}

bool ReachesChildren(uint32_t op) { return op != ZX_VMAR_OP_COMMIT && op != ZX_VMAR_OP_DECOMMIT; }

zx_rights_t RightsForRangeOp(uint32_t op) {
  return ChangesPages(op) ? ZX_RIGHT_WRITE : ZX_RIGHT_NONE;
}

zx_status_t CheckRangeOp(uint32_t op, const std::vector<RangePart>& parts) {
  if (ChangesPages(op)) {
    for (const RangePart& part : parts) {
      // What is given back needs only that the mapping might permit it.
      const Permissions has = op == ZX_VMAR_OP_DECOMMIT ? part.allowed : part.mapping.permissions;
      if ((has & ZX_VM_PERM_WRITE) == 0) return ZX_ERR_ACCESS_DENIED;
    }
  }
  // Only what exists is brought in; there is nothing beyond the end.
  if (op == ZX_VMAR_OP_MAP_RANGE) return ZX_OK;
  return std::any_of(parts.begin(), parts.end(), IsBeyondTheEnd) ? ZX_ERR_OUT_OF_RANGE : ZX_OK;
}

zx_status_t DoRangeOp(uint32_t op, const std::vector<RangePart>& parts) {
  // The rest are hints about memory that the host's kernel may reclaim or must fetch: it swaps by
  // its own lights.
  if (!ChangesPages(op)) return ZX_OK;
  for (const RangePart& part : parts) {
    Vmo& vmo = *part.mapping.vmo;
    const uint64_t offset = part.mapping.vmo_offset;
    const zx_status_t status =
        op == ZX_VMAR_OP_COMMIT ? vmo.Commit(offset, part.length) : vmo.Zero(offset, part.length);
    if (status != ZX_OK) return status;
  }
  return ZX_OK;
}

void PopulateExisting(const Vmo& vmo, uint64_t offset, uint64_t length, uint8_t* host) {
  const uint64_t size = vmo.size();
  if (offset >= size || offset >= MemoryFile::kLargest) return;
  const uint64_t begin = vmo.file_offset() + offset;
  // Only so that the first access costs no fault.
  (void)VisitData(vmo.pages()->fd(), begin, begin + std::min(length, size - offset),
                  [&](uint64_t data, uint64_t bytes) {
                    return madvise(host + (data - begin), bytes, kPopulateRead) == 0;
                  });
}

void EnlargeExisting(const Vmo& vmo, uint64_t offset, uint64_t length, uint8_t* host) {
  const uint64_t size = std::min(vmo.size(), MemoryFile::kLargest - vmo.file_offset());
  if (offset >= size) return;
  const uint64_t begin = vmo.file_offset() + offset;
  const uint64_t end = begin + std::min(length, size - offset);
  // Large pages are counted from the file's beginning, and lie in the range as a whole.
  const uint64_t first = (begin + kLargePageSize - 1) / kLargePageSize * kLargePageSize;
  const uint64_t last = end / kLargePageSize * kLargePageSize;
  uint64_t done = first;
  // What the host has no memory for, or not in one piece, stays as it is.
  (void)VisitData(vmo.pages()->fd(), first, last, [&](uint64_t data, uint64_t bytes) {
    const uint64_t from = std::max(done, data / kLargePageSize * kLargePageSize);
    done = (data + bytes + kLargePageSize - 1) / kLargePageSize * kLargePageSize;
    return from >= done || madvise(host + (from - begin), done - from, kCollapse) == 0;
  });
}

}  // namespace zircon::objects
