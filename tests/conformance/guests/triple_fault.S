// No IDT, and an instruction that faults.
#include "guest.inc"

GUEST(triple_fault)
  mov r15, 0x1234
  lidt [rip + nothing]
  ud2
  CHECKPOINT 0
nothing:
  .short 0
  .quad 0
END_GUEST(triple_fault)
