// A store to and a load from a MEM trap in 32-bit code, a checkpoint after each mode: compatibility
// mode, and protected mode without paging. The GDT has 32-bit code at 16 and data at 24.
#include "guest.inc"

.macro ACCESSES number
  FORM GUEST_MEM_TRAP, mov [ebx], cx
  FORM GUEST_MEM_TRAP, mov edx, [ebx]
  CHECKPOINT \number
.endm

GUEST(mem_modes)
  lgdt [GUEST_GDT_POINTER]
  mov esp, GUEST_STACK_TOP
  mov ebx, GUEST_MEM_TRAP
  mov ecx, 0x11223344
  push 16
  lea rax, [rip + 1f]
  push rax
  .byte 0x48, 0xCB  // far return
.code32
1:
  mov eax, 24
  mov ds, eax
  ACCESSES 0

  mov eax, cr0
  and eax, 0x7FFFFFFF
  mov cr0, eax
  ACCESSES 1
END_GUEST(mem_modes)
