#include "pci/pci_bus.h"

#include <cassert>

namespace zvmm {
namespace {

// The address register: enable, bus, slot, function, double word.
constexpr uint32_t kEnable = uint32_t{1} << 31;
constexpr unsigned kBusShift = 16;
constexpr unsigned kSlotShift = 11;
constexpr uint32_t kAddressBits = kEnable | 0x00FFFFFC;

constexpr uint32_t kNothing = 0xFFFFFFFF;

// The bits of the first `size` bytes.
constexpr uint32_t Bytes(uint8_t size) {
  return size >= 4 ? 0xFFFFFFFF : (uint32_t{1} << (8 * size)) - 1;
}

}  // namespace

void PciBus::Add(unsigned slot, PciFunction& function) {
  assert(slot < kPciSlots && slots_[slot] == nullptr);
  slots_[slot] = &function;
  functions_.push_back(&function);
}

uint32_t PciBus::ReadAddress() {
  std::lock_guard lock(mutex_);
  return address_;
}

void PciBus::WriteAddress(uint32_t value) {
  std::lock_guard lock(mutex_);
  address_ = value & kAddressBits;
}

uint32_t PciBus::ReadData(unsigned lane, uint8_t size) {
  std::lock_guard lock(mutex_);
  PciFunction* const function = Selected();
  const uint64_t word = function != nullptr ? function->ReadConfig(SelectedWord()) : kNothing;
  constexpr uint64_t kBehind = uint64_t{kNothing} << 32;
  return static_cast<uint32_t>((kBehind | word) >> (8 * lane)) & Bytes(size);
}

void PciBus::WriteData(unsigned lane, uint8_t size, uint32_t value) {
  std::lock_guard lock(mutex_);
  if (PciFunction* const function = Selected(); function != nullptr) {
    function->WriteConfig(SelectedWord(), value << (8 * lane), Bytes(size) << (8 * lane));
  }
}

uint64_t PciBus::Read(uint64_t address, uint8_t size) {
  for (PciFunction* const function : functions_) {
    if (const PciFunction::Range range = function->memory(); range.Has(address)) {
      Count(function->function_counts.reads);
      return function->ReadMemory(address - range.start, size);
    }
  }
  return ~uint64_t{0};
}

void PciBus::Write(uint64_t address, uint8_t size, uint64_t value) {
  for (PciFunction* const function : functions_) {
    if (const PciFunction::Range range = function->memory(); range.Has(address)) {
      Count(function->function_counts.writes);
      function->WriteMemory(address - range.start, size, value);
      return;
    }
  }
}

PciFunction* PciBus::Selected() const {
  const uint32_t bus = address_ >> kBusShift & 0xFF;
  const uint32_t slot = address_ >> kSlotShift & (kPciSlots - 1);
  const uint32_t function = address_ >> 8 & 7;
  if ((address_ & kEnable) == 0 || bus != 0 || function != 0) {
    return nullptr;
  }
  return slots_[slot];
}

}  // namespace zvmm
