// thread_pool: many guests, few threads, in C++ with <lib/zx/...>.
//
// Eight guests, each with a number to square, are jobs for a pool of three threads. A VCPU belongs
// to the thread that created it, for ever, and a thread has one VCPU at a time: so a job makes its
// VCPU in the thread that runs it, and the VCPU goes at the job's end. The guests may have been
// made anywhere. Whatever happens, the owners close their handles:
//
//   1 4 9 16 25 36 49 64

#include <lib/zx/guest.h>
#include <lib/zx/port.h>
#include <lib/zx/resource.h>
#include <lib/zx/vcpu.h>
#include <lib/zx/vmar.h>
#include <lib/zx/vmo.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <thread>
#include <utility>
#include <vector>

#include "../guest.h"

// EAX: the number, and then its square.
GUEST_CODE(code, "imul eax, eax\nout 0x10, al");

namespace {

constexpr uint16_t kEndPort = 0x10;

// A job: a guest that waits for a thread.
class SquareGuest {
 public:
  explicit SquareGuest(uint32_t number) : number_(number) {
    Guest made = MakeGuest(code, code_end);
    guest_.reset(made.guest);
    space_.reset(made.space);
    // The code is in place: this process needs to see it no longer.
    Check(zx::vmar::root_self()->unmap(reinterpret_cast<zx_vaddr_t>(made.memory), MEMORY_SIZE),
          "zx_vmar_unmap");
    Check(guest_.set_trap(ZX_GUEST_TRAP_IO, kEndPort, 1, zx::port(), 0), "zx_guest_set_trap");
  }

  // In any thread that has no VCPU.
  uint32_t Run() const {
    zx::vcpu vcpu;
    Check(zx::vcpu::create(guest_, 0, CODE, &vcpu), "zx_vcpu_create");
    zx_vcpu_state_t state = {};
    state.rax = number_;
    Check(vcpu.write_state(ZX_VCPU_STATE, &state, sizeof(state)), "zx_vcpu_write_state");
    zx_port_packet_t packet;
    Check(vcpu.enter(&packet), "zx_vcpu_enter");
    Check(vcpu.read_state(ZX_VCPU_STATE, &state, sizeof(state)), "zx_vcpu_read_state");
    return static_cast<uint32_t>(state.rax);
  }

 private:
  uint32_t number_;
  zx::guest guest_;
  zx::vmar space_;
};

}  // namespace

int main() {
  std::vector<SquareGuest> jobs;
  for (uint32_t number = 1; number <= 8; ++number) {
    jobs.emplace_back(number);
  }
  std::vector<uint32_t> results(jobs.size());
  std::atomic<size_t> next = 0;
  std::vector<std::thread> pool;
  for (int i = 0; i < 3; ++i) {
    pool.emplace_back([&] {
      for (size_t job = next++; job < jobs.size(); job = next++) {
        results[job] = jobs[job].Run();
      }
    });
  }
  for (std::thread& thread : pool) {
    thread.join();
  }
  for (size_t i = 0; i < results.size(); ++i) {
    std::printf("%s%u", i == 0 ? "" : " ", results[i]);
  }
  std::printf("\n");
  return EXIT_SUCCESS;
}
