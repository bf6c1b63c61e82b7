// Accesses to the window page (RBX, and RDI, RSI, RSP where the form uses them), a checkpoint after
// each. A test starts at one of them, with registers of its choice.
#include "guest.inc"

.macro ACCESS instruction:vararg
  FORM 0, \instruction
  CHECKPOINT 0
.endm

GUEST(space_access)
  // Stores.
  ACCESS mov [rbx], al
  ACCESS mov [rbx], ax
  ACCESS mov [rbx], eax
  ACCESS mov [rbx], rax
  ACCESS mov [rbx], ah
  ACCESS mov [rbx], r15
  ACCESS mov dword ptr [rbx], 0x12345678
  ACCESS mov qword ptr [rbx], -3
  ACCESS movnti [rbx], rax
  ACCESS setz [rbx]
  ACCESS push rax
  ACCESS push r15
  ACCESS push 0x77
  ACCESS push ax
  ACCESS pushfq
  ACCESS stosb
  ACCESS stosq
  ACCESS rep stosb
  ACCESS rep stosq
  ACCESS movsb
  ACCESS rep movsd
  ACCESS pop qword ptr [rbx]
  // Both.
  ACCESS add [rbx], rax
  ACCESS inc dword ptr [rbx]
  ACCESS not qword ptr [rbx]
  ACCESS xchg [rbx], rax
  ACCESS lock xadd [rbx], rax
  ACCESS lock bts dword ptr [rbx], 5
  ACCESS lock cmpxchg [rbx], rcx
  // Loads.
  ACCESS mov al, [rbx]
  ACCESS mov rcx, [rbx]
  ACCESS mov r15d, [rbx]
  ACCESS mov rbx, [rbx]
  ACCESS movzx eax, word ptr [rbx]
  ACCESS movsxd rdx, dword ptr [rbx]
  ACCESS add rax, [rbx]
  ACCESS adc eax, [rbx]
  ACCESS cmp [rbx], rax
  ACCESS test byte ptr [rbx], 0x40
  ACCESS imul rcx, [rbx], 7
  ACCESS mul dword ptr [rbx]
  ACCESS bt dword ptr [rbx], 3
  ACCESS push qword ptr [rbx + 0x200]
  ACCESS pop rcx
END_GUEST(space_access)
