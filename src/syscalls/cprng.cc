// zx_cprng_draw, zx_cprng_add_entropy.

#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>
#include <zircon/syscalls.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/descriptor.h"
#include "base/log.h"
#include "syscalls/syscall.h"
#include "syscalls/user_memory.h"

namespace base = zircon::base;
namespace user = zircon::user;

namespace {

constexpr char kDevice[] = "/dev/urandom";

// All of [bytes, bytes + size), however often it takes; `draw` answers as read() does.
template <typename Draw>
bool DrawAll(uint8_t* bytes, size_t size, Draw draw) {
  while (size != 0) {
    const ssize_t drawn = draw(bytes, size);
    if (drawn < 0 && errno == EINTR) continue;
    if (drawn <= 0) return false;
    bytes += drawn;
    size -= static_cast<size_t>(drawn);
  }
  return true;
}

bool DrawFromDevice(uint8_t* bytes, size_t size) {
  const int fd = base::OpenFile(kDevice, O_RDONLY);
  if (fd < 0) return false;
  const bool drawn =
      DrawAll(bytes, size, [fd](uint8_t* to, size_t most) { return read(fd, to, most); });
  close(fd);
  return drawn;
}

// The kernel's generator does not fail once it is seeded, and waits until then; but a filter of
// system calls may not let us ask it.
bool DrawFromHost(uint8_t* bytes, size_t size) {
  return DrawAll(bytes, size,
                 [](uint8_t* to, size_t most) { return getrandom(to, most, /*flags=*/0); }) ||
         DrawFromDevice(bytes, size);
}

zx_status_t DrawPiece(uint8_t* bytes, size_t size) {
  if (DrawFromHost(bytes, size)) return ZX_OK;
  LOG_ERROR("zx_cprng_draw gives nothing: neither getrandom() nor {} works (errno {})", kDevice,
            errno);
  return ZX_ERR_IO;
}

}  // namespace

// There is no status to give: what cannot be drawn, or cannot be written, is not.
ZIRCON_PURE_SYSCALL(void, cprng_draw, (void*)buffer, (size_t)buffer_size) {
  const int saved_errno = errno;
  uint8_t piece[ZX_CPRNG_DRAW_MAX_LEN];
  auto* to = static_cast<uint8_t*>(buffer);
  while (buffer_size != 0) {
    const size_t size = std::min(buffer_size, sizeof(piece));
    if (DrawPiece(piece, size) != ZX_OK) break;
    if (user::CopyOut(to, piece, size) != ZX_OK) break;
    to += size;
    buffer_size -= size;
  }
  explicit_bzero(piece, sizeof(piece));
  errno = saved_errno;
}

ZIRCON_PURE_SYSCALL(zx_status_t, cprng_draw_once, (void*)buffer, (size_t)buffer_size) {
  if (buffer_size > ZX_CPRNG_DRAW_MAX_LEN) return ZX_ERR_INVALID_ARGS;
  const int saved_errno = errno;
  uint8_t piece[ZX_CPRNG_DRAW_MAX_LEN];
  zx_status_t status = DrawPiece(piece, buffer_size);
  if (status == ZX_OK) status = user::CopyOut(buffer, piece, buffer_size);
  explicit_bzero(piece, sizeof(piece));
  errno = saved_errno;
  return status;
}

// The kernel mixes in what is written to it, and counts none of it.
ZIRCON_PURE_SYSCALL(zx_status_t, cprng_add_entropy, (const void*)buffer, (size_t)buffer_size) {
  if (buffer_size > ZX_CPRNG_ADD_ENTROPY_MAX_LEN) return ZX_ERR_INVALID_ARGS;
  uint8_t piece[ZX_CPRNG_ADD_ENTROPY_MAX_LEN];
  const zx_status_t status = user::CopyIn(piece, buffer, buffer_size);
  if (status != ZX_OK) return status;
  const int saved_errno = errno;
  const int pool = base::OpenFile(kDevice, O_WRONLY);
  if (pool >= 0) {
    // Whether it was taken changes nothing for the caller.
    [[maybe_unused]] const ssize_t written = write(pool, piece, buffer_size);
    close(pool);
  }
  explicit_bzero(piece, sizeof(piece));
  errno = saved_errno;
  return ZX_OK;
}
