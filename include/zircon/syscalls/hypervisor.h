// zircon/syscalls/hypervisor.h: what the guest and VCPU calls of <zircon/syscalls.h> take and give.
//
// Traps and their packets; the registers of a VCPU. A packet arrives inside a zx_port_packet_t:
// <zircon/syscalls/port.h>.
//
//   zx_vcpu_state_t state;
//   zx_vcpu_read_state(vcpu, ZX_VCPU_STATE, &state, sizeof(state));
//   state.rax = value;
//   zx_vcpu_write_state(vcpu, ZX_VCPU_STATE, &state, sizeof(state));

#ifndef ZIRCON_SYSCALLS_HYPERVISOR_H_
#define ZIRCON_SYSCALLS_HYPERVISOR_H_

#include <zircon/types.h>

// Options of zx_guest_create(). The call refuses DIRECT with ZX_ERR_INVALID_ARGS.
#define ZX_GUEST_OPT_NORMAL 0u
#define ZX_GUEST_OPT_DIRECT 1u

// Kinds of trap, for zx_guest_set_trap().
typedef uint32_t zx_guest_trap_t;
#define ZX_GUEST_TRAP_BELL 0u  // Stores to guest memory, reported to a port while the VCPU runs on.
#define ZX_GUEST_TRAP_MEM 1u   // Accesses to guest memory, reported by zx_vcpu_enter().
#define ZX_GUEST_TRAP_IO 2u    // Accesses to x86 I/O ports, reported by zx_vcpu_enter().

// Kinds of state, for zx_vcpu_read_state() and zx_vcpu_write_state().
typedef uint32_t zx_vcpu_t;
#define ZX_VCPU_STATE 0u  // zx_vcpu_state_t.
#define ZX_VCPU_IO 1u     // zx_vcpu_io_t; write only, x86 only.

// Kinds of a GUEST_VCPU packet.
#define ZX_PKT_GUEST_VCPU_INTERRUPT 0u
#define ZX_PKT_GUEST_VCPU_STARTUP 1u
#if !ZX_DETAIL_API_2018
#define ZX_PKT_GUEST_VCPU_EXIT 2u  // This library never sends it.
#endif

#if ZX_DETAIL_API_2018
// The most bytes that an x86 instruction has.
#define X86_MAX_INST_LEN 15u
#endif

// The registers of a VCPU that a VMM may see and change. The instruction pointer is not among them.
#if defined(__x86_64__)
typedef struct zx_vcpu_state {
  uint64_t rax;
  uint64_t rcx;
  uint64_t rdx;
  uint64_t rbx;
  uint64_t rsp;
  uint64_t rbp;
  uint64_t rsi;
  uint64_t rdi;
  uint64_t r8;
  uint64_t r9;
  uint64_t r10;
  uint64_t r11;
  uint64_t r12;
  uint64_t r13;
  uint64_t r14;
  uint64_t r15;
  uint64_t rflags;  // CF PF AF ZF SF TF DF OF NT AC ID only. On write, ignored unless bit 1 is set.
} zx_vcpu_state_t;

ZX_DETAIL_SIZE(zx_vcpu_state_t, 136);
ZX_DETAIL_MEMBER(zx_vcpu_state_t, rax, 0, 8);
ZX_DETAIL_MEMBER(zx_vcpu_state_t, rcx, 8, 8);
ZX_DETAIL_MEMBER(zx_vcpu_state_t, rdx, 16, 8);
ZX_DETAIL_MEMBER(zx_vcpu_state_t, rbx, 24, 8);
ZX_DETAIL_MEMBER(zx_vcpu_state_t, rsp, 32, 8);
ZX_DETAIL_MEMBER(zx_vcpu_state_t, rbp, 40, 8);
ZX_DETAIL_MEMBER(zx_vcpu_state_t, rsi, 48, 8);
ZX_DETAIL_MEMBER(zx_vcpu_state_t, rdi, 56, 8);
ZX_DETAIL_MEMBER(zx_vcpu_state_t, r8, 64, 8);
ZX_DETAIL_MEMBER(zx_vcpu_state_t, r9, 72, 8);
ZX_DETAIL_MEMBER(zx_vcpu_state_t, r10, 80, 8);
ZX_DETAIL_MEMBER(zx_vcpu_state_t, r11, 88, 8);
ZX_DETAIL_MEMBER(zx_vcpu_state_t, r12, 96, 8);
ZX_DETAIL_MEMBER(zx_vcpu_state_t, r13, 104, 8);
ZX_DETAIL_MEMBER(zx_vcpu_state_t, r14, 112, 8);
ZX_DETAIL_MEMBER(zx_vcpu_state_t, r15, 120, 8);
ZX_DETAIL_MEMBER(zx_vcpu_state_t, rflags, 128, 8);
#elif defined(__aarch64__)
typedef struct zx_vcpu_state {
  uint64_t x[31];
  uint64_t sp;    // The stack pointer in use at EL1.
  uint32_t cpsr;  // N Z C V only.
  uint8_t padding1[4];
} zx_vcpu_state_t;

