// An OUT right before string I/O of the same width.
#include "guest.inc"

GUEST(io_before_string)
  mov rax, 0x1122334455667788
  FORM 0x500, out dx, al
  FORM 0x500, rep outsb
END_GUEST(io_before_string)
