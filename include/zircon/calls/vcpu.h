// zircon/calls/vcpu.h: the processors of a guest.
// Part of <zircon/syscalls.h>, which programs include and which states the rules for every call.

#ifndef ZIRCON_CALLS_VCPU_H_
#define ZIRCON_CALLS_VCPU_H_

#include <zircon/syscalls/port.h>
#include <zircon/types.h>

ZX_DETAIL_C_BEGIN

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
//
// Contract: VCPU-CREATE, STATE-INIT, THREAD.
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
//   WRONG_TYPE       the guest puts a clock record into a child VMAR of its space.
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
//
// Contract: VCPU-ENTER, RIP, FAULT, HLT, THREAD, GEN.
zx_status_t zx_vcpu_enter(zx_handle_t handle, zx_port_packet_t* packet)
    ZX_DETAIL_CALL_2018(vcpu_enter);

// The older name of zx_vcpu_enter(); the same.
//
// Contract: VCPU-ENTER, GEN.
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
// owner thread is gone. Good in signal handlers, if the handle is not closed meanwhile.
//
// Contract: KICK.
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
//
// Contract: INT.
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
//
// Contract: STATE.
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
//
// Contract: STATE.
zx_status_t zx_vcpu_write_state(zx_handle_t handle, uint32_t kind, const void* buffer,
                                size_t buffer_size) ZX_DETAIL_CALL;

// The second names.
ZX_DETAIL_TWIN(vcpu_create);
ZX_DETAIL_TWIN_2018(vcpu_enter);
ZX_DETAIL_TWIN_2018(vcpu_resume);
ZX_DETAIL_TWIN(vcpu_kick);
ZX_DETAIL_TWIN(vcpu_interrupt);
ZX_DETAIL_TWIN(vcpu_read_state);
ZX_DETAIL_TWIN(vcpu_write_state);

ZX_DETAIL_C_END

#endif  // ZIRCON_CALLS_VCPU_H_
