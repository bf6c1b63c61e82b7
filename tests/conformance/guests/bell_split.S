// One store that crosses from page to page, and one that repeats.
#include "guest.inc"

#define B GUEST_BELL_TRAP

GUEST(bell_split)
  mov rbx, B
  mov [rbx + 0xFFC], rax
  CHECKPOINT 0
  mov edi, B + 0x10
  mov ecx, 10
  rep stosb
  CHECKPOINT 1
END_GUEST(bell_split)
