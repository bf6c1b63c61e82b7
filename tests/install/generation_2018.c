// A program written for the generation of 2018, as its build says: a VMO of that time can be
// executed, and a packet of an access to memory has the bytes of the instruction.

#define ZX_API_2018

#include <stddef.h>
#include <zircon/syscalls.h>

#include "expect.h"

int main(void) {
  zx_handle_t vmo = ZX_HANDLE_INVALID;
  EXPECT(zx_vmo_create(4096, ZX_VMO_NON_RESIZABLE, &vmo) == ZX_OK);
  zx_info_handle_basic_t basic;
  EXPECT(zx_object_get_info(vmo, ZX_INFO_HANDLE_BASIC, &basic, sizeof(basic), NULL, NULL) == ZX_OK);
  EXPECT(basic.rights == 0xD0FF);
  EXPECT(basic.props == ZX_OBJ_PROP_WAITABLE);
  EXPECT(_zx_handle_close(vmo) == ZX_OK);
  // Bit 1 is of the current generation: this is the other function, under its second name too.
  EXPECT(zx_vmo_create(4096, 2, &vmo) == ZX_ERR_INVALID_ARGS);
  EXPECT(_zx_vmo_create(4096, 2, &vmo) == ZX_ERR_INVALID_ARGS);
  EXPECT(offsetof(zx_port_packet_t, guest_mem.inst_buf) == 25);
  zx_port_packet_t packet;
  EXPECT(zx_vcpu_resume(ZX_HANDLE_INVALID, &packet) == ZX_ERR_BAD_HANDLE);
  return expect_mistakes != 0;
}
