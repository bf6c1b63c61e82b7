// Paired: what the two ends of an event pair, a channel, a socket or a FIFO have in common: one
// lock for both, the way to the peer, and the news that the peer is closed.
//
//   class Eventpair final : public Paired<Eventpair> { ... };
//   RefPtr<Eventpair> end0, end1;
//   zx_status_t status = Eventpair::Create(&end0, &end1);
//
// An end is open until its last handle is closed; whoever waits or calls may hold it longer. The
// peer is reached with the lock held and only while it is open, which keeps it alive.
//
// Ownership: handles hold an end; both hold what they share. Thread safety: any thread.

#pragma once

#include <zircon/errors.h>
#include <zircon/types.h>

#include <array>
#include <utility>

#include "base/later_wakes.h"
#include "base/ref_ptr.h"
#include "base/short_lock.h"
#include "objects/waitable.h"

namespace zircon::objects {

// The lock of a pair, held. Who is woken meanwhile is woken when it is dropped, since the next
// thing that it does takes the same lock.
class ABSL_SCOPED_LOCKABLE PairLock {
 public:
  explicit PairLock(base::ShortLock& lock) ABSL_EXCLUSIVE_LOCK_FUNCTION(lock) : lock_(lock) {
    lock_.Lock();
  }
  ~PairLock() ABSL_UNLOCK_FUNCTION() { lock_.Unlock(); }
  PairLock(const PairLock&) = delete;
  PairLock& operator=(const PairLock&) = delete;

 private:
  base::LaterWakes later_;  // ends last
  base::ShortLock& lock_;
};

template <typename End>
class Paired : public Waitable {
 public:
  // The peer's, for ever.
  zx_koid_t related_koid() const override { return peer_koid_; }

  zx_status_t SignalPeer(zx_signals_t clear, zx_signals_t set) override {
    if (((clear | set) & ~user_signals()) != 0) return ZX_ERR_INVALID_ARGS;
    PairLock lock(mutex());
    End* const other = peer();
    if (other == nullptr) return ZX_ERR_PEER_CLOSED;
    other->UpdateSignals(clear, set);
    return ZX_OK;
  }

 protected:
  // What the ends share.
  struct Pair final : base::RefCounted {
    base::ShortLock mutex;
    std::array<End*, 2> open ABSL_GUARDED_BY(mutex) = {};
  };
  // Given to the constructor of an end.
  struct Place {
    base::RefPtr<Pair> pair;
    size_t side;
  };

  Paired(zx_obj_type_t type, zx_signals_t initial, Place place) noexcept
      : Waitable(type, initial), pair_(std::move(place.pair)), side_(place.side) {}

  // Makes both ends, each from its place and `args`. ZX_ERR_NO_MEMORY.
  template <typename... Args>
  static zx_status_t CreatePair(base::RefPtr<End>* end0, base::RefPtr<End>* end1, Args... args) {
    const auto pair = base::MakeRef<Pair>();
    if (!pair) return ZX_ERR_NO_MEMORY;
    auto first = base::RefPtr<End>::Adopt(NEW_OR_NULL(End(Place{pair, 0}, args...)));
    auto second = base::RefPtr<End>::Adopt(NEW_OR_NULL(End(Place{pair, 1}, args...)));
    if (!first || !second) return ZX_ERR_NO_MEMORY;
    first->peer_koid_ = second->koid();
    second->peer_koid_ = first->koid();
    {
      PairLock lock(pair->mutex);
      pair->open = {first.get(), second.get()};
    }
    *end0 = std::move(first);
    *end1 = std::move(second);
    return ZX_OK;
  }

  base::ShortLock& mutex() const ABSL_LOCK_RETURNED(pair_->mutex) { return pair_->mutex; }
  // Null when it is closed.
  End* peer() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(pair_->mutex) { return pair_->open[1 - side_]; }
  // For the peer, which knows the same lock by another name.
  void AssertLocked() const ABSL_ASSERT_EXCLUSIVE_LOCK(pair_->mutex) {}
  bool IsOpen() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(pair_->mutex) {
    return pair_->open[side_] != nullptr;
  }

  // This end's last handle has gone, and it is not open any more; the peer has been told.
  virtual void OnClosed() ABSL_EXCLUSIVE_LOCKS_REQUIRED(pair_->mutex) {}
  // The peer is closed.
  virtual void OnPeerClosed() ABSL_EXCLUSIVE_LOCKS_REQUIRED(pair_->mutex) = 0;
  // After OnClosed(), with no lock held.
  virtual void AfterClosed() {}

  void OnZeroHandles() final {
    {
      PairLock lock(mutex());
      pair_->open[side_] = nullptr;
      if (End* const other = peer()) {
        other->AssertLocked();
        other->OnPeerClosed();
      }
      OnClosed();
    }
    AfterClosed();
  }

 private:
  const base::RefPtr<Pair> pair_;
  const size_t side_;
  zx_koid_t peer_koid_ = 0;
};

}  // namespace zircon::objects
