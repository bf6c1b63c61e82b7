// VMCALL in ring 3, with I/O permitted there; then checkpoint 0, or checkpoint 1 in ring 0 after a
// fault. The test makes the segments 0x10, 0x18 and 0x20.
#include "guest.inc"

GUEST(user_call)
  TABLES
  GATE 6, fault
  GATE 13, fault
  mov eax, 0x20
  ltr ax
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
fault:
  CHECKPOINT 1
  ud2
END_GUEST(user_call)
