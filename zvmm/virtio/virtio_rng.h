// A virtio source of random bytes: the host kernel's.

#pragma once

#include "virtio/virtio_device.h"

namespace zvmm {

// Has no state. See VirtioDevice for threads.
class VirtioRng final : public VirtioDevice {
 public:
  // A request gets so much at most; the driver asks again.
  static constexpr size_t kMostAtOnce = 4096;

  std::string_view name() const override { return "virtio-rng"; }
  uint16_t id() const override;
  uint32_t class_code() const override { return 0x00FF00; }  // Of no listed class.
  uint64_t features() const override { return 0; }
  unsigned queue_count() const override { return 1; }
  std::span<const uint8_t> config() const override { return {}; }
  bool serves_at_once(unsigned index) const override { return true; }
  absl::Status Serve(unsigned index, Virtqueue& queue) override;
};

}  // namespace zvmm
