#include "steps/operations.h"

#include <zircon/syscalls.h>

#include <cstring>
#include <memory>

#include "guest_memory.h"
#include "object_operations.h"
#include "zx_guest.h"

namespace bench {
namespace {

struct Guest {
  explicit Guest(Program program) : memory(program), guest(memory) {}
  ZxMemory memory;
  ZxGuest guest;
};

// What the calls take and give lies on the stack, as a VMM's loop has it.

void Enter(const Guest& guest) {
  zx_port_packet_t packet;
  Must(zx_vcpu_enter(guest.guest.vcpu(), &packet) == ZX_OK, "zx_vcpu_enter");
}

std::function<void()> Exits(Program program) {
  return [guest = std::make_shared<Guest>(program)] { Enter(*guest); };
}

std::function<void()> AnsweredIn() {
  return [guest = std::make_shared<Guest>(Program::kIoIn), next = uint8_t{0}]() mutable {
    zx_vcpu_io_t io = {};
    io.access_size = 1;
    io.u8 = ++next;
    Enter(*guest);
    Must(zx_vcpu_write_state(guest->guest.vcpu(), ZX_VCPU_IO, &io, sizeof(io)) == ZX_OK,
         "zx_vcpu_write_state");
  };
}

std::function<void()> AnsweredLoad() {
  auto guest = std::make_shared<Guest>(Program::kMemLoad);
  Enter(*guest);
  zx_vcpu_state_t before;
  Must(zx_vcpu_read_state(guest->guest.vcpu(), ZX_VCPU_STATE, &before, sizeof(before)) == ZX_OK,
       "zx_vcpu_read_state");
  return [guest, before, next = uint16_t{0}]() mutable {
    zx_vcpu_state_t state = before;
    state.rax = ++next;
    Enter(*guest);
    Must(zx_vcpu_write_state(guest->guest.vcpu(), ZX_VCPU_STATE, &state, sizeof(state)) == ZX_OK,
         "zx_vcpu_write_state");
  };
}

// One enter rings them all, and then makes an OUT.
std::function<void()> Bells() {
  return [guest = std::make_shared<Guest>(Program::kBells)] {
    Enter(*guest);
    zx_port_packet_t packet;
    for (int i = 0; i < kRings; ++i) {
      Must(zx_port_wait(guest->guest.port(), 0, &packet) == ZX_OK, "zx_port_wait");
    }
  };
}

// From the VCPU's own thread, since one thread is stepped: all of it but the signal.
std::function<void()> Kicked() {
  return [guest = std::make_shared<Guest>(Program::kIoOut)] {
    zx_port_packet_t packet;
    Must(zx_vcpu_kick(guest->guest.vcpu()) == ZX_OK, "zx_vcpu_kick");
    Must(zx_vcpu_enter(guest->guest.vcpu(), &packet) == ZX_ERR_CANCELED, "zx_vcpu_enter");
  };
}

// The guest is in a loop with interrupts open; its handler makes the OUT.
std::function<void()> Interrupted() {
  return [guest = std::make_shared<Guest>(Program::kInterruptible)] {
    Must(zx_vcpu_interrupt(guest->guest.vcpu(), kVector) == ZX_OK, "zx_vcpu_interrupt");
    Enter(*guest);
  };
}

std::function<void()> ReadState() {
  auto guest = std::make_shared<Guest>(Program::kMemLoad);
  Enter(*guest);
  return [guest] {
    zx_vcpu_state_t state;
    Must(zx_vcpu_read_state(guest->guest.vcpu(), ZX_VCPU_STATE, &state, sizeof(state)) == ZX_OK,
         "zx_vcpu_read_state");
  };
}

}  // namespace

std::vector<Operation> VcpuOperations() {
  return {
      {"OUT", "out", [] { return Exits(Program::kIoOut); }, 6, 8, 1},
      {"IN + write_state", "in", AnsweredIn, 6, 8, 1},
      {"MEM store", "store", [] { return Exits(Program::kMemStore); }, {}, {}, 1},
      {"MEM load + write_state", "load", AnsweredLoad, {}, {}, 1},
      {"64 bells, OUT, 64 port waits", "bells", Bells, {}, {}, kRings + 1},
      {"read_state", "read_state", ReadState, {}, {}, 0},
      {"kick + enter that gives CANCELED", "kick", Kicked, {}, {}, 0},
      {"interrupt + OUT of its handler", "interrupt", Interrupted, {}, {}, {}},
  };
}

std::vector<Operation> CallOperations() {
  std::vector<Operation> operations;
  for (const ObjectOperation& operation : ObjectOperations()) {
    // What it copies from and to lies in pages of the program; VMOs are files of the host's.
    const bool free = std::strcmp(operation.key, "vmo") != 0;
    operations.push_back({operation.name,
                          operation.key,
                          operation.make,
                          {},
                          {},
                          free ? std::optional<size_t>(0) : std::nullopt});
  }
  return operations;
}

}  // namespace bench
