// VMCALL in ring 3, with I/O permitted there; then checkpoint 0. The test makes the segments 0x10 and
// 0x18.
#include "guest.inc"

GUEST(user_call)
  TABLES
  push 0x18 + 3
  push GUEST_STACK_TOP - 256
  push 0x3002
  push 0x10 + 3
  lea rax, [rip + user]
  push rax
  iretq
user:
  mov eax, 0x7777
  vmcall
  CHECKPOINT 0
END_GUEST(user_call)
