// A split virtqueue: the rings through which a driver hands requests to a device and gets them
// back.
//
//   while (true) {
//     auto chain = queue.Pop();            // an error: the guest broke the protocol
//     if (!chain.ok()) return chain.status();
//     if (!*chain) break;                  // nothing is waiting
//     …
//     queue.Push(**chain, bytes_written);
//   }
//
// The rings are guest RAM and the guest is not to be trusted: each field is read once, every index
// and address is checked, and a chain that goes in circles ends where the descriptors do.

#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "guest_memory.h"
#include "virtio/chain.h"

namespace zvmm {

// Refers to the guest's memory. Not thread-safe, but against the guest, which writes the rings
// while they are read.
class Virtqueue {
 public:
  static constexpr uint16_t kMostEntries = 256;
  // A chain may have more parts than the queue has entries, if a table of its own holds them.
  static constexpr size_t kMostParts = 1024;

  // What device and driver have agreed on. A value.
  struct Features {
    bool indirect = false;
    bool event_index = false;
  };

  explicit Virtqueue(const MemoryView& memory) : memory_(&memory) {}

  // Where the driver has put it. Set before Enable(); ignored from then until Reset().
  uint16_t size() const { return size_; }
  uint64_t descriptors() const { return descriptors_; }
  uint64_t available() const { return available_; }
  uint64_t used() const { return used_; }
  // A size that is no power of two, or too great, is ignored.
  void SetSize(uint16_t size);
  void SetDescriptors(uint64_t address);
  void SetAvailable(uint64_t address);
  void SetUsed(uint64_t address);

  bool enabled() const { return enabled_; }
  // Fails if the rings are not RAM or not aligned.
  absl::Status Enable(Features features);
  void Reset();

  // The next request, if one is waiting. If none is, the driver is asked to notify the next one.
  absl::StatusOr<std::optional<Chain>> Pop();

  // Gives a request back, `written` bytes of its writable parts being new.
  void Push(const Chain& chain, uint32_t written);

  // Was anything pushed since the last call, and does the driver want an interrupt for it?
  bool TakeInterrupt();

 private:
  uint16_t Waiting() const;
  absl::StatusOr<Chain> ReadChain(uint16_t head) const;

  const MemoryView* memory_;
  uint16_t size_ = kMostEntries;
  uint64_t descriptors_ = 0;
  uint64_t available_ = 0;
  uint64_t used_ = 0;

  // While enabled: the rings.
  bool enabled_ = false;
  Features features_{};
  std::span<uint8_t> descriptor_table_;
  std::span<uint8_t> available_ring_;
  std::span<uint8_t> used_ring_;
  uint16_t next_available_ = 0;
  uint16_t next_used_ = 0;
  uint16_t announced_used_ = 0;  // next_used_ when it was last decided about an interrupt.
};

}  // namespace zvmm
