// zircon/syscalls.h: the calls.
//
// They are declared in the headers below, a family each: as zx_NAME, and at the end of the header
// as _zx_NAME, two names of one function. In short, a VMM:
//
//   zircon_kvm_hypervisor_resource(&resource);         // <zircon-kvm/host.h>
//   zx_guest_create(resource, 0, &guest, &space);
//   zx_vmo_create(memory_size, 0, &memory);
//   zx_vmar_map(space, ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_SPECIFIC, 0, memory, 0,
//               memory_size, &address);
//   zx_guest_set_trap(guest, ZX_GUEST_TRAP_IO, 0x3f8, 8, ZX_HANDLE_INVALID, key);
//   zx_vcpu_create(guest, 0, entry, &vcpu);
//   while (zx_vcpu_enter(vcpu, &packet) == ZX_OK) {
//     answer(&packet);
//   }
//
// Rules for every call, not repeated below:
//
//   Results   ZX_OK or an error. Errors are listed without their ZX_ERR_, in the order in which
//             they are checked; the first that applies is given. A call that fails has changed
//             nothing, unless its text says so.
//   Handles   "Handle errors" are BAD_HANDLE (not a live handle), then WRONG_TYPE (to another kind
//             of object), then ACCESS_DENIED (without the rights written at the argument).
//   Pointers  NULL, or memory that cannot be read or written, gives INVALID_ARGS, never a signal;
//             only "optional" ones may be NULL. Results are written last of all: if that fails the
//             call has had its effect, a new handle is closed again, and a packet is lost.
//   Tables    A call that makes a handle gives NO_MEMORY while 262144 of them are live.
//   Threads   Any thread may make any call at any time, unless it says "owner thread only". A
//             handle may be closed while another thread uses it.
//   Signals   A signal handler may call zx_vcpu_kick(), zx_handle_close(ZX_HANDLE_INVALID), the
//             calls for time and ticks, zx_nanosleep(), zx_status_get_string(),
//             zircon_kvm_kick_signal() and zircon_kvm_version(), and none other: what it has
//             interrupted may hold a lock.
//   fork      In a child that was forked while the library was in use a call gives BAD_STATE.
//   2018      What differs for a program compiled with ZX_API_2018 defined, which gives the headers
//             of the end of 2018. The library is the same, also for both in one program.
//   On KVM    What differs from Zircon. One for all: zx_vcpu_enter(), zx_vcpu_resume(),
//             zx_vcpu_read_state(), zx_vcpu_write_state() and zx_port_wait() may remember for each
//             thread a page that they could reach; taking it away later with other calls than the
//             library's can mean a signal.
//   Contract  Which families of rows of the project's docs/contract promise it.

#ifndef ZIRCON_SYSCALLS_H_
#define ZIRCON_SYSCALLS_H_

#include <zircon/calls/channel.h>
#include <zircon/calls/clock.h>
#include <zircon/calls/event.h>
#include <zircon/calls/eventpair.h>
#include <zircon/calls/fifo.h>
#include <zircon/calls/guest.h>
#include <zircon/calls/handle.h>
#include <zircon/calls/interrupt.h>
#include <zircon/calls/object.h>
#include <zircon/calls/port.h>
#include <zircon/calls/resource.h>
#include <zircon/calls/socket.h>
#include <zircon/calls/system.h>
#include <zircon/calls/task.h>
#include <zircon/calls/timer.h>
#include <zircon/calls/vcpu.h>
#include <zircon/calls/vmar.h>
#include <zircon/calls/vmo.h>
#include <zircon/status.h>
#include <zircon/syscalls/hypervisor.h>
#include <zircon/syscalls/object.h>
#include <zircon/syscalls/port.h>
#include <zircon/syscalls/resource.h>
#include <zircon/types.h>

#endif  // ZIRCON_SYSCALLS_H_
