// Accesses that cross from one page to another. R8 holds the address.
#include "guest.inc"

GUEST(mem_edges)
  FORM 0, mov [r8], rax
  CHECKPOINT 0
  FORM 0, mov rax, [r8]
  CHECKPOINT 0
  jmp guest_begin
END_GUEST(mem_edges)
