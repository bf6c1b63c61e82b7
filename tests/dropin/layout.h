// Where things are in the guest's memory. For C++ and for the assembler.

#pragma once

// Page tables: the first 4 GiB where they are, with pages of 2 MiB.
#define GUEST_PML4 0x0
#define GUEST_PDPT 0x1000
#define GUEST_DIRECTORIES 0x2000
// What RSI points to: how many processors to start.
#define GUEST_BOOT_DATA 0x7000
#define GUEST_IDT 0x8000
#define GUEST_IMAGE 0x10000
// Where the other processors start, below 1 MiB, a multiple of pages.
#define GUEST_TRAMPOLINE 0x20000
// Stacks, a page for each processor, downwards from their ends.
#define GUEST_STACKS 0x30000

#define GUEST_EXIT_PORT 0xF4
#define GUEST_EXIT_GOOD 0x42
