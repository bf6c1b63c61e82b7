// zircon/syscalls.h: the calls.
//
// Each is declared as zx_NAME and, at the end of the file, as _zx_NAME: two names of one function.
// In short, a VMM:
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
//   fork      In a forked child a call that takes or makes a handle gives BAD_STATE.
//   2018      What differs for a program compiled with ZX_API_2018 defined, which gives the headers
//             of the end of 2018. The library is the same, also for both in one program.
//   On KVM    What differs from Zircon. One for all: zx_vcpu_enter(), zx_vcpu_resume(),
//             zx_vcpu_read_state(), zx_vcpu_write_state() and zx_port_wait() may remember for each
//             thread a page that they could reach; unmapping it later can mean a signal.

#ifndef ZIRCON_SYSCALLS_H_
#define ZIRCON_SYSCALLS_H_

#include <zircon/status.h>
#include <zircon/syscalls/hypervisor.h>
#include <zircon/syscalls/object.h>
#include <zircon/syscalls/port.h>
#include <zircon/syscalls/resource.h>
#include <zircon/types.h>

ZX_DETAIL_C_BEGIN

// -------------------------------------------------------------------------------------------------
// Handles

// Closes a handle. An object goes with its last handle, unless something else still uses it.
//
//   handle           any; ZX_HANDLE_INVALID is fine and does nothing.
//
// Errors:
//   BAD_HANDLE       handle is not live.
zx_status_t zx_handle_close(zx_handle_t handle) ZX_DETAIL_CALL;

// Closes several handles, all that it can.
//
//   handles          an array of num_handles; each as for zx_handle_close().
//
// Errors:
//   INVALID_ARGS     part of the array cannot be read. Handles before that part may be closed.
//   BAD_HANDLE       one is not live, or stands there twice. All others are closed.
zx_status_t zx_handle_close_many(const zx_handle_t* handles, size_t num_handles) ZX_DETAIL_CALL;

// Makes a second handle to the same object.
//
//   handle           any; DUPLICATE.
//   rights           for the new one: a subset of those of handle, or ZX_RIGHT_SAME_RIGHTS.
//   out              receives the new one.
//
// Errors:
//   BAD_HANDLE       handle is not live.
//   ACCESS_DENIED    handle lacks DUPLICATE.
//   INVALID_ARGS     rights is not a subset.
//   NO_MEMORY        the handle table is full.
//   INVALID_ARGS     out.
zx_status_t zx_handle_duplicate(zx_handle_t handle, zx_rights_t rights,
                                zx_handle_t* out) ZX_DETAIL_CALL;

// Changes a handle for one with fewer rights, or the same.
//
//   handle           any, no right needed. Closed by the call, also if it fails.
//   rights           as for zx_handle_duplicate().
//   out              receives the new one.
//
// Errors:
//   BAD_HANDLE       handle is not live.
//   INVALID_ARGS     rights is not a subset.
//   INVALID_ARGS     out.
zx_status_t zx_handle_replace(zx_handle_t handle, zx_rights_t rights,
                              zx_handle_t* out) ZX_DETAIL_CALL;

// -------------------------------------------------------------------------------------------------
// Objects

// Tells about an object. <zircon/syscalls/object.h> has the topics and their records.
//
//   handle           HANDLE_VALID, HANDLE_BASIC: any, no right needed.
//                    VMAR: a VMAR, VCPU: a VCPU; INSPECT.
//   topic            ZX_INFO_*.
//   buffer           receives the record. HANDLE_VALID has none and uses no buffer.
//   buffer_size      in bytes; at least the record.
//   actual           optional; receives the number of records written.
//   avail            optional; receives the number of records there are.
//
// Errors:
//   NOT_SUPPORTED    topic is unknown, whatever the handle.
//   Handle errors    of handle.
//   BUFFER_TOO_SMALL buffer_size. actual receives 0, avail 1.
//   INVALID_ARGS     buffer, actual or avail.
zx_status_t zx_object_get_info(zx_handle_t handle, uint32_t topic, void* buffer, size_t buffer_size,
                               size_t* actual, size_t* avail) ZX_DETAIL_CALL_2018(object_get_info);

