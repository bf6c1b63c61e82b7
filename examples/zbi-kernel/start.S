// The kernel's first instructions. The boot protocol leaves 64-bit mode, identity-mapped memory, interrupts off, and in
// RSI the address of the data; everything else is the kernel's to bring.

    .set kStackSize, 0x4000

    .text
    .globl _start
_start:
    // Memory behind the image is free, and may have anything in it.
    cld
    lea bss_start(%rip), %rdi
    lea bss_end(%rip), %rcx
    sub %rdi, %rcx
    xor %eax, %eax
    rep stosb

    lea stack_end(%rip), %rsp
    mov %rsi, %rdi
    xor %ebp, %ebp
    call KernelMain
1:  hlt
    jmp 1b

    .bss
    .balign 16
    .skip kStackSize
stack_end:

    .section .note.GNU-stack, "", @progbits
