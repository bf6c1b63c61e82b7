// zx_system_*, zx_cache_flush, zx_debug_write.

#include <sched.h>
#include <sys/sysinfo.h>
#include <unistd.h>
#include <zircon/syscalls.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/log.h"
#include "objects/proc_text.h"
#include "syscalls/syscall.h"
#include "syscalls/user_memory.h"

using zircon::objects::ProcText;
namespace user = zircon::user;

namespace {

constexpr char kVersion[] = "zircon-kvm " ZIRCON_KVM_VERSION;

// What is found out once and is not 0. Without a lock: who comes too early finds the same.
template <typename Find>
uint64_t FindOnce(std::atomic<uint64_t>* found, Find find) {
  // relaxed, both: the number is all there is.
  uint64_t value = found->load(std::memory_order_relaxed);
  if (value != 0) return value;
  const uint64_t fresh = find();
  return found->compare_exchange_strong(value, fresh, std::memory_order_relaxed) ? fresh : value;
}

// The processors that the host may ever have; the kernel's list is such as "0-3" or "0,2-5".
uint64_t CountProcessors() {
  const ProcText possible("/sys/devices/system/cpu/possible");
  uint64_t count = 0;
  const char* at = possible.text();
  while (*at >= '0' && *at <= '9') {
    char* end;
    const unsigned long first = std::strtoul(at, &end, 10);
    const unsigned long last = *end == '-' ? std::strtoul(end + 1, &end, 10) : first;
    count += last - first + 1;
    at = *end == ',' ? end + 1 : end;
  }
  if (count != 0) return count;
  cpu_set_t usable;
  return sched_getaffinity(0, sizeof(usable), &usable) == 0 ? CPU_COUNT(&usable) : 1;
}

}  // namespace

// Constant: what the host had when it started, whatever of it is switched off now.
ZIRCON_PURE_SYSCALL(uint32_t, system_get_num_cpus) {
  static constinit std::atomic<uint64_t> count{0};
  return static_cast<uint32_t>(FindOnce(&count, CountProcessors));
}

ZIRCON_PURE_SYSCALL(uint64_t, system_get_physmem) {
  static constinit std::atomic<uint64_t> bytes{0};
  return FindOnce(&bytes, [] {
    struct sysinfo info {};
    return sysinfo(&info) == 0 ? uint64_t{info.totalram} * info.mem_unit : 0;
  });
}

ZIRCON_PURE_SYSCALL(uint32_t, system_get_page_size) { return 4096; }

ZIRCON_PURE_SYSCALL(uint32_t, system_get_dcache_line_size) {
  static constinit std::atomic<uint64_t> bytes{0};
  return static_cast<uint32_t>(FindOnce(&bytes, [] {
    const long line = sysconf(_SC_LEVEL1_DCACHE_LINESIZE);
    return line > 0 ? static_cast<uint64_t>(line) : uint64_t{64};
  }));
}

ZIRCON_PURE_SYSCALL(zx_status_t, system_get_features, (uint32_t)kind, (uint32_t*)features) {
  if (kind != ZX_FEATURE_KIND_CPU) return ZX_ERR_NOT_SUPPORTED;
  return user::Put(features, ZX_HAS_CPU_FEATURES);
}

ZIRCON_PURE_SYSCALL(zx_status_t, system_get_version, (char*)version, (size_t)version_size) {
  if (version_size < sizeof(kVersion)) return ZX_ERR_BUFFER_TOO_SMALL;
  return user::CopyOut(version, kVersion, sizeof(kVersion));
}

ZIRCON_PURE_SYSCALL(zx_string_view_t, system_get_version_string) {
  return {kVersion, sizeof(kVersion) - 1};
}

ZIRCON_PURE_SYSCALL(zx_status_t, cache_flush, (const void*)addr, (size_t)size, (uint32_t)options) {
  constexpr uint32_t kAll = ZX_CACHE_FLUSH_INSN | ZX_CACHE_FLUSH_DATA | ZX_CACHE_FLUSH_INVALIDATE;
  if (options == 0 || (options & ~kAll) != 0) return ZX_ERR_INVALID_ARGS;
  const bool invalidates = (options & ZX_CACHE_FLUSH_INVALIDATE) != 0;
  if (invalidates && (options & ZX_CACHE_FLUSH_DATA) == 0) return ZX_ERR_INVALID_ARGS;
  // seq_cst: nothing that is written after it is seen before.
  std::atomic_thread_fence(std::memory_order_seq_cst);
  return ZX_OK;
}

ZIRCON_SYSCALL(zx_status_t, debug_write, (const char*)buffer, (size_t)buffer_size) {
  char text[256];
  size_t size = std::min(buffer_size, sizeof(text));
  const zx_status_t status = user::CopyIn(text, buffer, size);
  if (status != ZX_OK) return status;
  if (size != 0 && text[size - 1] == '\n') --size;
  // One line, whatever a terminal would make of it.
  std::replace_if(
      text, text + size, [](unsigned char c) { return c < ' ' || c == 0x7F; }, '.');
  LOG_INFO("{}", std::string_view(text, size));
  return ZX_OK;
}