ZX_DETAIL_SIZE(zx_vcpu_state_t, 264);
ZX_DETAIL_MEMBER(zx_vcpu_state_t, x, 0, 248);
ZX_DETAIL_MEMBER(zx_vcpu_state_t, sp, 248, 8);
ZX_DETAIL_MEMBER(zx_vcpu_state_t, cpsr, 256, 4);
ZX_DETAIL_MEMBER(zx_vcpu_state_t, padding1, 260, 4);
#endif

// The result of an IN: its low `access_size` bytes go to RAX, the other bytes of RAX stay.
typedef struct zx_vcpu_io {
  uint8_t access_size;  // 1, 2 or 4.
  uint8_t padding1[3];
  union {
    uint8_t u8;
    uint16_t u16;
    uint32_t u32;
    uint8_t data[4];
  };
} zx_vcpu_io_t;

ZX_DETAIL_SIZE(zx_vcpu_io_t, 8);
ZX_DETAIL_MEMBER(zx_vcpu_io_t, access_size, 0, 1);
ZX_DETAIL_MEMBER(zx_vcpu_io_t, padding1, 1, 3);
ZX_DETAIL_MEMBER(zx_vcpu_io_t, u8, 4, 1);
ZX_DETAIL_MEMBER(zx_vcpu_io_t, u16, 4, 2);
ZX_DETAIL_MEMBER(zx_vcpu_io_t, u32, 4, 4);
ZX_DETAIL_MEMBER(zx_vcpu_io_t, data, 4, 4);

// A store into a BELL trap. The stored value is not reported.
typedef struct zx_packet_guest_bell {
  zx_gpaddr_t addr;  // The byte that was stored to.
  uint64_t reserved0;
  uint64_t reserved1;
  uint64_t reserved2;
} zx_packet_guest_bell_t;

ZX_DETAIL_SIZE(zx_packet_guest_bell_t, 32);
ZX_DETAIL_MEMBER(zx_packet_guest_bell_t, addr, 0, 8);
ZX_DETAIL_MEMBER(zx_packet_guest_bell_t, reserved0, 8, 8);
ZX_DETAIL_MEMBER(zx_packet_guest_bell_t, reserved1, 16, 8);
ZX_DETAIL_MEMBER(zx_packet_guest_bell_t, reserved2, 24, 8);

// An access to a MEM trap. The instruction is over when the packet comes; setting the destination
// of a load is left to the VMM.
#if defined(__x86_64__) && ZX_DETAIL_API_2018
typedef struct zx_packet_guest_mem {
  zx_gpaddr_t addr;                    // The byte that was accessed.
  uint8_t inst_len;                    // Length of the instruction; 0 if not known.
  uint8_t inst_buf[X86_MAX_INST_LEN];  // Its bytes, then 0.
  uint8_t default_operand_size;        // 4 in 64-bit and 32-bit code, else 2.
  uint8_t reserved[7];
} zx_packet_guest_mem_t;

ZX_DETAIL_SIZE(zx_packet_guest_mem_t, 32);
ZX_DETAIL_MEMBER(zx_packet_guest_mem_t, addr, 0, 8);
ZX_DETAIL_MEMBER(zx_packet_guest_mem_t, inst_len, 8, 1);
ZX_DETAIL_MEMBER(zx_packet_guest_mem_t, inst_buf, 9, 15);
ZX_DETAIL_MEMBER(zx_packet_guest_mem_t, default_operand_size, 24, 1);
ZX_DETAIL_MEMBER(zx_packet_guest_mem_t, reserved, 25, 7);
#elif defined(__x86_64__)
typedef struct zx_packet_guest_mem {
  zx_gpaddr_t addr;              // The byte that was accessed.
  zx_gpaddr_t cr3;               // CR3 of the guest, to find the bytes of the instruction with.
  zx_vaddr_t rip;                // Where in the guest the instruction starts.
  uint8_t instruction_size;      // Its length in bytes; 0 if not known.
  uint8_t default_operand_size;  // 4 in 64-bit and 32-bit code, else 2.
  uint8_t reserved[6];
} zx_packet_guest_mem_t;

