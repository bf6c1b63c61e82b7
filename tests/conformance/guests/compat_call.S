// SYSCALL in 32-bit code of ring 3. Where the processor has that there: checkpoint 0 in ring 0, at the
// address in CSTAR, with RCX behind the SYSCALL; else checkpoint 1, after #UD. The test makes the
// segments 0x10 (data of ring 0), 0x18 (32-bit code of ring 3), 0x20 (data of ring 3) and 0x28 (task),
// and lets ring 3 use the memory.
#include "guest.inc"

#define STAR 0xC0000081
#define CSTAR 0xC0000083
#define FMASK 0xC0000084

GUEST(compat_call)
  TABLES
  GATE 6, undefined
  mov eax, 0x28
  ltr ax
  mov ecx, STAR
  mov edx, GUEST_CODE_SELECTOR
  xor eax, eax
  wrmsr
  mov ecx, CSTAR
  lea rax, [rip + called]
  xor edx, edx
  wrmsr
  mov ecx, FMASK
  xor eax, eax
  wrmsr
  push 0x20 + 3
  push GUEST_STACK_TOP - 256
  push 0x2
  push 0x18 + 3
  lea rax, [rip + user]
  push rax
  iretq
.code32
user:
  FORM 0, syscall
  ud2
.code64
called:
  CHECKPOINT 0
undefined:
  CHECKPOINT 1
  ud2
END_GUEST(compat_call)
