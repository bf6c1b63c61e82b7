// Repeated stores to a MEM trap, and a call whose return address goes there.
#include "guest.inc"

GUEST(mem_stores_repeated)
  mov eax, 0x11
  mov edi, GUEST_MEM_TRAP
  mov ecx, 100
  FORM GUEST_MEM_TRAP, rep stosb
  CHECKPOINT 0
  mov edi, GUEST_MEM_TRAP
  mov ecx, 100
  FORM GUEST_MEM_TRAP, rep stosq
  CHECKPOINT 1
  mov edi, GUEST_MEM_TRAP
  mov esi, GUEST_DATA
  mov ecx, 100
  FORM GUEST_MEM_TRAP, rep movsd
  CHECKPOINT 2
  mov esp, GUEST_MEM_TRAP + 0x80
  FORM GUEST_MEM_TRAP + 0x78, call 1f
  ud2
1:
  CHECKPOINT 3
END_GUEST(mem_stores_repeated)
