#include "virtio/virtio_rng.h"

#include <linux/virtio_ids.h>
#include <sys/random.h>

#include <algorithm>
#include <array>

namespace zvmm {

uint16_t VirtioRng::id() const { return VIRTIO_ID_RNG; }

absl::Status VirtioRng::Serve(unsigned, Virtqueue& queue) {
  while (true) {
    const auto chain = queue.Pop();
    if (!chain.ok()) {
      return chain.status();
    }
    if (!*chain) {
      return absl::OkStatus();
    }
    ByteStream to((*chain)->writable);
    std::array<uint8_t, 256> bytes;
    size_t done = 0;
    while (done < kMostAtOnce) {
      const ssize_t got = getrandom(bytes.data(), bytes.size(), GRND_NONBLOCK);
      if (got <= 0) {
        break;  // A host that has just started: the driver asks again.
      }
      const size_t taken = to.Write({bytes.data(), static_cast<size_t>(got)});
      done += taken;
      if (taken < static_cast<size_t>(got)) {
        break;
      }
    }
    queue.Push(**chain, static_cast<uint32_t>(done));
  }
}

}  // namespace zvmm
