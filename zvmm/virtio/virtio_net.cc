#include "virtio/virtio_net.h"

#include <linux/virtio_ids.h>

#include <algorithm>
#include <utility>

namespace zvmm {
namespace {

// <linux/virtio_net.h> is not C++. Features, and what comes before each frame; all but the number
// of buffers, which is 1 if they are not merged, is about offloads that are not offered.
constexpr unsigned kFeatureMac = 5;
constexpr unsigned kFeatureMergeBuffers = 15;
struct Header {
  uint8_t flags;
  uint8_t segmentation;
  uint16_t header_size;
  uint16_t segment_size;
  uint16_t checksum_start;
  uint16_t checksum_offset;
  uint16_t buffers;
};
static_assert(sizeof(Header) == 12);

uint64_t RoomOf(const Chain& chain) { return ByteStream(chain.writable).left(); }

}  // namespace

absl::Status VirtioNet::Connect(std::string name, std::unique_ptr<FramePort> port,
                                std::function<void(unsigned index)> wake) {
  auto link = NetLink::Start(
      std::move(name), std::move(port),
      {.received = [wake] { wake(kReceive); }, .writable = [wake] { wake(kTransmit); }});
  if (!link.ok()) {
    return link.status();
  }
  link_ = *std::move(link);
  return absl::OkStatus();
}

uint16_t VirtioNet::id() const { return VIRTIO_ID_NET; }

uint64_t VirtioNet::features() const {
  return FeatureBit(kFeatureMac) | FeatureBit(kFeatureMergeBuffers);
}

void VirtioNet::Agree(uint64_t features) {
  merges_buffers_ = (features & FeatureBit(kFeatureMergeBuffers)) != 0;
}

void VirtioNet::Reset() {
  merges_buffers_ = false;
  buffers_.clear();
  room_ = 0;
  unsent_.clear();
}

absl::Status VirtioNet::Serve(unsigned index, Virtqueue& queue) {
  return index == kReceive ? ServeReceive(queue) : ServeTransmit(queue);
}

absl::Status VirtioNet::ServeReceive(Virtqueue& queue) {
  for (std::span<const uint8_t> frame; !(frame = link_->Front()).empty();) {
    const auto enough = CollectBuffers(queue, sizeof(Header) + frame.size());
    if (!enough.ok()) {
      return enough.status();
    }
    if (!*enough) {
      break;
    }
    Deliver(queue, frame);
    link_->Pop();
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> VirtioNet::CollectBuffers(Virtqueue& queue, size_t size) {
  while (buffers_.empty() || (merges_buffers_ && room_ < size)) {
    auto chain = queue.Pop();
    if (!chain.ok()) {
      return chain.status();
    }
    if (!*chain) {
      return false;
    }
    const uint64_t room = RoomOf(**chain);
    if (room < sizeof(Header)) {
      return absl::InvalidArgumentError("a buffer without room for a header");
    }
    room_ += room;
    buffers_.push_back(**std::move(chain));
  }
  return true;
}

void VirtioNet::Deliver(Virtqueue& queue, std::span<const uint8_t> frame) {
  if (room_ < sizeof(Header) + frame.size()) {
    return;  // A buffer that is too small, and the driver does not have several: the frame is lost.
  }
  Header header = {};
  header.buffers = static_cast<uint16_t>(buffers_.size());
  ByteStream first(buffers_.front().writable);
  first.Write({reinterpret_cast<const uint8_t*>(&header), sizeof(header)});
  size_t written = sizeof(header);
  for (size_t i = 0; i < buffers_.size(); ++i) {
    ByteStream rest(buffers_[i].writable);
    const size_t taken = (i == 0 ? first : rest).Write(frame);
    frame = frame.subspan(taken);
    queue.Push(buffers_[i], static_cast<uint32_t>(written + taken));
    written = 0;
  }
  buffers_.clear();
  room_ = 0;
}

absl::Status VirtioNet::ServeTransmit(Virtqueue& queue) {
  while (true) {
    if (!unsent_.empty()) {
      if (!link_->Send(unsent_)) {
        return absl::OkStatus();
      }
      unsent_.clear();
    }
    const auto chain = queue.Pop();
    if (!chain.ok()) {
      return chain.status();
    }
    if (!*chain) {
      return absl::OkStatus();
    }
    ByteStream out((*chain)->readable);
    Header header;
    if (!out.Read(&header, sizeof(header))) {
      return absl::InvalidArgumentError("a frame without a header");
    }
    // Longer ones cannot be, whatever the driver says.
    const size_t size = std::min<uint64_t>(out.left(), FramePort::kMostFrame);
    unsent_.resize(size);
    out.Read(unsent_.data(), size);
    queue.Push(**chain, 0);
  }
}

}  // namespace zvmm
