// Pointers that a caller hands in: never trusted, never followed before the kernel has said that
// they may be. A wild pointer gives ZX_ERR_INVALID_ARGS, not a signal (contract: PTR-*).
//
// A probe asks the kernel by a call that answers EFAULT without changing the memory. Pages that
// were found good are remembered: the last two by each thread, in two instructions' reach, and many
// by the process (proven_pages.h). They are forgotten when the library itself changes pages
// (base/page_epoch.h); a page that the program unmaps without it is a listed difference, and a
// program that wants none chooses to have nothing remembered (pointer_checks.h).
//
//                       | pages remembered                     | strict
//   --------------------+--------------------------------------+-------------------------------
//   CopyIn, CopyOut,    | a probe for what is not known, then  | the kernel copies, so that
//   Put: up to a page   | a plain copy                         | memory which another thread
//   --------------------+--------------------------------------+ unmaps at the same moment is
//   larger, of pieces   | the kernel copies, all pieces with   | an error too
//   too                 | one call                             |
//   --------------------+--------------------------------------+-------------------------------
//   Can…Cached          | a probe for what is not known        | a probe
//
//   if (!user::CanWriteCached(packet, sizeof(*packet))) return ZX_ERR_INVALID_ARGS;
//
// The last are for the calls that write in place: vcpu_enter, read_state, port_wait and their like.
//
// Thread safety: any thread.

#pragma once

#include <sys/uio.h>
#include <zircon/types.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>

#include "base/page_epoch.h"
#include "syscalls/proven_pages.h"

namespace zircon::user {

// Whether every byte of [address, address + size) may be read, or written, now. Size 0 is always
// good; NULL otherwise never.
bool CanRead(const void* address, size_t size);
bool CanWrite(void* address, size_t size);
// The same, remembering good pages.
bool CanReadCached(const void* address, size_t size);
bool CanWriteCached(void* address, size_t size);

// Copies, checked; ZX_ERR_INVALID_ARGS when the pointer is bad (NULL included, unless size is 0).
// Of a range that is good only in part, part may have been copied.
[[nodiscard]] zx_status_t CopyIn(void* to, const void* user_from, size_t size);
[[nodiscard]] zx_status_t CopyOut(void* user_to, const void* from, size_t size);
// As CopyIn(), one piece behind the other; `size` is of all of them, and none is empty. They are
// used up.
[[nodiscard]] zx_status_t CopyInPieces(void* to, std::span<iovec> pieces, size_t size);

// Of a structure that grows: `have` bytes, and zeros up to `size`, which is no less: what a program
// that knows a later, larger one gets.
[[nodiscard]] zx_status_t CopyOutGrown(void* user_to, size_t size, const void* from, size_t have);

namespace internal {

// Permissions change by pages; where pages are larger than this, they are probed more than once.
inline constexpr int kPageShift = ProvenPages::kPageShift;

// Two pages, for what straddles a boundary.
struct PageCache {
  static constexpr uintptr_t kNone = UINTPTR_MAX;  // no page number is that large
  uintptr_t newest = kNone;
  uintptr_t other = kNone;
  uint64_t epoch = 0;  // of both; 0: of none

  bool Holds(uintptr_t page) const { return page == newest || page == other; }
  // Whether [address, address + size), not empty, lies in remembered pages.
  bool Covers(uintptr_t address, size_t size) const {
    const uintptr_t first = address >> kPageShift;
    const uintptr_t last = (address + (size - 1)) >> kPageShift;
    return Holds(first) && (last == first || (last == first + 1 && Holds(last))) &&
           epoch == base::PageEpoch();
  }
};

// Constant-initialised and of the initial-exec model: an access is one instruction, without a guard
// and without a call, also in the shared library. 48 bytes of the loader's static TLS reserve.
extern constinit thread_local PageCache t_readable __attribute__((tls_model("initial-exec")));
extern constinit thread_local PageCache t_writable __attribute__((tls_model("initial-exec")));

bool ProbeReadAndRemember(const void* address, size_t size);
bool ProbeWriteAndRemember(void* address, size_t size);

}  // namespace internal

// Where the thread's own two pages say so; false says nothing.
inline bool IsKnownWritable(const void* address, size_t size) {
  return internal::t_writable.Covers(reinterpret_cast<uintptr_t>(address), size);
}

inline bool CanReadCached(const void* address, size_t size) {
  return size == 0 || internal::t_readable.Covers(reinterpret_cast<uintptr_t>(address), size) ||
         internal::ProbeReadAndRemember(address, size);
}

inline bool CanWriteCached(void* address, size_t size) {
  return size == 0 || internal::t_writable.Covers(reinterpret_cast<uintptr_t>(address), size) ||
         internal::ProbeWriteAndRemember(address, size);
}

// One value, as by CopyOut().
template <typename T>
[[nodiscard]] zx_status_t Put(T* user_to, const std::type_identity_t<T>& value) {
  if (!internal::t_writable.Covers(reinterpret_cast<uintptr_t>(user_to), sizeof(T))) {
    return CopyOut(user_to, &value, sizeof(T));
  }
  std::memcpy(user_to, &value, sizeof(T));
  return ZX_OK;
}

}  // namespace zircon::user
