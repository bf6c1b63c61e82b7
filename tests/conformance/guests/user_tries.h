// Where things are in the guest guests/user_tries.S, for the guest (assembly) and for the test
// (C++).

#ifndef ZIRCON_TESTS_CONFORMANCE_GUESTS_USER_TRIES_H_
#define ZIRCON_TESTS_CONFORMANCE_GUESTS_USER_TRIES_H_

// Two pages of ring 3: code that it cannot write, data.
#define TRY_CODE 0x100000
#define TRY_DATA 0x110000
// RIP, CS, RFLAGS, RSP and SS for the IRETQ to ring 3.
#define TRY_FRAME 0x91000
#define TRY_TASK_SEGMENT 0x92000
#define TRY_PAGE_TABLE 0x93000

#define TRY_CODE_64 0x13
#define TRY_CODE_32 0x1B
#define TRY_DATA_SELECTOR 0x23
#define TRY_TASK 0x28

#endif  // ZIRCON_TESTS_CONFORMANCE_GUESTS_USER_TRIES_H_