// -------------------------------------------------------------------------------------------------
// Guests

// Creates a guest, and with it its physical address space: bytes 0 to 2^48 (arm64: 2^36), empty.
//
//   resource         of kind SYSTEM with ZX_RSRC_SYSTEM_HYPERVISOR_BASE, or of kind ROOT; no right
//                    needed. zircon_kvm_hypervisor_resource() gives one.
//   options          0.
//   guest_handle     receives the guest: DUPLICATE, TRANSFER, WRITE, INSPECT, MANAGE_PROCESS,
//                    MANAGE_THREAD.
//   vmar_handle      receives the root VMAR of the space: DUPLICATE, TRANSFER, READ, WRITE,
//                    EXECUTE, INSPECT, OP_CHILDREN.
//
// Errors:
//   BAD_HANDLE       resource is not live.
//   WRONG_TYPE       resource is not a resource, or one of another kind.
//   OUT_OF_RANGE     resource is of kind SYSTEM, for something else.
//   INVALID_ARGS     options.
//   NOT_SUPPORTED    the host has no KVM, or one that lacks something needed.
//   ACCESS_DENIED    the host does not let this process open /dev/kvm.
//   NO_RESOURCES     the process or the host has no file descriptor left.
//   NO_MEMORY        out of memory, or the handle table is full.
//   INVALID_ARGS     guest_handle or vmar_handle; neither handle is made.
//
// The guest goes when its handles and its VCPUs are gone, and its VMAR is destroyed then. Closing
// vmar_handle leaves the mappings alone.
//
// On KVM: zircon_kvm_check() says in words what is missing. Mappings above what the host's
// processor can address are accepted, but the guest cannot reach them.
zx_status_t zx_guest_create(zx_handle_t resource, uint32_t options, zx_handle_t* guest_handle,
                            zx_handle_t* vmar_handle) ZX_DETAIL_CALL;

// Sets a trap on a range of guest-physical memory or I/O ports. It cannot be removed.
//
//   handle           guest; WRITE.
//   kind             ZX_GUEST_TRAP_BELL, _MEM or _IO: <zircon/syscalls/hypervisor.h>.
//   addr, size       BELL, MEM: bytes, whole pages of 4096, inside the guest's space.
//                    IO: port numbers; port 0xffff cannot be in a range.
//   port_handle      BELL: port; WRITE. MEM, IO: ZX_HANDLE_INVALID.
//   key              put into each packet; any value.
//
// Errors:
//   Handle errors    of handle; then of port_handle, unless that is ZX_HANDLE_INVALID.
//   NOT_SUPPORTED    IO on arm64.
//   INVALID_ARGS     kind is unknown; BELL without a port; MEM or IO with one.
//   OUT_OF_RANGE     IO: size is 0, or addr + size is above 0xffff or wraps.
//   ALREADY_EXISTS   IO: the range meets another IO trap.
//   INVALID_ARGS     BELL, MEM: addr or size is not whole pages; size is 0, or the range is not
//                    inside the space.
//   ALREADY_EXISTS   BELL, MEM: the range meets another BELL or MEM trap. Its mappings are gone.
//   NO_RESOURCES     BELL, MEM: the host has no memory slot left for the guest.
//   NO_MEMORY        out of memory.
//
// BELL and MEM unmap the range. A trap wins over a mapping that is made there later. May be called
// while VCPUs run.
//
// BELL: each store queues a packet to the port while the VCPU runs on. A trap has 256 packets; when
// all wait in the port the next store waits in zx_vcpu_enter() until one is taken. Once the last
// handle to the port is closed each store gives BAD_STATE there.
zx_status_t zx_guest_set_trap(zx_handle_t handle, uint32_t kind, zx_vaddr_t addr, size_t size,
                              zx_handle_t port_handle, uint64_t key) ZX_DETAIL_CALL;

// -------------------------------------------------------------------------------------------------
// VCPUs

