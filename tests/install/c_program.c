// A program in C of the current generation: a VMO, a port, and what the host functions say. No
// guest, so it runs without KVM too.

#include <string.h>
#include <zircon-kvm/host.h>
#include <zircon/status.h>
#include <zircon/syscalls.h>

#include "expect.h"

static void UseVmo(void) {
  zx_handle_t vmo = ZX_HANDLE_INVALID;
  uint64_t size = 0;
  char text[6] = "";
  EXPECT(zx_vmo_create(5000, 0, &vmo) == ZX_OK);
  EXPECT(zx_vmo_get_size(vmo, &size) == ZX_OK && size == 8192);
  EXPECT(zx_vmo_write(vmo, "hello", 4094, 6) == ZX_OK);
  EXPECT(zx_vmo_read(vmo, text, 4094, 6) == ZX_OK && strcmp(text, "hello") == 0);
  EXPECT(zx_vmo_read(vmo, text, 8192, 1) == ZX_ERR_OUT_OF_RANGE);
  zx_info_handle_basic_t basic;
  EXPECT(zx_object_get_info(vmo, ZX_INFO_HANDLE_BASIC, &basic, sizeof(basic), NULL, NULL) == ZX_OK);
  EXPECT(basic.type == ZX_OBJ_TYPE_VMO && (basic.rights & ZX_RIGHT_EXECUTE) == 0);
  EXPECT(zx_handle_close(vmo) == ZX_OK);
  EXPECT(zx_handle_close(vmo) == ZX_ERR_BAD_HANDLE);
}

static void UsePort(void) {
  zx_handle_t port = ZX_HANDLE_INVALID;
  zx_port_packet_t sent;
  zx_port_packet_t received;
  memset(&sent, 0, sizeof(sent));
  sent.key = 7;
  sent.type = ZX_PKT_TYPE_USER;
  sent.user.u64[3] = 9;
  EXPECT(zx_port_create(0, &port) == ZX_OK);
  EXPECT(zx_port_queue(port, &sent) == ZX_OK);
  EXPECT(zx_port_wait(port, ZX_TIME_INFINITE, &received) == ZX_OK);
  EXPECT(memcmp(&sent, &received, sizeof(sent)) == 0);
  EXPECT(zx_port_wait(port, 0, &received) == ZX_ERR_TIMED_OUT);
  EXPECT(zx_handle_close(port) == ZX_OK);
}

// Whatever this host can do, the two agree.
static void AskHost(void) {
  char words[512] = "";
  const zx_status_t can = zircon_kvm_check(words, sizeof(words));
  EXPECT(words[0] != '\0');
  zx_handle_t resource = ZX_HANDLE_INVALID;
  zx_handle_t guest = ZX_HANDLE_INVALID;
  zx_handle_t space = ZX_HANDLE_INVALID;
  EXPECT(zircon_kvm_hypervisor_resource(&resource) == ZX_OK);
  const zx_status_t created = zx_guest_create(resource, 0, &guest, &space);
  EXPECT(created == can);
  printf("%s (%s)\n", words, zx_status_get_string(can));
  if (created == ZX_OK) {
    EXPECT(zx_handle_close(space) == ZX_OK);
    EXPECT(zx_handle_close(guest) == ZX_OK);
  }
  EXPECT(zx_handle_close(resource) == ZX_OK);
}

int main(void) {
  UseVmo();
  UsePort();
  AskHost();
  EXPECT(strcmp(zircon_kvm_version(), WANTED_VERSION) == 0);
  return expect_mistakes != 0;
}
