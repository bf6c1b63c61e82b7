#include "objects/process_space.h"

#include <sys/auxv.h>
#include <sys/mman.h>

#include <bit>
#include <cerrno>
#include <utility>

#include "base/log.h"
#include "objects/host_status.h"
#include "objects/pages.h"

namespace zircon::objects {
namespace {

constexpr uint64_t kLowest = 64 * 1024;

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

}  // namespace

ProcessSpace::ProcessSpace() : AddressSpace(kLowest, HighestEnd() - kLowest) {}

zx_status_t ProcessSpace::Map(uint64_t* address, uint64_t length, bool fixed, bool overwrite,
                              const Mapping& mapping) {
  int flags = MAP_SHARED;
  if (fixed) flags |= overwrite ? MAP_FIXED : MAP_FIXED_NOREPLACE;
  void* const wanted = fixed ? Pointer(*address) : nullptr;
  void* const mapped = mmap(wanted, length, HostProtection(mapping.permissions), flags,
                            mapping.vmo->fd(), static_cast<off_t>(mapping.vmo_offset));
  if (mapped == MAP_FAILED) {
    // The kernel does not tell a full space from a lack of memory; where it may choose the address,
    // no place of that size is the likely reason.
    if (errno == ENOMEM && !fixed) return ZX_ERR_NO_RESOURCES;
    return HostStatus(errno);
  }
  if (fixed && mapped != wanted) {
    // A kernel before 4.17 takes the address for a hint.
    munmap(mapped, length);
    return ZX_ERR_ALREADY_EXISTS;
  }
  if (madvise(mapped, length, MADV_DONTFORK) != 0) {
    LOG_WARN("a mapping of a VMO will be inherited by forked children: errno {}", errno);
  }
  *address = reinterpret_cast<uint64_t>(mapped);
  return ZX_OK;
}

void ProcessSpace::Unmap(uint64_t address, uint64_t length) {
  // Only fails where a mapping would have to be split and the process has as many as it may.
  if (munmap(Pointer(address), length) != 0) {
    LOG_ERROR("cannot unmap {} bytes at {:#x}: errno {}", length, address, errno);
  }
}

zx_status_t ProcessSpace::Protect(uint64_t address, uint64_t length, Permissions permissions) {
  if (mprotect(Pointer(address), length, HostProtection(permissions)) != 0) {
    return HostStatus(errno);
  }
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
