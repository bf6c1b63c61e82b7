#include "virtio/virtio_block.h"

#include <linux/virtio_ids.h>

#include <algorithm>
#include <array>
#include <utility>

namespace zvmm {
namespace {

// What is moved between two looks at the latch: a request may be as large as the disk.
constexpr size_t kPiece = 1 << 20;

// A request is the header, these, and the status: no more than the queue has.
constexpr uint32_t kMostSegments = Virtqueue::kMostEntries - 2;

}  // namespace

VirtioBlock::VirtioBlock(std::unique_ptr<DiskImage> image, std::string serial,
                         const StopLatch& stop)
    : image_(std::move(image)), serial_(std::move(serial)), stop_(stop) {
  config_.capacity = image_->sectors();
  config_.seg_max = kMostSegments;
}

uint16_t VirtioBlock::id() const { return VIRTIO_ID_BLOCK; }

uint64_t VirtioBlock::features() const {
  return FeatureBit(VIRTIO_BLK_F_SEG_MAX) | FeatureBit(VIRTIO_BLK_F_FLUSH) |
         (image_->read_only() ? FeatureBit(VIRTIO_BLK_F_RO) : 0);
}

std::span<const uint8_t> VirtioBlock::config() const {
  return {reinterpret_cast<const uint8_t*>(&config_), sizeof(config_)};
}

absl::Status VirtioBlock::Serve(unsigned, Virtqueue& queue) {
  while (!stop_.requested()) {
    auto chain = queue.Pop();
    if (!chain.ok()) {
      return chain.status();
    }
    if (!*chain) {
      break;
    }
    const auto written = Do(**chain);
    if (!written.ok()) {
      return written.status();
    }
    queue.Push(**chain, *written);
  }
  return absl::OkStatus();
}

absl::StatusOr<uint32_t> VirtioBlock::Do(Chain& chain) const {
  // The status is the last byte that can be written, wherever the parts are divided.
  while (!chain.writable.empty() && chain.writable.back().empty()) {
    chain.writable.pop_back();
  }
  if (chain.writable.empty()) {
    return absl::InvalidArgumentError("a request without room for its status");
  }
  uint8_t& status = chain.writable.back().back();
  chain.writable.back() = chain.writable.back().first(chain.writable.back().size() - 1);

  ByteStream out(chain.readable);
  ByteStream in(chain.writable);
  virtio_blk_outhdr header;
  if (!out.Read(&header, sizeof(header))) {
    return absl::InvalidArgumentError("a request without a header");
  }
  const uint64_t room = in.left();
  switch (header.type) {
    case VIRTIO_BLK_T_IN:
      status = Transfer(header.type, header.sector, in);
      break;
    case VIRTIO_BLK_T_OUT:
      status = Transfer(header.type, header.sector, out);
      break;
    case VIRTIO_BLK_T_FLUSH:
      status = image_->Flush().ok() ? VIRTIO_BLK_S_OK : VIRTIO_BLK_S_IOERR;
      break;
    case VIRTIO_BLK_T_GET_ID: {
      std::array<uint8_t, VIRTIO_BLK_ID_BYTES> id = {};
      std::copy_n(serial_.begin(), std::min(serial_.size(), id.size()), id.begin());
      in.Write(id);
      status = VIRTIO_BLK_S_OK;
      break;
    }
    default:
      status = VIRTIO_BLK_S_UNSUPP;
      break;
  }
  // The status, and what went before it: the driver believes the whole range up to here.
  return static_cast<uint32_t>(std::min<uint64_t>(room - in.left() + 1, UINT32_MAX));
}

uint8_t VirtioBlock::Transfer(uint32_t type, uint64_t sector, ByteStream& data) const {
  const bool write = type == VIRTIO_BLK_T_OUT;
  const uint64_t size = data.left();
  const uint64_t sectors = size / DiskImage::kSectorSize;
  if (size % DiskImage::kSectorSize != 0 || sector > image_->sectors() ||
      sectors > image_->sectors() - sector || (write && image_->read_only())) {
    return VIRTIO_BLK_S_IOERR;
  }
  uint64_t offset = sector * DiskImage::kSectorSize;
  for (std::span<uint8_t> piece; !(piece = data.Next(kPiece)).empty(); offset += piece.size()) {
    if (stop_.requested() ||
        !(write ? image_->Write(offset, piece) : image_->Read(offset, piece)).ok()) {
      return VIRTIO_BLK_S_IOERR;
    }
  }
  return VIRTIO_BLK_S_OK;
}

}  // namespace zvmm
