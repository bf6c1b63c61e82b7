// zircon-kvm/debug.h: what a debugger needs of a VCPU and Zircon's calls cannot give: all of its
// registers, single steps and breakpoints.
//
//   zircon_kvm_general_registers_t general;
//   zircon_kvm_vcpu_read_registers(vcpu, ZIRCON_KVM_REGISTERS_GENERAL, &general, sizeof(general));
//   printf("the guest is at %#lx\n", general.rip);
//
//   zircon_kvm_debug_t debug = {.flags = ZIRCON_KVM_DEBUG_STEP};
//   zircon_kvm_vcpu_set_debug(vcpu, &debug, sizeof(debug));
//   zx_vcpu_enter(vcpu, &packet);  // One instruction; ZX_OK and
//   ZIRCON_KVM_PKT_IS_DEBUG(packet.type)
//
// All of it is for the owner thread between two enters: to look into a VCPU that runs, kick it, and
// call when zx_vcpu_enter() has come back. What the last packet was about is over then: the
// instruction is finished, with the value that zx_vcpu_write_state() has given it or the one that
// its register has, and RIP is behind it.
//
// Structures grow at their end only. A call takes the size that the program was compiled with: of a
// larger one an older library fills what it does not know with 0 (read) or does not look at it
// (write).
//
// The rules at the top of <zircon/syscalls.h> apply here too.

#ifndef ZIRCON_KVM_DEBUG_H_
#define ZIRCON_KVM_DEBUG_H_

#include <zircon/types.h>

ZX_DETAIL_C_BEGIN

// -------------------------------------------------------------------------------------------------
// Registers

// Which registers, and the structure that holds them.
#define ZIRCON_KVM_REGISTERS_GENERAL 0u  // zircon_kvm_general_registers_t
#define ZIRCON_KVM_REGISTERS_SYSTEM 1u   // zircon_kvm_system_registers_t
#define ZIRCON_KVM_REGISTERS_DEBUG 2u    // zircon_kvm_debug_registers_t
#define ZIRCON_KVM_REGISTERS_VECTOR 3u   // zircon_kvm_vector_registers_t
#define ZIRCON_KVM_REGISTERS_APIC 4u     // zircon_kvm_apic_registers_t, read only
#define ZIRCON_KVM_REGISTERS_EVENTS 5u   // zircon_kvm_events_t, read only

// In the order of their numbers.
typedef struct zircon_kvm_general_registers {
  uint64_t rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi;
  uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
  uint64_t rip;
  uint64_t rflags;  // All of it; the flag TF of ZIRCON_KVM_DEBUG_STEP does not show.
} zircon_kvm_general_registers_t;

ZX_DETAIL_SIZE(zircon_kvm_general_registers_t, 144);
ZX_DETAIL_MEMBER(zircon_kvm_general_registers_t, rip, 128, 8);
ZX_DETAIL_MEMBER(zircon_kvm_general_registers_t, rflags, 136, 8);

// A segment register with its hidden part.
typedef struct zircon_kvm_segment {
  uint64_t base;
  uint32_t limit;  // In bytes.
  uint16_t selector;
  // Bits 40 to 47 and 52 to 55 of a descriptor, as bits 0 to 7 and 12 to 15: type, S, DPL, P; AVL,
  // L, D/B, G.
  uint16_t attributes;
} zircon_kvm_segment_t;

ZX_DETAIL_SIZE(zircon_kvm_segment_t, 16);
ZX_DETAIL_MEMBER(zircon_kvm_segment_t, base, 0, 8);
ZX_DETAIL_MEMBER(zircon_kvm_segment_t, limit, 8, 4);
ZX_DETAIL_MEMBER(zircon_kvm_segment_t, selector, 12, 2);
ZX_DETAIL_MEMBER(zircon_kvm_segment_t, attributes, 14, 2);

// Segments, tables, control registers.
typedef struct zircon_kvm_system_registers {
  zircon_kvm_segment_t cs, ds, es, fs, gs, ss, tr, ldt;
  uint64_t gdt_base, idt_base;
  uint32_t gdt_limit, idt_limit;  // In bytes, without the last.
  uint64_t cr0, cr2, cr3, cr4, cr8;
  uint64_t efer;       // The MSR.
  uint64_t xcr0;       // Read only.
  uint64_t apic_base;  // Read only.
} zircon_kvm_system_registers_t;

