// RCX times OUT, then a checkpoint.
#include "guest.inc"

GUEST(io_many)
  mov dx, 0x500
1:
  mov eax, ecx
  out dx, eax
  dec rcx
  jnz 1b
  CHECKPOINT 0
  jmp 1b
END_GUEST(io_many)
