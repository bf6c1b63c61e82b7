// The configuration bytes that every PCI function has: ids, command, BAR 0, capabilities.
//
// BAR 0 is memory, wherever the guest puts it: a multiple of its size, so that writing ones tells
// the size.

#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "pci/pci_function.h"

namespace zvmm {

// What identifies a function. A value.
struct PciIdentity {
  uint16_t vendor;
  uint16_t device;
  uint32_t class_code;  // Base class, subclass, interface: 24 bits.
  uint8_t revision = 0;
  uint16_t subsystem_vendor = 0;
  uint16_t subsystem = 0;
};

// A value, and not thread-safe: its function guards it.
class PciConfig {
 public:
  explicit PciConfig(const PciIdentity& identity);

  // BAR 0: memory, 32 bits, at first at `address`. `size` is a power of two, and divides it.
  void SetBar(uint64_t address, uint32_t size);
  // INTA#; `pin` of the interrupt controller is what firmware leaves in the line register.
  void SetInterrupt(uint8_t pin);
  // Appends a capability: its id, and the bytes behind id and link. Gives its offset.
  uint8_t AddCapability(uint8_t id, std::span<const uint8_t> body);
  // Lets the guest write the bits of `mask` in a double word.
  void MakeWritable(unsigned word, uint32_t mask);

  uint32_t Read(unsigned word) const { return words_[word]; }
  void Write(unsigned word, uint32_t value, uint32_t mask);

  // Where BAR 0 is decoded; nowhere while the guest has turned that off.
  PciFunction::Range memory() const;
  // May the function write to memory, which its interrupt messages do too?
  bool is_master() const;
  // Has the guest turned INTx off?
  bool interrupt_disabled() const;

 private:
  void SetByte(unsigned offset, uint8_t value);
  void SetHalf(unsigned offset, uint16_t value);

  std::array<uint32_t, PciFunction::kConfigWords> words_ = {};
  std::array<uint32_t, PciFunction::kConfigWords> writable_ = {};
  uint32_t bar_size_ = 0;
  uint8_t last_capability_ = 0;  // Offset; 0 if there is none.
  uint8_t next_capability_ = 0x40;
};

}  // namespace zvmm
