// A virtio console with one port: what the guest transmits is written out, and input waits until
// the guest gives buffers for it.
//
//   VirtioConsole console([&](std::span<const uint8_t> bytes) { out.Write(bytes); });
//   console.SetWaker([&] { transport.Wake(VirtioConsole::kReceive); });
//   console.Receive(bytes);   // from the input thread

#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <span>

#include "devices/device.h"
#include "virtio/virtio_device.h"

namespace zvmm {

// Receive() and Close() are for any thread; see VirtioDevice for the rest.
class VirtioConsole final : public VirtioDevice {
 public:
  static constexpr unsigned kReceive = 0;
  static constexpr unsigned kTransmit = 1;
  // What may wait for the guest until Receive() waits or drops.
  static constexpr size_t kCapacity = 4096;

  explicit VirtioConsole(std::function<void(std::span<const uint8_t>)> transmit)
      : transmit_(std::move(transmit)) {}

  // Called when there is input, to have the receive queue served. Set before input comes.
  void SetWaker(std::function<void()> waker) { waker_ = std::move(waker); }

  // Takes input. Gives false once closed.
  bool Receive(std::span<const uint8_t> bytes, WhenFull when_full);
  // Ends Receive(), now and for ever.
  void Close();

  std::string_view name() const override { return "virtio-console"; }
  uint16_t id() const override;
  uint32_t class_code() const override { return 0x078000; }  // Communication, of no listed kind.
  uint64_t features() const override { return 0; }
  unsigned queue_count() const override { return 2; }
  std::span<const uint8_t> config() const override { return {}; }
  // A driver waits for each line, so it is taken over on the spot.
  bool serves_at_once(unsigned index) const override { return index == kTransmit; }
  absl::Status Serve(unsigned index, Virtqueue& queue) override;

 private:
  absl::Status ServeReceive(Virtqueue& queue);
  absl::Status ServeTransmit(Virtqueue& queue);
  bool HasInput();
  // Moves input into `to`; gives how much.
  size_t TakeInput(ByteStream& to);

  const std::function<void(std::span<const uint8_t>)> transmit_;
  std::function<void()> waker_;

  std::mutex mutex_;
  std::condition_variable room_;
  std::deque<uint8_t> waiting_;
  bool closed_ = false;
};

}  // namespace zvmm
