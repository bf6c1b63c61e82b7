#include "vcpu/thread_owner.h"

#include <sys/syscall.h>
#include <unistd.h>

namespace zircon::vcpu {
namespace {

// Plain, constant-initialised and of the initial-exec model: the check in every enter is one load.
thread_local constinit const ThreadOwner* t_current __attribute__((tls_model("initial-exec"))) =
    nullptr;
thread_local constinit bool t_ended = false;

// Holds the thread's reference until the thread ends; calls from destructors that run later find no
// owner any more.
struct Holder {
  base::RefPtr<ThreadOwner> owner;
  ~Holder() {
    t_current = nullptr;
    t_ended = true;
  }
};
thread_local Holder t_holder;

}  // namespace

base::RefPtr<ThreadOwner> ThreadOwner::Current() {
  if (t_ended) return nullptr;
  if (t_current == nullptr) {
    t_holder.owner = base::MakeRef<ThreadOwner>(static_cast<pid_t>(syscall(SYS_gettid)));
    t_current = t_holder.owner.get();
  }
  return t_holder.owner;
}

bool ThreadOwner::IsCurrent() const { return this == t_current; }

}  // namespace zircon::vcpu
