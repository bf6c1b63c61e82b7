// Each form of string I/O; a test starts at one of them.
#include "guest.inc"

GUEST(io_string)
  FORM 0x500, outsb
  FORM 0x500, outsw
  FORM 0x500, outsd
  FORM 0x500, rep outsb
  FORM 0x500, rep outsd
  FORM 0x500, insb
  FORM 0x500, insw
  FORM 0x500, insd
  FORM 0x500, rep insb
  FORM 0x500, rep insd
  CHECKPOINT 0
END_GUEST(io_string)
