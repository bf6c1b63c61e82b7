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

absl::Status Virtqueue::Enable() {
  if (enabled_) {
    return absl::OkStatus();
  }
  descriptor_table_ = memory_->Range(descriptors_, size_ * sizeof(vring_desc));
  available_ring_ = memory_->Range(available_, kEntries + size_ * kAvailableEntry);
  used_ring_ = memory_->Range(used_, kEntries + size_ * kUsedEntry);
  if (descriptor_table_.empty() || available_ring_.empty() || used_ring_.empty() ||
      descriptors_ % VRING_DESC_ALIGN_SIZE != 0 || available_ % VRING_AVAIL_ALIGN_SIZE != 0 ||
      used_ % VRING_USED_ALIGN_SIZE != 0) {
    return absl::InvalidArgumentError(
        absl::StrFormat("rings at %#x, %#x and %#x", descriptors_, available_, used_));
  }
  enabled_ = true;
  return absl::OkStatus();
}

void Virtqueue::Reset() { *this = Virtqueue(*memory_); }

absl::StatusOr<std::optional<Chain>> Virtqueue::Pop() {
  // Pairs with the driver's barrier between filling in a request and counting it.
  const uint16_t end = Half(available_ring_, kIndex).load(std::memory_order_acquire);
  const uint16_t waiting = static_cast<uint16_t>(end - next_available_);
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
  uint16_t index = head;
  for (unsigned count = 0; count < size_; ++count) {
    if (index >= size_) {
      return absl::InvalidArgumentError(absl::StrFormat("descriptor %d of %d", index, size_));
    }
    vring_desc descriptor;
    std::memcpy(&descriptor, descriptor_table_.data() + index * sizeof(descriptor),
                sizeof(descriptor));
    if ((descriptor.flags & VRING_DESC_F_INDIRECT) != 0) {
      return absl::InvalidArgumentError("an indirect descriptor, which was not agreed on");
    }
    const bool writable = (descriptor.flags & VRING_DESC_F_WRITE) != 0;
    if (!writable && !chain.writable.empty()) {
      return absl::InvalidArgumentError("a part to read behind one to write");
    }
    const std::span<uint8_t> bytes = memory_->Range(descriptor.addr, descriptor.len);
    if (bytes.empty() && descriptor.len != 0) {
      return absl::InvalidArgumentError(
          absl::StrFormat("a buffer of %d bytes at %#x", descriptor.len, descriptor.addr));
    }
    (writable ? chain.writable : chain.readable).push_back(bytes);
    if ((descriptor.flags & VRING_DESC_F_NEXT) == 0) {
      return chain;
    }
    index = descriptor.next;
  }
  return absl::InvalidArgumentError("a chain longer than the queue");
}

void Virtqueue::Push(const Chain& chain, uint32_t written) {
  const vring_used_elem element = {.id = chain.head, .len = written};
  std::memcpy(used_ring_.data() + kEntries + next_used_ % size_ * kUsedEntry, &element,
              sizeof(element));
  ++next_used_;
  Half(used_ring_, kIndex).store(next_used_, std::memory_order_release);
  pushed_ = true;
}

bool Virtqueue::TakeInterrupt() {
  if (!std::exchange(pushed_, false)) {
    return false;
  }
  // The index must be seen before the flags are looked at: a driver that clears the flag looks at
  // the index afterwards.
  std::atomic_thread_fence(std::memory_order_seq_cst);
  return (Half(available_ring_, kFlags).load(std::memory_order_relaxed) &
          VRING_AVAIL_F_NO_INTERRUPT) == 0;
}

}  // namespace zvmm
