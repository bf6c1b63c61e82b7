// Page tables of the test's choice, whose root is in RAX; then accesses to RBX.
#include "guest.inc"

GUEST(other_tables)
  mov cr3, rax
  FORM 0, mov [rbx], ecx
  CHECKPOINT 0
  FORM 0, mov edx, [rbx]
  CHECKPOINT 1
END_GUEST(other_tables)
