// Takes interrupts of several vectors and logs them. Checkpoint 0 with interrupts off, then on
// behind `sti`; checkpoint 1 once there is something in the log; then on and on by what R12 says:
// 0 checkpoint 1 again, 1 waits by HLT, 2 by a loop, 3 HLT with interrupts off.
#include "guest.inc"

GUEST(interrupts)
  TABLES
  GATE 2, log_2
  GATE 6, log_6
  GATE 8, log_8
  GATE 13, log_13
  GATE 14, log_14
  GATE 16, log_16
  GATE 17, log_17
  GATE 19, log_19
  GATE 32, log_32
  GATE 33, log_33
  GATE 0x40, log_0x40
  GATE 0xF0, log_0xF0
  GATE 0xFF, log_0xFF
  CHECKPOINT 0
  OPEN
again:
  CHECKPOINT 1
  mov rbx, [GUEST_LOG]
  cmp r12, 1
  je halts
  cmp r12, 2
  je loops
  cmp r12, 3
  je halts_off
  jmp again
halts:
  cli
1:
  cmp rbx, [GUEST_LOG]
  jne 2f
  mov qword ptr [GUEST_DATA], 1
  sti
  hlt
after_hlt:
  mov qword ptr [GUEST_DATA], 0
  cli
  jmp 1b
2:
  sti
  jmp again
loops:
  mov qword ptr [GUEST_DATA], 1
  cmp rbx, [GUEST_LOG]
  je loops
  mov qword ptr [GUEST_DATA], 0
  jmp again
halts_off:
  cli
  mov qword ptr [GUEST_DATA], 1
  hlt
  mov qword ptr [GUEST_DATA], 0
  CHECKPOINT 2
  OPEN
  jmp again
  LOGS 2
  LOGS 6
  LOGS 8, 1
  LOGS 13, 1
  LOGS 14, 1
  LOGS 16
  LOGS 17, 1
  LOGS 19
  LOGS 32
  LOGS 33
  LOGS 0x40
  LOGS 0xF0
  LOGS 0xFF
  LOG_ROUTINE
END_GUEST(interrupts)
