// HandleTable: the process's handles. A handle is a 32-bit value that names a slot of a fixed
// arena together with the slot's generation; the slot holds the object and the rights.
//
// - Lookup is wait-free: it pins the slot, and the pin keeps object and slot alive until the
//   HandleRef is gone, however many threads close the handle meanwhile.
// - A value is bijective to (18 bits of index, 12 bits of generation), mixed with a key that
//   every process draws for itself; its two low bits are set (handles/handle_value.h). Slots never
//   used come first, then the one that has been free longest.
// - The secret key lies in a page that a fork wipes, so every lookup in a forked child sees at once
//   that it is in the child and gives ZX_ERR_BAD_STATE.
//
// When a value returns: a slot must be used 4096 times over, and each time all slots that are free
// before it. With n slots free all the while that takes n * 4096 allocations: 2^30 in a table that
// is nearly empty, 4096 in one with a single free slot. The price: every slot is touched once in a
// long life, 16 MiB in all, however few handles are open.
//
//   zx_handle_t value;
//   zx_status_t status = HandleTable::Process().Insert(MakeRef<Port>(0), rights::kPort, &value);
//   ...
//   TypedRef<Port> port;
//   status = port.Lookup(value, ZX_RIGHT_READ);
//   if (status != ZX_OK) return status;
//   return port->Wait(deadline, packet);
//
// Thread safety: all of it may be called from any thread. Knows nothing of KVM.

#pragma once

#include <zircon/errors.h>
#include <zircon/rights.h>
#include <zircon/types.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "absl/functional/function_ref.h"
#include "base/mutex.h"
#include "base/ref_ptr.h"
#include "handles/detached_handle.h"
#include "handles/dispatcher.h"
#include "handles/handle_value.h"
#include "handles/slot.h"

namespace zircon::handles {

class HandleTable;

// One looked-up handle: keeps the object alive and the slot occupied. Move-only. Belongs to one
// thread at a time.
class HandleRef {
 public:
  HandleRef() = default;
  HandleRef(HandleRef&& other) noexcept
      : table_(other.table_),
        slot_(std::exchange(other.slot_, nullptr)),
        rights_(other.rights_),
        life_(other.life_) {}
  HandleRef& operator=(HandleRef&& other) noexcept {
    Slot* slot = std::exchange(other.slot_, nullptr);
    reset();
    table_ = other.table_;
    slot_ = slot;
    rights_ = other.rights_;
    life_ = other.life_;
    return *this;
  }
  ~HandleRef() { reset(); }

  explicit operator bool() const { return slot_ != nullptr; }
  Dispatcher* object() const { return slot_->object.load(std::memory_order_relaxed); }
  // Those of the handle that was looked up, whatever has become of it.
  zx_rights_t rights() const { return rights_; }
  // A reference of its own, for what outlives the call.
  base::RefPtr<Dispatcher> share() const { return base::RefPtr<Dispatcher>::Share(object()); }
  // Whether nobody has closed or replaced the handle since it was looked up. Who does tells the
  // object afterwards (Dispatcher::CancelWaits), so with the lock that the object takes for that,
  // an answer of true holds until the lock is dropped.
  bool still_open() const {
    // relaxed: the object's lock orders it.
    return Slot::LifeOf(slot_->word.load(std::memory_order_relaxed)) == life_;
  }
  void reset() noexcept;

 private:
  friend class HandleTable;
  HandleTable* table_ = nullptr;
  Slot* slot_ = nullptr;
  zx_rights_t rights_ = 0;
  uint32_t life_ = 0;
};

class HandleTable {
 public:
  static constexpr uint32_t kCapacity = 262144;
  static_assert(kCapacity == uint32_t{1} << kIndexBits);

  // `capacity` ≤ kCapacity; smaller tables are for tests. The memory comes with the first Insert().
  constexpr explicit HandleTable(uint32_t capacity = kCapacity) : capacity_(capacity) {}
  // Closes what is open. Nobody may use the table or hold a HandleRef any more.
  ~HandleTable();
  HandleTable(const HandleTable&) = delete;
  HandleTable& operator=(const HandleTable&) = delete;

  // The table of this process; never destroyed, since handles may be used until the very end.
  static HandleTable& Process();

  // ZX_OK, or ZX_ERR_NO_MEMORY when the table is full, or ZX_ERR_BAD_STATE in a forked child. On
  // failure the object has lost the handle it was about to get: if that was its only one, it is
  // told so as if the handle had been closed.
  [[nodiscard]] zx_status_t Insert(base::RefPtr<Dispatcher> object, zx_rights_t rights,
                                   zx_handle_t* out);

