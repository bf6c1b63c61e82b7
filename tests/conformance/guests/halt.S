// Counts in the data page's first quadword and halts, for ever.
#include "guest.inc"

GUEST(halt)
  mov rdx, GUEST_DATA
1:
  inc qword ptr [rdx]
  hlt
  inc qword ptr [rdx + 8]
  jmp 1b
END_GUEST(halt)
