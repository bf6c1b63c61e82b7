#include "pci/msix.h"

#include <linux/pci_regs.h>

#include <utility>

namespace zvmm {
namespace {

constexpr uint8_t kWord = 4;
constexpr uint64_t kWordsOfEntry = MsiX::kEntrySize / kWord;

// An access that the table takes: one or two whole double words.
bool IsWhole(uint64_t offset, uint8_t size) {
  return (size == kWord || size == 2 * kWord) && offset % size == 0;
}

}  // namespace

void MsiX::SetControl(uint16_t control) {
  std::lock_guard lock(mutex_);
  enabled_ = (control & PCI_MSIX_FLAGS_ENABLE) != 0;
  function_masked_ = (control & PCI_MSIX_FLAGS_MASKALL) != 0;
  for (Entry& entry : entries_) {
    Flush(entry);
  }
}

bool MsiX::enabled() {
  std::lock_guard lock(mutex_);
  return enabled_;
}

uint64_t MsiX::ReadTable(uint64_t offset, uint8_t size) {
  if (!IsWhole(offset, size)) {
    return 0;
  }
  std::lock_guard lock(mutex_);
  const auto word = [this](uint64_t index) -> uint64_t {
    const uint64_t entry = index / kWordsOfEntry;
    return entry < entries_.size() ? entries_[entry].words[index % kWordsOfEntry] : 0;
  };
  const uint64_t index = offset / kWord;
  return size == kWord ? word(index) : word(index) | word(index + 1) << 32;
}

void MsiX::WriteTable(uint64_t offset, uint8_t size, uint64_t value) {
  if (!IsWhole(offset, size)) {
    return;
  }
  std::lock_guard lock(mutex_);
  WriteWord(offset / kWord, static_cast<uint32_t>(value));
  if (size != kWord) {
    WriteWord(offset / kWord + 1, static_cast<uint32_t>(value >> 32));
  }
}

void MsiX::WriteWord(uint64_t index, uint32_t value) {
  if (index / kWordsOfEntry >= entries_.size()) {
    return;
  }
  Entry& entry = entries_[index / kWordsOfEntry];
  entry.words[index % kWordsOfEntry] = value;
  Flush(entry);
}

uint64_t MsiX::ReadPending(uint64_t offset, uint8_t size) {
  if (!IsWhole(offset, size)) {
    return 0;
  }
  std::lock_guard lock(mutex_);
  uint64_t bits = 0;
  for (unsigned bit = 0; bit < 8u * size; ++bit) {
    const uint64_t vector = 8 * offset + bit;
    if (vector < entries_.size() && entries_[vector].pending) {
      bits |= uint64_t{1} << bit;
    }
  }
  return bits;
}

void MsiX::Trigger(uint16_t vector) {
  std::lock_guard lock(mutex_);
  if (vector >= entries_.size() || !enabled_) {
    return;
  }
  entries_[vector].pending = true;
  Flush(entries_[vector]);
}

void MsiX::Flush(Entry& entry) {
  if (entry.pending && enabled_ && !function_masked_ && !entry.masked()) {
    entry.pending = false;
    send_(uint64_t{entry.words[1]} << 32 | entry.words[0], entry.words[2]);
  }
}

}  // namespace zvmm
