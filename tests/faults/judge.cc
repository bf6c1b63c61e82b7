#include "faults/judge.h"

#include <zircon/errors.h>
#include <zircon/status.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

namespace zircon::faults {
namespace {

struct Documented {
  const char* call;
  zx_status_t status;
};
constexpr Documented kDocumented[] = {
#include "documented.inc"
};

// HOST-ERR.
zx_status_t FromHost(int error) {
  switch (error) {
    case EMFILE:
    case ENFILE:
      return ZX_ERR_NO_RESOURCES;
    case ENOMEM:
    case ENOSPC:
    case EDQUOT:
    case EAGAIN:
      return ZX_ERR_NO_MEMORY;
    case EFAULT:
      return ZX_ERR_INVALID_ARGS;
    case EEXIST:
      return ZX_ERR_ALREADY_EXISTS;
    case EFBIG:
    case EOVERFLOW:
      return ZX_ERR_OUT_OF_RANGE;
    case EACCES:
    case EPERM:
      return ZX_ERR_ACCESS_DENIED;
    case ENOSYS:
      return ZX_ERR_NOT_SUPPORTED;
    default:
      return ZX_ERR_INTERNAL;
  }
}

// KVM-ERR.
zx_status_t FromKvm(int error) {
  switch (error) {
    case EACCES:
    case EPERM:
      return ZX_ERR_ACCESS_DENIED;
    case EMFILE:
    case ENFILE:
    case ENOSPC:
    case EAGAIN:
      return ZX_ERR_NO_RESOURCES;
    case ENOMEM:
      return ZX_ERR_NO_MEMORY;
    case ENOENT:
    case ENODEV:
    case ENXIO:
    case ENOTTY:
    case ENOSYS:
    case EOPNOTSUPP:
    case EBUSY:
      return ZX_ERR_NOT_SUPPORTED;
    default:
      return ZX_ERR_INTERNAL;
  }
}

// The calls of <zircon-kvm/debug.h>: all that begin so.
constexpr char kDebuggersCalls[] = "zircon_kvm_vcpu_";

// What a row of the call itself says otherwise.
struct Row {
  const char* call;  // null: any
  CallId failed;
  int error;  // 0: any
  zx_status_t status;
};
constexpr Row kRows[] = {
    // VMO-CREATE, VMO-SIZE: the process's limit of a file's size.
    {nullptr, kHost_ftruncate, EFBIG, ZX_ERR_NO_RESOURCES},
    // HOST-ERR: memory of nobody's but the library's own.
    {"zx_guest_create", kHost_mmap, 0, ZX_ERR_NO_MEMORY},
    // KVM-ERR-10: a kernel that does not know a capability, or not the version.
    {"zx_guest_create", kKvm_KVM_CHECK_EXTENSION, 0, ZX_ERR_NOT_SUPPORTED},
    // ACCEL-5.
    {"zircon_kvm_guest_set_interrupts", kKvm_KVM_ENABLE_CAP, EINVAL, ZX_ERR_NOT_SUPPORTED},
    // VCPU-CREATE-8: a state that this processor cannot take.
    {"zx_vcpu_create", kCallIds, EINVAL, ZX_ERR_NOT_SUPPORTED},
    // VCPU-ENTER-20: a kernel that does not tell its registers has no memory to.
    {"zx_vcpu_enter", kKvm_KVM_GET_SREGS, 0, ZX_ERR_NO_MEMORY},
    {"zx_vcpu_enter", kKvm_KVM_GET_VCPU_EVENTS, 0, ZX_ERR_NO_MEMORY},
    // KVM-ERR-7.
    {"zx_vcpu_enter", kKvm_KVM_RUN, EFAULT, ZX_ERR_NO_MEMORY},
    // VCPU-ENTER-18: while it runs, what is in no other row.
    {"zx_vcpu_enter", kKvm_KVM_RUN, EPERM, ZX_ERR_INTERNAL},
    {"zx_vcpu_enter", kKvm_KVM_RUN, ENOSYS, ZX_ERR_INTERNAL},
    // The debuggers' calls end the last packet's instruction first, which is a part of the next
    // enter.
    {kDebuggersCalls, kKvm_KVM_RUN, EFAULT, ZX_ERR_NO_MEMORY},
    {kDebuggersCalls, kKvm_KVM_RUN, EPERM, ZX_ERR_INTERNAL},
    {kDebuggersCalls, kKvm_KVM_RUN, ENOSYS, ZX_ERR_INTERNAL},
    {kDebuggersCalls, kKvm_KVM_GET_SREGS, 0, ZX_ERR_NO_MEMORY},
    {kDebuggersCalls, kKvm_KVM_GET_VCPU_EVENTS, 0, ZX_ERR_NO_MEMORY},
    // DEBUG-8, DEBUG-22: what the kernel does not take.
    {"zircon_kvm_vcpu_write_registers", kCallIds, EINVAL, ZX_ERR_INVALID_ARGS},
    {"zircon_kvm_vcpu_write_msr", kCallIds, EINVAL, ZX_ERR_INVALID_ARGS},
    {"zircon_kvm_vcpu_set_debug", kCallIds, EINVAL, ZX_ERR_INVALID_ARGS},
    // DEBUG-21.
    {"zircon_kvm_vcpu_read_msr", kKvm_KVM_GET_MSRS, EINVAL, ZX_ERR_NOT_SUPPORTED},
    // DEBUG-30, and where a step is told anew: a kernel that could before has no memory to.
    {"zircon_kvm_vcpu_set_debug", kKvm_KVM_SET_GUEST_DEBUG, EINVAL, ZX_ERR_NOT_SUPPORTED},
    {"zx_vcpu_enter", kKvm_KVM_SET_GUEST_DEBUG, 0, ZX_ERR_NO_MEMORY},
    // VMAR-MAP-18, VMAR-ALLOC-11: where the host's kernel may choose the place, it does not tell a
    // full space from a lack of memory.
    {"zx_vmar_map", kHost_mmap, ENOMEM, ZX_ERR_NO_RESOURCES},
    {"zx_vmar_map", kHost_mmap, EAGAIN, ZX_ERR_NO_RESOURCES},
    {"zx_vmar_allocate", kHost_mmap, ENOMEM, ZX_ERR_NO_RESOURCES},
    // HOST-ERR: of memory without a file no kernel says that.
    {nullptr, kHost_mmap, EOVERFLOW, ZX_ERR_OUT_OF_RANGE},
    // TASK-9.
    {"zx_object_get_info", kHost_open, 0, ZX_ERR_NOT_SUPPORTED},
    {"zx_object_get_info", kHost_read, 0, ZX_ERR_NOT_SUPPORTED},
    // VCPU-CREATE-6: no signal whose disposition can be asked or changed.
    {"zx_vcpu_create", kHost_sigaction, 0, ZX_ERR_NO_RESOURCES},
    // TIMER-CREATE-3.
    {"zx_timer_create", kHost_pthread_create, 0, ZX_ERR_NO_RESOURCES},
};

bool IsFor(const Row& row, const char* call) {
  if (row.call == nullptr) return true;
  if (row.call == kDebuggersCalls) return std::string_view(call).starts_with(kDebuggersCalls);
  return std::strcmp(row.call, call) == 0;
}

bool HasRow(const char* call, CallId failed, int error, zx_status_t status) {
  return std::any_of(std::begin(kRows), std::end(kRows), [&](const Row& row) {
    return IsFor(row, call) && (row.error == 0 || row.error == error) &&
           (row.failed == failed ||
            (row.failed == kCallIds && KindOf(failed).origin == Origin::kKvm)) &&
           row.status == status;
  });
}

bool IsDocumented(const char* call, zx_status_t status) {
  return std::any_of(std::begin(kDocumented), std::end(kDocumented), [&](const Documented& entry) {
    return std::strcmp(entry.call, call) == 0 && entry.status == status;
  });
}

// Statuses that HOST-ERR and KVM-ERR permit for every call.
bool IsAnyCalls(zx_status_t status) {
  return status == ZX_ERR_INTERNAL || status == ZX_ERR_NOT_SUPPORTED ||
         status == ZX_ERR_ACCESS_DENIED;
}

}  // namespace

std::string Judge(const char* call, CallId failed, int error, zx_status_t status) {
  if (HasRow(call, failed, error, status)) return "";
  if (judging_first_use && failed == kHost_mmap && status == ZX_ERR_NO_MEMORY) return "";
  // A signal that comes at a bad moment is nobody's fault.
  if (IsInterruption(failed, error)) return "it has only to be made again";
  const zx_status_t wanted =
      KindOf(failed).origin == Origin::kKvm ? FromKvm(error) : FromHost(error);
  if (status != wanted) return std::string("by the errno it is ") + zx_status_get_string(wanted);
  if (!IsDocumented(call, status) && !IsAnyCalls(status)) return "its header does not name that";
  return "";
}

}  // namespace zircon::faults
