#include "virtio/virtqueue.h"

// Its functions for drivers are not C++.
#define VIRTIO_RING_NO_LEGACY
#include <linux/virtio_ring.h>

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstring>
#include <utility>

#include "absl/strings/str_format.h"

namespace zvmm {
namespace {

// Both rings begin with flags and index, 16 bits each; the entries follow.
constexpr size_t kFlags = 0;
constexpr size_t kIndex = 2;
constexpr size_t kEntries = 4;
constexpr size_t kAvailableEntry = sizeof(uint16_t);
constexpr size_t kUsedEntry = sizeof(vring_used_elem);
static_assert(offsetof(vring_avail, ring) == kEntries && offsetof(vring_used, ring) == kEntries);

// Behind the entries each ring has the other side's wish: which index is the next event.
constexpr size_t kEvent = sizeof(uint16_t);

std::atomic_ref<uint16_t> Half(std::span<uint8_t> ring, size_t offset) {
  return std::atomic_ref<uint16_t>(*reinterpret_cast<uint16_t*>(ring.data() + offset));
}

}  // namespace

void Virtqueue::SetSize(uint16_t size) {
  if (!enabled_ && std::has_single_bit(size) && size <= kMostEntries) {
    size_ = size;
  }
}

void Virtqueue::SetDescriptors(uint64_t address) {
  if (!enabled_) {
    descriptors_ = address;
  }
}

void Virtqueue::SetAvailable(uint64_t address) {
  if (!enabled_) {
    available_ = address;
  }
}

void Virtqueue::SetUsed(uint64_t address) {
  if (!enabled_) {
    used_ = address;
  }
}

absl::Status Virtqueue::Enable(Features features) {
  if (enabled_) {
    return absl::OkStatus();
  }
  const size_t event = features.event_index ? kEvent : 0;
  descriptor_table_ = memory_->Range(descriptors_, size_ * sizeof(vring_desc));
  available_ring_ = memory_->Range(available_, kEntries + size_ * kAvailableEntry + event);
  used_ring_ = memory_->Range(used_, kEntries + size_ * kUsedEntry + event);
  if (descriptor_table_.empty() || available_ring_.empty() || used_ring_.empty() ||
      descriptors_ % VRING_DESC_ALIGN_SIZE != 0 || available_ % VRING_AVAIL_ALIGN_SIZE != 0 ||
      used_ % VRING_USED_ALIGN_SIZE != 0) {
    return absl::InvalidArgumentError(
        absl::StrFormat("rings at %#x, %#x and %#x", descriptors_, available_, used_));
  }
  features_ = features;
  enabled_ = true;
  return absl::OkStatus();
}

void Virtqueue::Reset() { *this = Virtqueue(*memory_); }

uint16_t Virtqueue::Waiting() const {
  // Pairs with the driver's barrier between filling in a request and counting it.
  const uint16_t end = Half(available_ring_, kIndex).load(std::memory_order_acquire);
  return static_cast<uint16_t>(end - next_available_);
}

absl::StatusOr<std::optional<Chain>> Virtqueue::Pop() {
  uint16_t waiting = Waiting();
  if (waiting == 0 && features_.event_index) {
    Half(used_ring_, kEntries + size_ * kUsedEntry)
        .store(next_available_, std::memory_order_relaxed);
    // The wish must be seen before the index is looked at again: a driver that has counted a
    // request looks at the wish afterwards.
    std::atomic_thread_fence(std::memory_order_seq_cst);
    waiting = Waiting();
  }
  if (waiting == 0) {
    return std::nullopt;
  }
  if (waiting > size_) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%d requests in a queue of %d", waiting, size_));
  }
  const size_t entry = kEntries + next_available_ % size_ * kAvailableEntry;
  absl::StatusOr<Chain> chain =
      ReadChain(Half(available_ring_, entry).load(std::memory_order_relaxed));
  if (!chain.ok()) {
    return chain.status();
  }
  ++next_available_;
  return *std::move(chain);
}

absl::StatusOr<Chain> Virtqueue::ReadChain(uint16_t head) const {
  Chain chain = {.head = head, .readable = {}, .writable = {}};
  std::span<uint8_t> table = descriptor_table_;
  size_t entries = size_;
  bool indirect = false;
  uint16_t index = head;
  // Descriptors of this table that have been read, and of all.
  for (size_t count = 0, total = 0; count < entries && total < kMostParts; ++count, ++total) {
    if (index >= entries) {
      return absl::InvalidArgumentError(absl::StrFormat("descriptor %d of %d", index, entries));
    }
    vring_desc descriptor;
    std::memcpy(&descriptor, table.data() + index * sizeof(descriptor), sizeof(descriptor));
    const std::span<uint8_t> bytes = memory_->Range(descriptor.addr, descriptor.len);
    if (bytes.empty() && descriptor.len != 0) {
      return absl::InvalidArgumentError(
          absl::StrFormat("a buffer of %d bytes at %#x", descriptor.len, descriptor.addr));
    }
    if ((descriptor.flags & VRING_DESC_F_INDIRECT) != 0) {
      if (!features_.indirect || indirect) {
        return absl::InvalidArgumentError("an indirect descriptor, which was not agreed on");
      }
      if ((descriptor.flags & VRING_DESC_F_NEXT) != 0 || bytes.empty() ||
          bytes.size() % sizeof(vring_desc) != 0) {
        return absl::InvalidArgumentError(
            absl::StrFormat("an indirect table of %d bytes", descriptor.len));
      }
      // What follows is in a table of its own, which begins with entry 0.
      table = bytes;
      entries = bytes.size() / sizeof(vring_desc);
      indirect = true;
      index = 0;
      count = SIZE_MAX;
      continue;
    }
    const bool writable = (descriptor.flags & VRING_DESC_F_WRITE) != 0;
    if (!writable && !chain.writable.empty()) {
      return absl::InvalidArgumentError("a part to read behind one to write");
    }
    (writable ? chain.writable : chain.readable).push_back(bytes);
    if ((descriptor.flags & VRING_DESC_F_NEXT) == 0) {
      return chain;
    }
    index = descriptor.next;
  }
  return absl::InvalidArgumentError("a chain that is too long, or has no end");
}

void Virtqueue::Push(const Chain& chain, uint32_t written) {
  const vring_used_elem element = {.id = chain.head, .len = written};
  std::memcpy(used_ring_.data() + kEntries + next_used_ % size_ * kUsedEntry, &element,
              sizeof(element));
  ++next_used_;
  Half(used_ring_, kIndex).store(next_used_, std::memory_order_release);
}

bool Virtqueue::TakeInterrupt() {
  const uint16_t before = std::exchange(announced_used_, next_used_);
  if (before == next_used_) {
    return false;
  }
  // The index must be seen before the driver's wish is looked at: a driver that changes that looks
  // at the index afterwards.
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (features_.event_index) {
    const uint16_t event =
        Half(available_ring_, kEntries + size_ * kAvailableEntry).load(std::memory_order_relaxed);
    // Is the event among the indices from `before` to the one before next_used_?
    return static_cast<uint16_t>(next_used_ - event - 1) <
           static_cast<uint16_t>(next_used_ - before);
  }
  return (Half(available_ring_, kFlags).load(std::memory_order_relaxed) &
          VRING_AVAIL_F_NO_INTERRUPT) == 0;
}

}  // namespace zvmm
