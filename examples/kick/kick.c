// kick: how a VMM gets its thread back from a guest that never stops, and ends.
//
// The guest counts for ever, without an access that a trap would catch. zx_vcpu_kick(), from any
// thread, lets that zx_vcpu_enter() return ZX_ERR_CANCELED; the guest has not noticed, and the next
// enter goes on where it was:
//
//   kicked: the guest has counted
//   kicked: the guest has counted on
//   stopped
//
// A kick stays until it is taken: one that comes while the VCPU is not in enter ends the next one.
// So "set a flag, kick" is all it takes to stop a VMM's loop, at whatever moment it comes.

#include <pthread.h>
#include <stdatomic.h>

#include "../guest.h"

GUEST_CODE(code,
           "guest_again:\n"
           "inc qword ptr [0x90000]\n"
           "jmp guest_again");

typedef struct Runner {
  zx_handle_t guest;
  zx_handle_t vcpu;
  const volatile uint64_t* count;
  atomic_bool stop;
  pthread_barrier_t step;
} Runner;

// The VCPU's thread: a VMM's loop.
static void* Run(void* argument) {
  Runner* self = (Runner*)argument;
  uint64_t before = 0;
  Check(zx_vcpu_create(self->guest, 0, CODE, &self->vcpu), "zx_vcpu_create");
  pthread_barrier_wait(&self->step);
  for (;;) {
    zx_port_packet_t packet;
    const zx_status_t status = zx_vcpu_enter(self->vcpu, &packet);
    if (atomic_load(&self->stop)) {
      printf("stopped\n");
      return NULL;
    }
    if (status != ZX_ERR_CANCELED) {
      Check(status, "zx_vcpu_enter");
      continue;  // Here a VMM would handle the packet.
    }
    printf("kicked: the guest has counted%s\n", before == 0             ? ""
                                                : *self->count > before ? " on"
                                                                        : " nothing");
    before = *self->count;
    pthread_barrier_wait(&self->step);
  }
}

int main(void) {
  Guest guest = MakeGuest(code, code_end);
  const volatile uint64_t* count = (const volatile uint64_t*)(guest.memory + DATA);
  Runner runner = {.guest = guest.guest, .count = count};
  pthread_t thread;
  pthread_barrier_init(&runner.step, NULL, 2);
  if (pthread_create(&thread, NULL, Run, &runner) != 0) {
    return EXIT_FAILURE;
  }
  pthread_barrier_wait(&runner.step);
  for (int i = 0; i < 2; ++i) {
    for (const uint64_t seen = *count; *count == seen;) {
      zx_nanosleep(zx_deadline_after(ZX_MSEC(1)));  // The guest's time.
    }
    Check(zx_vcpu_kick(runner.vcpu), "zx_vcpu_kick");
    pthread_barrier_wait(&runner.step);
  }
  // The order matters: who sees the kick must see the flag.
  atomic_store(&runner.stop, true);
  Check(zx_vcpu_kick(runner.vcpu), "zx_vcpu_kick");
  pthread_join(thread, NULL);
  zx_handle_close(runner.vcpu);
  zx_handle_close(guest.space);
  zx_handle_close(guest.guest);
  return EXIT_SUCCESS;
}
