// Counts in the data page's first quadword for ever.
#include "guest.inc"

GUEST(busy_loop)
  mov rdx, GUEST_DATA
1:
  inc qword ptr [rdx]
  jmp 1b
END_GUEST(busy_loop)