// Creates a VCPU. The calling thread owns it for ever: only it may enter, read and write it.
//
//   guest            guest; WRITE.
//   options          0.
//   entry            guest-physical address of its first instruction.
//   out              receives the VCPU: DUPLICATE, TRANSFER, READ, WRITE, EXECUTE, SIGNAL, WAIT,
//                    INSPECT.
//
// Errors:
//   INVALID_ARGS     options.
//   Handle errors    of guest.
//   NO_RESOURCES     all ids are in use.
//   INVALID_ARGS     entry is outside the guest's space.
//   BAD_STATE        the thread owns a live VCPU, of this guest or another.
//   NO_MEMORY        out of memory, or the handle table is full.
//   NO_RESOURCES     no file descriptor is left, or no signal to kick with.
//   NOT_SUPPORTED    the host cannot run it.
//   INVALID_ARGS     out.
//
// It gets the lowest free id, 0 first; x86 has 64. x86: id 0 starts in 64-bit mode at entry with
// CR3 = 0, so its page tables begin at guest-physical 0; any other starts in real mode with its
// code segment based at entry. arm64: at entry in EL1, MMU off. The general registers are 0.
//
// On KVM: kicks use a real-time signal, see zircon_kvm_set_kick_signal().
zx_status_t zx_vcpu_create(zx_handle_t guest, uint32_t options, zx_vaddr_t entry,
                           zx_handle_t* out) ZX_DETAIL_CALL;

// Runs a VCPU until the guest needs its VMM. Owner thread only.
//
//   handle           VCPU; EXECUTE.
//   packet           receives the reason, if the call gives ZX_OK:
//                    GUEST_IO, GUEST_MEM: an access to a trap; with the trap's key.
//                    GUEST_VCPU: an interrupt for VCPUs, or the start of one; with key 0.
//
// Errors:
//   Handle errors    of handle.
//   BAD_STATE        not the owner thread.
// then what happens first:
//   CANCELED         kicked. arm64: or the guest resets the machine.
//   STOP             arm64: the guest turns this processor off.
//   UNAVAILABLE      arm64: the guest turns the machine off.
//   NOT_FOUND        an I/O port without a trap; memory without mapping or trap.
//   OUT_OF_RANGE     memory outside the guest's space, or beyond the end of the mapped VMO.
//   ACCESS_DENIED    memory whose mapping does not permit the access.
//   NOT_SUPPORTED    triple fault; string I/O on a port; a load from a BELL trap; a vector from 21
//                    to 31; an inter-processor interrupt of an unusual kind.
//   INVALID_ARGS     the guest writes a bad value to a machine register; or packet.
//   IO_DATA_INTEGRITY  arm64: an access to a trap that the processor does not describe.
//   BAD_STATE        the processor refuses the guest's state; a BELL trap's port is gone.
//   NO_MEMORY        out of memory.
//   INTERNAL         the host kernel failed.
//
// When a packet comes the guest's instruction is over; zx_vcpu_write_state() completes a load or
// an IN. After an error the VCPU may be entered again. NOT_FOUND, OUT_OF_RANGE and ACCESS_DENIED
// leave it on the instruction, so the VMM may map what was missing. HLT is not reported: the call
// sleeps until there is an interrupt or a kick.
//
// On KVM: EXECUTE on a mapping is not enforced. VMX instructions, GETSEC and a bad XSETBV fault in
// the guest, INVD does nothing, task switches work. Page tables in unmapped memory are a page fault
// of the guest.
//
// 2018: GUEST_MEM packets have the bytes of the instruction (NOT_FOUND if the guest's page
// tables do not lead to them, with the instruction over), and GUEST_VCPU packets another layout.
zx_status_t zx_vcpu_enter(zx_handle_t handle, zx_port_packet_t* packet)
    ZX_DETAIL_CALL_2018(vcpu_enter);

// The older name of zx_vcpu_enter(); the same.
zx_status_t zx_vcpu_resume(zx_handle_t handle, zx_port_packet_t* packet)
    ZX_DETAIL_CALL_2018(vcpu_resume);

