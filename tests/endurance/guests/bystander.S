// A guest that minds its own business: adds up numbers, tells the sum, stores to a trap and to a bell, and
// sleeps until its timer's interrupt; again and again. Whatever else happens to it goes to TROUBLE_PORT.
#include "guest.inc"
#include "endurance/layout.h"

GUEST(bystander)
  TABLES
  mov ecx, 255
  lea rax, [rip + trouble]
other_gates:
  mov ebx, ecx
  shl ebx, 4
  mov edx, eax
  mov word ptr [GUEST_IDT + rbx], dx
  mov word ptr [GUEST_IDT + rbx + 2], GUEST_CODE_SELECTOR
  mov word ptr [GUEST_IDT + rbx + 4], 0x8E00
  shr edx, 16
  mov word ptr [GUEST_IDT + rbx + 6], dx
  dec ecx
  jns other_gates
  GATE TIMER_VECTOR, timer
  mov ecx, 0x83E  // divide by 1
  mov eax, 0xB
  xor edx, edx
  wrmsr
  mov ecx, 0x832  // one shot
  mov eax, TIMER_VECTOR
  wrmsr
  xor r14d, r14d
  xor r15d, r15d
again:
  inc r15
  mov esi, NUMBERS
  mov ecx, NUMBERS_SIZE / 8
  mov rax, r15
sum:
  add rax, [rsi]
  rol rax, 1
  add esi, 8
  dec ecx
  jnz sum
  out VALUE_PORT, eax
  mov [GUEST_MEM_TRAP], rax
  mov ebx, r15d
  and ebx, 0xFF8
  mov [GUEST_BELL_TRAP + rbx], rax
  mov r13, rax
  mov ecx, 0x838
  mov eax, 1000
  xor edx, edx
  wrmsr
  sti
asleep:
  hlt
  cli
  out VALUE_PORT + 1, al
  jmp again
timer:
  inc r14
  // STI keeps interrupts off for one more instruction, but an emulated processor forgets that where it leaves the
  // guest in between; the interrupt that comes then must not be slept over.
  lea rax, [rip + asleep]
  cmp [rsp], rax
  jne woken
  inc qword ptr [rsp]
woken:
  iretq
trouble:
  out TROUBLE_PORT, al
  jmp trouble
END_GUEST(bystander)
