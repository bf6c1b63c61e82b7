// zircon-kvm/seccomp.h: what the library asks of the host's kernel, as rules of a seccomp filter.
//
// For a VMM that gives up, before its guest's first instruction, all that it does not need. It
// makes the filter with libseccomp, lets this header add the library's system calls, adds its own,
// and loads it:
//
//   scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
//   seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);  // for all threads there are
//   if (zircon_kvm_seccomp_allow(filter, 0) != 0 ||
//       seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(write), 0) != 0 ||
//       seccomp_load(filter) != 0) {
//     return 1;
//   }
//   seccomp_release(filter);
//
// Link with -lseccomp (libseccomp 2.5 or later); the library itself does not need it.
//
// The rules hold for everything that the library does, guests that are created under the filter
// included: memory, threads (not processes), clocks, signals to the own threads, /dev/kvm and the
// requests to it by number. No program can be started, no file created, no socket made by them.
//
// Load it after the first VMO of 2 MiB or more: guest memory has large pages then, for which the
// library makes a mount once that these rules do not permit (HOST-34).

#ifndef ZIRCON_KVM_SECCOMP_H_
#define ZIRCON_KVM_SECCOMP_H_

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <zircon-kvm/detail.h>

ZX_DETAIL_C_BEGIN

// An option of zircon_kvm_seccomp_allow(): memory of the process may become executable, which
// zx_vmar_map() with ZX_VM_PERM_EXECUTE into the process takes. A guest's memory does not.
#define ZIRCON_KVM_SECCOMP_EXECUTABLE 1u

