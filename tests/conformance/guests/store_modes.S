// Code that the VMM writes, in a code segment that it chooses. At checkpoint 0 the VMM sets RBX to
// the selectors of CS, RCX of DS, RDX of ES, RSI of SS, RDI of FS, and R8 to the code's offset in CS.
// The code is the VMM's, checkpoints included.
#include "guest.inc"

GUEST(store_modes)
  lgdt [GUEST_GDT_POINTER]
  mov esp, GUEST_STACK_TOP
  CHECKPOINT 0
  mov ds, ecx
  mov es, edx
  mov fs, edi
  mov ss, esi
  push rbx
  push r8
  .byte 0x48, 0xCB  // far return
END_GUEST(store_modes)
