// Stores to a MEM trap of two pages, in every form. Before each the registers are as REGISTERS says.
#include "guest.inc"

#define T GUEST_MEM_TRAP

.macro REGISTERS
  mov rbx, T
  mov r12, T + 0x100
  mov r13, T + 0x200
  mov rbp, T + 0x300
  mov rsi, 0x10
  mov rcx, 0x20
.endm

GUEST(mem_stores)
  mov rax, 0x8877665544332211
  mov rdx, 0xF0E0D0C0B0A09080
  mov r8, 0x0807060504030201
  mov r9, -2
  mov r15, 0x1F2F3F4F5F6F7F8F
  mov rsp, GUEST_STACK_TOP
  REGISTERS
  // 88
  FORM T, mov [rbx], al
  FORM T+1, mov [rbx + 1], ah
  FORM T+2, mov [rbx + 2], dh
  FORM T+0x50, mov [rbx + rsi * 4 + 0x10], sil
  FORM T+0x100, mov [r12], r15b
  FORM T+0x201, mov [r13 + 1], cl
  // 89
  FORM T, mov [rbx], ax
  FORM T+3, mov [rbx + 3], eax
  FORM T+8, mov [rbx + 8], rax
  FORM T+0x1000, mov [rbx + 0x1000], edx
  FORM T+0x1FF8, mov [rbx + 0x1FF8], rdx
  FORM T+0x100, mov [r12], r8
  FORM T+0x300, mov [rbp], r9d
  FORM T+0x320, mov [rbp + rcx], r15w
  FORM T+0x280, mov [r13 + rsi * 8], ebx
  FORM T, mov [rbx], rsp
  // C6, C7
  FORM T+4, mov byte ptr [rbx + 4], 0x5A
  FORM T+4, mov word ptr [rbx + 4], 0x1234
  FORM T+4, mov dword ptr [rbx + 4], 0x12345678
  FORM T+4, mov qword ptr [rbx + 4], -1
  FORM T+0x200, mov dword ptr [r13], 0
  FORM T+0x101, mov byte ptr [r12 + 1], 0x89
  // Prefixes that change the address or nothing.
  FORM T+0x40, mov [ebx + 0x40], eax
  FORM_BYTES T, "cs mov [rbx], eax", 0x2E, 0x89, 0x03
  FORM_BYTES T, "ds mov [rbx], eax", 0x3E, 0x89, 0x03
  FORM_BYTES T, "rex mov [rbx], eax", 0x40, 0x89, 0x03
  FORM T+0x10, mov dword ptr fs:[rbx + rsi], ecx
  // Relative to RIP; the second has bytes behind its displacement.
.macro RELATIVE address, opcode, modrm, tail:vararg
771:
  .byte \opcode, \modrm
  .long \address - GUEST_CODE - (772f - guest_begin)
  \tail
772:
  .pushsection .rodata.guest_texts, "a", @progbits
773:
  .asciz "rip-relative \opcode"
  .popsection
  .pushsection .rodata.guest_forms, "a", @progbits
  .long 771b - guest_begin
  .long 772b - 771b
  .long 773b - .
  .long \address
  .popsection
.endm
  RELATIVE T+0x44, 0x89, 0x05
  RELATIVE T+0x48, 0xC7, 0x05, .long 0x11223344
  // moffs
  FORM T+0x60, movabs [T + 0x60], al
  FORM T+0x60, movabs [T + 0x60], ax
  FORM T+0x60, movabs [T + 0x60], eax
  FORM T+0x60, movabs [T + 0x60], rax
  FORM T+0x68, mov [T + 0x68], edx
  // Others that store what is in a register or nothing but a flag.
  FORM T+0x70, movnti [rbx + 0x70], eax
  FORM T+0x70, movnti [rbx + 0x70], r15
  FORM T+0x71, setc [rbx + 0x71]
  FORM T+0x72, setnz [r13 - 0x18E]
  FORM T+0x74, mov [rbx + 0x74], ds
  // Strings: RDI.
  mov edi, T + 0x80
  FORM T+0x80, stosb
  mov edi, T + 0x80
  FORM T+0x80, stosw
  mov edi, T + 0x80
  FORM T+0x80, stosd
  mov edi, T + 0x80
  FORM T+0x80, stosq
  std
  mov edi, T + 0x88
  FORM T+0x88, stosd
  cld
  mov edi, T + 0x90
  mov esi, GUEST_DATA
  FORM T+0x90, movsb
  mov edi, T + 0x90
  mov esi, GUEST_DATA
  FORM T+0x90, movsq
  mov esi, 0x10
  // The stack.
  mov rsp, T + 0x800
  FORM T+0x7F8, push rax
  mov rsp, T + 0x800
  FORM T+0x7F8, push r15
  mov rsp, T + 0x800
  FORM T+0x7F8, push 0x12
  mov rsp, T + 0x800
  FORM T+0x7F8, push 0x12345678
  mov rsp, T + 0x800
  FORM T+0x7FE, push ax
  mov rsp, T + 0x800
  FORM T+0x7F8, push qword ptr [GUEST_DATA]
  mov rsp, T + 0x800
  FORM T+0x7F8, pushfq
  mov rsp, GUEST_STACK_TOP
  push rax
  FORM T+0x98, pop qword ptr [rbx + 0x98]
  // Preceded by bytes that look like a prefix of theirs.
  mov al, 0x48
  FORM T, mov [rbx], eax
  mov al, 0x66
  FORM T, mov [rbx], eax
  mov al, 0x44
  FORM T, mov [rbx], al
  mov al, 0x41
  FORM T, mov [rbx], al
  mov ax, 0x0FC7
  FORM T+0x10, mov [rbx + 0x10], edx
  CHECKPOINT 0
END_GUEST(mem_stores)
