// OUT of each width, to a port in the instruction and to one in DX.
#include "guest.inc"

GUEST(io_out)
  mov rax, 0x1122334455667788
  mov dx, 0x500
  FORM 0x40, out 0x40, al
  FORM 0x40, out 0x40, ax
  FORM 0x40, out 0x40, eax
  FORM 0x500, out dx, al
  FORM 0x500, out dx, ax
  FORM 0x500, out dx, eax
  CHECKPOINT 0
  jmp guest_begin
END_GUEST(io_out)
