// Accesses at the edges of a trapped range of ports, 0x500 to 0x503.
#include "guest.inc"

GUEST(io_ranges)
  mov eax, 0x44332211
  mov dx, 0x500
  out dx, eax
  mov dx, 0x503
  out dx, eax   // starts inside, ends outside
  mov dx, 0x4FE
  out dx, eax   // starts outside, ends inside
  CHECKPOINT 0
END_GUEST(io_ranges)
