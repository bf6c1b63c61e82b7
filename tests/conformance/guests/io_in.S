// IN of each width, from a port in the instruction and from one in DX; a checkpoint after each.
#include "guest.inc"

.macro IN_FORM port, instruction:vararg
  mov rax, 0x1122334455667788
  mov dx, 0x500
  FORM \port, \instruction
  mov r8, rax
  CHECKPOINT 0
.endm

GUEST(io_in)
  IN_FORM 0x40, in al, 0x40
  IN_FORM 0x40, in ax, 0x40
  IN_FORM 0x40, in eax, 0x40
  IN_FORM 0x500, in al, dx
  IN_FORM 0x500, in ax, dx
  IN_FORM 0x500, in eax, dx
  jmp guest_begin
END_GUEST(io_in)
