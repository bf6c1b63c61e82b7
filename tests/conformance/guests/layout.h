// Where things are in the test guests' memory, for the guests (assembly) and for the tests (C++).

#ifndef ZIRCON_TESTS_KVM_GUESTS_LAYOUT_H_
#define ZIRCON_TESTS_KVM_GUESTS_LAYOUT_H_

// Memory, from guest-physical 0. The page tables map the first GiB to itself.
#define GUEST_PML4 0x0
#define GUEST_POINTER_TABLE 0x1000
#define GUEST_DIRECTORY 0x2000
#define GUEST_IDT 0x3000
#define GUEST_GDT 0x4000
// Limit, then address, and that at a multiple of 8.
#define GUEST_GDT_POINTER 0x4106
#define GUEST_IDT_POINTER 0x4116
#define GUEST_CODE 0x10000
#define GUEST_STACK_TOP 0x80000
// What guests and tests tell each other.
#define GUEST_DATA 0x90000
// Interrupts taken: a count of 8 bytes; from LOG_VECTORS on their vectors, a byte each; from
// LOG_FRAMES on 16 bytes each: the error code (or LOG_NO_ERROR) and the saved RIP.
#define GUEST_LOG 0xA0000
#define GUEST_LOG_VECTORS 0xA1000
#define GUEST_LOG_FRAMES 0xA2000
#define LOG_NO_ERROR 0x4E4F4E45
#define GUEST_MEMORY_SIZE 0x200000

// Guest-physical places without memory at first. The page tables map them.
#define GUEST_MEM_TRAP 0x10000000
#define GUEST_BELL_TRAP 0x11000000
#define GUEST_WINDOW 0x12000000
#define GUEST_IDENTITY_SIZE 0x40000000

#define GUEST_CODE_SELECTOR 8

// CHECKPOINT n is an OUT to this port plus n, 0 to 15.
#define GUEST_CHECKPOINT_PORT 0x80

#endif  // ZIRCON_TESTS_KVM_GUESTS_LAYOUT_H_
