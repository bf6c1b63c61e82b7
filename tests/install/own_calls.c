// A program that puts itself between its own code and the library: it defines zx_handle_close() and
// zx_vmo_create(), counts, and calls on through the second names. ABI-2.

#include <zircon/syscalls.h>

#include "expect.h"

static int closed = 0;
static int created = 0;

zx_status_t zx_handle_close(zx_handle_t handle) {
  ++closed;
  return _zx_handle_close(handle);
}

zx_status_t zx_vmo_create(uint64_t size, uint32_t options, zx_handle_t* out) {
  ++created;
  return _zx_vmo_create(size * 2, options, out);
}

int main(void) {
  zx_handle_t vmo = ZX_HANDLE_INVALID;
  uint64_t size = 0;
  EXPECT(zx_vmo_create(4096, 0, &vmo) == ZX_OK);
  EXPECT(zx_vmo_get_size(vmo, &size) == ZX_OK && size == 8192);
  EXPECT(zx_handle_close(vmo) == ZX_OK);
  EXPECT(zx_handle_close(vmo) == ZX_ERR_BAD_HANDLE);
  EXPECT(created == 1 && closed == 2);
  // The library's own work does not pass through them.
  EXPECT(_zx_vmo_create(4096, 0, &vmo) == ZX_OK);
  EXPECT(_zx_handle_close(vmo) == ZX_OK);
  zx_handle_t handles[2] = {ZX_HANDLE_INVALID, ZX_HANDLE_INVALID};
  EXPECT(_zx_vmo_create(4096, 0, &handles[0]) == ZX_OK);
  EXPECT(zx_handle_close_many(handles, 2) == ZX_OK);
  EXPECT(created == 1 && closed == 2);
  return expect_mistakes != 0;
}
