#include "objects/host_gap.h"

#include <sys/mman.h>
#include <zircon/errors.h>

#include <cerrno>

#include "objects/host_status.h"
#include "objects/pages.h"

namespace zircon::objects {
namespace {

void* Pointer(uint64_t address) { return reinterpret_cast<void*>(address); }

// Whether nothing at all is mapped there.
bool IsFree(uint64_t address, uint64_t length) {
  const zx_status_t status = ReserveHostRange(address, length);
  if (status == ZX_OK) munmap(Pointer(address), length);
  // Where something is mapped the kernel says so before it counts memory.
  return status != ZX_ERR_ALREADY_EXISTS;
}

// Whether every page is mapped: that is what this call asks first, and it does nothing else.
bool IsTaken(uint64_t address, uint64_t length) {
  return msync(Pointer(address), length, MS_ASYNC) == 0;
}

// The lowest page of [address, address + length) that is taken; one is.
uint64_t LowestTaken(uint64_t address, uint64_t length) {
  uint64_t free = 0;  // so many pages from the beginning are
  for (uint64_t pages = length / kPageSize; pages > 1;) {
    const uint64_t half = pages / 2;
    if (IsFree(address + free * kPageSize, half * kPageSize)) {
      free += half;
      pages -= half;
    } else {
      pages = half;
    }
  }
  return address + free * kPageSize;
}

// Where what is mapped without a gap up to `address`, which is, begins; `begin` at the lowest.
uint64_t BeginOfTaken(uint64_t begin, uint64_t address) {
  uint64_t step = kPageSize;
  while (step <= address - begin && IsTaken(address - step, step)) {
    address -= step;
    step *= 2;
  }
  for (; step >= kPageSize; step /= 2) {
    if (step <= address - begin && IsTaken(address - step, step)) address -= step;
  }
  return address;
}

}  // namespace

zx_status_t ReserveHostRange(uint64_t address, uint64_t length) {
  constexpr int kReservation = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE;
  if (mmap(Pointer(address), length, PROT_NONE, kReservation, -1, 0) != MAP_FAILED) return ZX_OK;
  return HostStatus(errno);
}

zx_status_t ReserveHostGap(uint64_t begin, uint64_t end, uint64_t length, uint64_t alignment,
                           uint64_t* address) {
  // No place that ends above `end` will do.
  while (end >= length) {
    const uint64_t candidate = (end - length) / alignment * alignment;
    if (candidate < begin) break;
    const zx_status_t status = ReserveHostRange(candidate, length);
    if (status == ZX_OK) *address = candidate;
    if (status != ZX_ERR_ALREADY_EXISTS) return status;
    // Every place that ends above the lowest page that is taken there holds that page.
    const uint64_t taken = LowestTaken(candidate, length);
    end = taken > candidate ? taken : BeginOfTaken(begin, candidate);
  }
  return ZX_ERR_NO_RESOURCES;
}

}  // namespace zircon::objects
