// Does for the VMM what only a guest can: at checkpoint 0 RSI says what (the SERVICE_ numbers of
// service.h), at checkpoint 1 it is done. R15 is 1 after #GP or #UD, R14 its error code.
#include "guest.inc"
#include "../service.h"

GUEST(service)
  mov r13, rsp  // As it was at first.
  TABLES
  GATE 2, log_2
  GATE 6, fault_6
  GATE 13, fault_13
  GATE 0x40, log_0x40
  GATE 0x41, log_0x41
  sti
serve:
  CHECKPOINT 0
  xor r15d, r15d
  xor r14d, r14d
  lea rdi, [rip + done]  // Where to go on after a fault.
  cmp esi, SERVICE_RDMSR
  je 1f
  cmp esi, SERVICE_WRMSR
  je 2f
  cmp esi, SERVICE_CPUID
  je 3f
  cmp esi, SERVICE_CONTROL
  je 4f
  cmp esi, SERVICE_HALT
  je 5f
  cmp esi, SERVICE_LOOP
  je 6f
  cmp esi, SERVICE_RDTSC
  je 7f
  cmp esi, SERVICE_XGETBV
  je 8f
  cmp esi, SERVICE_VMCALL
  je 9f
  ud2
1:
  rdmsr
  jmp done
2:
  wrmsr
  jmp done
3:
  cpuid
  jmp done
4:
  mov rax, cr0
  mov rbx, cr3
  mov rcx, cr4
  mov dx, cs
  jmp done
5:  // Until there is something new in the log.
  mov rbx, [GUEST_LOG]
  cli
  cmp rbx, rcx
  jne 51f
  sti
  hlt
  jmp 5b
51:
  sti
  jmp done
6:  // The same by looking.
  cmp rcx, [GUEST_LOG]
  je 6b
  jmp done
7:
  rdtsc
  jmp done
8:
  xgetbv
  jmp done
9:
  vmcall
done:
  CHECKPOINT 1
  jmp serve

fault_6:
  mov r15d, 6
  mov [rsp], rdi
  iretq
fault_13:
  mov r15d, 13
  pop r14
  mov [rsp], rdi
  iretq
  LOGS 2
  LOGS 0x40
  LOGS 0x41
  LOG_ROUTINE
END_GUEST(service)