// Makes the zx_vcpu_enter() that runs, or else the next one, give CANCELED.
//
//   handle           VCPU; EXECUTE.
//
// Errors:
//   Handle errors    of handle.
//
// Several kicks before one is taken are one. No packet is lost: if there is one already, that enter
// gives it and the next gives CANCELED. A halted guest goes on after its HLT. ZX_OK even if the
// owner thread is gone.
zx_status_t zx_vcpu_kick(zx_handle_t handle) ZX_DETAIL_CALL;

// Raises an interrupt in a VCPU, whether it runs or not. The guest gets it once it can take it.
//
//   handle           VCPU; SIGNAL.
//   vector           x86: 32 to 255 interrupts, 2 the NMI, 0 to 20 exceptions. arm64: the
//                    interrupt's number.
//
// Errors:
//   Handle errors    of handle.
//   OUT_OF_RANGE     vector is above 255.
//
// A vector that is pending already stays one interrupt. The highest goes first, the NMI before
// all. x86: 21 to 31 are accepted, and make the next enter give NOT_SUPPORTED.
zx_status_t zx_vcpu_interrupt(zx_handle_t handle, uint32_t vector) ZX_DETAIL_CALL;

// Reads the registers of a VCPU. Owner thread only.
//
//   handle           VCPU; READ.
//   kind             ZX_VCPU_STATE.
//   buffer           receives a zx_vcpu_state_t.
//   buffer_size      its size in bytes, exactly.
//
// Errors:
//   Handle errors    of handle.
//   INVALID_ARGS     kind or buffer_size.
//   BAD_STATE        not the owner thread.
//   INVALID_ARGS     buffer.
zx_status_t zx_vcpu_read_state(zx_handle_t handle, uint32_t kind, void* buffer,
                               size_t buffer_size) ZX_DETAIL_CALL;

// Writes the registers of a VCPU, or the result of an IN. Owner thread only.
//
//   handle           VCPU; WRITE.
//   kind             ZX_VCPU_STATE, or on x86 ZX_VCPU_IO; the latter also without an IN packet.
//   buffer           a zx_vcpu_state_t or a zx_vcpu_io_t.
//   buffer_size      its size in bytes, exactly.
//
// Errors:
//   Handle errors    of handle.
//   INVALID_ARGS     kind or buffer_size.
//   INVALID_ARGS     buffer.
//   BAD_STATE        not the owner thread.
//   INVALID_ARGS     ZX_VCPU_IO: access_size is not 1, 2 or 4.
zx_status_t zx_vcpu_write_state(zx_handle_t handle, uint32_t kind, const void* buffer,
                                size_t buffer_size) ZX_DETAIL_CALL;

// -------------------------------------------------------------------------------------------------
// Memory

// Creates a VMO: zeroed memory, allocated as it is touched.
//
//   size             in bytes, rounded up to whole pages; may be 0.
//   options          0: of fixed size. ZX_VMO_RESIZABLE.
//                    2018: 0: resizable. ZX_VMO_NON_RESIZABLE: of fixed size.
//   out              receives the VMO: DUPLICATE, TRANSFER, READ, WRITE, MAP, GET_PROPERTY,
//                    SET_PROPERTY, SIGNAL, WAIT, INSPECT; RESIZE if resizable.
//                    2018: EXECUTE instead of RESIZE.
//
// Errors:
//   INVALID_ARGS     options.
//   OUT_OF_RANGE     size is too large.
//   NO_RESOURCES     no file descriptor is left.
//   NO_MEMORY        out of memory, or the handle table is full.
//   INVALID_ARGS     out.
//
// On KVM: a VMO is an anonymous file and holds a file descriptor.
zx_status_t zx_vmo_create(uint64_t size, uint32_t options, zx_handle_t* out)
    ZX_DETAIL_CALL_2018(vmo_create);

// Copies bytes out of a VMO.
//
//   handle           VMO; READ.
//   buffer           receives them.
//   offset           of the first, in bytes.
//   buffer_size      how many; may be 0.
//
// Errors:
//   Handle errors    of handle.
//   OUT_OF_RANGE     the range goes beyond the end, or wraps.
//   INVALID_ARGS     buffer; part of it may have been written.
zx_status_t zx_vmo_read(zx_handle_t handle, void* buffer, uint64_t offset,
                        size_t buffer_size) ZX_DETAIL_CALL;