ZX_DETAIL_SIZE(zircon_kvm_system_registers_t, 216);
ZX_DETAIL_MEMBER(zircon_kvm_system_registers_t, gdt_base, 128, 8);
ZX_DETAIL_MEMBER(zircon_kvm_system_registers_t, gdt_limit, 144, 4);
ZX_DETAIL_MEMBER(zircon_kvm_system_registers_t, cr0, 152, 8);
ZX_DETAIL_MEMBER(zircon_kvm_system_registers_t, apic_base, 208, 8);

// The guest's own debug registers: what ZIRCON_KVM_DEBUG_* puts in their place does not show.
typedef struct zircon_kvm_debug_registers {
  uint64_t dr[4];  // DR0 to DR3.
  uint64_t dr6, dr7;
} zircon_kvm_debug_registers_t;

ZX_DETAIL_SIZE(zircon_kvm_debug_registers_t, 48);
ZX_DETAIL_MEMBER(zircon_kvm_debug_registers_t, dr6, 32, 8);

// x87, MMX, SSE, AVX: as the instruction XSAVE lays them out (not the compacted form).
typedef struct zircon_kvm_vector_registers {
  uint8_t xsave[4096];  // Its legacy region and header, then the components by CPUID leaf 0xD.
} zircon_kvm_vector_registers_t;

ZX_DETAIL_SIZE(zircon_kvm_vector_registers_t, 4096);

// The local APIC, as far as it has a state of its own. Its other registers: MSRs 0x802 and on.
typedef struct zircon_kvm_apic_registers {
  uint32_t id;              // As in the packets of STARTUP.
  uint32_t lvt_timer;       // Vector, mask, mode.
  uint32_t initial_count;   // Of the timer.
  uint32_t divisor;         // 1 to 128.
  uint64_t timer_deadline;  // When the timer fires, in counts of the TSC; UINT64_MAX: never.
} zircon_kvm_apic_registers_t;

ZX_DETAIL_SIZE(zircon_kvm_apic_registers_t, 24);
ZX_DETAIL_MEMBER(zircon_kvm_apic_registers_t, timer_deadline, 16, 8);

// What waits to be delivered to the guest, or is being delivered.
typedef struct zircon_kvm_events {
  // Of zx_vcpu_interrupt() and the local APIC: a bit for each vector.
  uint64_t pending[4];
  // An exception that the host's kernel delivers next.
  uint8_t exception;  // 1 if there is one.
  uint8_t exception_vector;
  uint8_t exception_has_error_code;
  // An external interrupt that it delivers next.
  uint8_t interrupt;  // 1 if there is one.
  uint8_t interrupt_vector;
  uint8_t interrupt_shadow;  // 1: behind STI or MOV SS, where the guest takes none yet.
  uint8_t nmi;               // 1 if there is one, or if it waits.
  uint8_t nmi_blocked;       // 1: in the handler of one.
  uint32_t exception_error_code;
  uint32_t reserved;
} zircon_kvm_events_t;

ZX_DETAIL_SIZE(zircon_kvm_events_t, 48);
ZX_DETAIL_MEMBER(zircon_kvm_events_t, exception, 32, 1);
ZX_DETAIL_MEMBER(zircon_kvm_events_t, exception_error_code, 40, 4);

// Reads registers of a VCPU.
//
//   vcpu             READ.
//   kind             ZIRCON_KVM_REGISTERS_*.
//   buffer           receives them.
//   size             in bytes, of the kind's structure or more.
//
// Errors:
//   BAD_HANDLE       vcpu is not a live handle.
//   WRONG_TYPE       vcpu is of another type.
//   ACCESS_DENIED    vcpu lacks READ.
//   INVALID_ARGS     kind; buffer.
//   BUFFER_TOO_SMALL size is below that of the structure.
//   BAD_STATE        not the owner thread; or in a forked child.
//   NO_MEMORY        the host's kernel has no memory to tell.
//   INTERNAL         the host's kernel fails in another way.
//
// Works before the first enter and after any status of it; after a triple fault the general
// registers are those of zx_vcpu_read_state(), and RIP is where the guest was, unless the host's
// processor forgets that (AMD's do).
//
// Contract: DEBUG.
zx_status_t zircon_kvm_vcpu_read_registers(zx_handle_t vcpu, uint32_t kind, void* buffer,
                                           size_t size) ZX_DETAIL_CALL;

