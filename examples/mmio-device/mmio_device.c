// mmio_device: a device whose registers are memory.
//
// The device has two registers of 4 bytes: reading the first gives a number, writing the second
// prints one. The guest reads, doubles, writes:
//
//   the guest read 21 from the device
//   the guest wrote 42 to the device
//
// Its page is a trap of kind MEM: zx_vcpu_enter() returns with a packet for each access. The packet
// says where the guest accessed and which instruction did; the VMM decodes that instruction, for
// only it tells a load from a store, and which register is meant.

#include "../guest.h"

#define DEVICE 0x10000000u
enum { kNumberRegister = 0, kPrintRegister = 4 };
enum { kDeviceKey = 1, kEndKey = 2 };
#define END_PORT 0x10

GUEST_CODE(code,
           "mov ebx, 0x10000000\n"
           "mov eax, [rbx]\n"  // 8B /r: a load
           "lea ecx, [rax + rax]\n"
           "mov [rbx + 4], ecx\n"  // 89 /r: a store
           "out 0x10, al");

// ---- The device ----

static uint32_t DeviceRead(uint64_t offset) {
  const uint32_t value = offset == kNumberRegister ? 21 : 0;
  printf("the guest read %u from the device\n", value);
  return value;
}

static void DeviceWrite(uint64_t offset, uint32_t value) {
  if (offset == kPrintRegister) {
    printf("the guest wrote %u to the device\n", value);
  }
}

// ---- The VMM's side of an access ----

// This guest uses two instructions on its device; a VMM for any guest has a decoder for all (zvmm
// does, with Zydis).
static void HandleAccess(const Guest* guest, zx_handle_t vcpu,
                         const zx_packet_guest_mem_t* access) {
  // The guest's addresses are physical ones here; else a VMM walks the page tables from access->cr3
  // on.
  const uint8_t* instruction = guest->memory + access->rip;
  const uint64_t offset = access->addr - DEVICE;
  zx_vcpu_state_t state;
  Check(zx_vcpu_read_state(vcpu, ZX_VCPU_STATE, &state, sizeof(state)), "zx_vcpu_read_state");
  // The middle bits of the second byte number the register, in the order in which zx_vcpu_state_t
  // has them.
  uint64_t* const registers[] = {&state.rax, &state.rcx, &state.rdx, &state.rbx,
                                 &state.rsp, &state.rbp, &state.rsi, &state.rdi};
  uint64_t* const used = registers[(instruction[1] >> 3) & 7];
  switch (instruction[0]) {
    case 0x8B:  // A load: the destination is for the VMM to set. 4 bytes clear the upper 4.
      *used = DeviceRead(offset);
      Check(zx_vcpu_write_state(vcpu, ZX_VCPU_STATE, &state, sizeof(state)), "zx_vcpu_write_state");
      break;
    case 0x89:  // A store: nothing is owed.
      DeviceWrite(offset, (uint32_t)*used);
      break;
    default:
      fprintf(stderr, "an instruction that this VMM does not know, at %#llx\n",
              (unsigned long long)access->rip);
      exit(EXIT_FAILURE);
  }
}

int main(void) {
  Guest guest = MakeGuest(code, code_end);
  zx_handle_t vcpu;
  zx_port_packet_t packet;
  Check(zx_guest_set_trap(guest.guest, ZX_GUEST_TRAP_MEM, DEVICE, 0x1000, ZX_HANDLE_INVALID,
                          kDeviceKey),
        "zx_guest_set_trap");
  Check(zx_guest_set_trap(guest.guest, ZX_GUEST_TRAP_IO, END_PORT, 1, ZX_HANDLE_INVALID, kEndKey),
        "zx_guest_set_trap");
  Check(zx_vcpu_create(guest.guest, 0, CODE, &vcpu), "zx_vcpu_create");
  for (;;) {
    Check(zx_vcpu_enter(vcpu, &packet), "zx_vcpu_enter");
    if (packet.key == kEndKey) {
      break;
    }
    // The instruction is over: the next enter goes on behind it.
    HandleAccess(&guest, vcpu, &packet.guest_mem);
  }
  zx_handle_close(vcpu);
  zx_handle_close(guest.space);
  zx_handle_close(guest.guest);
  return EXIT_SUCCESS;
}
