#include "vcpu/exit_counters.h"

#include <algorithm>
#include <vector>

#include "base/mutex.h"

namespace zircon::vcpu {
namespace {

struct Registry {
  base::Mutex mutex;
  std::vector<const ExitCounters*> live ABSL_GUARDED_BY(mutex);
  ExitCounters::Array gone ABSL_GUARDED_BY(mutex) = {};
};

// Leaked: VCPUs may go while the process takes down its statics.
Registry& TheRegistry() {
  static auto* registry = new Registry;
  return *registry;
}

}  // namespace

ExitCounters::ExitCounters() {
  Registry& registry = TheRegistry();
  base::MutexLock lock(registry.mutex);
  registry.live.push_back(this);
}

ExitCounters::~ExitCounters() {
  Registry& registry = TheRegistry();
  base::MutexLock lock(registry.mutex);
  for (size_t i = 0; i < counts_.size(); ++i) {
    registry.gone[i] += counts_[i].load(std::memory_order_relaxed);
  }
  registry.live.erase(std::find(registry.live.begin(), registry.live.end(), this));
}

ExitCounters::Array ExitCounters::Totals() {
  Registry& registry = TheRegistry();
  base::MutexLock lock(registry.mutex);
  Array totals = registry.gone;
  for (const ExitCounters* counters : registry.live) {
    for (size_t i = 0; i < totals.size(); ++i) {
      totals[i] += counters->counts_[i].load(std::memory_order_relaxed);
    }
  }
  return totals;
}

uint64_t ExitCounters::live_count() {
  Registry& registry = TheRegistry();
  base::MutexLock lock(registry.mutex);
  return registry.live.size();
}

}  // namespace zircon::vcpu
