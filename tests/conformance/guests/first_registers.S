// What a boot processor finds at its first instruction, stored from GUEST_DATA on, 8 bytes each: the
// TSC, RFLAGS, CR0, CR2, CR3, CR4, CR8, DR0 to DR3, DR6, DR7, LDTR, TR; at checkpoint 1 the FPU's
// control word and MXCSR, at checkpoint 2 (from + 0x100 on) XMM0 to XMM15.
#include "guest.inc"

.macro STORE place, register
  mov rax, \register
  mov [GUEST_DATA + 8 * \place], rax
.endm

GUEST(first_registers)
  rdtsc
  mov [GUEST_DATA], eax
  mov [GUEST_DATA + 4], edx
  mov esp, GUEST_STACK_TOP
  pushfq
  pop qword ptr [GUEST_DATA + 8]
  STORE 2, cr0
  STORE 3, cr2
  STORE 4, cr3
  STORE 5, cr4
  STORE 6, cr8
  STORE 7, dr0
  STORE 8, dr1
  STORE 9, dr2
  STORE 10, dr3
  STORE 11, dr6
  STORE 12, dr7
  sldt eax
  mov [GUEST_DATA + 8 * 13], rax
  str eax
  mov [GUEST_DATA + 8 * 14], rax
  CHECKPOINT 0
  fnstcw [GUEST_DATA + 8 * 15]
  stmxcsr [GUEST_DATA + 8 * 16]
  CHECKPOINT 1
  .irp number, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
  movups [GUEST_DATA + 0x100 + 16 * \number], xmm\number
  .endr
  CHECKPOINT 2
END_GUEST(first_registers)
