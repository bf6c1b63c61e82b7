// A virtio driver in a few lines, for the tests of the devices of zvmm: it owns RAM, lays
// out rings in it, and makes requests.

#pragma once

#include <gtest/gtest.h>
// Its functions for drivers are not C++.
#define VIRTIO_RING_NO_LEGACY
#include <linux/virtio_ring.h>

#include <atomic>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "guest_memory.h"
#include "virtio/virtqueue.h"

namespace zvmm {

// RAM without a guest.
class TestMemory {
 public:
  static constexpr uint64_t kSize = 0x100000;

  std::span<uint8_t> At(uint64_t address, uint64_t size) { return view_.Range(address, size); }
  template <typename T>
  T& Get(uint64_t address) {
    return *reinterpret_cast<T*>(At(address, sizeof(T)).data());
  }
  void Put(uint64_t address, std::string_view text) {
    std::memcpy(At(address, text.size()).data(), text.data(), text.size());
  }
  std::string Text(uint64_t address, uint64_t size) {
    const std::span<uint8_t> bytes = At(address, size);
    return {bytes.begin(), bytes.end()};
  }
  const MemoryView& view() const { return view_; }

 private:
  struct alignas(0x1000) Page {
    uint8_t bytes[0x1000];
  };
  // Of its own, so that an access beyond it is seen by a sanitizer.
  std::unique_ptr<Page[]> pages_ = std::make_unique<Page[]>(kSize / sizeof(Page));
  MemoryView view_{pages_[0].bytes, kSize};
};

// The driver's side of one queue.
class TestQueue {
 public:
  static constexpr uint16_t kSize = 8;

  // A part of a request.
  struct Part {
    uint64_t address;
    uint32_t size;
    bool writable;
  };

  // The rings lie at `base`, a page each.
  TestQueue(TestMemory& memory, uint64_t base) : memory_(memory), base_(base) {}

  uint64_t descriptors() const { return base_; }
  uint64_t available() const { return base_ + 0x1000; }
  uint64_t used() const { return base_ + 0x2000; }

  vring_desc& descriptor(unsigned index) {
    return memory_.Get<vring_desc>(descriptors() + index * sizeof(vring_desc));
  }
  uint16_t& available_flags() { return memory_.Get<uint16_t>(available()); }
  uint16_t& available_index() { return memory_.Get<uint16_t>(available() + 2); }
  uint16_t& available_entry(unsigned index) {
    return memory_.Get<uint16_t>(available() + 4 + index % kSize * 2);
  }
  // Behind the entries: where the driver wants an interrupt, and the device a notification.
  uint16_t& used_event() { return memory_.Get<uint16_t>(available() + 4 + kSize * 2); }
  uint16_t available_event() {
    return memory_.Get<uint16_t>(used() + 4 + kSize * sizeof(vring_used_elem));
  }
  // What stands before it is seen too; a device may be at work on a thread of its own.
  uint16_t used_index() {
    return std::atomic_ref(memory_.Get<uint16_t>(used() + 2)).load(std::memory_order_acquire);
  }
  vring_used_elem used_entry(unsigned index) {
    return memory_.Get<vring_used_elem>(used() + 4 + index % kSize * sizeof(vring_used_elem));
  }

  // Chains descriptors from `first` on, and makes them available.
  void Add(uint16_t first, std::initializer_list<Part> parts) {
    uint16_t index = first;
    for (const Part& part : parts) {
      vring_desc& entry = descriptor(index);
      entry.addr = part.address;
      entry.len = part.size;
      entry.flags = VRING_DESC_F_NEXT;
      if (part.writable) {
        entry.flags |= VRING_DESC_F_WRITE;
      }
      entry.next = ++index;
    }
    descriptor(index - 1u).flags &= static_cast<uint16_t>(~VRING_DESC_F_NEXT);
    Offer(first);
  }
  void Offer(uint16_t head) {
    available_entry(available_index()) = head;
    ++available_index();
  }

  // Sets up the device's side without a transport.
  void Configure(Virtqueue& queue, Virtqueue::Features features = {}) const {
    queue.SetSize(kSize);
    queue.SetDescriptors(descriptors());
    queue.SetAvailable(available());
    queue.SetUsed(used());
    ASSERT_TRUE(queue.Enable(features).ok());
  }

 private:
  TestMemory& memory_;
  const uint64_t base_;
};

}  // namespace zvmm
