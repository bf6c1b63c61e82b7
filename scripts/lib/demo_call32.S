# A 32-bit program for the demo's guest: writes a line by way of __kernel_vsyscall, as 32-bit C libraries do, and ends.
# On AMD's processors the kernel's page has SYSCALL there, on Intel's SYSENTER.
# Build: as --32, ld -m elf_i386.

.intel_syntax noprefix

.set AT_SYSINFO, 32
.set SYS_EXIT, 1
.set SYS_WRITE, 4

.text
.globl _start
_start:
  mov esi, esp          # argc, argv, 0, envp, 0, pairs
  mov ecx, 2            # two lists to pass
1:
  add esi, 4
  cmp dword ptr [esi], 0
  jne 1b
  dec ecx
  jnz 1b
  add esi, 4
2:
  mov eax, [esi]
  test eax, eax
  jz no_page
  cmp eax, AT_SYSINFO
  je found
  add esi, 8
  jmp 2b
found:
  mov edi, [esi + 4]
  mov eax, SYS_WRITE
  mov ebx, 1
  mov ecx, offset line
  mov edx, line_end - line
  call edi
  mov eax, SYS_EXIT
  xor ebx, ebx
  call edi
no_page:
  mov eax, SYS_EXIT
  mov ebx, 2
  int 0x80

.section .rodata
line:
  .ascii "through __kernel_vsyscall\n"
line_end:
.section .note.GNU-stack, "", @progbits