// Writes registers of a VCPU.
//
//   vcpu             WRITE.
//   kind             ZIRCON_KVM_REGISTERS_*.
//   buffer           all of them; read-only members are not looked at.
//   size             in bytes, of the kind's structure or more.
//
// Errors:
//   BAD_HANDLE       vcpu is not a live handle.
//   WRONG_TYPE       vcpu is of another type.
//   ACCESS_DENIED    vcpu lacks WRITE.
//   INVALID_ARGS     kind; buffer; the host's kernel does not take the values.
//   BUFFER_TOO_SMALL size is below that of the structure.
//   BAD_STATE        not the owner thread; the VCPU is past running (a triple fault, say), or in
//   the
//                    middle of an instruction that gives several packets; or in a forked child.
//   NOT_SUPPORTED    registers of this kind are read only.
//   NO_MEMORY        the host's kernel has no memory to take them.
//   INTERNAL         the host's kernel fails in another way.
//
// Contract: DEBUG.
zx_status_t zircon_kvm_vcpu_write_registers(zx_handle_t vcpu, uint32_t kind, const void* buffer,
                                            size_t size) ZX_DETAIL_CALL;

// Reads a model-specific register: what RDMSR would give in the guest.
//
//   vcpu             READ.
//   index            the register.
//   value            receives it.
//
// Errors:
//   BAD_HANDLE       vcpu is not a live handle.
//   WRONG_TYPE       vcpu is of another type.
//   ACCESS_DENIED    vcpu lacks READ.
//   BAD_STATE        not the owner thread; or in a forked child.
//   NOT_SUPPORTED    RDMSR would be a fault (#GP).
//   NO_MEMORY        the host's kernel has no memory to tell.
//   INVALID_ARGS     value.
//   INTERNAL         the host's kernel fails in another way.
//
// Contract: DEBUG.
zx_status_t zircon_kvm_vcpu_read_msr(zx_handle_t vcpu, uint32_t index,
                                     uint64_t* value) ZX_DETAIL_CALL;

// Writes a model-specific register that the guest has without the library: EFER, STAR, LSTAR,
// CSTAR, FMASK, FS_BASE, GS_BASE, KERNEL_GS_BASE, SYSENTER_*, PAT and what else there is of the
// kind.
//
//   vcpu             WRITE.
//   index            the register.
//   value            for it.
//
// Errors:
//   BAD_HANDLE       vcpu is not a live handle.
//   WRONG_TYPE       vcpu is of another type.
//   ACCESS_DENIED    vcpu lacks WRITE.
//   BAD_STATE        not the owner thread; the VCPU is past running or in the middle of an
//                    instruction, as above; or in a forked child.
//   NOT_SUPPORTED    the guest does not have it, or has it from the library (the local APIC, say).
//   INVALID_ARGS     value, as WRMSR would be a fault (#GP).
//   NO_MEMORY        the host's kernel has no memory to take it.
//   INTERNAL         the host's kernel fails in another way.
//
// Contract: DEBUG.
zx_status_t zircon_kvm_vcpu_write_msr(zx_handle_t vcpu, uint32_t index,
                                      uint64_t value) ZX_DETAIL_CALL;

// -------------------------------------------------------------------------------------------------
// Steps and breakpoints

// The guest executes one instruction. Where that begins the delivery of an interrupt or an
// exception, the handler's first instruction is next.
#define ZIRCON_KVM_DEBUG_STEP 0x1u
// INT3 (0xCC) is the debugger's: the guest does not see it. Some software hosts of KVM cannot keep
// it from the guest.
#define ZIRCON_KVM_DEBUG_BREAKPOINTS 0x2u
// What waits for the guest (interrupts, exceptions by zx_vcpu_interrupt()) goes on waiting.
#define ZIRCON_KVM_DEBUG_HOLD_EVENTS 0x4u

// A breakpoint of the processor's.
typedef enum zircon_kvm_breakpoint_kind {
  ZIRCON_KVM_BREAKPOINT_OFF = 0,
  ZIRCON_KVM_BREAKPOINT_EXECUTE = 1,  // Before the instruction at the address.
  ZIRCON_KVM_BREAKPOINT_WRITE = 2,    // Behind the instruction that writes there.
  ZIRCON_KVM_BREAKPOINT_ACCESS = 3    // Behind the instruction that reads or writes there.
} zircon_kvm_breakpoint_kind_t;

