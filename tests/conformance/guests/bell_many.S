// RCX times: counts in the data page's first quadword, then rings in the page at RBX, 8 bytes further
// each time. After that checkpoint 0, and so again.
#include "guest.inc"

GUEST(bell_many)
  mov rdx, GUEST_DATA
  xor eax, eax
1:
  mov [rdx], rax
  mov rdi, rax
  and edi, 0x1FF
  mov [rbx + rdi * 8], eax
  inc rax
  cmp rax, rcx
  jb 1b
  mov [rdx], rax
  CHECKPOINT 0
  jmp guest_begin
END_GUEST(bell_many)
