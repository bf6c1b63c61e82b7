// Compiled with ZX_API_2018: what a VMM of that time writes.

#include "generation_2018.h"

#include <string.h>
#include <zircon/syscalls.h>
#include <zircon/syscalls/hypervisor.h>
#include <zircon/syscalls/object.h>
#include <zircon/syscalls/port.h>

static uint8_t all_zero(const void* bytes, size_t size) {
  for (size_t i = 0; i < size; i++) {
    if (((const unsigned char*)bytes)[i] != 0) return 0;
  }
  return 1;
}

static void copy_out(const zx_port_packet_t* from, struct packet_2018* to) {
  memset(to, 0, sizeof(*to));
  to->key = from->key;
  to->type = from->type;
  to->status = from->status;
  if (ZX_PKT_IS_GUEST_MEM(from->type)) {
    const zx_packet_guest_mem_t* mem = &from->guest_mem;
    to->addr = mem->addr;
    to->inst_len = mem->inst_len;
    memcpy(to->inst_buf, mem->inst_buf, X86_MAX_INST_LEN);
    to->default_operand_size = mem->default_operand_size;
    to->rest_is_zero = all_zero(mem->reserved, sizeof(mem->reserved));
  } else if (ZX_PKT_IS_GUEST_IO(from->type)) {
    const zx_packet_guest_io_t* io = &from->guest_io;
    to->port = io->port;
    to->access_size = io->access_size;
    to->input = io->input ? 1 : 0;
    to->data = io->u32;
    to->rest_is_zero = io->reserved0 == 0 && io->reserved1 == 0 && io->reserved2 == 0;
  } else if (ZX_PKT_IS_GUEST_VCPU(from->type)) {
    const zx_packet_guest_vcpu_t* vcpu = &from->guest_vcpu;
    to->vcpu_type = vcpu->type;
    to->rest_is_zero = all_zero(vcpu->padding1, sizeof(vcpu->padding1)) != 0 && vcpu->reserved == 0;
    if (vcpu->type == ZX_PKT_GUEST_VCPU_STARTUP) {
      to->id = vcpu->startup.id;
      to->entry = vcpu->startup.entry;
    } else {
      to->mask = vcpu->interrupt.mask;
      to->vector = vcpu->interrupt.vector;
    }
  }
}

static zx_status_t enter_by(zx_status_t (*call)(zx_handle_t, zx_port_packet_t*), zx_handle_t vcpu,
                            struct packet_2018* packet) {
  zx_port_packet_t filled;
  memset(&filled, 0xEE, sizeof(filled));
  const zx_status_t status = call(vcpu, &filled);
  if (status == ZX_OK) copy_out(&filled, packet);
  return status;
}

zx_status_t resume_2018(zx_handle_t vcpu, struct packet_2018* packet) {
  return enter_by(zx_vcpu_resume, vcpu, packet);
}

zx_status_t enter_2018(zx_handle_t vcpu, struct packet_2018* packet) {
  return enter_by(_zx_vcpu_enter, vcpu, packet);
}

zx_status_t vmo_create_2018(uint64_t size, uint32_t options, zx_handle_t* out) {
  return zx_vmo_create(size, options, out);
}

zx_status_t handle_basic_2018(zx_handle_t handle, zx_rights_t* rights, uint32_t* props) {
  zx_info_handle_basic_t info;
  const zx_status_t status =
      zx_object_get_info(handle, ZX_INFO_HANDLE_BASIC, &info, sizeof(info), NULL, NULL);
  if (status != ZX_OK) return status;
  *rights = info.rights;
  *props = info.props;
  return ZX_OK;
}
