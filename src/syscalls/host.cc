// The calls of zircon-kvm/host.h but for the resources (syscalls/resource.cc).

#include <zircon-kvm/host.h>
#include <zircon/errors.h>

#include <algorithm>
#include <cstddef>
#include <string>

#include "base/log.h"
#include "guest/guest.h"
#include "guest/vm_creation.h"
#include "handles/handle_table.h"
#include "kvm/counters.h"
#include "objects/large_page_files.h"
#include "syscalls/pointer_checks.h"
#include "syscalls/syscall.h"
#include "syscalls/user_memory.h"
#include "vcpu/exit_counters.h"
#include "vcpu/kick_signal.h"

namespace user = zircon::user;

ZIRCON_PASSING_HOST_CALL(zx_status_t, check, (char*)words, (size_t)size) {
  zircon::guest::CreatedVm vm;
  std::string why;
  const zx_status_t status = zircon::guest::CreateVm(&vm, &why);
  if (size == 0) return status;
  if (status == ZX_OK) {
    why = "Guests can be created here.";
    std::string denied;
    if (!zircon::objects::HostGivesLargePages(&denied)) {
      why += " Their memory has no large pages, which costs speed: " + denied;
    }
  }
  const size_t length = std::min(why.size(), size - 1);
  why.resize(length);
  const zx_status_t copied = user::CopyOut(words, why.c_str(), length + 1);
  return copied != ZX_OK ? copied : status;
}

ZIRCON_PURE_HOST_CALL(void, set_log_level, (int)level) {
  level = std::clamp(level, static_cast<int>(ZIRCON_KVM_LOG_TRACE),
                     static_cast<int>(ZIRCON_KVM_LOG_OFF));
  zircon::base::SetLogLevel(static_cast<zircon::base::LogLevel>(level));
}

ZIRCON_PURE_HOST_CALL(zx_status_t, set_pointer_checks, (int)checks) {
  if (checks != ZIRCON_KVM_POINTERS_REMEMBERED && checks != ZIRCON_KVM_POINTERS_STRICT) {
    return ZX_ERR_INVALID_ARGS;
  }
  user::RememberPages(checks == ZIRCON_KVM_POINTERS_REMEMBERED);
  return ZX_OK;
}

ZIRCON_PASSING_HOST_CALL(zx_status_t, set_kick_signal, (int)signo) {
  return zircon::vcpu::KickSignal::Choose(signo);
}

ZIRCON_PURE_HOST_CALL(int, kick_signal) { return zircon::vcpu::KickSignal::number(); }

ZIRCON_PASSING_HOST_CALL(zx_status_t, get_stats, (zircon_kvm_stats_t*)out, (size_t)size) {
  if (size < sizeof(zircon_kvm_stats_t)) return ZX_ERR_BUFFER_TOO_SMALL;
  zircon_kvm_stats_t stats = {};
  stats.live_handles = zircon::handles::HandleTable::Process().live();
  stats.vm_fds = zircon::kvm::g_counters.vm_fds.load(std::memory_order_relaxed);
  stats.vcpu_fds = zircon::kvm::g_counters.vcpu_fds.load(std::memory_order_relaxed);
  stats.memory_slots = zircon::kvm::g_counters.memory_slots.load(std::memory_order_relaxed);
  stats.guests = zircon::guest::Guest::live_count();
  stats.vcpus = zircon::vcpu::ExitCounters::live_count();
  const auto exits = zircon::vcpu::ExitCounters::Totals();
  std::copy(exits.begin(), exits.end(), stats.exits);
  return user::CopyOutGrown(out, size, &stats, sizeof(stats));
}

ZIRCON_PURE_HOST_CALL(const char*, version) { return ZIRCON_KVM_VERSION; }
