// Where the VCPUs wait while the machine is stopped, and how the debugger gets them there. What can
// be done on a VCPU's own thread only is done there meanwhile.
//
//   a VCPU's thread                           the debugger's thread
//   BeforeEnter: wanted()? Stay()             StopAll(): all stay when it returns
//     …does what Do() brings…                 Do(id, work)
//   Stay() gives how to go on                 GoOn(how)
//   Stay(a stop): the others are stopped too  `news`, TakeStop(), StopAll()

#pragma once

#include <zircon/types.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "absl/functional/function_ref.h"
#include "debug/debug_target.h"

namespace zvmm {

// Thread-safe; each call as the table above has it.
class VcpuStops {
 public:
  // `stopped`: the machine does not run before GoOn(). `news`: a VCPU has stopped by itself; called
  // on its thread.
  VcpuStops(bool stopped, std::function<void()> news) : news_(std::move(news)), wanted_(stopped) {}

  // ---- A VCPU's thread ----

  void Add(unsigned id, zx_handle_t vcpu);
  void Remove(unsigned id);
  // Whether it is to stay before it enters.
  bool wanted() const { return wanted_.load(std::memory_order_seq_cst); }
  // Waits until the machine goes on: kRun or kStep. With `stop` all of it is to stop.
  DebugGo Stay(unsigned id, const std::optional<DebugStop>& stop);

  // ---- The debugger's thread ----

  // Waits until there is a VCPU and all of them stay. False when it has ended.
  bool StopAll();
  void GoOn(const std::function<DebugGo(unsigned)>& how);
  // On the VCPU's thread. False if there is none of that id.
  bool Do(unsigned id, absl::FunctionRef<void(zx_handle_t vcpu)> work);
  std::vector<unsigned> ids();
  // The oldest that has not been taken.
  std::optional<DebugStop> TakeStop();

  // ---- Any ----

  // Nobody stays any more.
  void End();

 private:
  struct Vcpu {
    zx_handle_t handle = ZX_HANDLE_INVALID;
    bool stays = false;
    DebugGo go = DebugGo::kStay;
    absl::FunctionRef<void(zx_handle_t)>* work = nullptr;
  };

  bool AllStay() const;

  const std::function<void()> news_;
  // seq_cst: "want it, then kick" and "be known, then look" must not both miss each other.
  std::atomic<bool> wanted_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ended_ = false;
  std::map<unsigned, Vcpu> vcpus_;
  std::deque<DebugStop> stops_;
};

}  // namespace zvmm
