// Where the PCI bus has its things: one bus, a function in each slot, every place fixed beforehand,
// as firmware would have left it.
//
//   slot 0      the host bridge
//   slot 1…8    devices, each with one memory BAR and one interrupt line

#pragma once

#include <cstdint>

namespace zvmm {

inline constexpr unsigned kPciSlots = 9;

// What of guest-physical space the bus decodes: in the hole that RAM leaves, below the I/O APIC.
inline constexpr uint64_t kPciWindow = 0xE0000000;
inline constexpr uint64_t kPciWindowSize = 0x10000000;

// The memory BAR of each slot: a power of two, for addresses are compared by masks.
inline constexpr uint64_t kPciBarSize = 0x2000;
constexpr uint64_t PciBarOf(unsigned slot) { return kPciWindow + slot * kPciBarSize; }

// The I/O APIC's pins that are not those of ISA: one for each slot.
constexpr unsigned PciPinOf(unsigned slot) { return 16 + slot - 1; }

}  // namespace zvmm
