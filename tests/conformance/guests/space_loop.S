// Counts in the first quadword of the data page, and uses the window page each time: a load (data
// page's second quadword 0) or a store.
#include "guest.inc"

GUEST(space_loop)
  mov rbx, GUEST_WINDOW
  mov rcx, GUEST_DATA
  xor eax, eax
1:
  cmp qword ptr [rcx + 8], 0
  jne 2f
  mov rdx, [rbx]
  jmp 3f
2:
  mov [rbx], rax
3:
  inc rax
  mov [rcx], rax
  cmp qword ptr [rcx + 16], 0  // Told to end?
  je 1b
  CHECKPOINT 0
END_GUEST(space_loop)
