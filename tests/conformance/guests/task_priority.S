// The highest task priority, interrupts on; checkpoint 0 again and again.
#include "guest.inc"

GUEST(task_priority)
  TABLES
  GATE 0x40, log_0x40
  mov ecx, 0x808
  mov eax, 0xFF
  xor edx, edx
  wrmsr
  mov eax, 15
  mov cr8, rax
  sti
1:
  CHECKPOINT 0
  pause
  jmp 1b
  LOGS 0x40
  LOG_ROUTINE
END_GUEST(task_priority)
