#include "faults/plan.h"

namespace zircon::faults {
namespace {

constexpr CallKind kKinds[kCallIds] = {
#define HOST_CALL(name, ...) {#name, Origin::kHost, {__VA_ARGS__}},
#define HOST_SYSCALL(name, ...) {#name, Origin::kHost, {__VA_ARGS__}},
#define KVM_CALL(name, ...) {#name, Origin::kKvm, {__VA_ARGS__}},
#include "faults/calls.inc"
#undef HOST_CALL
#undef HOST_SYSCALL
#undef KVM_CALL
    {"operator new", Origin::kMemory, {ENOMEM}},
};

constinit thread_local bool t_inside = false;

}  // namespace

constinit Plan plan;

std::span<const int> CallKind::all_errnos() const {
  size_t count = 0;
  while (errnos[count] != 0) ++count;
  return {errnos, count};
}

const CallKind& KindOf(CallId id) { return kKinds[id]; }

bool IsInterruption(CallId id, int error) {
  return error == EINTR ||
         (error == EAGAIN && (id == kKvm_KVM_RUN || id == kHost_tgkill || id == kHost_futex_wait));
}

void Plan::Start(Mode mode, size_t point, CallId id, int error) {
  point_ = point;
  expected_ = id;
  error_ = error;
  count_ = 0;
  failed_ = 0;
  failing_ = kCallIds;
  mode_ = mode;
}

int Plan::Ask(CallId id) {
  if (!t_inside || mode_ == kOff) return 0;
  const size_t number = count_;
  if (count_ < kMostPoints) points_[count_++] = id;
  if (mode_ == kCounting) return 0;
  if (number == point_) {
    // Otherwise this pass has made other calls than the one that was counted.
    if (id != expected_) return 0;
    failing_ = id;
  } else if (mode_ == kOnce || id != failing_ ||
             (IsInterruption(id, error_) && failed_ >= kMostInterruptions)) {
    return 0;
  }
  ++failed_;
  return error_;
}

Window::Window() { t_inside = true; }
Window::~Window() { t_inside = false; }
Outside::Outside() : before_(t_inside) { t_inside = false; }
Outside::~Outside() { t_inside = before_; }

}  // namespace zircon::faults
