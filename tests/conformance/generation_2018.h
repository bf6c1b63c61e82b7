// Calls as a program of the 2018 generation makes them. Such a program's packets have another
// layout under the same names, so those calls are made in a file of their own (C, compiled with
// ZX_API_2018), and what they gave is passed on in words that both generations know.

#ifndef ZIRCON_TESTS_CONFORMANCE_GENERATION_2018_H_
#define ZIRCON_TESTS_CONFORMANCE_GENERATION_2018_H_

#include <zircon/types.h>

ZX_DETAIL_C_BEGIN

// A packet, member by member; those of another type than the packet's are 0.
struct packet_2018 {
  uint64_t key;
  uint32_t type;
  zx_status_t status;
  // GUEST_MEM
  uint64_t addr;
  uint8_t inst_len;
  uint8_t inst_buf[15];
  uint8_t default_operand_size;
  // GUEST_IO
  uint16_t port;
  uint8_t access_size;
  uint8_t input;
  uint32_t data;
  // GUEST_VCPU
  uint8_t vcpu_type;
  uint64_t mask;
  uint8_t vector;
  uint64_t id;
  uint64_t entry;
  // Whether all reserved and padding bytes are 0.
  uint8_t rest_is_zero;
};

zx_status_t resume_2018(zx_handle_t vcpu, struct packet_2018* packet);
// By its younger name.
zx_status_t enter_2018(zx_handle_t vcpu, struct packet_2018* packet);
zx_status_t vmo_create_2018(uint64_t size, uint32_t options, zx_handle_t* out);
// ZX_INFO_HANDLE_BASIC.
zx_status_t handle_basic_2018(zx_handle_t handle, zx_rights_t* rights, uint32_t* props);

ZX_DETAIL_C_END

#endif  // ZIRCON_TESTS_CONFORMANCE_GENERATION_2018_H_
