// Stores RBX where RBX points to, and says so, again and again.
#include "guest.inc"

GUEST(touch)
again:
  mov [rbx], rbx
  CHECKPOINT 0
  jmp again
END_GUEST(touch)
