#include "helper_modes.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "harness.h"

DECLARE_GUEST(busy_loop);
DECLARE_GUEST(halt);
DECLARE_GUEST(bell_many);

namespace conformance {
namespace {

constexpr int kStatus = 7;
constexpr unsigned kSeconds = 60;

// The guest of `blob` runs in this thread, another ends the process a little later.
void EnterAndLet(const Blob& blob, void (*end)()) {
  Machine machine(blob);
  Thread ender([&] {
    WaitUntil([&] { return machine.At<uint64_t>(GUEST_DATA) > 0; });
    SleepMs(20);
    end();
  });
  machine.vcpu().Enter();
}

// The guest runs in another thread, this one ends the process.
int ExitBesides(const Blob& blob) {
  static std::atomic<uint64_t*> progress = nullptr;
  std::thread([blob] {
    Machine machine(blob);
    progress = reinterpret_cast<uint64_t*>(machine.bytes(GUEST_DATA));
    machine.vcpu().Enter();
  }).detach();
  WaitUntil(
      [] { return progress != nullptr && *const_cast<volatile uint64_t*>(progress.load()) > 0; });
  SleepMs(20);
  exit(kStatus);
}

// One VCPU halted, another running, a thread in zx_port_wait(): then the process ends.
int ExitWhileOthersWait() {
  static std::atomic<int> inside = 0;
  for (const Blob& blob : {GUEST_BLOB(halt), GUEST_BLOB(busy_loop)}) {
    std::thread([blob] {
      Machine machine(blob);
      std::thread([&machine] {
        WaitUntil([&machine] { return machine.At<uint64_t>(GUEST_DATA) > 0; });
        ++inside;
      }).detach();
      machine.vcpu().Enter();
    }).detach();
  }
  std::thread([] {
    Handle port = CreatePort();
    zx_port_packet_t packet;
    ++inside;
    zx_port_wait(port.get(), ZX_TIME_INFINITE, &packet);
  }).detach();
  WaitUntil([] { return inside == 3; });
  SleepMs(20);
  exit(kStatus);
}

void BlockOnABell() {
  Machine machine(GUEST_BLOB(bell_many));
  Handle port = CreatePort();
  machine.TrapBell(GUEST_BELL_TRAP, 0x1000, port.get(), 1);
  zx_vcpu_state_t state{};
  state.rbx = GUEST_BELL_TRAP;
  state.rcx = 1000;
  machine.vcpu().SetState(state);
  Thread ender([&] {
    WaitUntil([&] { return machine.At<uint64_t>(GUEST_DATA) == 256; });
    SleepMs(20);
    exit(kStatus);
  });
  machine.vcpu().Enter();
}

}  // namespace

int RunHelper(const char* mode) {
  alarm(kSeconds);
  if (strcmp(mode, "exit-while-running") == 0) {
    EnterAndLet(GUEST_BLOB(busy_loop), [] { exit(kStatus); });
  } else if (strcmp(mode, "exit-while-halted") == 0) {
    EnterAndLet(GUEST_BLOB(halt), [] { exit(kStatus); });
  } else if (strcmp(mode, "quick-exit-while-running") == 0) {
    EnterAndLet(GUEST_BLOB(busy_loop), [] { _exit(kStatus); });
  } else if (strcmp(mode, "exit-of-another-thread") == 0) {
    return ExitBesides(GUEST_BLOB(busy_loop));
  } else if (strcmp(mode, "exit-while-others-wait") == 0) {
    return ExitWhileOthersWait();
  } else if (strcmp(mode, "exit-while-blocked-on-a-bell") == 0) {
    BlockOnABell();
  }
  fprintf(stderr, "zircon-conformance: helper mode '%s' came to its end\n", mode);
  return 2;
}

}  // namespace conformance
