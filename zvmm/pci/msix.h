// MSI-X: a function's interrupts as messages, which the guest writes into a table.
//
//   MsiX msix(3, [&](uint64_t address, uint32_t data) { … });
//   msix.WriteTable(offset, size, value);     // the guest says what to send
//   msix.SetControl(PCI_MSIX_FLAGS_ENABLE);
//   msix.Trigger(2);
//
// A message of a vector that is masked waits until it is not, and is one however often it was asked
// for: the pending bits show it.

#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <vector>

namespace zvmm {

// Thread-safe; sends with its mutex held.
class MsiX {
 public:
  static constexpr uint64_t kEntrySize = 16;

  using Sender = std::function<void(uint64_t address, uint32_t data)>;

  MsiX(uint16_t vectors, Sender send) : send_(std::move(send)), entries_(vectors) {}

  uint16_t vectors() const { return static_cast<uint16_t>(entries_.size()); }

  // The capability's control word, of which the guest may write two bits.
  void SetControl(uint16_t control);
  bool enabled();

  // Offsets from the table's start, and from the pending bits'. Accesses that are no whole double
  // words, or lie behind the end, read as zeros and do nothing.
  uint64_t ReadTable(uint64_t offset, uint8_t size);
  void WriteTable(uint64_t offset, uint8_t size, uint64_t value);
  uint64_t ReadPending(uint64_t offset, uint8_t size);

  // Sends a vector's message, now or when it may be. Nothing if there is no such vector.
  void Trigger(uint16_t vector);

 private:
  struct Entry {
    // Address (two words), data, control.
    uint32_t words[4] = {0, 0, 0, kMasked};
    bool pending = false;

    bool masked() const { return (words[3] & kMasked) != 0; }
  };
  static constexpr uint32_t kMasked = 1;

  // With mutex_ held: sends what has been waiting, if it may be sent.
  void Flush(Entry& entry);
  void WriteWord(uint64_t index, uint32_t value);

  const Sender send_;
  std::mutex mutex_;
  std::vector<Entry> entries_;
  bool enabled_ = false;
  bool function_masked_ = false;
};

}  // namespace zvmm
