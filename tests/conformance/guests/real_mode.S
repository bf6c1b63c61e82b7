// A secondary VCPU: real mode, its code segment based at its entry, IP 0.
#include "guest.inc"
.code16

GUEST(real_mode)
  mov ax, 0x1234
  mov [0x9000], ax  // DS is based at 0
  mov ecx, 0x802
  rdmsr
  CHECKPOINT 0
  mov ax, cs
  call 1f
1:
  pop bx  // IP
  CHECKPOINT 1
  mov ax, 0x5678
  FORM 0xE010, mov [0xE010], ax
  FORM 0xE012, mov byte ptr [0xE012], 7
  CHECKPOINT 2
  mov dx, 0x500
  FORM 0x500, in al, dx
  CHECKPOINT 3
  hlt
  CHECKPOINT 4
END_GUEST(real_mode)
