// PCI configuration, by mechanism 1.

#pragma once

#include <cstdint>

inline constexpr unsigned kPciSlots = 32;

// The double word at a byte offset of function 0 of a slot of bus 0.
uint32_t ReadPci(unsigned slot, unsigned offset);
void WritePci(unsigned slot, unsigned offset, uint32_t value);
