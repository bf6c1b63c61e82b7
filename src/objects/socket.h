// Socket: one end of a pair of byte stores: a stream, or datagrams.
//
// Each end's store holds what its peer has written; writing may be disabled for each end. What the
// signals say of stores and thresholds follows from the state alone (contract SOCKET rows), but for
// the one of a store that was full: see Read().
//
// Ownership: handles hold it; it owns its store. Thread safety: any thread.

#pragma once

#include <zircon/syscalls/object.h>
#include <zircon/types.h>

#include <cstddef>
#include <cstdint>
#include <utility>

#include "objects/byte_ring.h"
#include "objects/paired.h"
#include "objects/size_queue.h"

namespace zircon::objects {

class Socket final : public Paired<Socket> {
 public:
  static constexpr zx_obj_type_t kType = ZX_OBJ_TYPE_SOCKET;
  static constexpr size_t kCapacity = 258'048;  // bytes of one store

  enum class Kind { kStream, kDatagram };
  // What becomes of an end's writing.
  enum class Disposition { kUnchanged, kDisabled, kEnabled };

  [[nodiscard]] static zx_status_t Create(Kind kind, base::RefPtr<Socket>* end0,
                                          base::RefPtr<Socket>* end1) {
    return CreatePair(end0, end1, kind);
  }

  // In the order of the contract's rows SOCKET-WRITE and SOCKET-READ behind the handle. `size` in
  // bytes; *actual is written with ZX_OK only.
  [[nodiscard]] zx_status_t Write(size_t size, CopyFromUser copy, size_t* actual);
  [[nodiscard]] zx_status_t Read(size_t size, bool peek, CopyToUser copy, size_t* actual);

  // ZX_ERR_BAD_STATE: what was written before writing was disabled is not read yet.
  [[nodiscard]] zx_status_t SetDisposition(Disposition own, Disposition of_peer);
  // Disables this end's writing, the peer's, or both; for good.
  void Shutdown(bool own_writing, bool peer_writing);

  // In bytes; 0 switches the signal off. ZX_ERR_INVALID_ARGS above kCapacity, ZX_ERR_PEER_CLOSED.
  [[nodiscard]] zx_status_t SetReadThreshold(uint64_t bytes);
  [[nodiscard]] zx_status_t SetWriteThreshold(uint64_t bytes);
  uint64_t read_threshold() const;
  uint64_t write_threshold() const;

  zx_info_socket_t Info() const;

 private:
  friend class Paired<Socket>;
  Socket(Place place, Kind kind) noexcept
      : Paired(kType, ZX_SOCKET_WRITABLE, std::move(place)), kind_(kind), store_(kCapacity) {}

  void OnPeerClosed() override { UpdateSignals(ZX_SOCKET_WRITABLE, ZX_SOCKET_PEER_CLOSED); }

  // Into the peer's store.
  zx_status_t Store(Socket* other, size_t size, CopyFromUser copy, size_t* actual)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex());
  // Of what is in its own store; of the room in the peer's.
  void UpdateReadThreshold() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex());
  void UpdateWriteThreshold(const Socket* other) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex());
  // `writer`'s writing, to the store of `reader`; either may be null, when it is closed.
  static void Apply(Disposition disposition, Socket* writer, Socket* reader);

  const Kind kind_;
  ByteRing store_ ABSL_GUARDED_BY(mutex());
  SizeQueue datagrams_ ABSL_GUARDED_BY(mutex());  // their sizes
  uint64_t read_threshold_ ABSL_GUARDED_BY(mutex()) = 0;
  uint64_t write_threshold_ ABSL_GUARDED_BY(mutex()) = 0;
  bool write_disabled_ ABSL_GUARDED_BY(mutex()) = false;
  bool read_disabled_ ABSL_GUARDED_BY(mutex()) = false;  // nothing more comes
};

}  // namespace zircon::objects
