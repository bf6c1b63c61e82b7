// A call with its stack in the window, and a jump to code there.
#include "guest.inc"

GUEST(space_call)
  FORM 0, call 1f
  ud2
1:
  CHECKPOINT 0
  ud2
  FORM 0, jmp rbx
END_GUEST(space_call)
