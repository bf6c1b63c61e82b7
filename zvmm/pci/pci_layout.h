// Where the PCI bus has its things when the guest begins: one bus, a function in each slot, every
// place chosen beforehand, as firmware would have left it. The guest may move the BARs.
//
//   slot 0       the host bridge
//   slot 1…31    devices, each with one memory BAR, one interrupt line and MSI-X

#pragma once

#include <cstdint>

namespace zvmm {

inline constexpr unsigned kPciSlots = 32;

// What of guest-physical space the bus is said to decode: in the hole that RAM leaves, below the
// I/O APIC.
inline constexpr uint64_t kPciWindow = 0xE0000000;
inline constexpr uint64_t kPciWindowSize = 0x10000000;

// The memory BAR of each slot: a power of two, for addresses are compared by masks.
inline constexpr uint64_t kPciBarSize = 0x2000;
constexpr uint64_t PciBarOf(unsigned slot) { return kPciWindow + slot * kPciBarSize; }

// The I/O APIC's pins that are not those of ISA: eight, which the slots share.
inline constexpr unsigned kFirstPciPin = 16;
inline constexpr unsigned kPciPins = 8;
constexpr unsigned PciPinOf(unsigned slot) { return kFirstPciPin + (slot - 1) % kPciPins; }

}  // namespace zvmm
