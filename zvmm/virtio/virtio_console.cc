#include "virtio/virtio_console.h"

#include <linux/virtio_ids.h>

#include <algorithm>

namespace zvmm {

uint16_t VirtioConsole::id() const { return VIRTIO_ID_CONSOLE; }

bool VirtioConsole::Receive(std::span<const uint8_t> bytes, WhenFull when_full) {
  while (!bytes.empty()) {
    {
      std::unique_lock lock(mutex_);
      const auto has_room = [this] { return closed_ || waiting_.size() < kCapacity; };
      if (when_full == WhenFull::kDrop && !has_room()) {
        return true;
      }
      room_.wait(lock, has_room);
      if (closed_) {
        return false;
      }
      const size_t count = std::min(bytes.size(), kCapacity - waiting_.size());
      waiting_.insert(waiting_.end(), bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(count));
      bytes = bytes.subspan(count);
    }
    waker_();
  }
  return true;
}

void VirtioConsole::Close() {
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
  }
  room_.notify_all();
}

absl::Status VirtioConsole::Serve(unsigned index, Virtqueue& queue) {
  return index == kReceive ? ServeReceive(queue) : ServeTransmit(queue);
}

absl::Status VirtioConsole::ServeReceive(Virtqueue& queue) {
  // Input is taken only when there is a buffer for it, and a buffer only when there is input.
  while (HasInput()) {
    const auto chain = queue.Pop();
    if (!chain.ok()) {
      return chain.status();
    }
    if (!*chain) {
      break;
    }
    ByteStream to((*chain)->writable);
    queue.Push(**chain, static_cast<uint32_t>(TakeInput(to)));
  }
  return absl::OkStatus();
}

absl::Status VirtioConsole::ServeTransmit(Virtqueue& queue) {
  constexpr size_t kMostAtOnce = 4096;
  while (true) {
    const auto chain = queue.Pop();
    if (!chain.ok()) {
      return chain.status();
    }
    if (!*chain) {
      return absl::OkStatus();
    }
    ByteStream from((*chain)->readable);
    for (std::span<uint8_t> part; !(part = from.Next(kMostAtOnce)).empty();) {
      transmit_(part);
    }
    queue.Push(**chain, 0);
  }
}

bool VirtioConsole::HasInput() {
  std::lock_guard lock(mutex_);
  return !waiting_.empty();
}

size_t VirtioConsole::TakeInput(ByteStream& to) {
  size_t taken = 0;
  {
    std::lock_guard lock(mutex_);
    while (!waiting_.empty()) {
      const std::span<uint8_t> bytes = to.Next(waiting_.size());
      if (bytes.empty()) {
        break;
      }
      const auto end = waiting_.begin() + static_cast<ptrdiff_t>(bytes.size());
      std::copy(waiting_.begin(), end, bytes.begin());
      waiting_.erase(waiting_.begin(), end);
      taken += bytes.size();
    }
  }
  room_.notify_all();
  return taken;
}

}  // namespace zvmm
