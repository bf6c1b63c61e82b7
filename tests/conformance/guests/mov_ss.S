// `sti; mov ss` and the instructions behind it; checkpoint 0 before, 1 behind.
#include "guest.inc"

GUEST(mov_ss)
  TABLES
  GATE 0x40, log_0x40
  xor eax, eax
  CHECKPOINT 0
  sti
  mov ss, ax
  FORM 0, nop
  FORM 0, nop
  mov ecx, 10000  // Time for a host that looks only now and then.
1:
  pause
  dec ecx
  jnz 1b
  CHECKPOINT 1
  ud2
  LOGS 0x40
  LOG_ROUTINE
END_GUEST(mov_ss)
