// A virtio network card: one pair of queues, without offloads.

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "net/net_link.h"
#include "net/net_options.h"
#include "virtio/virtio_device.h"

namespace zvmm {

// Owns the link. See VirtioDevice for threads.
class VirtioNet final : public VirtioDevice {
 public:
  static constexpr unsigned kReceive = 0;
  static constexpr unsigned kTransmit = 1;

  explicit VirtioNet(const MacAddress& mac) : mac_(mac) {}

  // Connects the card. `wake` has a queue served soon, and may be called by any thread.
  absl::Status Connect(std::string name, std::unique_ptr<FramePort> port,
                       std::function<void(unsigned index)> wake);

  std::string_view name() const override { return "virtio-net"; }
  uint16_t id() const override;
  uint32_t class_code() const override { return 0x020000; }  // Ethernet.
  uint64_t features() const override;
  unsigned queue_count() const override { return 2; }
  std::span<const uint8_t> config() const override { return mac_; }
  void Agree(uint64_t features) override;
  absl::Status Serve(unsigned index, Virtqueue& queue) override;
  void Reset() override;
  void Disconnect() override { link_->Stop(); }

 private:
  absl::Status ServeReceive(Virtqueue& queue);
  absl::Status ServeTransmit(Virtqueue& queue);
  // Buffers with room for `size` bytes, or as many as the driver has given; false if not enough.
  absl::StatusOr<bool> CollectBuffers(Virtqueue& queue, size_t size);
  void Deliver(Virtqueue& queue, std::span<const uint8_t> frame);

  const MacAddress mac_;  // All of its configuration.
  bool merges_buffers_ = false;
  std::vector<Chain> buffers_;   // Taken from the receive queue, for the frame that is next.
  size_t room_ = 0;              // Bytes that they hold.
  std::vector<uint8_t> unsent_;  // A frame that has left the transmit queue; empty if none.
  std::unique_ptr<NetLink> link_;
};

}  // namespace zvmm