// Copies bytes into a VMO.
//
//   handle           VMO; WRITE.
//   buffer           holds them.
//   offset           of the first, in bytes.
//   buffer_size      how many; may be 0.
//
// Errors:
//   Handle errors    of handle.
//   OUT_OF_RANGE     the range goes beyond the end, or wraps.
//   NO_MEMORY        out of memory; part may have been copied.
//   INVALID_ARGS     buffer; part may have been copied.
zx_status_t zx_vmo_write(zx_handle_t handle, const void* buffer, uint64_t offset,
                         size_t buffer_size) ZX_DETAIL_CALL;

// Tells the size of a VMO.
//
//   handle           VMO; no right needed.
//   size             receives it: bytes, whole pages.
//
// Errors:
//   Handle errors    of handle.
//   INVALID_ARGS     size.
zx_status_t zx_vmo_get_size(zx_handle_t handle, uint64_t* size) ZX_DETAIL_CALL;

// Changes a VMO handle for one that has EXECUTE as well.
//
//   handle           VMO, no right needed. Closed by the call, also if it fails.
//   vmex             of kind SYSTEM with ZX_RSRC_SYSTEM_VMEX_BASE, or of kind ROOT; no right
//                    needed. zircon_kvm_vmex_resource() gives one. ZX_HANDLE_INVALID is accepted
//                    too: no job policy forbids it here.
//   out              receives the new one.
//
// Errors:
//   BAD_HANDLE       handle is not live, or not a VMO.
//   BAD_HANDLE       vmex is not live, nor ZX_HANDLE_INVALID.
//   WRONG_TYPE       vmex is not a resource, or one of another kind.
//   OUT_OF_RANGE     vmex is of kind SYSTEM, for something else.
//   INVALID_ARGS     out.
zx_status_t zx_vmo_replace_as_executable(zx_handle_t handle, zx_handle_t vmex,
                                         zx_handle_t* out) ZX_DETAIL_CALL;

// -------------------------------------------------------------------------------------------------
// Address space: of this process, and of guests

// Maps part of a VMO.
//
//   handle           VMAR; READ, WRITE, EXECUTE as options ask.
//   options          ZX_VM_PERM_READ, _WRITE, _EXECUTE   what the mapping permits.
//                    ZX_VM_SPECIFIC                      exactly at vmar_offset.
//                    ZX_VM_SPECIFIC_OVERWRITE            and in place of mappings there.
//                    ZX_VM_MAP_RANGE                     bring in the pages that exist.
//                    ZX_VM_REQUIRE_NON_RESIZABLE         only a VMO of fixed size.
//   vmar_offset      from the start of the VMAR, in bytes, whole pages. 0 without SPECIFIC: the
//                    lowest free place in a guest, any place in the process.
//   vmo              VMO; MAP, and READ, WRITE, EXECUTE as options ask.
//   vmo_offset       from the start of the VMO, in bytes, whole pages.
//   len              in bytes, rounded up to whole pages; may go beyond the end of the VMO.
//   mapped_addr      receives the address, in the process or guest-physical.
//
// Errors:
//   BAD_HANDLE, WRONG_TYPE  handle.
//   BAD_HANDLE, WRONG_TYPE  vmo.
//   ACCESS_DENIED    vmo lacks MAP.
//   INVALID_ARGS     WRITE or EXECUTE without READ; MAP_RANGE with SPECIFIC_OVERWRITE; an option
//                    ZX_VM_CAN_MAP_*.
//   ACCESS_DENIED    handle or vmo lacks READ, WRITE or EXECUTE.
//   INVALID_ARGS     an unknown option.
//   NOT_SUPPORTED    REQUIRE_NON_RESIZABLE, and vmo is resizable.
//   INVALID_ARGS     COMPACT; vmo_offset is not whole pages.
//   OUT_OF_RANGE     vmo_offset + len wraps.
//   BAD_STATE        the VMAR is destroyed.
//   INVALID_ARGS     len is 0; vmar_offset is not whole pages, or not 0 without SPECIFIC.
//   ACCESS_DENIED    SPECIFIC in a VMAR without that ability.
//   INVALID_ARGS     the range is not inside the VMAR.
//   INVALID_ARGS     SPECIFIC_OVERWRITE over part of a child VMAR.
//   ALREADY_EXISTS   SPECIFIC, and the place is taken.
//   NO_RESOURCES     no place is large enough.
//   NO_MEMORY        out of memory.
//   INVALID_ARGS     mapped_addr.
//
// The mapping keeps the VMO; its handle may be closed.
//
// On KVM: in a guest, EXECUTE is recorded but not enforced, and traps stay in force under a
// mapping. In the process, touching a mapping beyond the end of its VMO raises SIGBUS.
zx_status_t zx_vmar_map(zx_handle_t handle, zx_vm_option_t options, size_t vmar_offset,
                        zx_handle_t vmo, uint64_t vmo_offset, size_t len,
                        zx_vaddr_t* mapped_addr) ZX_DETAIL_CALL;

