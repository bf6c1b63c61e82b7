// Runs instructions that the VMM writes: at checkpoint 0 it puts them into the 64 bytes of `slot`
// and sets the registers, at checkpoint 1 they are done. A fault ends them; then GUEST_DATA + 0x800
// holds the vector, + 0x808 the error code, + 0x810 the RIP that the processor saved.
#include "guest.inc"

#define FAULT_VECTOR (GUEST_DATA + 0x800)
#define FAULT_ERROR (GUEST_DATA + 0x808)
#define FAULT_RIP (GUEST_DATA + 0x810)

.macro FAULTS vector, has_error=0
fault_\vector:
  .if \has_error
  pop qword ptr [FAULT_ERROR]
  .endif
  mov qword ptr [FAULT_VECTOR], \vector
  jmp skip
.endm

GUEST(try_code)
  TABLES
  GATE 0, fault_0
  GATE 3, fault_3
  GATE 4, fault_4
  GATE 6, fault_6
  GATE 7, fault_7
  GATE 13, fault_13
  GATE 14, fault_14
again:
  CHECKPOINT 0
  FORM 0, nop  // slot
  .fill 63, 1, 0x90
after:
  CHECKPOINT 1
  jmp again

  FAULTS 0
  FAULTS 3
  FAULTS 4
  FAULTS 6
  FAULTS 7
  FAULTS 13, 1
  FAULTS 14, 1
skip:
  push rax
  mov rax, [rsp + 8]
  mov [FAULT_RIP], rax
  lea rax, [rip + after]
  mov [rsp + 8], rax
  pop rax
  iretq
END_GUEST(try_code)