  // ZX_OK, ZX_ERR_BAD_HANDLE, or ZX_ERR_BAD_STATE in a forked child. *out is empty unless ZX_OK.
  [[nodiscard]] zx_status_t Lookup(zx_handle_t handle, HandleRef* out);

  // Removes the handle; the object's last reference may go with it (outside any lock of the
  // table). ZX_HANDLE_INVALID is an unknown handle here.
  [[nodiscard]] zx_status_t Close(zx_handle_t handle);

  // handle_duplicate and handle_replace, with their rights rules (contract HANDLE-*).
  [[nodiscard]] zx_status_t Duplicate(zx_handle_t handle, zx_rights_t rights, zx_handle_t* out);
  [[nodiscard]] zx_status_t Replace(zx_handle_t handle, zx_rights_t rights, zx_handle_t* out);
  // Puts another handle in the place of one, with the rights that `choose` gives for the object and
  // the rights that there are. Closes the old one also when `choose` fails; the object does not see
  // a moment without handles. A full table is no obstacle.
  using ChooseRights =
      absl::FunctionRef<zx_status_t(Dispatcher& object, zx_rights_t held, zx_rights_t* rights)>;
  [[nodiscard]] zx_status_t Replace(zx_handle_t handle, ChooseRights choose, zx_handle_t* out);

  // Takes the handle out of the table and gives it to the caller, for calls that consume a handle
  // and for handles that travel. It still counts for its object, and waits begun through it go on,
  // until it is attached again or dropped.
  [[nodiscard]] zx_status_t Detach(zx_handle_t handle, DetachedHandle* out);
  // Puts it back, under a new value; the waits begun through the old one are over. Errors as of
  // Insert(); the handle is closed then.
  [[nodiscard]] zx_status_t Attach(DetachedHandle handle, zx_handle_t* out);

  // Handles open now.
  uint32_t live() const;

  // Adds one to counts[type of its object] for each open handle whose type has a place there.
  // Handles that are opened or closed meanwhile may be missing or counted. Slow: it looks at every
  // slot that was ever used.
  void CountTypes(std::span<uint32_t> counts);

 private:
  friend class HandleRef;

  // The start of the mapping that is the arena. Only this page is wiped in a forked child.
  struct Arena {
    // Never zero once the arena is in use; zero before (kUnborn) and in a forked child.
    std::atomic<Key> key{0};
  };
  // Where the slots begin: behind the largest page that a supported host has. There is address
  // space for kCapacity slots whatever the capacity, so that every index is one of a slot.
  static constexpr size_t kSlotsOffset = 65536;
  static constexpr size_t kArenaSize = kSlotsOffset + size_t{kCapacity} * sizeof(Slot);
  static const Arena kUnborn;

  static Slot* SlotOf(const Arena* arena, uint32_t index) {
    return reinterpret_cast<Slot*>(reinterpret_cast<uintptr_t>(arena) + kSlotsOffset) + index;
  }

  // Finds the slot that `handle` names, and its name; says nothing about whether it is live.
  zx_status_t Decode(zx_handle_t handle, Slot** slot, SlotName* name) const;
  // Without an arena no handle was ever given out; with one that has no key this is a child.
  static zx_status_t StatusWithoutKey(const Arena* arena) noexcept;

  // A free slot, which is the caller's until Occupy() or PutFree(). Errors as of Insert().
  zx_status_t TakeSlot(Slot** out);
  zx_handle_t ValueAt(const Slot* slot, uint64_t word) const;

  // The transitions of handles/slot.h. Publish() is Occupy() of a free slot; both take over the
  // handle count that the new handle is to have. Retire() gives the live pin to the caller, and
  // Renew() takes it.
  zx_status_t Publish(base::RefPtr<Dispatcher> object, zx_rights_t rights, zx_handle_t* out);
  zx_handle_t Occupy(Slot* slot, base::RefPtr<Dispatcher> object, zx_rights_t rights);
  zx_status_t Retire(zx_handle_t handle, Slot** slot);
  zx_status_t RetireRemembered(zx_handle_t handle, Slot* slot, SlotName name);
  bool TakeLive(Slot* slot, SlotName name);
  zx_handle_t Renew(Slot* slot, zx_rights_t rights);
  void Unpin(Slot* slot) noexcept;
  void Finalise(Slot* slot, uint64_t closing) noexcept;

  const Arena* CreateArena() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Slot* TakeFree(const Arena* arena) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void PutFree(Slot* slot) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // What lookups read, apart from what creating and closing write.
  alignas(64) std::atomic<const Arena*> arena_{&kUnborn};

