#include "syscalls/user_memory.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <limits>

#include "base/thread_id.h"
#include "syscalls/pointer_checks.h"
#include "syscalls/proven_pages.h"

namespace zircon::user {
namespace {

// Also the largest piece that is copied plainly.
constexpr uintptr_t kPageSize = uintptr_t{1} << internal::kPageShift;

// Both probes count any other error than EFAULT as good: where the kernel or a filter refuses the
// probe itself, pointers are taken as they come.

// An argument check that happens after the kernel has copied the set from there: 8 bytes, all in
// one page since the address is a multiple of 8.
bool WordReadable(uintptr_t address) {
  constexpr int kNoSuchHow = -1;
  constexpr size_t kKernelSetSize = 8;
  return syscall(SYS_rt_sigprocmask, kNoSuchHow, address, nullptr, kKernelSetSize) == 0 ||
         errno != EFAULT;
}

// Adds 0, atomically, to the word there. The call may also wake one waiter of each word, for which
// waiters have to be prepared anyway; on the first word nobody can wait.
bool WordWritable(uintptr_t address) {
  uint32_t own_word = 0;
  constexpr unsigned kAddZero = FUTEX_OP(FUTEX_OP_ADD, 0, FUTEX_OP_CMP_EQ, 0);
  return syscall(SYS_futex, &own_word, FUTEX_WAKE_OP | FUTEX_PRIVATE_FLAG, 0, nullptr, address,
                 kAddZero) >= 0 ||
         errno != EFAULT;
}

// One word of each page; in the first page one inside of the range where possible.
bool EveryPage(uintptr_t address, size_t size, bool (*probe)(uintptr_t)) {
  if (size == 0) return true;
  // The first page is nobody's, and the kernel takes a null pointer for none at all.
  if (address < kPageSize) return false;
  const uintptr_t last = address + (size - 1);
  if (last < address) return false;
  // Errors of the probes stay inside.
  const int saved_errno = errno;
  uintptr_t word = address & ~uintptr_t{7};
  bool good = probe(word);
  while (good && last - word >= kPageSize - word % kPageSize) {
    word = (word & ~(kPageSize - 1)) + kPageSize;
    good = probe(word);
  }
  errno = saved_errno;
  return good;
}

void Remember(internal::PageCache& cache, uintptr_t page) {
  if (cache.Holds(page)) return;
  cache.other = cache.newest;
  cache.newest = page;
}

void RememberEnds(internal::PageCache& cache, uint64_t epoch, uintptr_t address, size_t size) {
  if (cache.epoch != epoch) cache = {.epoch = epoch};
  Remember(cache, address >> internal::kPageShift);
  Remember(cache, (address + (size - 1)) >> internal::kPageShift);
}

constinit ProvenPages g_proven;

// `size` is not 0, and the thread's own two pages do not tell.
bool ProbeAndRemember(uintptr_t address, size_t size, ProvenPages::Access access,
                      internal::PageCache& cache) {
  // In this order: what is remembered by a choice that is over is of an epoch that is over.
  const uint64_t epoch = base::PageEpochToRemember();
  const bool remembered = PagesAreRemembered();
  const bool known = remembered && g_proven.Covers(address, size, access, epoch);
  const bool is_read = access == ProvenPages::kRead;
  if (!known && !EveryPage(address, size, is_read ? WordReadable : WordWritable)) return false;
  if (!remembered) return true;
  if (!known) g_proven.Add(address, size, access, epoch);
  RememberEnds(cache, epoch, address, size);
  return true;
}

enum class Copied { kAll, kFault, kRefused };

// Set once the kernel has said that it will never copy for us (a filter, or not built in).
std::atomic<bool> g_kernel_copy_refused{false};

// Says why the kernel has not copied, and takes note where it never will. `done` as the call gave.
Copied WhyNot(ssize_t done) {
  if (done < 0 && errno == EFAULT) return Copied::kFault;
  // relaxed: a hint.
  if (done < 0 && (errno == EPERM || errno == ENOSYS)) {
    g_kernel_copy_refused.store(true, std::memory_order_relaxed);
  }
  return Copied::kRefused;
}

// What is left of the pieces when `done` bytes of them have been copied; the kernel stops anywhere.
std::span<iovec> Rest(std::span<iovec> pieces, size_t done) {
  while (!pieces.empty() && done >= pieces.front().iov_len) {
    done -= pieces.front().iov_len;
    pieces = pieces.subspan(1);
  }
  if (done != 0) {
    pieces.front().iov_base = static_cast<char*>(pieces.front().iov_base) + done;
    pieces.front().iov_len -= done;
  }
  return pieces;
}

// `call` is process_vm_readv or process_vm_writev; one call, where the kernel does not stop before
// the end, for as many pieces as it takes at once. By thread id: the process's own id is that of
// its first thread, which may have ended and has no memory then. `own` and `user` come to what is
// left; no piece is empty.
template <typename Call>
Copied CopyByKernel(Call call, char*& own, std::span<iovec>& user, size_t size) {
  // relaxed: a hint.
  if (g_kernel_copy_refused.load(std::memory_order_relaxed)) return Copied::kRefused;
  constexpr size_t kMostPieces = 1024;  // UIO_MAXIOV
  const int saved_errno = errno;
  Copied result = Copied::kAll;
  while (size != 0) {
    const iovec here{own, size};
    const size_t count = std::min(user.size(), kMostPieces);
    const ssize_t done = call(base::ThreadId(), &here, 1, user.data(), count, 0);
    if (done <= 0) {
      result = WhyNot(done);
      break;
    }
    own += done;
    size -= static_cast<size_t>(done);
    user = Rest(user, static_cast<size_t>(done));
  }
  errno = saved_errno;
  return result;
}

template <typename Call>
Copied CopyByKernel(Call call, char* own, char* user, size_t size) {
  iovec piece{user, size};
  std::span<iovec> there(&piece, 1);
  return CopyByKernel(call, own, there, size);
}

// No object is larger; the kernel's own limit for one vector.
bool IsAbsurd(size_t size) {
  return size > static_cast<size_t>(std::numeric_limits<ptrdiff_t>::max());
}

}  // namespace

namespace internal {

constinit thread_local PageCache t_readable;
constinit thread_local PageCache t_writable;

bool ProbeReadAndRemember(const void* address, size_t size) {
  return ProbeAndRemember(reinterpret_cast<uintptr_t>(address), size, ProvenPages::kRead,
                          t_readable);
}

bool ProbeWriteAndRemember(void* address, size_t size) {
  return ProbeAndRemember(reinterpret_cast<uintptr_t>(address), size, ProvenPages::kWrite,
                          t_writable);
}

}  // namespace internal

bool CanRead(const void* address, size_t size) {
  return EveryPage(reinterpret_cast<uintptr_t>(address), size, WordReadable);
}

bool CanWrite(void* address, size_t size) {
  return EveryPage(reinterpret_cast<uintptr_t>(address), size, WordWritable);
}

zx_status_t CopyIn(void* to, const void* user_from, size_t size) {
  if (size == 0) return ZX_OK;
  if (size <= kPageSize && PagesAreRemembered()) {
    if (!CanReadCached(user_from, size)) return ZX_ERR_INVALID_ARGS;
    std::memcpy(to, user_from, size);
    return ZX_OK;
  }
  if (user_from == nullptr || IsAbsurd(size)) return ZX_ERR_INVALID_ARGS;
  char* own = static_cast<char*>(to);
  char* user = static_cast<char*>(const_cast<void*>(user_from));
  switch (CopyByKernel(process_vm_readv, own, user, size)) {
    case Copied::kAll:
      return ZX_OK;
    case Copied::kFault:
      return ZX_ERR_INVALID_ARGS;
    case Copied::kRefused:
      break;
  }
  if (!CanRead(user_from, size)) return ZX_ERR_INVALID_ARGS;
  std::memcpy(to, user_from, size);
  return ZX_OK;
}

zx_status_t CopyOut(void* user_to, const void* from, size_t size) {
  if (size == 0) return ZX_OK;
  if (size <= kPageSize && PagesAreRemembered()) {
    if (!CanWriteCached(user_to, size)) return ZX_ERR_INVALID_ARGS;
    std::memcpy(user_to, from, size);
    return ZX_OK;
  }
  if (user_to == nullptr || IsAbsurd(size)) return ZX_ERR_INVALID_ARGS;
  char* own = static_cast<char*>(const_cast<void*>(from));
  switch (CopyByKernel(process_vm_writev, own, static_cast<char*>(user_to), size)) {
    case Copied::kAll:
      return ZX_OK;
    case Copied::kFault:
      return ZX_ERR_INVALID_ARGS;
    case Copied::kRefused:
      break;
  }
  if (!CanWrite(user_to, size)) return ZX_ERR_INVALID_ARGS;
  std::memcpy(user_to, from, size);
  return ZX_OK;
}

zx_status_t CopyInPieces(void* to, std::span<iovec> pieces, size_t size) {
  char* at = static_cast<char*>(to);
  if (size > kPageSize || !PagesAreRemembered()) {
    switch (CopyByKernel(process_vm_readv, at, pieces, size)) {
      case Copied::kAll:
        return ZX_OK;
      case Copied::kFault:
        return ZX_ERR_INVALID_ARGS;
      case Copied::kRefused:
        break;
    }
  }
  for (const iovec& piece : pieces) {
    const zx_status_t status = CopyIn(at, piece.iov_base, piece.iov_len);
    if (status != ZX_OK) return status;
    at += piece.iov_len;
  }
  return ZX_OK;
}

zx_status_t CopyOutGrown(void* user_to, size_t size, const void* from, size_t have) {
  static constexpr char kZeros[256] = {};
  zx_status_t status = CopyOut(user_to, from, have);
  for (size_t at = have; status == ZX_OK && at < size; at += sizeof(kZeros)) {
    status = CopyOut(static_cast<char*>(user_to) + at, kZeros, std::min(sizeof(kZeros), size - at));
  }
  return status;
}

}  // namespace zircon::user
