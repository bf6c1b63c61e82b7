// The way from where a VCPU starts, 64-bit mode with paging, to where PVH's entry begins: 32-bit protected mode without
// paging, EBX = the start info. boot/pvh_boot.cc copies it to kPvhEntryCode and fills in the entry; RSI has the start info.

#define HERE 0x11000  // kPvhEntryCode
#define AT(label) (label - zvmm_pvh_entry + HERE)

  .section .rodata
  .balign 8
  .globl zvmm_pvh_entry, zvmm_pvh_entry_point, zvmm_pvh_entry_end
  .hidden zvmm_pvh_entry, zvmm_pvh_entry_point, zvmm_pvh_entry_end
zvmm_pvh_entry:
  .code64
  lgdt AT(gdt_place)
  mov $AT(stack), %esp
  pushq $8
  pushq $AT(compatibility_mode)
  lretq

  .code32
compatibility_mode:
  // Without paging it is no long mode any more.
  mov $1, %eax
  mov %eax, %cr0
  mov $0xC0000080, %ecx  // EFER: all off, LME among it
  xor %eax, %eax
  xor %edx, %edx
  wrmsr
  mov %eax, %cr4
  mov $16, %eax
  mov %eax, %ds
  mov %eax, %es
  mov %eax, %ss
  mov %eax, %fs
  mov %eax, %gs
  mov %esi, %ebx
  jmp *AT(zvmm_pvh_entry_point)

  .balign 8
gdt:
  .quad 0
  .quad 0x00CF9B000000FFFF  // code, 32 bits, 4 GiB
  .quad 0x00CF93000000FFFF  // data
gdt_place:
  .word gdt_place - gdt - 1
  .quad AT(gdt)
  .balign 4
zvmm_pvh_entry_point:
  .long 0
  .zero 32
  .balign 16
stack:
zvmm_pvh_entry_end:

  .section .note.GNU-stack, "", @progbits
