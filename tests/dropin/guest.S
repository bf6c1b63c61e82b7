# What the guest executes. guest_image is copied to GUEST_IMAGE, guest_trampoline to GUEST_TRAMPOLINE.
#
# The boot processor finds the PCI device, sets up the I/O APIC, starts the others, interrupts them,
# rings the device and waits for its interrupt on processor 1, waits in HLT for a character of the
# serial port, and writes GUEST_EXIT_GOOD to GUEST_EXIT_PORT; whatever is not as it should be writes
# the number of its line.

#include "layout.h"

#define COM1 0x3F8
#define PCI_ADDRESS 0xCF8
#define PCI_DATA 0xCFC
#define IO_APIC 0xFEC00000
#define MSR_EFER 0xC0000080
#define MSR_APIC_ID 0x802
#define MSR_EOI 0x80B
#define MSR_ICR 0x830
#define VECTOR_UART 0x34
#define VECTOR_PCI 0x35
#define VECTOR_IPI 0x50

.macro fail_unless condition line
  j\condition 1f
  mov $\line, %eax
  mov $GUEST_EXIT_PORT, %dx
  out %eax, %dx
1:
.endm

.macro read_config register
  mov $PCI_ADDRESS, %dx
  mov $(0x80000800 | \register), %eax
  out %eax, %dx
  mov $PCI_DATA, %dx
  in %dx, %eax
.endm

.macro write_io_apic index value
  movl $\index, (%r12)
  movl $\value, 0x10(%r12)
.endm

.macro write_msr number high low
  mov $\number, %ecx
  mov $\high, %edx
  mov $\low, %eax
  wrmsr
.endm

.macro end_of_interrupt
  write_msr MSR_EOI, 0, 0
.endm

# Until a word of memory has a value.
.macro await word value
1:
  pause
  cmpl $\value, \word(%rip)
  jne 1b
.endm

.section .rodata
.globl guest_image, guest_image_end, guest_trampoline, guest_trampoline_end

.balign 16
guest_image:
.code64
  mov %rsi, %r15
  lgdt gdtr(%rip)
  lea GUEST_STACKS + 0x1000, %rsp
  pushq $8
  lea 1f(%rip), %rax
  push %rax
  lretq
1:
  mov $16, %eax
  mov %eax, %ss
  mov %eax, %ds
  mov %eax, %es

  mov $VECTOR_UART, %edi
  lea on_uart(%rip), %rsi
  call set_gate
  mov $VECTOR_PCI, %edi
  lea on_pci(%rip), %rsi
  call set_gate
  mov $VECTOR_IPI, %edi
  lea on_ipi(%rip), %rsi
  call set_gate
  lidt idtr(%rip)

  lea hello(%rip), %rsi
  call print

  # The device: who it is; RBX = its registers, RBP = its bell.
  read_config 0
  cmp $0x10001AF4, %eax
  fail_unless e, __LINE__
  read_config 0x10
  mov %eax, %ebx
  read_config 0x14
  mov %eax, %ebp

  # The I/O APIC: the serial port's line to this processor, the device's to processor 1.
  mov $IO_APIC, %r12d
  movl $1, (%r12)
  mov 0x10(%r12), %eax
  cmp $0x00170011, %eax
  fail_unless e, __LINE__
  write_io_apic 0x18, VECTOR_UART
  write_io_apic 0x19, 0
  write_io_apic 0x1A, VECTOR_PCI
  write_io_apic 0x1B, 0x01000000

  # The other processors, one after the other.
  mov $1, %r13d
start_next:
  mov $MSR_ICR, %ecx
  mov %r13d, %edx
  mov $0x4500, %eax
  wrmsr
  mov %r13d, %edx
  mov $(0x4600 | GUEST_TRAMPOLINE >> 12), %eax
  wrmsr
