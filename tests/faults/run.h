// Run: one pass through a scenario, which is a function that makes calls of the library:
//
//   void CreateAVmo(Run& run) {
//     Handle vmo(run);
//     if (!DO(run, ZX_OK, zx_vmo_create(4096, 0, vmo.put()))) return;
//     …
//   }
//
// A call during which the plan made something fail may give its own result all the same, or an
// error that the contract has for it. It is made again after that: now it must give its result.
// Where things fail for good the scenario ends there.
//
// Thread safety: one thread.

#pragma once

#include <zircon/syscalls.h>
#include <zircon/types.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "fake/fake_kernel.h"
#include "faults/faulty_kernel.h"

namespace zircon::faults {

// `DO(run, status, call)`: false when the scenario is to end.
#define DO(run, wanted, ...) (run).Do(#__VA_ARGS__, wanted, [&] { return __VA_ARGS__; })
// As DO, of a call that has changed something when it fails, by a row of its own: it is not made
// again, the scenario ends.
#define DO_ONCE(run, wanted, ...) (run).DoOnce(#__VA_ARGS__, wanted, [&] { return __VA_ARGS__; })
// A condition that must hold.
#define CHECK_THAT(run, condition) (run).Check(condition, #condition)

class Run {
 public:
  // `attempt`: how often this pass has been played without coming to the call that is to fail.
  explicit Run(int attempt);
  ~Run();
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  bool Do(const char* text, zx_status_t wanted, absl::FunctionRef<zx_status_t()> call);
  bool DoOnce(const char* text, zx_status_t wanted, absl::FunctionRef<zx_status_t()> call);
  // A call without a status.
  void Call(const char* text, absl::FunctionRef<void()> call);
  void Check(bool holds, const char* text);
  // A call that gives ZX_OK once nothing fails any more, whatever came before: it is made when the
  // plan is off. The last one first.
  void AtEnd(std::function<zx_status_t()> call) { at_end_.push_back(std::move(call)); }
  void End();
  // Closing never fails, whatever else does.
  void Close(zx_handle_t handle);

  // A deadline to wait for. Whether a call that waits gets that far, or is late and finds that it
  // is over, is the machine's to decide; so it lies further ahead with each attempt.
  zx_time_t Soon() const { return zx_clock_get_monotonic() + (ZX_MSEC(1) << attempt_); }

  // What the guests of this pass run on.
  fake::FakeKernel& kernel() { return fake_; }
  const std::vector<std::string>& faults() const { return faults_; }

 private:
  zx_status_t Make(const char* text, absl::FunctionRef<zx_status_t()> call);
  void Say(const char* text, const std::string& words);

  fake::FakeKernel fake_;
  FaultyKernel kernel_;
  kvm::Kernel& previous_;
  const int attempt_;
  std::vector<std::string> faults_;
  std::vector<std::function<zx_status_t()>> at_end_;
  zx_status_t last_status_ = ZX_OK;  // of the call that failed last
  bool ended_ = false;
};

// Owns a handle of a scenario.
class Handle {
 public:
  explicit Handle(Run& run) : run_(run) {}
  ~Handle() { Close(); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  zx_handle_t get() const { return value_; }
  zx_handle_t* put() { return &value_; }
  void Close() { run_.Close(Release()); }
  // The library has taken it.
  zx_handle_t Release() {
    const zx_handle_t value = value_;
    value_ = ZX_HANDLE_INVALID;
    return value;
  }

 private:
  Run& run_;
  zx_handle_t value_ = ZX_HANDLE_INVALID;
};

}  // namespace zircon::faults
