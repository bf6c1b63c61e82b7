// Plan: which call under the library is to fail, and how. One for the process, since what is
// replaced at link time can ask no other.
//
//   plan.Count();                           // a pass that only counts
//   plan.FailOnce(17, kHost_mmap, ENOMEM);  // the 17th call of a pass like that one
//   plan.FailOn(17, kHost_mmap, ENOMEM);    // and from there on every call of that name
//
// Counted are calls that a thread makes inside of a Window: the library's own, not the test's and
// not those of the fake kernel (Outside).
//
// Thread safety: the plan is made by one thread while no other has a Window. Threads without a
// Window are let through.

#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>

namespace zircon::faults {

enum CallId : uint8_t {
#define HOST_CALL(name, ...) kHost_##name,
#define HOST_SYSCALL(name, ...) kHost_##name,
#define KVM_CALL(name, ...) kKvm_##name,
#include "faults/calls.inc"
#undef HOST_CALL
#undef HOST_SYSCALL
#undef KVM_CALL
  kAllocation,
  kCallIds
};

enum class Origin { kHost, kKvm, kMemory };

struct CallKind {
  const char* name;
  Origin origin;
  int errnos[16];  // up to the first 0

  std::span<const int> all_errnos() const;
};
const CallKind& KindOf(CallId id);
// Whether nothing is wrong then: the call has to be made again.
bool IsInterruption(CallId id, int error);

class Plan {
 public:
  // How often in a row a call is broken off, where it is to be made again.
  static constexpr size_t kMostInterruptions = 64;

  void Count() { Start(kCounting, 0, kCallIds, 0); }
  void FailOnce(size_t point, CallId id, int error) { Start(kOnce, point, id, error); }
  void FailOn(size_t point, CallId id, int error) { Start(kForGood, point, id, error); }
  void Off() { mode_ = kOff; }

  // The calls of the pass so far, in their order, up to kMostPoints.
  std::span<const CallId> points() const { return {points_, count_}; }
  bool too_many() const { return count_ == kMostPoints; }
  // How many calls have failed in this pass.
  size_t failed() const { return failed_; }
  bool for_good() const { return mode_ == kForGood; }
  // What fails, once the point has been reached.
  CallId failing() const { return failing_; }
  int error() const { return error_; }

  // A call is about to be made: the errno that it fails with instead, or 0.
  int Ask(CallId id);

 private:
  enum Mode { kOff, kCounting, kOnce, kForGood };
  void Start(Mode mode, size_t point, CallId id, int error);

  static constexpr size_t kMostPoints = size_t{1} << 17;
  Mode mode_ = kOff;
  size_t point_ = 0;
  CallId expected_ = kCallIds;
  int error_ = 0;
  size_t count_ = 0;
  size_t failed_ = 0;
  CallId failing_ = kCallIds;
  CallId points_[kMostPoints] = {};
};

extern constinit Plan plan;

// The calling thread is in the library while it lives.
class Window {
 public:
  Window();
  ~Window();
  Window(const Window&) = delete;
  Window& operator=(const Window&) = delete;
};

// … and is not, although a Window is open.
class Outside {
 public:
  Outside();
  ~Outside();
  Outside(const Outside&) = delete;
  Outside& operator=(const Outside&) = delete;

 private:
  const bool before_;
};

// Blocks of operator new that have not been given back, in the whole process.
int64_t LiveBlocks();

}  // namespace zircon::faults
