// zircon-kvm/host.h: what only a program on Linux needs.
//
// On Zircon the hypervisor is part of the kernel, and the system gives a VMM its resources. Here
// the library stands for both: these functions hand the resources out and say whether guests can
// run, and let a program choose the log level, the signal for kicks, how closely its pointers are
// looked at, and whether a guest's local APICs are the library's or the kernel's.
//
//   char why[256];
//   if (zircon_kvm_check(why, sizeof(why)) != ZX_OK) {
//     fprintf(stderr, "%s\n", why);
//     return 1;
//   }
//   zx_handle_t resource = ZX_HANDLE_INVALID;
//   zircon_kvm_hypervisor_resource(&resource);  // For zx_guest_create().
//
// The rules at the top of <zircon/syscalls.h> apply here too.

#ifndef ZIRCON_KVM_HOST_H_
#define ZIRCON_KVM_HOST_H_

#include <zircon/types.h>

ZX_DETAIL_C_BEGIN

// -------------------------------------------------------------------------------------------------
// Resources

// Gives the root resource, of which zx_resource_create() makes others: of kind ROOT. A new handle
// each time, for the caller to close.
//
//   out              receives it: DUPLICATE, TRANSFER, WRITE, INSPECT.
//
// Errors:
//   BAD_STATE        in a forked child.
//   NO_MEMORY        out of memory, or the handle table is full.
//   INVALID_ARGS     out.
//
// Contract: HOST.
zx_status_t zircon_kvm_root_resource(zx_handle_t* out) ZX_DETAIL_CALL;

// Gives a resource for zx_guest_create(), whether or not the host has KVM: of kind SYSTEM, base
// ZX_RSRC_SYSTEM_HYPERVISOR_BASE, size 1. A new handle each time, for the caller to close.
//
//   out              receives it: DUPLICATE, TRANSFER, WRITE, INSPECT.
//
// Errors:
//   BAD_STATE        in a forked child.
//   NO_MEMORY        out of memory, or the handle table is full.
//   INVALID_ARGS     out.
//
// Contract: HOST.
zx_status_t zircon_kvm_hypervisor_resource(zx_handle_t* out) ZX_DETAIL_CALL;

// Gives a resource for zx_vmo_replace_as_executable(): as above, base ZX_RSRC_SYSTEM_VMEX_BASE.
//
// Contract: HOST.
zx_status_t zircon_kvm_vmex_resource(zx_handle_t* out) ZX_DETAIL_CALL;

// -------------------------------------------------------------------------------------------------
// Can guests run?

// Says whether zx_guest_create() can work here, and if not, why and what to do about it. Where it
// can, the words also say whether the host denies large pages to guests' memory, which costs speed,
// and what to do about that; the environment variable ZIRCON_KVM_LARGE_PAGES=off has the library
// not try for any.
//
//   words            receives that as a sentence, cut to size, always with a NUL. May be NULL if
//                    size is 0.
//   size             in bytes.
//
// Errors, those of zx_guest_create():
//   BAD_STATE        in a forked child.
//   NOT_SUPPORTED    the host has no KVM, or one that lacks something needed.
//   ACCESS_DENIED    the host does not let this process open /dev/kvm.
//   NO_RESOURCES     the process or the host has no file descriptor left.
//   NO_MEMORY        out of memory.
//   INVALID_ARGS     words.
//
// Asks the host anew each time.
//
// Contract: HOST.
zx_status_t zircon_kvm_check(char* words, size_t size) ZX_DETAIL_CALL;

// -------------------------------------------------------------------------------------------------
// Log

// The log goes to stderr: lines of the chosen level and of those after it.
typedef enum zircon_kvm_log_level {
  ZIRCON_KVM_LOG_TRACE = 0,
  ZIRCON_KVM_LOG_DEBUG = 1,
  ZIRCON_KVM_LOG_INFO = 2,
  ZIRCON_KVM_LOG_WARN = 3,
  ZIRCON_KVM_LOG_ERROR = 4,
  ZIRCON_KVM_LOG_CRITICAL = 5,
  ZIRCON_KVM_LOG_OFF = 6
} zircon_kvm_log_level_t;

