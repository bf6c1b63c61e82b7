// Instructions that compute with memory in a MEM trap, loads first, then those that store as well;
// after each a checkpoint.
#include "guest.inc"

#define T GUEST_MEM_TRAP

.macro COMPUTE address, instruction:vararg
  mov rbx, T
  mov rax, 0xA0A1A2A3A4A5A6A7
  mov rcx, 0xC0C1C2C3C4C5C6C7
  mov rdx, 0xD0D1D2D3D4D5D6D7
  mov r8, 0x8081828384858687
  mov rsp, GUEST_STACK_TOP
  cmp rsp, rsp  // ZF, PF
  stc
  FORM \address, \instruction
  CHECKPOINT 0
.endm

GUEST(mem_arithmetic)
  COMPUTE T, add eax, [rbx]
  COMPUTE T, add rax, [rbx]
  COMPUTE T, adc cl, [rbx]
  COMPUTE T, sub r8, [rbx]
  COMPUTE T, and edx, [rbx]
  COMPUTE T, or ax, [rbx]
  COMPUTE T+5, xor ah, [rbx + 5]
  COMPUTE T, cmp eax, [rbx]
  COMPUTE T, cmp [rbx], eax
  COMPUTE T, cmp byte ptr [rbx], 0x5A
  COMPUTE T, cmp qword ptr [rbx], -1
  COMPUTE T, test [rbx], eax
  COMPUTE T+8, test byte ptr [rbx + 8], 1
  COMPUTE T, test dword ptr [rbx], 0x80000000
  COMPUTE T, imul eax, [rbx]
  COMPUTE T, imul rcx, [rbx], 3
  COMPUTE T, mul dword ptr [rbx]
  COMPUTE T, div dword ptr [rbx]
  COMPUTE T, bt dword ptr [rbx], 3
  COMPUTE T, add [rbx], eax
  COMPUTE T, add byte ptr [rbx], 1
  COMPUTE T, or dword ptr [rbx], 0x10
  COMPUTE T, and qword ptr [rbx], 0x7F
  COMPUTE T, xor [rbx], r8
  COMPUTE T, sub word ptr [rbx], 2
  COMPUTE T, inc dword ptr [rbx]
  COMPUTE T, dec byte ptr [rbx]
  COMPUTE T, not dword ptr [rbx]
  COMPUTE T, neg qword ptr [rbx]
  COMPUTE T, shl dword ptr [rbx], 1
  COMPUTE T, xchg [rbx], eax
  COMPUTE T, xchg [rbx], r8
  COMPUTE T, lock xadd [rbx], eax
  COMPUTE T, lock add dword ptr [rbx], 1
  COMPUTE T, lock inc qword ptr [rbx]
  COMPUTE T, bts dword ptr [rbx], 7
  COMPUTE T, lock bts dword ptr [rbx], 7
  jmp guest_begin
END_GUEST(mem_arithmetic)