// Unmaps a range. Running VCPUs notice at once.
//
//   handle           VMAR; no right needed, OP_CHILDREN to destroy child VMARs in the range.
//   addr, len        in bytes; addr whole pages. There may be holes.
//
// Errors:
//   BAD_HANDLE, WRONG_TYPE  handle.
//   INVALID_ARGS     addr is not whole pages, or len is 0.
//   BAD_STATE        the VMAR is destroyed.
//   INVALID_ARGS     the range is not inside the VMAR, or holds part of a child VMAR.
//   ACCESS_DENIED    the range holds a child VMAR, and handle lacks OP_CHILDREN.
zx_status_t zx_vmar_unmap(zx_handle_t handle, zx_vaddr_t addr, size_t len) ZX_DETAIL_CALL;

// Changes what the mappings in a range permit. Running VCPUs notice at once.
//
//   handle           VMAR; READ, WRITE, EXECUTE as options ask.
//   options          ZX_VM_PERM_READ, _WRITE, _EXECUTE.
//   addr, len        in bytes; addr whole pages. No holes.
//
// Errors:
//   BAD_HANDLE, WRONG_TYPE  handle.
//   INVALID_ARGS     WRITE or EXECUTE without READ.
//   ACCESS_DENIED    handle lacks READ, WRITE or EXECUTE.
//   INVALID_ARGS     another option; addr is not whole pages, or len is 0.
//   BAD_STATE        the VMAR is destroyed.
//   INVALID_ARGS     the range is not inside the VMAR, or meets a child VMAR.
//   NOT_FOUND        the range has a hole.
//   ACCESS_DENIED    more than the handles given to zx_vmar_map() allowed.
zx_status_t zx_vmar_protect(zx_handle_t handle, zx_vm_option_t options, zx_vaddr_t addr,
                            size_t len) ZX_DETAIL_CALL;

// Destroys a VMAR, with all mappings and VMARs in it.
//
//   handle           VMAR; OP_CHILDREN. Not the root of the process or of a guest.
//
// Errors:
//   Handle errors    of handle.
//   BAD_STATE        it is destroyed.
//   NOT_SUPPORTED    it is a root.
zx_status_t zx_vmar_destroy(zx_handle_t handle) ZX_DETAIL_CALL;

// Gives the root VMAR of this process: DUPLICATE, TRANSFER, READ, WRITE, EXECUTE, INSPECT,
// OP_CHILDREN.
//
// The same value each time. It belongs to the library: duplicate it, never close it.
zx_handle_t zx_vmar_root_self(void) ZX_DETAIL_CALL;

// -------------------------------------------------------------------------------------------------
// Ports

