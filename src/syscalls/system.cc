// zx_system_*, zx_cprng_*.

#include <sys/random.h>
#include <sys/sysinfo.h>
#include <unistd.h>
#include <zircon/syscalls.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "syscalls/syscall.h"
#include "syscalls/user_memory.h"

namespace user = zircon::user;

namespace {

constexpr char kVersion[] = "zircon-kvm " ZIRCON_KVM_VERSION;

// All of [bytes, bytes + size), however often it takes. The kernel's generator does not fail once
// it is seeded, and waits until then.
void DrawAll(uint8_t* bytes, size_t size) {
  while (size != 0) {
    const ssize_t drawn = getrandom(bytes, size, 0);
    if (drawn < 0) continue;  // a signal
    bytes += drawn;
    size -= static_cast<size_t>(drawn);
  }
}

}  // namespace

// Constant: what the host had when it started, whatever of it is switched off now.
ZIRCON_SYSCALL(uint32_t, system_get_num_cpus, void) {
  static const uint32_t count = static_cast<uint32_t>(std::max(1, get_nprocs_conf()));
  return count;
}

ZIRCON_SYSCALL(uint64_t, system_get_physmem, void) {
  static const uint64_t bytes = [] {
    struct sysinfo info {};
    return sysinfo(&info) == 0 ? uint64_t{info.totalram} * info.mem_unit : 0;
  }();
  return bytes;
}

ZIRCON_SYSCALL(uint32_t, system_get_page_size, void) { return 4096; }

ZIRCON_SYSCALL(uint32_t, system_get_dcache_line_size, void) {
  static const uint32_t bytes = [] {
    const long line = sysconf(_SC_LEVEL1_DCACHE_LINESIZE);
    return line > 0 ? static_cast<uint32_t>(line) : 64u;
  }();
  return bytes;
}

ZIRCON_SYSCALL(zx_status_t, system_get_features, uint32_t kind, uint32_t* features) {
  if (kind != ZX_FEATURE_KIND_CPU) return ZX_ERR_NOT_SUPPORTED;
  return user::Put(features, ZX_HAS_CPU_FEATURES);
}

ZIRCON_SYSCALL(zx_status_t, system_get_version, char* version, size_t version_size) {
  if (version_size < sizeof(kVersion)) return ZX_ERR_BUFFER_TOO_SMALL;
  return user::CopyOut(version, kVersion, sizeof(kVersion));
}

ZIRCON_SYSCALL(zx_string_view_t, system_get_version_string, void) {
  return {kVersion, sizeof(kVersion) - 1};
}

// There is no status to give: what cannot be written is not.
ZIRCON_SYSCALL(void, cprng_draw, void* buffer, size_t buffer_size) {
  uint8_t piece[ZX_CPRNG_DRAW_MAX_LEN];
  auto* to = static_cast<uint8_t*>(buffer);
  while (buffer_size != 0) {
    const size_t size = std::min(buffer_size, sizeof(piece));
    DrawAll(piece, size);
    if (user::CopyOut(to, piece, size) != ZX_OK) break;
    to += size;
    buffer_size -= size;
  }
  explicit_bzero(piece, sizeof(piece));
}

// The kernel mixes in what is written to it, and counts none of it.
ZIRCON_SYSCALL(zx_status_t, cprng_add_entropy, const void* buffer, size_t buffer_size) {
  if (buffer_size > ZX_CPRNG_ADD_ENTROPY_MAX_LEN) return ZX_ERR_INVALID_ARGS;
  uint8_t piece[ZX_CPRNG_ADD_ENTROPY_MAX_LEN];
  const zx_status_t status = user::CopyIn(piece, buffer, buffer_size);
  if (status != ZX_OK) return status;
  FILE* const pool = std::fopen("/dev/urandom", "we");
  if (pool != nullptr) {
    (void)std::fwrite(piece, 1, buffer_size, pool);
    std::fclose(pool);
  }
  explicit_bzero(piece, sizeof(piece));
  return ZX_OK;
}
