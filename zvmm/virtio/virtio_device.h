// What a kind of virtio device is to the transport that the guest sees it through.

#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "absl/status/status.h"
#include "virtio/virtqueue.h"

namespace zvmm {

// A feature as a bit of a driver's or a device's features.
constexpr uint64_t FeatureBit(unsigned feature) { return uint64_t{1} << feature; }

// Serve(), Agree() and Reset() are called by one thread at a time, Disconnect() by the owner's; the
// others never change their answer.
class VirtioDevice {
 public:
  virtual ~VirtioDevice() = default;

  virtual std::string_view name() const = 0;  // "virtio-blk": for threads and messages.
  virtual uint16_t id() const = 0;            // VIRTIO_ID_…
  virtual uint32_t class_code() const = 0;    // Of PCI.
  virtual uint64_t features() const = 0;      // Besides those of the transport.
  virtual unsigned queue_count() const = 0;
  // The device's own configuration, which does not change.
  virtual std::span<const uint8_t> config() const = 0;

  // Is a queue served so quickly that the processor that notifies may do it itself? Else the
  // device's thread does.
  virtual bool serves_at_once(unsigned index) const { return false; }

  // The features that the driver uses.
  virtual void Agree(uint64_t features) {}

  // Does what waits in queue `index`; an error if the guest broke the protocol.
  virtual absl::Status Serve(unsigned index, Virtqueue& queue) = 0;

  // The driver begins anew. Requests of before are not served any more.
  virtual void Reset() {}

  // The machine stops: from now on nothing from outside has a queue served.
  virtual void Disconnect() {}
};

}  // namespace zvmm