ZX_DETAIL_SIZE(zx_packet_guest_mem_t, 32);
ZX_DETAIL_MEMBER(zx_packet_guest_mem_t, addr, 0, 8);
ZX_DETAIL_MEMBER(zx_packet_guest_mem_t, cr3, 8, 8);
ZX_DETAIL_MEMBER(zx_packet_guest_mem_t, rip, 16, 8);
ZX_DETAIL_MEMBER(zx_packet_guest_mem_t, instruction_size, 24, 1);
ZX_DETAIL_MEMBER(zx_packet_guest_mem_t, default_operand_size, 25, 1);
ZX_DETAIL_MEMBER(zx_packet_guest_mem_t, reserved, 26, 6);
#elif defined(__aarch64__)
typedef struct zx_packet_guest_mem {
  zx_gpaddr_t addr;     // The byte that was accessed.
  uint8_t access_size;  // 1, 2, 4 or 8.
  bool sign_extend;     // A load extends the sign.
  uint8_t xt;           // Number of the register; 31 is the zero register.
  bool read;            // A load, else a store.
  uint8_t padding1[4];
  uint64_t data;  // What is stored; 0 for a load.
  uint64_t reserved;
} zx_packet_guest_mem_t;

ZX_DETAIL_SIZE(zx_packet_guest_mem_t, 32);
ZX_DETAIL_MEMBER(zx_packet_guest_mem_t, addr, 0, 8);
ZX_DETAIL_MEMBER(zx_packet_guest_mem_t, access_size, 8, 1);
ZX_DETAIL_MEMBER(zx_packet_guest_mem_t, sign_extend, 9, 1);
ZX_DETAIL_MEMBER(zx_packet_guest_mem_t, xt, 10, 1);
ZX_DETAIL_MEMBER(zx_packet_guest_mem_t, read, 11, 1);
ZX_DETAIL_MEMBER(zx_packet_guest_mem_t, padding1, 12, 4);
ZX_DETAIL_MEMBER(zx_packet_guest_mem_t, data, 16, 8);
ZX_DETAIL_MEMBER(zx_packet_guest_mem_t, reserved, 24, 8);
#endif

// An IN or OUT in an IO trap. The instruction is over when the packet comes.
typedef struct zx_packet_guest_io {
  uint16_t port;
  uint8_t access_size;  // 1, 2 or 4.
  bool input;           // IN, to be completed with ZX_VCPU_IO; else OUT.
  union {               // OUT: the value, higher bytes 0. IN: 0.
    uint8_t u8;
    uint16_t u16;
    uint32_t u32;
    uint8_t data[4];
  };
  uint64_t reserved0;
  uint64_t reserved1;
  uint64_t reserved2;
} zx_packet_guest_io_t;

ZX_DETAIL_SIZE(zx_packet_guest_io_t, 32);
ZX_DETAIL_MEMBER(zx_packet_guest_io_t, port, 0, 2);
ZX_DETAIL_MEMBER(zx_packet_guest_io_t, access_size, 2, 1);
ZX_DETAIL_MEMBER(zx_packet_guest_io_t, input, 3, 1);
ZX_DETAIL_MEMBER(zx_packet_guest_io_t, u8, 4, 1);
ZX_DETAIL_MEMBER(zx_packet_guest_io_t, u16, 4, 2);
ZX_DETAIL_MEMBER(zx_packet_guest_io_t, u32, 4, 4);
ZX_DETAIL_MEMBER(zx_packet_guest_io_t, data, 4, 4);
ZX_DETAIL_MEMBER(zx_packet_guest_io_t, reserved0, 8, 8);
ZX_DETAIL_MEMBER(zx_packet_guest_io_t, reserved1, 16, 8);
ZX_DETAIL_MEMBER(zx_packet_guest_io_t, reserved2, 24, 8);

// INTERRUPT: the guest interrupts some of its processors. The VMM passes it on: zx_vcpu_interrupt()
// for each bit of mask that has a VCPU, the sender's own bit included.
typedef struct zx_packet_guest_vcpu_interrupt {
  uint64_t mask;  // Bit n: the VCPU with id n.
  uint8_t vector;
  uint8_t padding1[7];
} zx_packet_guest_vcpu_interrupt_t;

