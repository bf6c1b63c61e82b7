// Handlers with which a program of random instructions goes on behind what faults, a byte further.
#include "guest.inc"
#include "endurance/layout.h"

GUEST(skip_faults)
  // The first 16 bytes: entry of exceptions with an error code.
  add rsp, 8
  nop
  nop
  nop
  nop
  nop
  nop
  nop
  nop
  nop
  nop
  nop
  nop
  // Entry of all others: RIP, CS, RFLAGS, RSP, SS.
  inc qword ptr [rsp]
  and qword ptr [rsp], 0x7FFF
  or qword ptr [rsp], GUEST_CODE
  mov qword ptr [rsp + 8], GUEST_CODE_SELECTOR
  mov qword ptr [rsp + 24], 0x70000
  mov qword ptr [rsp + 32], 0
  iretq
END_GUEST(skip_faults)
