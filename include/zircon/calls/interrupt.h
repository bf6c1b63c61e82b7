// zircon/calls/interrupt.h: virtual interrupts.
// Part of <zircon/syscalls.h>, which programs include and which states the rules for every call.

#ifndef ZIRCON_CALLS_INTERRUPT_H_
#define ZIRCON_CALLS_INTERRUPT_H_

#include <zircon/types.h>

ZX_DETAIL_C_BEGIN

// Creates an interrupt: one thread triggers it, another waits for it, or a port gets a packet.
//
//   src_obj          not looked at for a virtual interrupt; else a resource of kind IRQ or ROOT.
//   src_num          not looked at for a virtual interrupt; else the number of the interrupt.
//   options          ZX_INTERRUPT_VIRTUAL, with or without ZX_INTERRUPT_TIMESTAMP_MONO.
//   out_handle       receives the interrupt: DUPLICATE, TRANSFER, READ, WRITE, SIGNAL, WAIT,
//   INSPECT.
//
// Errors:
//   BAD_HANDLE, WRONG_TYPE, OUT_OF_RANGE  without VIRTUAL: src_obj is no resource for src_num.
//   NOT_SUPPORTED    without VIRTUAL: there are no interrupts of hardware.
//   INVALID_ARGS     another option.
//   NO_MEMORY        out of memory, or the handle table is full.
//   INVALID_ARGS     out_handle.
//
// Contract: IRQ-CREATE, IRQ.
zx_status_t zx_interrupt_create(zx_handle_t src_obj, uint32_t src_num, uint32_t options,
                                zx_handle_t* out_handle) ZX_DETAIL_CALL;

// Binds an interrupt to a port, or unbinds it.
//
//   handle           interrupt; READ.
//   port_handle      port made with ZX_PORT_BIND_TO_INTERRUPT; WRITE.
//   key              put into each packet; any value. Not looked at to unbind.
//   options          ZX_INTERRUPT_BIND or ZX_INTERRUPT_UNBIND.
//
// Errors:
//   INVALID_ARGS     options.
//   Handle errors    of handle; then of port_handle.
//   WRONG_TYPE       the port takes no interrupts.
//   CANCELED         BIND: the interrupt is destroyed.
//   BAD_STATE        BIND: a thread waits for it.
//   ALREADY_BOUND    BIND: it is bound.
//   NOT_FOUND        UNBIND: it is not bound to this port.
//   CANCELED         UNBIND: the interrupt is destroyed.
//
// Its packets are of type INTERRUPT and go before all others of the port. After one was taken
// zx_interrupt_ack() makes room for the next.
//
// Contract: IRQ-BIND, IRQ.
zx_status_t zx_interrupt_bind(zx_handle_t handle, zx_handle_t port_handle, uint64_t key,
                              uint32_t options) ZX_DETAIL_CALL;

#if ZX_DETAIL_API_2018
// Would bind an interrupt of hardware to a VCPU; there are none.
//
//   handle           interrupt; READ.
//   vcpu             VCPU; WRITE.
//   options          not looked at.
//
// Errors:
//   Handle errors    of handle; then of vcpu.
//   NOT_SUPPORTED    the interrupt is virtual.
//
// 2018: only there.
//
// Contract: IRQ-BIND-VCPU, GEN.
zx_status_t zx_interrupt_bind_vcpu(zx_handle_t handle, zx_handle_t vcpu,
                                   uint32_t options) ZX_DETAIL_CALL;
ZX_DETAIL_TWIN(interrupt_bind_vcpu);
#endif

// Waits for an interrupt.
//
//   handle           interrupt; WAIT.
//   out_timestamp    optional; receives the time that was given to zx_interrupt_trigger().
//
// Errors:
//   Handle errors    of handle.
//   BAD_STATE        it is bound to a port.
//   CANCELED         it is destroyed, or is destroyed meanwhile.
//   BAD_STATE        another thread waits for it.
//   INVALID_ARGS     out_timestamp.
//
// Waiting again acknowledges the interrupt before.
//
// Contract: IRQ-WAIT, IRQ.
zx_status_t zx_interrupt_wait(zx_handle_t handle, zx_time_t* out_timestamp) ZX_DETAIL_CALL;

// Acknowledges an interrupt that came by a packet, so that the next one can.
//
//   handle           interrupt; WRITE.
//
// Errors:
//   Handle errors    of handle.
//   BAD_STATE        it is not bound to a port.
//   CANCELED         it is destroyed.
//   BAD_STATE        its packet has not been taken.
//
// Contract: IRQ-ACK, IRQ.
zx_status_t zx_interrupt_ack(zx_handle_t handle) ZX_DETAIL_CALL;

// Ends an interrupt: who waits for it gets CANCELED, and its packet leaves the port.
//
//   handle           interrupt; no right needed.
//
// Errors:
//   Handle errors    of handle.
//   NOT_FOUND        its packet was taken and not acknowledged. It is destroyed all the same.
//
// Contract: IRQ-DESTROY, IRQ.
zx_status_t zx_interrupt_destroy(zx_handle_t handle) ZX_DETAIL_CALL;

// Triggers a virtual interrupt.
//
//   handle           interrupt; SIGNAL.
//   options          0.
//   timestamp        given to who waits, or put into the packet; any value.
//
// Errors:
//   INVALID_ARGS     options.
//   Handle errors    of handle.
//   CANCELED         it is destroyed.
//
// Until it is taken, triggers are one, with the time of the first.
//
// Contract: IRQ-TRIGGER, IRQ.
zx_status_t zx_interrupt_trigger(zx_handle_t handle, uint32_t options,
                                 zx_time_t timestamp) ZX_DETAIL_CALL;

// The second names.
ZX_DETAIL_TWIN(interrupt_create);
ZX_DETAIL_TWIN(interrupt_bind);
ZX_DETAIL_TWIN(interrupt_wait);
ZX_DETAIL_TWIN(interrupt_ack);
ZX_DETAIL_TWIN(interrupt_destroy);
ZX_DETAIL_TWIN(interrupt_trigger);

ZX_DETAIL_C_END

#endif  // ZIRCON_CALLS_INTERRUPT_H_