// Creates a port: a queue of packets that threads wait for.
//
//   options          0 or ZX_PORT_BIND_TO_INTERRUPT.
//   out              receives the port: DUPLICATE, TRANSFER, READ, WRITE, INSPECT.
//
// Errors:
//   INVALID_ARGS     options.
//   NO_MEMORY        out of memory, or the handle table is full.
//   INVALID_ARGS     out.
zx_status_t zx_port_create(uint32_t options, zx_handle_t* out) ZX_DETAIL_CALL;

// Queues a packet.
//
//   handle           port; WRITE.
//   packet           its key, status and user are passed on; its type is made USER.
//
// Errors:
//   Handle errors    of handle.
//   INVALID_ARGS     packet.
//   SHOULD_WAIT      more than 4096 packets from this call are in the port.
//   NO_MEMORY        out of memory.
zx_status_t zx_port_queue(zx_handle_t handle, const zx_port_packet_t* packet) ZX_DETAIL_CALL;

// Takes the oldest packet, or waits for one. Each packet goes to one thread.
//
//   handle           port; READ.
//   deadline         as zx_clock_get_monotonic() counts; one in the past does not wait,
//                    ZX_TIME_INFINITE waits for ever.
//   packet           receives it.
//
// Errors:
//   Handle errors    of handle.
//   TIMED_OUT        no packet came.
//   INVALID_ARGS     packet; one was taken, and is lost.
//
// Closing the handle does not wake a thread that waits.
zx_status_t zx_port_wait(zx_handle_t handle, zx_time_t deadline,
                         zx_port_packet_t* packet) ZX_DETAIL_CALL;

// -------------------------------------------------------------------------------------------------
// Time

// Gives the time in nanoseconds since the host started; never fails. All deadlines use this clock.
//
// On KVM: it is CLOCK_MONOTONIC.
zx_time_t zx_clock_get_monotonic(void) ZX_DETAIL_CALL;

// Gives the point in time that many nanoseconds from now, saturated; never fails.
zx_time_t zx_deadline_after(zx_duration_t nanoseconds) ZX_DETAIL_CALL;

// Sleeps until a deadline; one in the past returns at once. Gives ZX_OK, signals or not.
zx_status_t zx_nanosleep(zx_time_t deadline) ZX_DETAIL_CALL;

// -------------------------------------------------------------------------------------------------
// The second names; zx_status_get_string() has its own in <zircon/status.h>.

ZX_DETAIL_TWIN(handle_close);
ZX_DETAIL_TWIN(handle_close_many);
ZX_DETAIL_TWIN(handle_duplicate);
ZX_DETAIL_TWIN(handle_replace);
ZX_DETAIL_TWIN_2018(object_get_info);
ZX_DETAIL_TWIN(guest_create);
ZX_DETAIL_TWIN(guest_set_trap);
ZX_DETAIL_TWIN(vcpu_create);
ZX_DETAIL_TWIN_2018(vcpu_enter);
ZX_DETAIL_TWIN_2018(vcpu_resume);
ZX_DETAIL_TWIN(vcpu_kick);
ZX_DETAIL_TWIN(vcpu_interrupt);
ZX_DETAIL_TWIN(vcpu_read_state);
ZX_DETAIL_TWIN(vcpu_write_state);
ZX_DETAIL_TWIN_2018(vmo_create);
ZX_DETAIL_TWIN(vmo_read);
ZX_DETAIL_TWIN(vmo_write);
ZX_DETAIL_TWIN(vmo_get_size);
ZX_DETAIL_TWIN(vmo_replace_as_executable);
ZX_DETAIL_TWIN(vmar_map);
ZX_DETAIL_TWIN(vmar_unmap);
ZX_DETAIL_TWIN(vmar_protect);
ZX_DETAIL_TWIN(vmar_destroy);
ZX_DETAIL_TWIN(vmar_root_self);
ZX_DETAIL_TWIN(port_create);
ZX_DETAIL_TWIN(port_queue);
ZX_DETAIL_TWIN(port_wait);
ZX_DETAIL_TWIN(clock_get_monotonic);
ZX_DETAIL_TWIN(deadline_after);
ZX_DETAIL_TWIN(nanosleep);
ZX_DETAIL_C_END

#endif  // ZIRCON_SYSCALLS_H_
