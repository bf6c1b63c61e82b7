// Another processor's leaf 0xB of CPUID, in real mode: EAX, EBX, ECX and EDX of the sub-leaves 0 to 4
// from 0x9000 on, 4 bytes each.
#include "guest.inc"
.code16

GUEST(topology_16)
  mov di, 0x9000
  xor esi, esi
771:
  mov eax, 0xB
  mov ecx, esi
  cpuid
  mov [di], eax
  mov [di + 4], ebx
  mov [di + 8], ecx
  mov [di + 12], edx
  add di, 16
  inc esi
  cmp esi, 5
  jb 771b
  CHECKPOINT 0
END_GUEST(topology_16)
