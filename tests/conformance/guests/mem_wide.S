// Accesses of 16 bytes.
#include "guest.inc"

GUEST(mem_wide)
  FORM GUEST_MEM_TRAP, movups [rbx], xmm0
  CHECKPOINT 0
  FORM GUEST_MEM_TRAP, movaps [rbx], xmm0
  CHECKPOINT 0
  FORM GUEST_MEM_TRAP, movdqu [rbx], xmm0
  CHECKPOINT 0
  FORM GUEST_MEM_TRAP, movups xmm0, [rbx]
  CHECKPOINT 0
  FORM GUEST_MEM_TRAP, movdqu xmm0, [rbx]
  CHECKPOINT 0
END_GUEST(mem_wide)
