#include "endurance/bystander.h"

#include <zircon/syscalls/hypervisor.h>
#include <zircon/syscalls/port.h>

#include <bit>
#include <chrono>
#include <string>

#include "endurance/fail.h"

extern "C" const uint8_t guest_bystander_begin[];
extern "C" const uint8_t guest_bystander_end[];

namespace endurance {
namespace {

void Expect(bool holds, const char* what, uint64_t round) {
  if (!holds) Fail("the bystander, round " + std::to_string(round) + ": " + what);
}

void Enter(const zx::vcpu& vcpu, zx_port_packet_t* packet, uint64_t round) {
  const zx_status_t status = vcpu.enter(packet);
  if (status != ZX_OK) {
    Fail("the bystander, round " + std::to_string(round) + ": enter gives " +
         zx_status_get_string(status));
  }
}

}  // namespace

Bystander::Bystander(uint64_t seed) {
  Seeded random(seed);
  for (uint64_t i = 0; i < NUMBERS_SIZE; i += 8) guest_.At<uint64_t>(NUMBERS + i) = random.Next();
  guest_.Write(GUEST_CODE, {guest_bystander_begin, guest_bystander_end});
  thread_ = std::thread([this] { Run(); });
}

Bystander::~Bystander() {
  ended_ = true;
  thread_.join();
  guest_.CheckGuards();
}

void Bystander::Run() {
  zx::vcpu vcpu;
  Require(zx::vcpu::create(guest_.guest(), 0, GUEST_CODE, &vcpu), "zx_vcpu_create (bystander)");
  for (uint64_t round = 1; !ended_; ++round) {
    GoRound(vcpu, round);
    rounds_ = round;
    // The others are to have time too.
    std::this_thread::sleep_for(std::chrono::milliseconds(3));
  }
}

void Bystander::GoRound(const zx::vcpu& vcpu, uint64_t round) {
  const uint64_t sum = Sum(round);
  zx_port_packet_t packet;
  Enter(vcpu, &packet, round);
  Expect(packet.type == ZX_PKT_TYPE_GUEST_IO && packet.guest_io.port == VALUE_PORT, "no sum",
         round);
  Expect(packet.guest_io.u32 == static_cast<uint32_t>(sum), "another sum", round);
  Enter(vcpu, &packet, round);
  Expect(packet.type == ZX_PKT_TYPE_GUEST_MEM && packet.key == kMemKey &&
             packet.guest_mem.addr == GUEST_MEM_TRAP,
         "no store", round);
  // With the timer's interrupt between.
  Enter(vcpu, &packet, round);
  Expect(packet.type == ZX_PKT_TYPE_GUEST_IO && packet.guest_io.port == VALUE_PORT + 1,
         "no end of the round", round);
  zx_vcpu_state_t state = {};
  Require(vcpu.read_state(ZX_VCPU_STATE, &state, sizeof(state)), "zx_vcpu_read_state");
  Expect(state.r15 == round && state.r14 == round && state.r13 == sum, "other registers", round);
  Expect(state.r8 == 0 && state.r9 == 0 && state.r10 == 0 && state.r11 == 0 && state.r12 == 0 &&
             state.rbp == 0 && state.rdi == 0,
         "registers that it does not use", round);
  Require(guest_.bells().wait(zx::time::infinite_past(), &packet), "the bystander's bell");
  Expect(packet.type == ZX_PKT_TYPE_GUEST_BELL && packet.key == kBellKey &&
             packet.guest_bell.addr == GUEST_BELL_TRAP + (round & 0xFF8),
         "another bell", round);
  Expect(guest_.bells().wait(zx::time::infinite_past(), &packet) == ZX_ERR_TIMED_OUT,
         "one bell too many", round);
}

uint64_t Bystander::Sum(uint64_t round) const {
  uint64_t sum = round;
  for (uint64_t i = 0; i < NUMBERS_SIZE; i += 8) {
    sum = std::rotl(sum + guest_.At<uint64_t>(NUMBERS + i), 1);
  }
  return sum;
}

}  // namespace endurance
