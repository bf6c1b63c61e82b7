#include "objects/process.h"

#include <cerrno>
#include <cstring>

#include "base/mutex.h"

namespace zircon::objects {

namespace {

// Never let go of: threads may end, and tell of it, at any time.
struct TheProcess {
  base::Mutex mutex;
  Process* process ABSL_GUARDED_BY(mutex) = nullptr;
};
constinit TheProcess g_this;

}  // namespace

base::RefPtr<Process> Process::Self() {
  base::MutexLock lock(g_this.mutex);
  if (g_this.process == nullptr) g_this.process = base::MakeRef<Process>().Leak();
  return g_this.process == nullptr ? nullptr : base::RefPtr<Process>::Share(g_this.process);
}

Process::Process() noexcept
    : Waitable(kType, 0),
      name_(program_invocation_short_name, std::strlen(program_invocation_short_name)) {}

}  // namespace zircon::objects
