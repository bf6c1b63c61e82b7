#include "pci/pci_config.h"

#include <linux/pci_regs.h>

#include <cassert>

namespace zvmm {
namespace {

constexpr unsigned kBarWord = PCI_BASE_ADDRESS_0 / 4;
constexpr uint8_t kPinA = 1;

}  // namespace

PciConfig::PciConfig(const PciIdentity& identity) {
  SetHalf(PCI_VENDOR_ID, identity.vendor);
  SetHalf(PCI_DEVICE_ID, identity.device);
  words_[PCI_CLASS_REVISION / 4] = identity.class_code << 8 | identity.revision;
  SetHalf(PCI_SUBSYSTEM_VENDOR_ID, identity.subsystem_vendor);
  SetHalf(PCI_SUBSYSTEM_ID, identity.subsystem);
  MakeWritable(PCI_COMMAND / 4, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
  MakeWritable(PCI_CACHE_LINE_SIZE / 4, 0xFF);
}

void PciConfig::SetBar(uint64_t address, uint32_t size) {
  assert((size & (size - 1)) == 0 && address % size == 0 && address <= UINT32_MAX);
  words_[kBarWord] = static_cast<uint32_t>(address) | PCI_BASE_ADDRESS_MEM_TYPE_32;
  bar_size_ = size;
  MakeWritable(kBarWord, ~(size - 1));
  // As firmware leaves it: decoded.
  words_[PCI_COMMAND / 4] |= PCI_COMMAND_MEMORY;
}

void PciConfig::SetInterrupt(uint8_t pin) {
  SetByte(PCI_INTERRUPT_PIN, kPinA);
  SetByte(PCI_INTERRUPT_LINE, pin);
  MakeWritable(PCI_INTERRUPT_LINE / 4, 0xFF);
  MakeWritable(PCI_COMMAND / 4, PCI_COMMAND_INTX_DISABLE);
}

uint8_t PciConfig::AddCapability(uint8_t id, std::span<const uint8_t> body) {
  const uint8_t offset = next_capability_;
  assert(offset + 2 + body.size() <= 4 * words_.size());
  if (last_capability_ == 0) {
    SetByte(PCI_CAPABILITY_LIST, offset);
    SetHalf(PCI_STATUS, PCI_STATUS_CAP_LIST);
  } else {
    SetByte(last_capability_ + PCI_CAP_LIST_NEXT, offset);
  }
  SetByte(offset + PCI_CAP_LIST_ID, id);
  unsigned at = offset + PCI_CAP_SIZEOF - 2;
  for (const uint8_t byte : body) {
    SetByte(at++, byte);
  }
  last_capability_ = offset;
  next_capability_ = static_cast<uint8_t>((at + 3) & ~3u);
  return offset;
}

void PciConfig::MakeWritable(unsigned word, uint32_t mask) { writable_[word] |= mask; }

void PciConfig::Write(unsigned word, uint32_t value, uint32_t mask) {
  const uint32_t bits = mask & writable_[word];
  words_[word] = (words_[word] & ~bits) | (value & bits);
}

PciFunction::Range PciConfig::memory() const {
  if ((words_[PCI_COMMAND / 4] & PCI_COMMAND_MEMORY) == 0) {
    return {};
  }
  return {.start = words_[kBarWord] & ~uint64_t{bar_size_ - 1}, .size = bar_size_};
}

bool PciConfig::is_master() const { return (words_[PCI_COMMAND / 4] & PCI_COMMAND_MASTER) != 0; }

bool PciConfig::interrupt_disabled() const {
  return (words_[PCI_COMMAND / 4] & PCI_COMMAND_INTX_DISABLE) != 0;
}

void PciConfig::SetByte(unsigned offset, uint8_t value) {
  const unsigned shift = offset % 4 * 8;
  words_[offset / 4] = (words_[offset / 4] & ~(0xFFu << shift)) | uint32_t{value} << shift;
}

void PciConfig::SetHalf(unsigned offset, uint16_t value) {
  SetByte(offset, static_cast<uint8_t>(value));
  SetByte(offset + 1, static_cast<uint8_t>(value >> 8));
}

}  // namespace zvmm