1:
  pause
  cmp %r13d, online(%rip)
  jne 1b
  inc %r13d
  cmp (%r15), %r13d
  jbe start_next

  # All but this one.
  write_msr MSR_ICR, 0, (0xC4000 | VECTOR_IPI)
  await ipis, 2

  # A request, written, read back in several widths, and the bell.
  lea request(%rip), %rax
  mov %eax, (%rbx)
  mov (%rbx), %r8d
  cmp %eax, %r8d
  fail_unless e, __LINE__
  movl $0, 0x10(%rbp)
  await pci_interrupts, 1
  movzbl 4(%rbx), %ecx
  cmp $0x10, %ecx
  fail_unless e, __LINE__
  mov $-1, %rcx
  movzwl 4(%rbx), %ecx
  cmp $0x10, %rcx
  fail_unless e, __LINE__
  mov $0x5500, %r9d
  movb 4(%rbx), %r9b
  cmp $0x5510, %r9d
  fail_unless e, __LINE__
  cmpl $~0x11111111, request + 4(%rip)
  fail_unless e, __LINE__
  movw $7, 0x20(%rbp)
  await pci_interrupts, 2
  cmpl $0x11111111, request + 4(%rip)
  fail_unless e, __LINE__

  # A character.
  mov $COM1 + 1, %dx
  mov $1, %al
  out %al, %dx
  sti
1:
  hlt
  cmpb $0, character(%rip)
  je 1b
  cli
  lea got(%rip), %rsi
  call print
  mov $GUEST_EXIT_PORT, %dx
  mov $GUEST_EXIT_GOOD, %eax
  out %eax, %dx
1:
  hlt
  jmp 1b

# RDI: the vector. RSI: the handler, in the lowest 64 KiB times 2^16.
set_gate:
  shl $4, %edi
  add $GUEST_IDT, %edi
  mov %esi, %eax
  and $0xFFFF, %eax
  or $0x80000, %eax
  mov %eax, (%rdi)
  mov %esi, %eax
  and $0xFFFF0000, %eax
  or $0x8E00, %eax
  mov %eax, 4(%rdi)
  movq $0, 8(%rdi)
  ret

# RSI: text with a 0 behind it.
print:
  mov $COM1 + 5, %dx
1:
  in %dx, %al
  test $0x20, %al
  jz 1b
  lodsb
  test %al, %al
  jz 2f
  mov $COM1, %dx
  out %al, %dx
  jmp print
2:
  ret

.macro handler name
\name:
  push %rax
  push %rcx
  push %rdx
.endm

.macro end_handler
  end_of_interrupt
  pop %rdx
  pop %rcx
  pop %rax
  iretq
.endm

handler on_uart
  mov $COM1, %dx
  in %dx, %al
  mov %al, character(%rip)
end_handler

handler on_pci
  lock incl pci_interrupts(%rip)
end_handler

handler on_ipi
  lock incl ipis(%rip)
end_handler

# The other processors, in 64-bit mode.
other_processor:
  mov $16, %eax
  mov %eax, %ss
  mov %eax, %ds
  mov %eax, %es
  mov $MSR_APIC_ID, %ecx
  rdmsr
  inc %eax
  shl $12, %eax
  lea GUEST_STACKS(%rax), %rsp
  lidt idtr(%rip)
  lock incl online(%rip)
  sti
1:
  hlt
  jmp 1b

.balign 8
gdt:
  .quad 0, 0x00AF9A000000FFFF, 0x00CF92000000FFFF
gdtr:
  .word 23
  .quad GUEST_IMAGE + (gdt - guest_image)
idtr:
  .word 0xFFF
  .quad GUEST_IDT
.balign 4
online: .long 0
ipis: .long 0
pci_interrupts: .long 0
request: .long 0, 0x11111111, 0x22222222, 0x33333333, 0x44444444, 0x55555555, 0x66666666, 0x77777777
hello: .asciz "hello\n"
got: .ascii "got "
character: .byte 0
  .asciz "\n"
guest_image_end:

# In real mode at GUEST_TRAMPOLINE, whose page is the code segment.
.balign 16
guest_trampoline:
.code16
  cli
  mov %cs, %ax
  mov %ax, %ds
  lgdtl trampoline_gdtr - guest_trampoline
  mov %cr4, %eax
  or $0x20, %eax
  mov %eax, %cr4
  mov $GUEST_PML4, %eax
  mov %eax, %cr3
  mov $MSR_EFER, %ecx
  rdmsr
  or $0x100, %eax
  wrmsr
  mov %cr0, %eax
  or $0x80000001, %eax
  mov %eax, %cr0
  ljmpl $8, $(GUEST_IMAGE + (other_processor - guest_image))
trampoline_gdtr:
  .word 23
  .long GUEST_IMAGE + (gdt - guest_image)
guest_trampoline_end:

.section .note.GNU-stack, "", @progbits
