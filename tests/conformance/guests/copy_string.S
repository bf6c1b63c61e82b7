// Copies eight bytes from RSI to RDI.
#include "guest.inc"

GUEST(copy_string)
  FORM 0, movsq
  CHECKPOINT 0
END_GUEST(copy_string)
