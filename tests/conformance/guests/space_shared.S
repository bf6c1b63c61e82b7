// Waits for numbers from the VMM in the window and answers each with its double beside it.
#include "guest.inc"

GUEST(space_shared)
  mov rbx, GUEST_WINDOW
  xor ecx, ecx
1:
  mov rax, [rbx]
  cmp rax, rcx
  je 1b
  mov rcx, rax
  add rax, rax
  mov [rbx + 8], rax
  cmp rcx, -1
  jne 1b
  CHECKPOINT 0
END_GUEST(space_shared)
