#include "objects/fifo.h"

#include <algorithm>

namespace zircon::objects {

zx_status_t Fifo::Create(size_t element_count, size_t element_size, base::RefPtr<Fifo>* end0,
                         base::RefPtr<Fifo>* end1) {
  if (element_count == 0 || element_size == 0 || element_count > kMaxBytes ||
      element_size > kMaxBytes || element_count * element_size > kMaxBytes) {
    return ZX_ERR_OUT_OF_RANGE;
  }
  return CreatePair(end0, end1, element_count, element_size);
}

zx_status_t Fifo::Write(size_t element_size, size_t count, CopyFromUser copy, size_t* actual) {
  PairLock lock(mutex());
  Fifo* const other = peer();
  if (other == nullptr) return ZX_ERR_PEER_CLOSED;
  other->AssertLocked();
  if (element_size != element_size_ || count == 0) return ZX_ERR_OUT_OF_RANGE;
  ByteRing& ring = other->ring_;
  if (ring.free() == 0) return ZX_ERR_SHOULD_WAIT;
  const bool was_empty = ring.stored() == 0;
  const size_t elements = std::min(count, ring.free() / element_size_);
  const zx_status_t status = ring.Put(elements * element_size_, copy);
  if (status != ZX_OK) return status;
  if (was_empty) other->UpdateSignals(0, ZX_FIFO_READABLE);
  if (ring.free() == 0) UpdateSignals(ZX_FIFO_WRITABLE, 0);
  *actual = elements;
  return ZX_OK;
}

zx_status_t Fifo::Read(size_t element_size, size_t count, CopyToUser copy, size_t* actual) {
  PairLock lock(mutex());
  if (element_size != element_size_ || count == 0) return ZX_ERR_OUT_OF_RANGE;
  Fifo* const other = peer();
  if (ring_.stored() == 0) return other == nullptr ? ZX_ERR_PEER_CLOSED : ZX_ERR_SHOULD_WAIT;
  const bool was_full = ring_.free() == 0;
  const size_t elements = std::min(count, ring_.stored() / element_size_);
  const zx_status_t status = ring_.Peek(elements * element_size_, copy);
  if (status != ZX_OK) return status;
  ring_.Drop(elements * element_size_);
  if (was_full && other != nullptr) other->UpdateSignals(0, ZX_FIFO_WRITABLE);
  if (ring_.stored() == 0) UpdateSignals(ZX_FIFO_READABLE, 0);
  *actual = elements;
  return ZX_OK;
}

}  // namespace zircon::objects
