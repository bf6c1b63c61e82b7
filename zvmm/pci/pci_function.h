// What a function of a PCI device is to the bus: 64 double words of configuration.

#pragma once

#include <cstdint>

namespace zvmm {

// Thread-safe, as every device is.
class PciFunction {
 public:
  static constexpr unsigned kConfigWords = 64;

  virtual ~PciFunction() = default;

  // `word` is below kConfigWords: the byte offset divided by 4.
  virtual uint32_t ReadConfig(unsigned word) = 0;
  // Writes the bytes of `value` that `mask` has, each 0x00 or 0xFF.
  virtual void WriteConfig(unsigned word, uint32_t value, uint32_t mask) = 0;
};

}  // namespace zvmm
