#include "objects/range_op.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zircon/errors.h>
#include <zircon/syscalls/object.h>

#include <algorithm>
#include <cerrno>

#include "objects/host_status.h"
#include "objects/pages.h"

namespace zircon::objects {
namespace {

// Since Linux 5.14; the C library's headers may be older.
constexpr int kPopulateRead = 22;

// Whether the op changes the pages that a VMO has.
bool ChangesPages(uint32_t op) {
  return op == ZX_VMAR_OP_COMMIT || op == ZX_VMAR_OP_DECOMMIT || op == ZX_VMAR_OP_ZERO;
}

bool IsBeyondTheEnd(const RangePart& part) {
  const uint64_t size = part.mapping.vmo->size();
  return part.mapping.vmo_offset > size || part.length > size - part.mapping.vmo_offset;
}

// More than the machine has would be found out by the kernel's killing this process.
bool IsMoreThanTheHostHas(uint64_t length) {
  const long pages = sysconf(_SC_PHYS_PAGES);
  return pages > 0 && length / kPageSize > static_cast<uint64_t>(pages);
}

zx_status_t Allocate(const RangePart& part, int mode) {
  int result = 0;
  do {
    result = fallocate(part.mapping.vmo->fd(), mode, static_cast<off_t>(part.mapping.vmo_offset),
                       static_cast<off_t>(part.length));
  } while (result != 0 && errno == EINTR);
  return result == 0 ? ZX_OK : HostStatus(errno);
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

zx_rights_t RightsForRangeOp(uint32_t op) {
  return ChangesPages(op) ? ZX_RIGHT_WRITE : ZX_RIGHT_NONE;
}

zx_status_t CheckRangeOp(uint32_t op, const std::vector<RangePart>& parts) {
  if (ChangesPages(op)) {
    for (const RangePart& part : parts) {
      if ((part.mapping.permissions & ZX_VM_PERM_WRITE) == 0) return ZX_ERR_ACCESS_DENIED;
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
  const int mode =
      op == ZX_VMAR_OP_COMMIT ? FALLOC_FL_KEEP_SIZE : FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE;
  for (const RangePart& part : parts) {
    if (op == ZX_VMAR_OP_COMMIT && IsMoreThanTheHostHas(part.length)) return ZX_ERR_NO_MEMORY;
    const zx_status_t status = Allocate(part, mode);
    if (status != ZX_OK) return status;
  }
  return ZX_OK;
}

void PopulateExisting(const Vmo& vmo, uint64_t offset, uint64_t length, uint8_t* host) {
  const auto end = static_cast<off_t>(offset + length);
  for (auto at = static_cast<off_t>(offset); at < end;) {
    const off_t data = lseek(vmo.fd(), at, SEEK_DATA);
    if (data < 0 || data >= end) return;
    const off_t hole = std::min(lseek(vmo.fd(), data, SEEK_HOLE), end);
    if (hole <= data) return;
    uint8_t* const from = host + (static_cast<uint64_t>(data) - offset);
    if (madvise(from, static_cast<size_t>(hole - data), kPopulateRead) != 0) return;
    at = hole;
  }
}

}  // namespace zircon::objects
