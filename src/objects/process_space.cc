#include "objects/process_space.h"

#include <sys/auxv.h>
#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <utility>

#include "base/log.h"
#include "base/page_epoch.h"
#include "objects/host_gap.h"
#include "objects/host_split.h"
#include "objects/host_status.h"
#include "objects/memory_file.h"
#include "objects/pages.h"
#include "objects/range_op.h"

namespace zircon::objects {
namespace {

constexpr uint64_t kLowest = 64 * 1024;

// A range with no access that costs no memory.
constexpr int kReservation = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;

// The main thread's stack is the last thing in the space, on every architecture and layout; the
// kernel left random bytes on it. The last page below the end is never given out.
uint64_t HighestEnd() {
  const uint64_t on_stack = getauxval(AT_RANDOM);
  const uint64_t end = on_stack == 0 ? uint64_t{1} << 47 : std::bit_ceil(on_stack);
  return end - kPageSize;
}

base::Mutex root_mutex;
Vmar* root ABSL_GUARDED_BY(root_mutex) = nullptr;

void* Pointer(uint64_t address) { return reinterpret_cast<void*>(address); }

int HostProtection(Permissions permissions) {
  int protection = PROT_NONE;
  if ((permissions & ZX_VM_PERM_READ) != 0) protection |= PROT_READ;
  if ((permissions & ZX_VM_PERM_WRITE) != 0) protection |= PROT_READ | PROT_WRITE;
  if ((permissions & ZX_VM_PERM_EXECUTE) != 0) protection |= PROT_EXEC;
  return protection;
}

void KeepFromChildren(void* mapped, uint64_t length) {
  if (madvise(mapped, length, MADV_DONTFORK) != 0) {
    LOG_WARN("a mapping of a VMO will be inherited by forked children: errno {}", errno);
  }
}

}  // namespace

ProcessSpace::ProcessSpace() noexcept : AddressSpace(kLowest, HighestEnd() - kLowest) {}

zx_status_t ProcessSpace::Reserve(uint64_t address, uint64_t length) {
  const zx_status_t status = ReserveHostRange(address, length);
  if (status == ZX_OK) KeepFromChildren(Pointer(address), length);
  return status;
}

zx_status_t ProcessSpace::ReserveAnywhere(uint64_t length, uint64_t alignment, uint64_t limit,
                                          uint64_t* address) {
  // Enough to find an aligned place in it; what is left over at both ends goes back.
  const uint64_t whole = length + (alignment - kPageSize);
  void* const found = mmap(nullptr, whole, PROT_NONE, kReservation, /*fd=*/-1, /*offset=*/0);
  if (found != MAP_FAILED) {
    const uint64_t start = reinterpret_cast<uint64_t>(found);
    const uint64_t aligned = (start + alignment - 1) / alignment * alignment;
    if (aligned != start) munmap(found, aligned - start);
    const uint64_t tail = start + whole - (aligned + length);
    if (tail != 0) munmap(Pointer(aligned + length), tail);
    if (aligned + length <= limit) {
      KeepFromChildren(Pointer(aligned), length);
      *address = aligned;
      return ZX_OK;
    }
    munmap(Pointer(aligned), length);
  } else if (errno != ENOMEM) {
    return HostStatus(errno);
  }
  // The kernel does not tell a full space from a lack of memory; where it may choose the address,
  // no place of that size is the likely reason.
  const zx_status_t status = ReserveHostGap(base(), limit, length, alignment, address);
  if (status == ZX_OK) KeepFromChildren(Pointer(*address), length);
  return status == ZX_ERR_NO_MEMORY ? ZX_ERR_NO_RESOURCES : status;
}

zx_status_t ProcessSpace::Vacate(uint64_t address, uint64_t length) {
  // Fails where a piece would have to be split and the process has as many as it may, before
  // anything has changed.
  if (munmap(Pointer(address), length) != 0) return HostStatus(errno);
  base::PagesHaveChanged();
  return ZX_OK;
}

zx_status_t ProcessSpace::Map(uint64_t address, uint64_t length, const Mapping& mapping) {
  const Vmo& vmo = *mapping.vmo;
  const uint64_t end = vmo.end_of_mappings();
  const uint64_t inside = std::min(length, end - std::min(end, mapping.vmo_offset));
  if (inside == length) {
    return MapFile(address, length, mapping.permissions, vmo,
                   vmo.file_offset() + mapping.vmo_offset);
  }
  // What is behind the file's end stands in place of the rest. Two mappings, so all pieces are made
  // before one takes its place.
  const HostSplit whole(address, length);
  if (whole.error() != 0) return HostStatus(whole.error());
  const HostSplit shown(address, inside, HostSplit::kSequential);
  if (shown.error() != 0) return HostStatus(shown.error());
  const zx_status_t status =
      MapFile(address + inside, length - inside, mapping.permissions, vmo, MemoryFile::kLargest);
  if (status != ZX_OK || inside == 0) return status;
  return MapFile(address, inside, mapping.permissions, vmo, vmo.file_offset() + mapping.vmo_offset);
}

zx_status_t ProcessSpace::MapFile(uint64_t address, uint64_t length, Permissions permissions,
                                  const Vmo& vmo, uint64_t offset) {
  void* const mapped = mmap(Pointer(address), length, HostProtection(permissions),
                            MAP_SHARED | MAP_FIXED, vmo.pages()->fd(), static_cast<off_t>(offset));
  if (mapped == MAP_FAILED) return HostStatus(errno);
  base::PagesHaveChanged();
  KeepFromChildren(mapped, length);
  // Only advice.
  if (length >= kLargePageSize) (void)madvise(mapped, length, MADV_HUGEPAGE);
  return ZX_OK;
}

zx_status_t ProcessSpace::Unmap(uint64_t address, uint64_t length) {
  void* const place = Pointer(address);
  if (mmap(place, length, PROT_NONE, kReservation | MAP_FIXED, /*fd=*/-1, /*offset=*/0) ==
      MAP_FAILED) {
    return HostStatus(errno);
  }
  base::PagesHaveChanged();
  KeepFromChildren(place, length);
  return ZX_OK;
}

void ProcessSpace::Populate(uint64_t address, uint64_t length, const Mapping& mapping) {
  PopulateExisting(*mapping.vmo, mapping.vmo_offset, length,
                   static_cast<uint8_t*>(Pointer(address)));
}

zx_status_t ProcessSpace::Protect(uint64_t address, uint64_t length, Permissions permissions) {
  const HostSplit split(address, length);
  if (split.error() != 0) return HostStatus(split.error());
  if (mprotect(Pointer(address), length, HostProtection(permissions)) != 0) {
    return HostStatus(errno);
  }
  base::PagesHaveChanged();
  return ZX_OK;
}

Vmar* ProcessRoot() {
  base::MutexLock lock(root_mutex);
  if (root == nullptr) {
    auto space = base::MakeRef<ProcessSpace>();
    if (space) root = base::MakeRef<Vmar>(std::move(space)).Leak();
  }
  return root;
}

}  // namespace zircon::objects