// Chooses the level, one of ZIRCON_KVM_LOG_*; other numbers count as the nearest. Any thread.
//
// At first it is what the environment variable ZIRCON_KVM_LOG says (trace, debug, info, warn,
// error, critical or off; read once, at first use), or else WARN.
//
// Contract: HOST.
void zircon_kvm_set_log_level(int level) ZX_DETAIL_CALL;

// -------------------------------------------------------------------------------------------------
// Pointers

// How closely the pointers are looked at that a program hands to a call.
typedef enum zircon_kvm_pointers {
  ZIRCON_KVM_POINTERS_REMEMBERED = 0,  // A page that was found good stays so.
  ZIRCON_KVM_POINTERS_STRICT = 1       // The host's kernel is asked each time.
} zircon_kvm_pointers_t;

// Chooses that. Any thread; for the calls that begin afterwards.
//
// A wild pointer is INVALID_ARGS, with one exception: the program may take memory away or make it
// read-only without the library (munmap, mprotect, a file that is cut short), after a call has
// found it good, and hand it to a call once more. Then with REMEMBERED the access may be a signal,
// SIGSEGV or SIGBUS, as it would be in the program's own code. STRICT is for the tests of a VMM:
// such memory is INVALID_ARGS too, and each pointer costs a system call or two.
//
// At first it is STRICT if the environment variable ZIRCON_KVM_POINTERS is "strict" (read once, at
// first use), or else REMEMBERED.
//
//   checks           one of ZIRCON_KVM_POINTERS_*.
//
// Errors:
//   INVALID_ARGS     checks is neither.
//
// Contract: PTR.
zx_status_t zircon_kvm_set_pointer_checks(int checks) ZX_DETAIL_CALL;

// -------------------------------------------------------------------------------------------------
// The signal for kicks

// Chooses the signal that brings a thread out of a running guest, for zx_vcpu_kick() and
// zx_vcpu_interrupt(). Only before the first zx_vcpu_create() of the process, which otherwise takes
// the highest real-time signal whose disposition is SIG_DFL.
//
//   signo            SIGRTMIN to SIGRTMAX, of disposition SIG_DFL.
//
// Errors:
//   INVALID_ARGS     signo is not a real-time signal.
//   BAD_STATE        a VCPU has been created; or in a forked child.
//   ALREADY_BOUND    its disposition is not SIG_DFL.
//
// From the first VCPU on the signal is the library's: a program must not send, catch, ignore or
// wait for it, nor change whether a thread with a VCPU blocks it.
//
// Contract: HOST.
zx_status_t zircon_kvm_set_kick_signal(int signo) ZX_DETAIL_CALL;

// Gives the signal for kicks, or 0 while none is chosen. Any thread.
//
// Contract: HOST.
int zircon_kvm_kick_signal(void) ZX_DETAIL_CALL;

// -------------------------------------------------------------------------------------------------
// Interrupts

// Whose the local APICs of a guest's VCPUs are.
typedef enum zircon_kvm_interrupts {
  ZIRCON_KVM_INTERRUPTS_LIBRARY = 0,  // Zircon's, as the library has it.
  ZIRCON_KVM_INTERRUPTS_KERNEL = 1    // The processor's, as the host's kernel has it.
} zircon_kvm_interrupts_t;

// Chooses that, for one guest. Only before its first zx_vcpu_create(); a guest for which nothing is
// chosen has the library's. The kernel's cannot be given back.
//
// With the kernel's, inter-processor interrupts, timers and halts do not leave the host's kernel,
// and the guest is shown KVM's own features: interrupts by call, unhalt, end of interrupt.
// What the guest finds then is the hardware's local APIC, not Zircon's: no INTERRUPT packets;
// interrupts that take an end of interrupt; a STARTUP packet once for each processor, from the
// enter of any VCPU. docs/contract/accelerated.md has it row by row.
//
//   guest            a guest; WRITE.
//   interrupts       one of ZIRCON_KVM_INTERRUPTS_*.
//   processors       how many there may be, 1 to 64: the guest can start those with ids below that.
//                    With LIBRARY it is not looked at.
//
// Errors:
//   BAD_HANDLE       guest.
//   WRONG_TYPE       guest.
//   ACCESS_DENIED    guest.
//   INVALID_ARGS     interrupts is neither; processors is 0 or above 64.
//   BAD_STATE        a VCPU of it has been created; or the kernel's have been chosen and these are
//                    the library's; or in a forked child.
//   NOT_SUPPORTED    the host's KVM cannot; the log says what it lacks. Several processors take
//                    Linux 6.1.
//   NO_MEMORY        out of memory.
//
// Contract: ACCEL.
zx_status_t zircon_kvm_guest_set_interrupts(zx_handle_t guest, int interrupts,
                                            uint32_t processors) ZX_DETAIL_CALL;

