// Runs the VMM's code with the trap flag set. At checkpoint 0 the VMM puts the code into the 64
// bytes of `slot`; the trap comes behind its first instruction. The handler writes to the log and
// clears the flag. Checkpoint 1 is behind the code.
#include "guest.inc"

GUEST(single_step)
  TABLES
  GATE 0, handler_0
  GATE 1, handler_1
again:
  CHECKPOINT 0
  pushfq
  or qword ptr [rsp], 0x100
  popfq
  FORM 0, nop  // slot
  .fill 63, 1, 0x90
  CHECKPOINT 1
  jmp again

handler_1:
  // What the log has of it, with the trap flag of the frame cleared.
  and qword ptr [rsp + 16], ~0x100
  LOGS 1
  LOGS 0
handler_0 = log_0
  LOG_ROUTINE
END_GUEST(single_step)