// Where it is and what it waits for.
typedef struct zircon_kvm_breakpoint {
  uint64_t address;  // Linear. WRITE, ACCESS: a multiple of size.
  uint32_t kind;     // ZIRCON_KVM_BREAKPOINT_*
  uint32_t size;     // In bytes: 1, 2, 4 or 8; EXECUTE: 1.
} zircon_kvm_breakpoint_t;

ZX_DETAIL_SIZE(zircon_kvm_breakpoint_t, 16);
ZX_DETAIL_MEMBER(zircon_kvm_breakpoint_t, address, 0, 8);
ZX_DETAIL_MEMBER(zircon_kvm_breakpoint_t, kind, 8, 4);
ZX_DETAIL_MEMBER(zircon_kvm_breakpoint_t, size, 12, 4);

// How many a processor has.
#define ZIRCON_KVM_BREAKPOINTS 4u

// How the guest is debugged.
typedef struct zircon_kvm_debug {
  uint32_t flags;  // ZIRCON_KVM_DEBUG_*
  uint32_t reserved;
  // Those that are not OFF are in the place of the guest's own, all of them.
  zircon_kvm_breakpoint_t breakpoints[ZIRCON_KVM_BREAKPOINTS];
} zircon_kvm_debug_t;

ZX_DETAIL_SIZE(zircon_kvm_debug_t, 72);
ZX_DETAIL_MEMBER(zircon_kvm_debug_t, flags, 0, 4);
ZX_DETAIL_MEMBER(zircon_kvm_debug_t, breakpoints, 8, 64);

// Says what stops the VCPU, from the next enter on and until it is said anew. All zeros at first.
//
//   vcpu             WRITE.
//   debug            what.
//   size             in bytes, of the structure or more.
//
// Errors:
//   BAD_HANDLE       vcpu is not a live handle.
//   WRONG_TYPE       vcpu is of another type.
//   ACCESS_DENIED    vcpu lacks WRITE.
//   BUFFER_TOO_SMALL size is below 72, that of the first version.
//   INVALID_ARGS     debug cannot be read; a flag, kind or size that does not exist; an address
//   that
//                    is no multiple of its size.
//   BAD_STATE        not the owner thread; or in a forked child.
//   NOT_SUPPORTED    the host's KVM cannot.
//   NO_MEMORY        the host's kernel has no memory for it.
//   INTERNAL         the host's kernel fails in another way.
//
// zx_vcpu_enter() then gives a packet of type ZIRCON_KVM_PKT_TYPE_DEBUG at each stop, which no
// program gets that has not asked for it.
//
// Contract: DEBUG.
zx_status_t zircon_kvm_vcpu_set_debug(zx_handle_t vcpu, const zircon_kvm_debug_t* debug,
                                      size_t size) ZX_DETAIL_CALL;

// The type of the packet, in either generation. Its key is 0, its `user` a zircon_kvm_stop_t.
#define ZIRCON_KVM_PKT_TYPE_DEBUG 0x80u
#define ZIRCON_KVM_PKT_IS_DEBUG(type) ((type) == ZIRCON_KVM_PKT_TYPE_DEBUG)

// Why it stopped.
#define ZIRCON_KVM_STOP_STEP 0x1u        // The instruction is over.
#define ZIRCON_KVM_STOP_BREAKPOINT 0x2u  // RIP is on an INT3.
// Bits 4 to 7: breakpoints 0 to 3.
#define ZIRCON_KVM_STOP_HARDWARE(n) (0x10u << (n))

// Why zx_vcpu_enter() came back.
typedef struct zircon_kvm_stop {
  uint64_t address;  // Linear, of the next instruction.
  uint32_t reasons;  // ZIRCON_KVM_STOP_*: one or several.
  uint32_t reserved0;
  uint64_t reserved1[2];
} zircon_kvm_stop_t;

ZX_DETAIL_SIZE(zircon_kvm_stop_t, 32);
ZX_DETAIL_MEMBER(zircon_kvm_stop_t, address, 0, 8);
ZX_DETAIL_MEMBER(zircon_kvm_stop_t, reasons, 8, 4);

ZX_DETAIL_C_END

#endif  // ZIRCON_KVM_DEBUG_H_
