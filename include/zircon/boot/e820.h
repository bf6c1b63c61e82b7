// zircon/boot/e820.h: the table of memory of an x86 machine, as its firmware gives it.
//
//   e820entry_t ram = {0x100000, size, E820_RAM};
//
// Addresses and sizes are bytes, guest-physical. A kernel of 2018 takes such a table in an item of
// type ZBI_TYPE_E820_TABLE, with at most 64 entries.
//
// Contract: ZBI.

#ifndef ZIRCON_BOOT_E820_H_
#define ZIRCON_BOOT_E820_H_

#include <stdint.h>

// Kinds of range.
#define E820_RAM 1u
#define E820_RESERVED 2u
#define E820_ACPI 3u
#define E820_NVS 4u
#define E820_UNUSABLE 5u

// A range, 20 bytes.
typedef struct e820entry {
  uint64_t addr;  // First address.
  uint64_t size;  // Bytes.
  uint32_t type;  // E820_*.
} __attribute__((packed)) e820entry_t;

#endif  // ZIRCON_BOOT_E820_H_
