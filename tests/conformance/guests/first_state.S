// The very first state: all registers as they are, then control registers and descriptor tables.
#include "guest.inc"

GUEST(first_state)
  CHECKPOINT 0
  sgdt [GUEST_DATA + 6]  // the address in it at a multiple of 8
  sidt [GUEST_DATA + 22]
  mov rax, cr0
  mov rbx, cr3
  mov rcx, cr4
  mov rdx, cr8
  mov esi, cs
  mov edi, ds
  mov r8d, es
  mov r9d, fs
  mov r10d, gs
  mov r11d, ss
  lea r12, [rip + guest_begin]
  CHECKPOINT 1
END_GUEST(first_state)
