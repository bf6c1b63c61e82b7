#include "vcpu/thread_owner.h"

#include <utility>

#include "base/thread_id.h"

namespace zircon::vcpu {

constinit thread_local const ThreadOwner* internal::t_current = nullptr;
constinit thread_local handles::RememberedHandle internal::t_vcpu;

namespace {

using internal::t_current;

thread_local constinit bool t_ended = false;

// Holds the thread's reference until the thread ends; calls from destructors that run later find no
// owner any more.
struct Holder {
  base::RefPtr<ThreadOwner> owner;
  base::RefPtr<handles::Dispatcher> vcpu;
  ~Holder() {
    internal::t_vcpu = {};
    t_current = nullptr;
    t_ended = true;
  }
};
thread_local Holder t_holder;

}  // namespace

base::RefPtr<ThreadOwner> ThreadOwner::Current() {
  if (t_ended) return nullptr;
  if (t_current == nullptr) {
    t_holder.owner = base::MakeRef<ThreadOwner>(base::ThreadId());
    t_current = t_holder.owner.get();
  }
  return t_holder.owner;
}

void ThreadOwner::KeepVcpu(base::RefPtr<handles::Dispatcher> vcpu) {
  internal::t_vcpu = {};
  t_holder.vcpu = std::move(vcpu);
}

}  // namespace zircon::vcpu