// Adds the library's rules to a filter whose default is to refuse.
//
//   filter           of seccomp_init(), for the native architecture.
//   options          0 or ZIRCON_KVM_SECCOMP_EXECUTABLE.
//
// Gives 0, or the negative errno value of seccomp_rule_add(). Changes the filter only, and takes
// no handle of the library's. Thread safety: as libseccomp's, one thread for a filter.
//
// Contract: HOST.
static inline int zircon_kvm_seccomp_allow(scmp_filter_ctx filter, uint32_t options) {
  // Without regard to arguments: they reach the process's own memory, descriptors and threads.
  static const int calls[] = {
      // Memory.
      SCMP_SYS(brk), SCMP_SYS(madvise), SCMP_SYS(mremap), SCMP_SYS(msync), SCMP_SYS(munmap),
      SCMP_SYS(memfd_create), SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev),
      // Descriptors.
      SCMP_SYS(close), SCMP_SYS(dup3), SCMP_SYS(fallocate), SCMP_SYS(fcntl), SCMP_SYS(ftruncate),
      SCMP_SYS(lseek), SCMP_SYS(newfstatat), SCMP_SYS(fstat), SCMP_SYS(pread64), SCMP_SYS(pwrite64),
      SCMP_SYS(read), SCMP_SYS(write),
      // Threads and their signals.
      SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(futex), SCMP_SYS(getpid), SCMP_SYS(gettid),
      SCMP_SYS(restart_syscall), SCMP_SYS(rseq), SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigpending),
      SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigtimedwait),
      SCMP_SYS(sched_getaffinity), SCMP_SYS(sched_yield), SCMP_SYS(set_robust_list),
      SCMP_SYS(tgkill),
      // Clocks and the host.
      SCMP_SYS(clock_getres), SCMP_SYS(clock_gettime), SCMP_SYS(clock_nanosleep),
      SCMP_SYS(getrandom), SCMP_SYS(nanosleep), SCMP_SYS(sysinfo), SCMP_SYS(timer_create),
      SCMP_SYS(timer_delete), SCMP_SYS(timer_settime)};
  // Of /dev/kvm, a virtual machine and a VCPU, in this order. Some as numbers: their names contain
  // the size of a structure with an array of open end, which C++ takes for larger.
  static const uint64_t requests[] = {
      KVM_GET_API_VERSION, KVM_CHECK_EXTENSION, KVM_GET_VCPU_MMAP_SIZE,
      0xC008AE05 /* KVM_GET_SUPPORTED_CPUID */, 0xC008AE88 /* KVM_GET_MSRS */, KVM_CREATE_VM,
      //
      KVM_ENABLE_CAP, KVM_X86_SET_MSR_FILTER, KVM_SET_CLOCK, KVM_SET_USER_MEMORY_REGION,
      KVM_CREATE_VCPU, KVM_SIGNAL_MSI,
      //
      KVM_RUN, KVM_SET_REGS, KVM_GET_SREGS, KVM_SET_SREGS, KVM_GET_SREGS2, KVM_SET_XCRS,
      KVM_GET_XCRS, KVM_GET_FPU, KVM_SET_FPU, 0x9000AEA4 /* KVM_GET_XSAVE */,
      0x5000AEA5 /* KVM_SET_XSAVE */, KVM_GET_DEBUGREGS, KVM_SET_DEBUGREGS, KVM_SET_GUEST_DEBUG,
      KVM_GET_VCPU_EVENTS, KVM_SET_VCPU_EVENTS, KVM_GET_LAPIC, KVM_SET_LAPIC, KVM_GET_MP_STATE,
      KVM_SET_MP_STATE, 0x4008AE90 /* KVM_SET_CPUID2 */, 0x4008AE89 /* KVM_SET_MSRS */,
      KVM_SET_DEVICE_ATTR, KVM_GET_TSC_KHZ};
  const scmp_datum_t executable = (options & ZIRCON_KVM_SECCOMP_EXECUTABLE) != 0 ? 0 : PROT_EXEC;
  // What depends on an argument, or is not allowed but answered.
  const struct {
    uint32_t action;
    int call;
    unsigned count;
    struct scmp_arg_cmp argument;
  } rules[] = {
      {SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, {2, SCMP_CMP_MASKED_EQ, executable, 0}},
      {SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, {2, SCMP_CMP_MASKED_EQ, executable, 0}},
      // Files that are there: the device, and what /proc and /sys say.
      {SCMP_ACT_ALLOW, SCMP_SYS(openat), 1, {2, SCMP_CMP_MASKED_EQ, O_CREAT | O_TRUNC, 0}},
      // A process's limits are asked for, its own and not set.
      {SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1, {2, SCMP_CMP_MASKED_EQ, UINT64_MAX, 0}},
      // A thread's name.
      {SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1, {0, SCMP_CMP_EQ, PR_SET_NAME, 0}},
      {SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1, {0, SCMP_CMP_EQ, PR_GET_NAME, 0}},
      // Threads, not processes. What clone3 is to do stands in memory, which a filter cannot read;
      // the C library falls back to clone.
      {SCMP_ACT_ALLOW, SCMP_SYS(clone), 1, {0, SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD}},
      {SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0, {0, SCMP_CMP_EQ, 0, 0}},
      // Files with large pages take a mount of their own, which is made with the first VMO of 2
      // MiB. Under the filter it is as on a kernel that cannot.
      {SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(fsopen), 0, {0, SCMP_CMP_EQ, 0, 0}}};
  struct scmp_arg_cmp argument;
  size_t i;
  int error = 0;
  for (i = 0; error == 0 && i < sizeof(calls) / sizeof(calls[0]); ++i) {
    error = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, calls[i], 0, NULL);
  }
  // The kernel looks at 32 bits of a request.
  argument.arg = 1;
  argument.op = SCMP_CMP_MASKED_EQ;
  argument.datum_a = 0xFFFFFFFFu;
  for (i = 0; error == 0 && i < sizeof(requests) / sizeof(requests[0]); ++i) {
    argument.datum_b = requests[i];
    error = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1, &argument);
  }
  for (i = 0; error == 0 && i < sizeof(rules) / sizeof(rules[0]); ++i) {
    error = seccomp_rule_add_array(filter, rules[i].action, rules[i].call, rules[i].count,
                                   &rules[i].argument);
  }
  return error;
}

ZX_DETAIL_C_END

#endif  // ZIRCON_KVM_SECCOMP_H_
