// Loads from RBX. A page fault comes to checkpoint 1, with the error code in R8 and CR2 in R9.
#include "guest.inc"

GUEST(page_fault)
  TABLES
  GATE 14, fault
  CHECKPOINT 2
  FORM 0, mov rcx, [rbx]
  CHECKPOINT 0
  ud2
fault:
  pop r8
  mov r9, cr2
  CHECKPOINT 1
END_GUEST(page_fault)
