// A virtio disk: reads, writes, flushes and tells its serial number.

#pragma once

#include <linux/virtio_blk.h>

#include <cstdint>
#include <memory>
#include <string>

#include "stop.h"
#include "virtio/disk_image.h"
#include "virtio/virtio_device.h"

namespace zvmm {

// Owns the image; refers to the latch. See VirtioDevice for threads.
class VirtioBlock final : public VirtioDevice {
 public:
  // The serial number has room for 20 bytes. After a stop, what is left of a request is given up.
  VirtioBlock(std::unique_ptr<DiskImage> image, std::string serial, const StopLatch& stop);

  std::string_view name() const override { return "virtio-blk"; }
  uint16_t id() const override;
  uint32_t class_code() const override { return 0x018000; }  // Mass storage, of no listed kind.
  uint64_t features() const override;
  unsigned queue_count() const override { return 1; }
  std::span<const uint8_t> config() const override;
  absl::Status Serve(unsigned index, Virtqueue& queue) override;

 private:
  // Does one request; gives how many bytes the guest got.
  absl::StatusOr<uint32_t> Do(Chain& chain) const;
  uint8_t Transfer(uint32_t type, uint64_t sector, ByteStream& data) const;

  const std::unique_ptr<DiskImage> image_;
  const std::string serial_;
  const StopLatch& stop_;
  virtio_blk_config config_ = {};
};

}  // namespace zvmm
