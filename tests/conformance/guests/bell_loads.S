// Loads from a bell, and instructions that read and write; a checkpoint after each.
#include "guest.inc"

.macro READS instruction:vararg
  mov rbx, GUEST_BELL_TRAP
  mov rax, 0x1111111111111111
  FORM GUEST_BELL_TRAP, \instruction
  CHECKPOINT 0
.endm

GUEST(bell_loads)
  READS mov al, [rbx]
  READS mov rcx, [rbx]
  READS movzx edx, word ptr [rbx]
  READS cmp [rbx], eax
  READS add rax, [rbx]
  READS inc dword ptr [rbx]
  READS xchg [rbx], rax
  READS lock xadd [rbx], eax
  mov dword ptr [rbx], 1
  CHECKPOINT 1
END_GUEST(bell_loads)
