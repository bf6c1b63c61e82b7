// XMM0 from the data page, then from the address in RBX, then back to the data page.
#include "guest.inc"

GUEST(load_vector)
  mov ecx, GUEST_DATA
  movups xmm0, [rcx]
  FORM 0, movups xmm0, [rbx]
  movups [rcx + 16], xmm0
  CHECKPOINT 0
END_GUEST(load_vector)
