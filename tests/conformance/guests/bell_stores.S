// Stores of every width to two pages of bells, from their first byte to their last.
#include "guest.inc"

#define B GUEST_BELL_TRAP

GUEST(bell_stores)
  mov rbx, B
  mov rax, 0x1122334455667788
  FORM B, mov [rbx], al
  FORM B, mov [rbx], eax
  FORM B+1, mov [rbx + 1], ax
  FORM B+4, mov dword ptr [rbx + 4], 0
  FORM B+8, mov [rbx + 8], rax
  FORM B+0x1000, mov byte ptr [rbx + 0x1000], 7
  FORM B+0x1FFF, mov [rbx + 0x1FFF], ah
  FORM B+0x1FF8, mov qword ptr [rbx + 0x1FF8], -1
  FORM B+0x800, movnti [rbx + 0x800], eax
  mov edi, B + 0x900
  FORM B+0x900, stosd
  mov esp, B + 0xA00
  FORM B+0x9F8, push rax
  FORM B, mov [rbx], al
  CHECKPOINT 0
  jmp guest_begin
END_GUEST(bell_stores)
