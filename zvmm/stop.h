// Why and how the machine stops.
//
// Anybody may ask for a stop: a device (power-off, reset, a status written by the guest), a VCPU
// thread (the guest cannot go on), the console, a signal. The first request wins. The main thread
// waits for it, and then stops the VCPUs.

#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>

namespace zvmm {

struct StopRequest {
  enum class Reason {
    kPowerOff,    // The guest turned the machine off.
    kReset,       // The guest asked for a reset.
    kExitStatus,  // The guest wrote `status` to the exit port.
    kFailure,     // The guest, or a part of zvmm, cannot go on: `message`.
    kUser,        // The user, by the escape key or a signal: `status`.
  };
  Reason reason = Reason::kFailure;
  int status = 0;
  std::string message{};
};

// Holds the first request and wakes who polls fd(). Owns an eventfd. Thread-safe.
class StopLatch {
 public:
  StopLatch();
  ~StopLatch();
  StopLatch(const StopLatch&) = delete;
  StopLatch& operator=(const StopLatch&) = delete;

  void Request(StopRequest request);

  // Has anybody asked? VCPU threads look before each zx_vcpu_enter().
  bool requested() const { return requested_.load(std::memory_order_seq_cst); }

  // The first request. Only after requested().
  StopRequest request() const;

  // Becomes readable with the first request and stays so. -1 if the system has no descriptor left.
  int fd() const { return fd_; }

 private:
  const int fd_;
  // seq_cst: "request, then kick the VCPUs that exist" and "make the VCPU known, then look for a
  // request" must not both miss each other.
  std::atomic<bool> requested_{false};
  mutable std::mutex mutex_;
  StopRequest request_;
};

}  // namespace zvmm
