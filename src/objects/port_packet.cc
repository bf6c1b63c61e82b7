#include "objects/port_packet.h"

#include <new>

#include "base/new_or_null.h"

namespace zircon::objects {

struct UserPacketPool::Chunk {
  // As many as make about a page.
  static constexpr size_t kPackets = 48;

  Chunk* next = nullptr;
  PortPacket packets[kPackets];
};

bool UserPacketPool::Grow() {
  auto* chunk = NEW_OR_NULL(Chunk);
  if (chunk == nullptr) return false;
  chunk->next = std::exchange(chunks_, chunk);
  for (PortPacket& packet : chunk->packets) Give(&packet);
  return true;
}

void UserPacketPool::Clear() {
  free_ = nullptr;
  while (chunks_ != nullptr) delete std::exchange(chunks_, chunks_->next);
}

}  // namespace zircon::objects
