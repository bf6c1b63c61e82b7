// memory_on_demand: a guest gets memory where it touches some.
//
// An access to a place that has neither memory nor a trap changes nothing: zx_vcpu_enter() returns
// ZX_ERR_NOT_FOUND, with the guest still at the instruction. The VMM maps memory there, from any
// thread and at any time, and enters again. The guest writes to three places of 256 MiB that it
// believes to have:
//
//   mapped 2 MiB at 0x10000000
//   mapped 2 MiB at 0x14000000
//   mapped 2 MiB at 0x1c000000
//   the guest wrote 1 2 3, and has 6 MiB of 256

#include "../guest.h"

#define WINDOW 0x10000000u
#define WINDOW_SIZE 0x10000000u
#define PIECE 0x200000u
#define END_PORT 0x10

// The address of each access is in RBX.
GUEST_CODE(code,
           "mov ebx, 0x10000000\n"
           "mov dword ptr [rbx], 1\n"
           "mov ebx, 0x14000123\n"
           "mov dword ptr [rbx], 2\n"
           "mov ebx, 0x1c000ff0\n"
           "mov dword ptr [rbx], 3\n"
           "out 0x10, al");

// The status does not say where: the guest's registers do, for who knows its code; else a VMM
// decodes the instruction.
static uint64_t AccessedAddress(zx_handle_t vcpu) {
  zx_vcpu_state_t state;
  Check(zx_vcpu_read_state(vcpu, ZX_VCPU_STATE, &state, sizeof(state)), "zx_vcpu_read_state");
  return state.rbx;
}

static void MapPiece(zx_handle_t space, zx_handle_t memory, uint64_t address) {
  zx_vaddr_t mapped;
  address &= ~(uint64_t)(PIECE - 1);
  // ZX_VM_SPECIFIC: exactly there. The VMO is as large as the window; its pages are the host's only
  // once touched.
  Check(zx_vmar_map(space, ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_SPECIFIC, address, memory,
                    address - WINDOW, PIECE, &mapped),
        "zx_vmar_map");
  printf("mapped 2 MiB at %#llx\n", (unsigned long long)mapped);
}

int main(void) {
  Guest guest = MakeGuest(code, code_end);
  zx_handle_t memory, vcpu;
  zx_port_packet_t packet;
  int pieces = 0;
  Check(zx_vmo_create(WINDOW_SIZE, 0, &memory), "zx_vmo_create");
  Check(zx_guest_set_trap(guest.guest, ZX_GUEST_TRAP_IO, END_PORT, 1, ZX_HANDLE_INVALID, 0),
        "zx_guest_set_trap");
  Check(zx_vcpu_create(guest.guest, 0, CODE, &vcpu), "zx_vcpu_create");
  for (;;) {
    const zx_status_t status = zx_vcpu_enter(vcpu, &packet);
    if (status != ZX_ERR_NOT_FOUND) {
      Check(status, "zx_vcpu_enter");
      break;
    }
    const uint64_t address = AccessedAddress(vcpu);
    if (address < WINDOW || address - WINDOW >= WINDOW_SIZE) {
      fprintf(stderr, "the guest uses memory that it was not promised\n");
      return EXIT_FAILURE;
    }
    MapPiece(guest.space, memory, address);
    ++pieces;
  }

  uint32_t written[3];
  Check(zx_vmo_read(memory, &written[0], 0, sizeof(written[0])), "zx_vmo_read");
  Check(zx_vmo_read(memory, &written[1], 0x4000123, sizeof(written[1])), "zx_vmo_read");
  Check(zx_vmo_read(memory, &written[2], 0xc000ff0, sizeof(written[2])), "zx_vmo_read");
  printf("the guest wrote %u %u %u, and has %d MiB of 256\n", written[0], written[1], written[2],
         2 * pieces);
  zx_handle_close(vcpu);
  zx_handle_close(memory);
  zx_handle_close(guest.space);
  zx_handle_close(guest.guest);
  return EXIT_SUCCESS;
}
