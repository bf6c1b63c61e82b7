// What a function of a PCI device is to the bus: 64 double words of configuration, and maybe a
// range of memory, whose place the guest chooses.

#pragma once

#include <cstdint>
#include <string_view>

#include "exit_counts.h"

namespace zvmm {

// Thread-safe, as every device is.
class PciFunction {
 public:
  static constexpr unsigned kConfigWords = 64;

  // A range of guest-physical addresses. A value.
  struct Range {
    uint64_t start = 0;
    uint64_t size = 0;  // 0: none.

    bool Has(uint64_t address) const { return address - start < size; }
  };

  virtual ~PciFunction() = default;

  // `word` is below kConfigWords: the byte offset divided by 4.
  virtual uint32_t ReadConfig(unsigned word) = 0;
  // Writes the bytes of `value` that `mask` has, each 0x00 or 0xFF.
  virtual void WriteConfig(unsigned word, uint32_t value, uint32_t mask) = 0;

  // Where its memory is at this moment: nowhere while the guest has its decoding turned off.
  virtual Range memory() const { return {}; }
  // An access to it; `size` is 1, 2, 4 or 8, and may reach beyond the end.
  virtual uint64_t ReadMemory(uint64_t offset, uint8_t size) { return ~uint64_t{0}; }
  virtual void WriteMemory(uint64_t offset, uint8_t size, uint64_t value) {}

  // For people.
  virtual std::string_view name() const = 0;

  AccessCounts function_counts;  // Of its memory; kept by the bus.
};

}  // namespace zvmm