ZX_DETAIL_SIZE(zx_packet_guest_vcpu_interrupt_t, 16);
ZX_DETAIL_MEMBER(zx_packet_guest_vcpu_interrupt_t, mask, 0, 8);
ZX_DETAIL_MEMBER(zx_packet_guest_vcpu_interrupt_t, vector, 8, 1);
ZX_DETAIL_MEMBER(zx_packet_guest_vcpu_interrupt_t, padding1, 9, 7);

// STARTUP: the guest starts a processor. The VMM creates and enters that VCPU, unless it exists.
#if ZX_DETAIL_API_2018
typedef struct zx_packet_guest_vcpu_startup {
  uint64_t id;        // Ids count up from 0 in the order of creation.
  zx_gpaddr_t entry;  // For zx_vcpu_create().
} zx_packet_guest_vcpu_startup_t;
#else
typedef struct zx_packet_guest_vcpu_startup {
  // Two names for each; the first is the older one.
  union {
    uint64_t id;  // Ids count up from 0 in the order of creation.
    uint64_t target;
  };
  union {
    zx_gpaddr_t entry;  // For zx_vcpu_create().
    uint64_t context;
  };
} zx_packet_guest_vcpu_startup_t;

ZX_DETAIL_MEMBER(zx_packet_guest_vcpu_startup_t, target, 0, 8);
ZX_DETAIL_MEMBER(zx_packet_guest_vcpu_startup_t, context, 8, 8);
#endif

ZX_DETAIL_SIZE(zx_packet_guest_vcpu_startup_t, 16);
ZX_DETAIL_MEMBER(zx_packet_guest_vcpu_startup_t, id, 0, 8);
ZX_DETAIL_MEMBER(zx_packet_guest_vcpu_startup_t, entry, 8, 8);

#if ZX_DETAIL_API_2018
// Something a VCPU asks of the VMM.
typedef struct zx_packet_guest_vcpu {
  union {
    zx_packet_guest_vcpu_interrupt_t interrupt;
    zx_packet_guest_vcpu_startup_t startup;
  };
  uint8_t type;  // ZX_PKT_GUEST_VCPU_*.
  uint8_t padding1[7];
  uint64_t reserved;
} zx_packet_guest_vcpu_t;

ZX_DETAIL_SIZE(zx_packet_guest_vcpu_t, 32);
ZX_DETAIL_MEMBER(zx_packet_guest_vcpu_t, interrupt, 0, 16);
ZX_DETAIL_MEMBER(zx_packet_guest_vcpu_t, startup, 0, 16);
ZX_DETAIL_MEMBER(zx_packet_guest_vcpu_t, type, 16, 1);
ZX_DETAIL_MEMBER(zx_packet_guest_vcpu_t, padding1, 17, 7);
ZX_DETAIL_MEMBER(zx_packet_guest_vcpu_t, reserved, 24, 8);
#else
// EXIT: present for its layout.
typedef struct zx_packet_guest_vcpu_exit {
  int64_t retcode;
  uint64_t reserved;
} zx_packet_guest_vcpu_exit_t;

ZX_DETAIL_SIZE(zx_packet_guest_vcpu_exit_t, 16);
ZX_DETAIL_MEMBER(zx_packet_guest_vcpu_exit_t, retcode, 0, 8);
ZX_DETAIL_MEMBER(zx_packet_guest_vcpu_exit_t, reserved, 8, 8);

// Something a VCPU asks of the VMM.
typedef struct zx_packet_guest_vcpu {
  uint32_t type;  // ZX_PKT_GUEST_VCPU_*.
  uint8_t padding1[4];
  union {
    zx_packet_guest_vcpu_interrupt_t interrupt;
    zx_packet_guest_vcpu_startup_t startup;
    zx_packet_guest_vcpu_exit_t exit;
  };
  uint64_t reserved;
} zx_packet_guest_vcpu_t;

ZX_DETAIL_SIZE(zx_packet_guest_vcpu_t, 32);
ZX_DETAIL_MEMBER(zx_packet_guest_vcpu_t, type, 0, 4);
ZX_DETAIL_MEMBER(zx_packet_guest_vcpu_t, padding1, 4, 4);
ZX_DETAIL_MEMBER(zx_packet_guest_vcpu_t, interrupt, 8, 16);
ZX_DETAIL_MEMBER(zx_packet_guest_vcpu_t, startup, 8, 16);
ZX_DETAIL_MEMBER(zx_packet_guest_vcpu_t, exit, 8, 16);
ZX_DETAIL_MEMBER(zx_packet_guest_vcpu_t, reserved, 24, 8);
#endif

#endif  // ZIRCON_SYSCALLS_HYPERVISOR_H_
