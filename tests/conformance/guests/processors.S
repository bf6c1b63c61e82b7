// Four processors. The first starts the others (INIT, STARTUP) and waits for them. Then, with as
// many rounds as RBX says at checkpoint 0: vector 0x40 goes round, each processor sending it to the
// next; then the first sends 0x41 to all others, then to itself by the shorthand, then to all. Each
// processor counts what it gets: GUEST_DATA + 8 * id for 0x40, + 0x100 for 0x41. Checkpoint 1 is
// the end of the first, checkpoint 2 that of another.
#include "guest.inc"

#define ROUND_COUNTS GUEST_DATA
#define CALL_COUNTS (GUEST_DATA + 0x100)
#define ONLINE (GUEST_DATA + 0x200)
#define STOP (GUEST_DATA + 0x208)
#define PROCESSORS 4
#define ICR 0x830
#define EOI 0x80B
#define PLACE(label) (GUEST_CODE + label - guest_begin)

// EDX: where to.
.macro SEND value
  mov ecx, ICR
  mov eax, \value
  wrmsr
.endm

// The end of an interrupt's handler: a local APIC of the kernel's wants to be told, the library's does
// not mind.
.macro END_OF_INTERRUPT
  push rax
  push rcx
  push rdx
  mov ecx, EOI
  xor eax, eax
  xor edx, edx
  wrmsr
  pop rdx
  pop rcx
  pop rax
  iretq
.endm

// Until this processor's count is not RSI; the counts begin at \counts.
.macro AWAIT counts
771:
  cli
  cmp rsi, [\counts + 8 * r15]
  jne 772f
  sti
  hlt
  jmp 771b
772:
  sti
.endm

GUEST(processors)
  CHECKPOINT 0
  TABLES
  GATE 0x40, handler_0x40
  GATE 0x41, handler_0x41
  GATE 0x42, handler_0x42
  xor r15d, r15d  // The id.
  sti
  mov qword ptr [ONLINE], 1
  mov edi, 1
start_next:
  mov edx, edi
  SEND 0x4500  // INIT
  mov edx, edi
  lea rax, [rip + started]
  shr eax, 12
  or eax, 0x600  // STARTUP
  wrmsr
1:
  pause
  cmp rdi, [ONLINE]
  jae 1b
  inc edi
  cmp edi, PROCESSORS
  jne start_next

  // Round and round.
  xor esi, esi
rounds:
  mov edx, 1
  SEND 0x40
  AWAIT ROUND_COUNTS
  inc rsi
  cmp rsi, rbx
  jne rounds

  // To all others.
  xor esi, esi
calls:
  inc rsi
  xor edx, edx
  SEND 0xC0041
2:
  pause
  cmp rsi, [CALL_COUNTS + 8]
  jne 2b
  cmp rsi, [CALL_COUNTS + 16]
  jne 2b
  cmp rsi, [CALL_COUNTS + 24]
  jne 2b
  cmp rsi, rbx
  jne calls

  // To itself, then to all.
  xor esi, esi
  xor edx, edx
  SEND 0x40041
  AWAIT CALL_COUNTS
  inc rsi
  xor edx, edx
  SEND 0x80041
  AWAIT CALL_COUNTS
3:
  pause
  cmp rbx, [CALL_COUNTS + 8]
  jae 3b
  cmp rbx, [CALL_COUNTS + 16]
  jae 3b
  cmp rbx, [CALL_COUNTS + 24]
  jae 3b
  mov qword ptr [STOP], 1
  xor edx, edx
  SEND 0xC0042
  CHECKPOINT 1
  ud2

handler_0x40:
  inc qword ptr [ROUND_COUNTS + 8 * r15]
  END_OF_INTERRUPT
handler_0x41:
  inc qword ptr [CALL_COUNTS + 8 * r15]
  END_OF_INTERRUPT
handler_0x42:
  END_OF_INTERRUPT

// The others, in real mode at first.
  .balign 4096
started:
  .code16
  mov eax, cr4
  or eax, 0x20
  mov cr4, eax
  xor eax, eax
  mov cr3, eax
  mov ecx, 0xC0000080
  rdmsr
  or eax, 0x100
  wrmsr
  .byte 0x66  // All of the base.
  lgdt [GUEST_GDT_POINTER]
  mov eax, cr0
  or eax, 0x80000001
  mov cr0, eax
  .byte 0x66, 0xEA  // Far jump.
  .long PLACE(started_64)
  .word GUEST_CODE_SELECTOR
  .code64
started_64:
  mov ecx, 0x802
  rdmsr
  mov r15d, eax
  shl eax, 12
  mov esp, GUEST_STACK_TOP
  sub rsp, rax
  lidt [GUEST_IDT_POINTER]
  xor esi, esi
  lock inc qword ptr [ONLINE]
serve:
  cli
  cmp rsi, [ROUND_COUNTS + 8 * r15]
  jne pass_on
  cmp qword ptr [STOP], 0
  jne over
  sti
  hlt
  jmp serve
pass_on:
  sti
  inc rsi
  lea edx, [r15 + 1]
  and edx, PROCESSORS - 1
  SEND 0x40
  jmp serve
over:
  CHECKPOINT 2
  ud2
END_GUEST(processors)
