// Runs what the VMM writes into a page of ring 3: at checkpoint 0 it prepares the page, the registers and,
// at TRY_FRAME, what IRETQ takes from the stack; whatever fault or call ends it leads to checkpoint 0
// again. The test makes the segments and says which pages are ring 3's.
#include "guest.inc"
#include "user_tries.h"

GUEST(user_tries)
  TABLES
  .irp vector, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21
  GATE \vector, ended
  .endr
  mov eax, TRY_TASK
  ltr ax
  // The ways in that are no interrupts.
  lea rax, [rip + ended]
  xor edx, edx
  mov ecx, 0xC0000082  // LSTAR
  wrmsr
  mov ecx, 0xC0000083  // CSTAR
  wrmsr
  mov ecx, 0x176  // SYSENTER_EIP
  wrmsr
  mov eax, GUEST_STACK_TOP
  mov ecx, 0x175  // SYSENTER_ESP
  wrmsr
  mov eax, GUEST_CODE_SELECTOR
  mov ecx, 0x174  // SYSENTER_CS
  wrmsr
  xor eax, eax
  mov edx, GUEST_CODE_SELECTOR
  mov ecx, 0xC0000081  // STAR
  wrmsr
  mov eax, 0x3F7FD5
  xor edx, edx
  mov ecx, 0xC0000084  // FMASK: all of them
  wrmsr
again:
  CHECKPOINT 0
  mov esp, TRY_FRAME
  iretq
ended:
  mov esp, GUEST_STACK_TOP
  mov eax, TRY_DATA_SELECTOR
  mov ds, eax
  mov es, eax
  cld
  jmp again
END_GUEST(user_tries)
