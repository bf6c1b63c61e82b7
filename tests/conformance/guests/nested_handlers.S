// Handlers that the VMM looks into. Checkpoint 0 with interrupts off. Vector 0x40: checkpoint 1, then
// interrupts on, then checkpoint 2. The NMI: checkpoints 3 and 4. Each counts its calls, at
// GUEST_DATA and GUEST_DATA + 8. The main program is at checkpoint 5 again and again.
#include "guest.inc"

GUEST(nested_handlers)
  TABLES
  GATE 2, handler_2
  GATE 0x40, handler_0x40
  CHECKPOINT 0
1:
  OPEN
  CHECKPOINT 5
  jmp 1b
handler_0x40:
  inc qword ptr [GUEST_DATA]
  push rcx
  CHECKPOINT 1
  OPEN
  cli
  CHECKPOINT 2
  pop rcx
  iretq
handler_2:
  inc qword ptr [GUEST_DATA + 8]
  CHECKPOINT 3
  CHECKPOINT 4
  iretq
END_GUEST(nested_handlers)
