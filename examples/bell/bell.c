// bell: a device that is rung while its guest runs on.
//
// A store to a trap of kind BELL queues a packet to a port, and the guest does not wait for
// anybody: this is how a driver tells a device that there is work. One thread runs the VCPU,
// another serves the port. The guest rings three queues, one of them twice:
//
//   queue 0 was rung
//   queue 2 was rung
//   queue 1 was rung
//   queue 2 was rung
//   4 rings, 1 return of zx_vcpu_enter()

#include <pthread.h>

#include "../guest.h"

#define BELLS 0x10000000u  // Queue n's doorbell is 8 * n bytes from here.
#define END_PORT 0x10
enum { kBellKey = 1, kEndKey = 2, kStopKey = 3 };

GUEST_CODE(code,
           "mov ebx, 0x10000000\n"
           "mov [rbx], eax\n"
           "mov [rbx + 16], eax\n"
           "mov [rbx + 8], eax\n"
           "mov [rbx + 16], eax\n"
           "out 0x10, al");

// The device's thread. Packets come in the order of the stores.
static void* ServeBells(void* port_handle) {
  const zx_handle_t port = *(const zx_handle_t*)port_handle;
  static int rings;
  zx_port_packet_t packet;
  for (;;) {
    Check(zx_port_wait(port, ZX_TIME_INFINITE, &packet), "zx_port_wait");
    if (packet.key == kStopKey) {
      return &rings;
    }
    // What was stored is not in the packet: a doorbell says "look into the queue", and the queue is
    // in memory.
    printf("queue %d was rung\n", (int)((packet.guest_bell.addr - BELLS) / 8));
    ++rings;
  }
}

int main(void) {
  Guest guest = MakeGuest(code, code_end);
  zx_handle_t port, vcpu;
  zx_port_packet_t packet;
  pthread_t server;
  void* rings;
  Check(zx_port_create(0, &port), "zx_port_create");
  Check(zx_guest_set_trap(guest.guest, ZX_GUEST_TRAP_BELL, BELLS, 0x1000, port, kBellKey),
        "zx_guest_set_trap");
  Check(zx_guest_set_trap(guest.guest, ZX_GUEST_TRAP_IO, END_PORT, 1, ZX_HANDLE_INVALID, kEndKey),
        "zx_guest_set_trap");
  if (pthread_create(&server, NULL, ServeBells, &port) != 0) {
    return EXIT_FAILURE;
  }

  Check(zx_vcpu_create(guest.guest, 0, CODE, &vcpu), "zx_vcpu_create");
  Check(zx_vcpu_enter(vcpu, &packet), "zx_vcpu_enter");  // Returns for the end, not for the bells.

  // A packet of the program's own ends the thread, behind all bells.
  memset(&packet, 0, sizeof(packet));
  packet.key = kStopKey;
  packet.type = ZX_PKT_TYPE_USER;
  Check(zx_port_queue(port, &packet), "zx_port_queue");
  pthread_join(server, &rings);
  printf("%d rings, 1 return of zx_vcpu_enter()\n", *(int*)rings);
  zx_handle_close(vcpu);
  zx_handle_close(guest.space);
  zx_handle_close(guest.guest);
  zx_handle_close(port);
  return EXIT_SUCCESS;
}
