// Loads from a MEM trap, in every form; after each a checkpoint.
#include "guest.inc"

#define T GUEST_MEM_TRAP

.macro LOAD address, instruction:vararg
  // The same registers and flags before each.
  mov rbx, T
  mov r12, T + 0x100
  mov r13, T + 0x200
  mov rax, 0xA0A1A2A3A4A5A6A7
  mov rcx, 0xC0C1C2C3C4C5C6C7
  mov rdx, 0xD0D1D2D3D4D5D6D7
  mov rsi, T + 0x400
  mov rdi, 0xF0F1F2F3F4F5F6F7
  mov r8, 0x8081828384858687
  mov r9, 0x9091929394959697
  mov r15, 0x10
  mov rsp, GUEST_STACK_TOP
  cmp rsp, rsp  // ZF, PF
  stc
  FORM \address, \instruction
  CHECKPOINT 0
.endm

GUEST(mem_loads)
  LOAD T, mov al, [rbx]
  LOAD T+1, mov ah, [rbx + 1]
  LOAD T+2, mov dh, [rbx + 2]
  LOAD T+3, mov bh, [rbx + 3]
  LOAD T+0x100, mov r8b, [r12]
  LOAD T+0x20, mov dil, [rbx + r15 * 2]
  LOAD T, mov ax, [rbx]
  LOAD T+0x200, mov r9w, [r13]
  LOAD T, mov eax, [rbx]
  LOAD T+7, mov r8d, [rbx + 7]
  LOAD T+0x1000, mov rax, [rbx + 0x1000]
  LOAD T+0x100, mov r15, [r12]
  LOAD T, mov rbx, [rbx]
  LOAD T, mov rsp, [rbx]
  LOAD T, movzx eax, byte ptr [rbx]
  LOAD T, movzx rax, byte ptr [rbx]
  LOAD T, movzx cx, byte ptr [rbx]
  LOAD T, movzx edx, word ptr [rbx]
  LOAD T, movzx r9, word ptr [rbx]
  LOAD T, movsx ax, byte ptr [rbx]
  LOAD T, movsx eax, byte ptr [rbx]
  LOAD T, movsx rax, byte ptr [rbx]
  LOAD T, movsx ecx, word ptr [rbx]
  LOAD T, movsx rcx, word ptr [rbx]
  LOAD T, movsxd rdx, dword ptr [rbx]
  LOAD T+0x100, movsxd r8, dword ptr [r12]
  LOAD T+0x60, movabs al, [T + 0x60]
  LOAD T+0x60, movabs ax, [T + 0x60]
  LOAD T+0x60, movabs eax, [T + 0x60]
  LOAD T+0x60, movabs rax, [T + 0x60]
  LOAD T+0x400, lodsb
  LOAD T+0x400, lodsd
  LOAD T+0x400, lodsq
  LOAD T, cmovc eax, [rbx]
  LOAD T, cmovz rcx, [rbx]
  LOAD T+0x40, mov ecx, [ebx + 0x40]
  jmp guest_begin
END_GUEST(mem_loads)
