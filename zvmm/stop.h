// Why and how the machine stops.
//
// Anybody may ask for a stop: a device (power-off, reset, a status written by the guest), a VCPU
// thread (the guest cannot go on), the console, a signal. The first request wins. The main thread
// waits for it, and then stops the VCPUs.
//
// A guest that has panicked gets a little time to say why; whatever it stops with then, power-off
// or reset, it has panicked.

#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

namespace zvmm {

struct StopRequest {
  enum class Reason {
    kPowerOff,    // The guest turned the machine off.
    kReset,       // The guest asked for a reset.
    kPanic,       // The guest's kernel said that it cannot go on.
    kExitStatus,  // The guest wrote `status` to the exit port.
    kFailure,     // The guest, or a part of zvmm, cannot go on: `message`, and maybe `status`.
    kUser,        // The user, by the escape key or a signal: `status`.
  };
  Reason reason = Reason::kFailure;
  int status = 0;
  std::string message{};
};

// Holds the first request. Thread-safe.
class StopLatch {
 public:
  // What a guest has for its last words after a panic.
  static constexpr std::chrono::seconds kPanicTime{2};

  explicit StopLatch(std::chrono::nanoseconds panic_time = kPanicTime) : panic_time_(panic_time) {}

  // Tells whether this was the first.
  bool Request(StopRequest request);

  // The guest has panicked: the machine stops when it asks for that, or after a while.
  void Panic();

  // Has anybody asked? VCPU threads look before each zx_vcpu_enter().
  bool requested() const { return requested_.load(std::memory_order_seq_cst); }

  // Waits for the first request and gives it.
  StopRequest Wait();

 private:
  const std::chrono::nanoseconds panic_time_;
  // seq_cst: "request, then kick the VCPUs that exist" and "make the VCPU known, then look for a
  // request" must not both miss each other.
  std::atomic<bool> requested_{false};
  std::mutex mutex_;
  std::condition_variable changed_;
  StopRequest request_;
  std::optional<std::chrono::steady_clock::time_point> panic_end_;
};

}  // namespace zvmm
