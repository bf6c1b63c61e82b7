// The PCI bus, as configuration mechanism 1 reaches it: an address register at port 0xCF8, and the
// double word that it names at 0xCFC.
//
//   PciBus bus;
//   bus.Add(1, function);
//   bus.WriteAddress(0x80000800);   // slot 1, word 0
//   bus.ReadData(0, 2);             // its vendor id
//
// And where accesses to memory go that is not RAM: to the function that has put its BAR there.
// Where no function is, reads give all ones and writes go nowhere, as on a PC.

#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <vector>

#include "devices/device.h"
#include "pci/pci_function.h"
#include "pci/pci_layout.h"

namespace zvmm {

// Refers to the functions, which must outlive it. Thread-safe, but for Add(), which is done before
// VCPUs run; calls functions with its mutex held for configuration, and without for memory.
class PciBus final : public MmioDevice {
 public:
  // Each slot once.
  void Add(unsigned slot, PciFunction& function);

  uint32_t ReadAddress();
  void WriteAddress(uint32_t value);

  // `lane` is 0 to 3, the byte of the double word at which the access starts; `size` is 1, 2 or 4.
  // What of the access lies behind the double word reads as ones, and is not written.
  uint32_t ReadData(unsigned lane, uint8_t size);
  void WriteData(unsigned lane, uint8_t size, uint32_t value);

  const std::vector<PciFunction*>& functions() const { return functions_; }

  // All of it; functions count what is theirs.
  std::string_view name() const override { return "PCI memory"; }
  uint64_t Read(uint64_t address, uint8_t size) override;
  void Write(uint64_t address, uint8_t size, uint64_t value) override;

 private:
  // The function that the address register names, or nullptr. With mutex_ held.
  PciFunction* Selected() const;
  unsigned SelectedWord() const { return (address_ & 0xFC) / 4; }

  std::mutex mutex_;
  uint32_t address_ = 0;
  std::array<PciFunction*, kPciSlots> slots_ = {};
  std::vector<PciFunction*> functions_;
};

}  // namespace zvmm
