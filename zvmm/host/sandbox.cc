#include "host/sandbox.h"

#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <zircon-kvm/seccomp.h>

#include <array>
#include <memory>

#include "absl/strings/str_cat.h"

namespace zvmm {
namespace {

struct Release {
  void operator()(void* filter) const { seccomp_release(filter); }
};
using Filter = std::unique_ptr<void, Release>;

// What the devices, the terminal and the end of the process take besides what the library does.
constexpr std::array kCalls = {
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(eventfd2),
    SCMP_SYS(fdatasync),
    SCMP_SYS(readv),
    SCMP_SYS(writev),
    SCMP_SYS(sendto),
    SCMP_SYS(sendmsg),
    SCMP_SYS(recvfrom),
    SCMP_SYS(getpgrp),
    // Stopping and dying as the shell expects of a program.
    SCMP_SYS(kill),
};
// Where a file is made at the end.
constexpr std::array kFileCalls = {SCMP_SYS(openat), SCMP_SYS(rename), SCMP_SYS(unlink)};
constexpr std::array kGdbCalls = {SCMP_SYS(accept4), SCMP_SYS(setsockopt), SCMP_SYS(unlink)};
// Of the terminal.
constexpr std::array<uint64_t, 6> kRequests = {TCGETS,  TCSETS,    TCSETSW,
                                               TCSETSF, TIOCGPGRP, TIOCGWINSZ};

template <typename Calls>
int Allow(const Filter& filter, const Calls& calls) {
  for (const int call : calls) {
    const int error = seccomp_rule_add_array(filter.get(), SCMP_ACT_ALLOW, call, 0, nullptr);
    if (error != 0) return error;
  }
  return 0;
}

int AllowRequests(const Filter& filter) {
  for (const uint64_t request : kRequests) {
    const scmp_arg_cmp argument = {1, SCMP_CMP_MASKED_EQ, 0xFFFF'FFFF, request};
    const int error =
        seccomp_rule_add_array(filter.get(), SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1, &argument);
    if (error != 0) return error;
  }
  return 0;
}

// Of VCPUs' threads (processor_share.h).
int AllowPolicy(const Filter& filter) {
  const scmp_arg_cmp batch = {1, SCMP_CMP_MASKED_EQ, 0xFFFF'FFFF, SCHED_BATCH};
  const int error =
      seccomp_rule_add_array(filter.get(), SCMP_ACT_ALLOW, SCMP_SYS(sched_setscheduler), 1, &batch);
  return error != 0 ? error
                    : seccomp_rule_add_array(filter.get(), SCMP_ACT_ALLOW,
                                             SCMP_SYS(sched_getscheduler), 0, nullptr);
}

int Load(const SandboxNeeds& needs) {
  const Filter filter(seccomp_init(SCMP_ACT_KILL_PROCESS));
  if (filter == nullptr) return -ENOMEM;
  int error = seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_TSYNC, 1);
  if (error == 0) error = zircon_kvm_seccomp_allow(filter.get(), 0);
  if (error == 0) error = Allow(filter, kCalls);
  if (error == 0) error = AllowRequests(filter);
  if (error == 0) error = AllowPolicy(filter);
  if (error == 0 && needs.creates_a_file) error = Allow(filter, kFileCalls);
  if (error == 0 && needs.serves_gdb) error = Allow(filter, kGdbCalls);
  return error != 0 ? error : seccomp_load(filter.get());
}

}  // namespace

absl::Status EnterSandbox(const SandboxNeeds& needs) {
  const int error = Load(needs);
  if (error == 0) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("the sandbox cannot be made: ", strerror(-error),
                                             "; --sandbox needs a kernel with seccomp filters"));
}

}  // namespace zvmm