  alignas(64) base::Mutex mutex_;
  const uint32_t capacity_;
  uint32_t unused_ ABSL_GUARDED_BY(mutex_) = 0;  // slots from here on were never used
  uint32_t oldest_free_ ABSL_GUARDED_BY(mutex_) = Slot::kNoSlot;
  uint32_t newest_free_ ABSL_GUARDED_BY(mutex_) = Slot::kNoSlot;
  std::atomic<uint32_t> live_{0};
};

namespace internal {

// Constructed by the compiler, so that no call is too early, and never destroyed, so that none is
// too late.
union ProcessTable {
  constexpr ProcessTable() : table() {}
  ~ProcessTable() {}
  HandleTable table;
};
extern ProcessTable process_table;

}  // namespace internal

inline HandleTable& HandleTable::Process() { return internal::process_table.table; }

inline zx_status_t HandleTable::Decode(zx_handle_t handle, Slot** slot, SlotName* name) const {
  // acquire: the arena is seen as it was set up.
  const Arena* arena = arena_.load(std::memory_order_acquire);
  // relaxed: written before the arena was published, and since then only by a fork.
  const Key key = arena->key.load(std::memory_order_relaxed);
  if (key == 0) [[unlikely]]
    return StatusWithoutKey(arena);
  *name = NameOf(handle, key);
  *slot = SlotOf(arena, IndexOf(*name));
  return ZX_OK;
}

inline zx_status_t HandleTable::Lookup(zx_handle_t handle, HandleRef* out) {
  out->reset();
  Slot* slot = nullptr;
  SlotName name = 0;
  zx_status_t status = Decode(handle, &slot, &name);
  if (status != ZX_OK) [[unlikely]]
    return status;
  // acquire: sees object and rights as Publish() wrote them.
  const uint64_t seen = slot->word.fetch_add(Slot::kPin, std::memory_order_acquire);
  if (!Slot::IsLive(seen, name)) [[unlikely]] {
    Unpin(slot);
    return ZX_ERR_BAD_HANDLE;
  }
  // acquire: rights of a later life are seen with its beginning.
  const zx_rights_t rights = slot->rights.load(std::memory_order_acquire);
  // relaxed: ordered by the line before.
  const uint32_t life = Slot::LifeOf(slot->word.load(std::memory_order_relaxed));
  if (life != Slot::LifeOf(seen)) [[unlikely]] {
    Unpin(slot);
    return ZX_ERR_BAD_HANDLE;
  }
  out->table_ = this;
  out->slot_ = slot;
  out->rights_ = rights;
  out->life_ = life;
  return ZX_OK;
}

inline void HandleTable::Unpin(Slot* slot) noexcept {
  // release: what was read through the pin was read before Finalise() takes it away.
  const uint64_t seen = slot->word.fetch_sub(Slot::kPin, std::memory_order_release);
  if (Slot::WasLastPin(seen)) [[unlikely]]
    Finalise(slot, seen - Slot::kPin);
}

inline void HandleRef::reset() noexcept {
  if (slot_ != nullptr) table_->Unpin(std::exchange(slot_, nullptr));
}

// Looks a handle up and checks type, then rights (contract: type before right).
// ZX_ERR_BAD_HANDLE, ZX_ERR_WRONG_TYPE, ZX_ERR_ACCESS_DENIED.
template <typename T>
class TypedRef {
 public:
  T* operator->() const { return get(); }
  T& operator*() const { return *get(); }
  T* get() const { return static_cast<T*>(ref_.object()); }
  zx_rights_t rights() const { return ref_.rights(); }
  base::RefPtr<T> share() const { return base::RefPtr<T>::Share(get()); }
  explicit operator bool() const { return static_cast<bool>(ref_); }
  const HandleRef& ref() const { return ref_; }

  // T::kType names the object type. Empty again unless ZX_OK.
  [[nodiscard]] zx_status_t Lookup(zx_handle_t handle, zx_rights_t rights,
                                   HandleTable& table = HandleTable::Process()) {
    zx_status_t status = table.Lookup(handle, &ref_);
    if (status != ZX_OK) return status;
    if (ref_.object()->type() != T::kType) {
      status = ZX_ERR_WRONG_TYPE;
    } else if ((ref_.rights() & rights) != rights) {
      status = ZX_ERR_ACCESS_DENIED;
    }
    if (status != ZX_OK) ref_.reset();
    return status;
  }

 private:
  HandleRef ref_;
};

}  // namespace zircon::handles