// -------------------------------------------------------------------------------------------------
// Statistics

// Why the host kernel stopped running a VCPU.
typedef enum zircon_kvm_exit {
  ZIRCON_KVM_EXIT_IO = 0,              // The guest used an I/O port.
  ZIRCON_KVM_EXIT_MMIO = 1,            // The guest used memory that is trapped or not mapped.
  ZIRCON_KVM_EXIT_HLT = 2,             // The guest halted.
  ZIRCON_KVM_EXIT_RDMSR = 3,           // The guest read a register that the library emulates.
  ZIRCON_KVM_EXIT_WRMSR = 4,           // The guest wrote such a register.
  ZIRCON_KVM_EXIT_IRQ_WINDOW = 5,      // The guest can take an interrupt now.
  ZIRCON_KVM_EXIT_INTR = 6,            // A signal came, the library's or another.
  ZIRCON_KVM_EXIT_SHUTDOWN = 7,        // Triple fault.
  ZIRCON_KVM_EXIT_FAIL_ENTRY = 8,      // The processor refused the guest's state.
  ZIRCON_KVM_EXIT_INTERNAL_ERROR = 9,  // KVM could not go on.
  ZIRCON_KVM_EXIT_OTHER = 10,
  ZIRCON_KVM_EXIT_COUNT = 11
} zircon_kvm_exit_t;

// Places in zircon_kvm_stats_t for kinds of exit; those from ZIRCON_KVM_EXIT_COUNT on are 0.
#define ZIRCON_KVM_EXIT_SLOTS 16

// Counts for the whole process. Later versions add members at the end only.
typedef struct zircon_kvm_stats {
  // What there is now.
  uint64_t live_handles;
  uint64_t vm_fds;
  uint64_t vcpu_fds;
  uint64_t memory_slots;  // Of KVM, in all guests.
  uint64_t guests;
  uint64_t vcpus;
  // What there has been since the process started, by ZIRCON_KVM_EXIT_*.
  uint64_t exits[ZIRCON_KVM_EXIT_SLOTS];
} zircon_kvm_stats_t;

ZX_DETAIL_SIZE(zircon_kvm_stats_t, 176);
ZX_DETAIL_MEMBER(zircon_kvm_stats_t, live_handles, 0, 8);
ZX_DETAIL_MEMBER(zircon_kvm_stats_t, vm_fds, 8, 8);
ZX_DETAIL_MEMBER(zircon_kvm_stats_t, vcpu_fds, 16, 8);
ZX_DETAIL_MEMBER(zircon_kvm_stats_t, memory_slots, 24, 8);
ZX_DETAIL_MEMBER(zircon_kvm_stats_t, guests, 32, 8);
ZX_DETAIL_MEMBER(zircon_kvm_stats_t, vcpus, 40, 8);
ZX_DETAIL_MEMBER(zircon_kvm_stats_t, exits, 48, 128);
ZX_DETAIL_ASSERT(ZIRCON_KVM_EXIT_COUNT <= ZIRCON_KVM_EXIT_SLOTS, "a place for each kind of exit");

// Gives the counts. Each is right by itself; while threads work they are not of one moment.
//
//   out              receives them.
//   size             sizeof(zircon_kvm_stats_t), as the program was compiled. An older library
//                    fills what it does not know with 0; a newer one leaves out what does not fit.
//
// Errors:
//   BUFFER_TOO_SMALL size is below 176, that of the first version.
//   BAD_STATE        in a forked child.
//   INVALID_ARGS     out.
//
// Contract: HOST.
zx_status_t zircon_kvm_get_stats(zircon_kvm_stats_t* out, size_t size) ZX_DETAIL_CALL;

// -------------------------------------------------------------------------------------------------
// Version

// Gives the version of the library in use, "MAJOR.MINOR.PATCH". Never NULL; the text is constant.
//
// Contract: HOST.
const char* zircon_kvm_version(void) ZX_DETAIL_CALL;

ZX_DETAIL_C_END

#endif  // ZIRCON_KVM_HOST_H_
