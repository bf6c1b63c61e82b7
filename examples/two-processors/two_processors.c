// two_processors: the guest starts a second processor, as PC kernels do.
//
// The first processor writes the interrupt command register of its APIC: INIT, then STARTUP with
// the page where the other is to begin. zx_vcpu_enter() gives the VMM the second as a packet of
// type GUEST_VCPU, and the VMM does what a motherboard does: it makes the processor. That one
// begins in real mode. Each VCPU belongs to the thread that made it, so each has a thread:
//
//   processor 0 starts processor 1 at 0x8000
//   processor 1 says 'A'
//   processor 0 says 'B'

#include <pthread.h>

#include "../guest.h"

#define PORT 0x10

GUEST_CODE(code,
           "mov ecx, 0x830\n"   // The interrupt command register
           "mov edx, 1\n"       // of the processor with id 1:
           "mov eax, 0x4500\n"  // INIT
           "wrmsr\n"
           "mov eax, 0x4608\n"  // STARTUP, at page 8
           "wrmsr\n"
           "guest_wait:\n"
           "pause\n"
           "cmp byte ptr [0x90000], 0\n"
           "je guest_wait\n"
           "mov al, 'B'\n"
           "out 0x10, al");

// At 0x8000. The data segment begins at 0 and reaches 64 KiB far, so it takes another for DATA.
GUEST_CODE(second_code,
           ".code16\n"
           "mov al, 'A'\n"
           "out 0x10, al\n"
           "mov ax, 0x9000\n"
           "mov ds, ax\n"
           "mov byte ptr [0], 1\n"
           "guest_rest:\n"
           "hlt\n"
           "jmp guest_rest\n"
           ".code64");

typedef struct Processor {
  zx_handle_t guest;
  zx_gpaddr_t entry;
  zx_handle_t vcpu;           // Made by the processor's own thread,
  pthread_barrier_t is_made;  // for others to use from here on.
} Processor;

static void* RunSecond(void* argument) {
  Processor* self = (Processor*)argument;
  zx_port_packet_t packet;
  // Ids count up from 0 in the order of creation: this one gets 1.
  Check(zx_vcpu_create(self->guest, 0, self->entry, &self->vcpu), "zx_vcpu_create");
  pthread_barrier_wait(&self->is_made);
  for (;;) {
    const zx_status_t status = zx_vcpu_enter(self->vcpu, &packet);
    if (status == ZX_ERR_CANCELED) {
      return NULL;  // Somebody kicked: the machine ends.
    }
    Check(status, "zx_vcpu_enter");
    printf("processor 1 says '%c'\n", packet.guest_io.u8);
  }
}

int main(void) {
  Guest guest = MakeGuest(code, code_end);
  Processor second = {.guest = guest.guest};
  zx_handle_t first;
  zx_port_packet_t packet;
  pthread_t thread;
  memcpy(guest.memory + 0x8000, second_code, (size_t)(second_code_end - second_code));
  Check(zx_guest_set_trap(guest.guest, ZX_GUEST_TRAP_IO, PORT, 1, ZX_HANDLE_INVALID, 0),
        "zx_guest_set_trap");
  Check(zx_vcpu_create(guest.guest, 0, CODE, &first), "zx_vcpu_create");

  Check(zx_vcpu_enter(first, &packet), "zx_vcpu_enter");
  if (packet.type != ZX_PKT_TYPE_GUEST_VCPU ||
      packet.guest_vcpu.type != ZX_PKT_GUEST_VCPU_STARTUP) {
    fprintf(stderr, "the guest does not start a processor\n");
    return EXIT_FAILURE;
  }
  second.entry = packet.guest_vcpu.startup.entry;
  printf("processor 0 starts processor %d at %#llx\n", (int)packet.guest_vcpu.startup.id,
         (unsigned long long)second.entry);
  pthread_barrier_init(&second.is_made, NULL, 2);
  if (pthread_create(&thread, NULL, RunSecond, &second) != 0) {
    return EXIT_FAILURE;
  }
  pthread_barrier_wait(&second.is_made);

  Check(zx_vcpu_enter(first, &packet), "zx_vcpu_enter");
  printf("processor 0 says '%c'\n", packet.guest_io.u8);

  // The second sleeps in HLT, inside zx_vcpu_enter().
  Check(zx_vcpu_kick(second.vcpu), "zx_vcpu_kick");
  pthread_join(thread, NULL);
  zx_handle_close(second.vcpu);
  zx_handle_close(first);
  zx_handle_close(guest.space);
  zx_handle_close(guest.guest);
  return EXIT_SUCCESS;
}
