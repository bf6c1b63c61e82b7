// Where things are in the guests of this folder, for the guests (assembly) and for C++. Tables,
// code and stack are where guests of the conformance tests have them.

#ifndef ZIRCON_TESTS_ENDURANCE_LAYOUT_H_
#define ZIRCON_TESTS_ENDURANCE_LAYOUT_H_

#include "guests/layout.h"

#define RAM_SIZE 0x100000
// A page of tables with nothing in it that a guest needs.
#define SPARE_TABLE 0x5000
// What the bystander adds up.
#define NUMBERS 0x88000
#define NUMBERS_SIZE 0x1000
// Holes in the memory, so that accesses reach from one kind to another.
#define INNER_MEM_TRAP 0xC0000
#define INNER_BELL_TRAP 0xD0000
#define INNER_READ_ONLY 0xE0000
#define UNMAPPED 0x13000000

#define VALUE_PORT 0x60
#define TROUBLE_PORT 0x64
#define TIMER_VECTOR 0x40

#endif  // ZIRCON_TESTS_ENDURANCE_LAYOUT_H_
