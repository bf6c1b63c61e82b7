// timer_interrupt: a device that interrupts its guest.
//
// A thread of this program is a timer: every 10 ms it calls zx_vcpu_interrupt(). The guest sleeps
// in HLT, so that the VCPU's thread takes no processor time; at each interrupt its handler counts
// and tells:
//
//   tick 1
//   tick 2
//   tick 3
//
// What a guest needs for an interrupt: a stack, a code segment in a GDT, and an IDT with a gate for
// the vector.

#include <pthread.h>
#include <stdatomic.h>

#include "../guest.h"

#define VECTOR 0x40
#define TICK_PORT 0x10
#define TICKS 3

GUEST_CODE(code,
           "mov esp, 0x80000\n"
           "lgdt [0x4100]\n"
           "lidt [0x4110]\n"
           // A new code segment: the first one has no selector to come back to.
           "push 8\n"
           "lea rax, [rip + guest_halt]\n"
           "push rax\n"
           ".byte 0x48, 0xCB\n"  // far return
           "guest_halt:\n"
           "sti\n"
           "hlt\n"
           "jmp guest_halt\n"
           "guest_handler:\n"
           "inc ebx\n"
           "mov al, bl\n"
           "out 0x10, al\n"
           "iretq");
extern const uint8_t guest_handler[] __attribute__((visibility("hidden")));

// Lays out the tables that the guest's first instructions load.
static void WriteTables(uint8_t* memory) {
  enum { kIdt = 0x3000, kGdt = 0x4000, kGdtPointer = 0x4100, kIdtPointer = 0x4110 };
  const uint64_t code_segment = 0x00209A0000000000;  // 64-bit, present, ring 0, executable.
  memcpy(memory + kGdt + 8, &code_segment, 8);
  // An interrupt gate: the handler's address in three pieces around the selector and the type.
  const uint64_t handler = CODE + (uint64_t)(guest_handler - code);
  const uint64_t gate[2] = {
      (handler & 0xFFFF) | 8u << 16 | (uint64_t)0x8E00 << 32 | (handler >> 16 & 0xFFFF) << 48,
      handler >> 32};
  memcpy(memory + kIdt + 16 * VECTOR, gate, sizeof(gate));
  // What LGDT and LIDT take: a limit of 2 bytes, an address of 8.
  const struct {
    uint64_t at, address;
    uint16_t limit;
  } pointers[] = {{kGdtPointer, kGdt, 15}, {kIdtPointer, kIdt, 0xFFF}};
  for (int i = 0; i < 2; ++i) {
    memcpy(memory + pointers[i].at, &pointers[i].limit, 2);
    memcpy(memory + pointers[i].at + 2, &pointers[i].address, 8);
  }
}

// The device. Requests that come before the guest has taken the last one are one, so a guest that
// is slow misses ticks, and never drowns in them.
static atomic_bool stop;
static void* RunTimer(void* vcpu) {
  while (!atomic_load(&stop)) {
    zx_nanosleep(zx_deadline_after(ZX_MSEC(10)));
    Check(zx_vcpu_interrupt(*(zx_handle_t*)vcpu, VECTOR), "zx_vcpu_interrupt");
  }
  return NULL;
}

int main(void) {
  Guest guest = MakeGuest(code, code_end);
  zx_handle_t vcpu;
  zx_port_packet_t packet;
  pthread_t timer;
  WriteTables(guest.memory);
  Check(zx_guest_set_trap(guest.guest, ZX_GUEST_TRAP_IO, TICK_PORT, 1, ZX_HANDLE_INVALID, 0),
        "zx_guest_set_trap");
  Check(zx_vcpu_create(guest.guest, 0, CODE, &vcpu), "zx_vcpu_create");
  if (pthread_create(&timer, NULL, RunTimer, &vcpu) != 0) {
    return EXIT_FAILURE;
  }
  for (int tick = 0; tick < TICKS; ++tick) {
    Check(zx_vcpu_enter(vcpu, &packet), "zx_vcpu_enter");
    printf("tick %d\n", packet.guest_io.u8);
  }
  atomic_store(&stop, true);
  pthread_join(timer, NULL);
  zx_handle_close(vcpu);
  zx_handle_close(guest.space);
  zx_handle_close(guest.guest);
  return EXIT_SUCCESS;
}
