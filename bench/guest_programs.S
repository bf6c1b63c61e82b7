// The guests of the benchmarks: 64-bit code without a stack, copied to bench::kCode. Each does one
// thing for ever. Registers that they take are set here, so that nothing depends on who starts them.
//
// Numbers are those of bench/guest_memory.h.

.set kPort, 0x3F8
.set kTrap, 0x100000
.set kBell, 0x101000
.set kCounter, 0x4000
.set kStackTop, 0x5000
.set kPointers, 0x5000

.macro program name
  .globl bench_\name
  .globl bench_\name\()_end
  .balign 16
  bench_\name:
.endm
.macro end_of name
  bench_\name\()_end:
.endm

.section .rodata
.code64

program io_out
  mov $kPort, %edx
  mov $0x5A, %eax
1:
  out %al, %dx
  jmp 1b
end_of io_out

program io_in
  mov $kPort, %edx
  xor %eax, %eax
1:
  in %dx, %al
  jmp 1b
end_of io_in

program mem_store
  mov $kTrap, %ebx
  mov $0x5A, %eax
1:
  mov %eax, (%rbx)
  jmp 1b
end_of mem_store

program mem_load
  mov $kTrap, %ebx
1:
  mov (%rbx), %eax
  jmp 1b
end_of mem_load

// 64 stores, as a driver notifies a queue, then an OUT.
program bells
  mov $kBell, %ebx
  mov $kPort, %edx
  xor %eax, %eax
1:
  mov $64, %ecx
2:
  mov %ax, (%rbx)
  dec %ecx
  jnz 2b
  out %al, %dx
  jmp 1b
end_of bells

// Counts where the host can see it.
program spin
  mov $kCounter, %ebx
1:
  incq (%rbx)
  jmp 1b
end_of spin

// The same with interrupts open. The handler, interrupt_handler, is at bench::kHandler.
program interruptible
  mov $kStackTop, %esp
  mov $kPointers, %ebx
  lgdt (%rbx)
  lidt 16(%rbx)
  // An interrupt's return loads CS from the table.
  push $8
  lea 1f(%rip), %rax
  push %rax
  lretq
1:
  mov $kPort, %edx
  mov $kCounter, %ebx
  sti
2:
  incq (%rbx)
  jmp 2b
end_of interruptible

program interrupt_handler
  out %al, %dx
  iretq
end_of interrupt_handler

.section .note.GNU-stack, "", @progbits
