// `sti; hlt` with the place behind HLT known; then checkpoint 1.
#include "guest.inc"

GUEST(sti_hlt)
  TABLES
  GATE 0x40, log_0x40
  CHECKPOINT 0
  sti
  FORM 0, hlt
  CHECKPOINT 1
  ud2
  LOGS 0x40
  LOG_ROUTINE
END_GUEST(sti_hlt)
