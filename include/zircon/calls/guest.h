// zircon/calls/guest.h: guests and their traps.
// Part of <zircon/syscalls.h>, which programs include and which states the rules for every call.

#ifndef ZIRCON_CALLS_GUEST_H_
#define ZIRCON_CALLS_GUEST_H_

#include <zircon/syscalls/hypervisor.h>
#include <zircon/types.h>

ZX_DETAIL_C_BEGIN

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
//
// Contract: GUEST-CREATE, GPAS, KVM-ERR.
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
//
// Contract: TRAP, TRAP-IO, TRAP-MEM, TRAP-BELL.
zx_status_t zx_guest_set_trap(zx_handle_t handle, uint32_t kind, zx_vaddr_t addr, size_t size,
                              zx_handle_t port_handle, uint64_t key) ZX_DETAIL_CALL;

// The second names.
ZX_DETAIL_TWIN(guest_create);
ZX_DETAIL_TWIN(guest_set_trap);

ZX_DETAIL_C_END

#endif  // ZIRCON_CALLS_GUEST_H_
