// Fifo: one end of a pair of rings of elements of one size.
//
// Ownership: handles hold it; it owns the ring that its peer writes to. Thread safety: any thread.

#pragma once

#include <zircon/syscalls/object.h>
#include <zircon/types.h>

#include <cstddef>
#include <utility>

#include "objects/byte_ring.h"
#include "objects/paired.h"

namespace zircon::objects {

class Fifo final : public Paired<Fifo> {
 public:
  static constexpr zx_obj_type_t kType = ZX_OBJ_TYPE_FIFO;
  static constexpr size_t kMaxBytes = 4096;  // of one direction

  // ZX_ERR_OUT_OF_RANGE when either is 0 or the product is above kMaxBytes; ZX_ERR_NO_MEMORY.
  [[nodiscard]] static zx_status_t Create(size_t element_count, size_t element_size,
                                          base::RefPtr<Fifo>* end0, base::RefPtr<Fifo>* end1);

  // As many of `count` elements as there is room for, or as there are. In the order of the
  // contract's rows FIFO-WRITE and FIFO-READ behind the handle.
  [[nodiscard]] zx_status_t Write(size_t element_size, size_t count, CopyFromUser copy,
                                  size_t* actual);
  [[nodiscard]] zx_status_t Read(size_t element_size, size_t count, CopyToUser copy,
                                 size_t* actual);

 private:
  friend class Paired<Fifo>;
  Fifo(Place place, size_t element_count, size_t element_size) noexcept
      : Paired(kType, ZX_FIFO_WRITABLE, std::move(place)),
        element_size_(element_size),
        ring_(element_count * element_size) {}

  void OnPeerClosed() override { UpdateSignals(ZX_FIFO_WRITABLE, ZX_FIFO_PEER_CLOSED); }

  const size_t element_size_;
  ByteRing ring_ ABSL_GUARDED_BY(mutex());
};

}  // namespace zircon::objects
