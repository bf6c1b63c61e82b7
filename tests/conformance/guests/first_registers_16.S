// What another processor finds at its first instruction, in real mode, stored from 0x9000 on, 4
// bytes each: RFLAGS, CR0, CR2, CR3, CR4, DR6, DR7, EFER, PAT (8 bytes), APIC_BASE; from 0x9040 on
// CS, DS, ES, FS, GS, SS, 2 bytes each, then GDTR at 0x9050 and IDTR at 0x9060.
#include "guest.inc"
.code16

.macro STORE place, register
  mov eax, \register
  mov [0x9000 + 4 * \place], eax
.endm
.macro STORE_SELECTOR place, register
  mov ax, \register
  mov [0x9040 + 2 * \place], ax
.endm

GUEST(first_registers_16)
  mov sp, 0x8000
  pushfd
  pop dword ptr [0x9000]
  STORE 1, cr0
  STORE 2, cr2
  STORE 3, cr3
  STORE 4, cr4
  STORE 5, dr6
  STORE 6, dr7
  mov ecx, 0xC0000080
  rdmsr
  mov [0x9000 + 4 * 7], eax
  mov ecx, 0x277
  rdmsr
  mov [0x9000 + 4 * 8], eax
  mov [0x9000 + 4 * 9], edx
  mov ecx, 0x1B
  rdmsr
  mov [0x9000 + 4 * 10], eax
  STORE_SELECTOR 0, cs
  STORE_SELECTOR 1, ds
  STORE_SELECTOR 2, es
  STORE_SELECTOR 3, fs
  STORE_SELECTOR 4, gs
  STORE_SELECTOR 5, ss
  sgdt [0x9050]
  sidt [0x9060]
  CHECKPOINT 0
END_GUEST(first_registers_16)
