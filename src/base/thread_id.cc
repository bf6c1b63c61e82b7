#include "base/thread_id.h"

#include <sys/syscall.h>
#include <unistd.h>

#include "base/fork_guard.h"

namespace zircon::base {
namespace {

// 0: not asked for.
constinit thread_local pid_t t_id __attribute__((tls_model("initial-exec"))) = 0;

pid_t Ask() { return static_cast<pid_t>(syscall(SYS_gettid)); }

}  // namespace

pid_t ThreadId() noexcept {
  if (!IsProcessOfTheLibrary()) return Ask();
  if (t_id == 0) t_id = Ask();
  return t_id;
}

}  // namespace zircon::base
