// What a debugger looks at: instructions of which each does one thing. Between the checkpoints: a
// few that count in RAX, a store, a load of the same place, an INT3.
#include "guest.inc"

GUEST(debug)
  TABLES
  GATE 3, log_3
  GATE 0x40, log_0x40
  mov ebx, GUEST_DATA
  CHECKPOINT 0
  FORM 0, nop
  FORM 0, inc rax
  FORM 0, inc rax
  FORM GUEST_DATA, mov [rbx], rax
  FORM GUEST_DATA, mov rcx, [rbx]
  FORM 0, nop
  CHECKPOINT 1
  FORM 0, int3
  FORM 0, nop
  // Not between steps: behind STI the processor may execute two instructions at once.
  sti
  nop
  CHECKPOINT 2
  FORM 0, nop
  FORM 0, nop
  FORM 0, nop
  CHECKPOINT 3

  LOGS 3
  LOGS 0x40
  LOG_ROUTINE
END_GUEST(debug)
