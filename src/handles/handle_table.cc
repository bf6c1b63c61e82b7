#include "handles/handle_table.h"

#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>

#include <cstring>
#include <new>

#include "base/fork_guard.h"
#include "rights/rights.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ZIRCON_LEAK_CHECKER 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define ZIRCON_LEAK_CHECKER 1
#endif
#ifdef ZIRCON_LEAK_CHECKER
#include <sanitizer/lsan_interface.h>
#endif

namespace zircon::handles {
namespace internal {

constinit ProcessTable process_table;

}  // namespace internal

constinit const HandleTable::Arena HandleTable::kUnborn;

namespace {

Key DrawKey() {
  Key key = 0;
  if (getrandom(&key, sizeof(key), GRND_NONBLOCK) != sizeof(key)) {
    // No entropy yet, or forbidden: what the kernel gave at exec differs from process to process
    // too.
    const void* given = reinterpret_cast<const void*>(getauxval(AT_RANDOM));
    if (given != nullptr) std::memcpy(&key, given, sizeof(key));
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    key ^= static_cast<Key>(now.tv_nsec << kFixedBits);
  }
  key &= ~Key{ZX_HANDLE_FIXED_BITS_MASK};
  return key != 0 ? key : Key{1} << kFixedBits;
}

// A handle that is open at exit keeps its object, which is no leak: the leak checker looks for
// pointers only where it is told to.
void TellLeakChecker(const void* arena, size_t size, bool present) {
#ifdef ZIRCON_LEAK_CHECKER
  if (present) {
    __lsan_register_root_region(arena, size);
  } else {
    __lsan_unregister_root_region(arena, size);
  }
#endif
}

}  // namespace

const HandleTable::Arena* HandleTable::CreateArena() {
  void* memory = mmap(nullptr, kArenaSize, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return nullptr;
  base::WipeOnFork(memory, kSlotsOffset);
  TellLeakChecker(memory, kArenaSize, true);
  Arena* arena = new (memory) Arena;
  // relaxed: published with the arena.
  arena->key.store(DrawKey(), std::memory_order_relaxed);
  // release: pairs with Decode(); the arena is complete.
  arena_.store(arena, std::memory_order_release);
  return arena;
}

HandleTable::~HandleTable() {
  // relaxed, here and below: nobody else is left.
  const Arena* arena = arena_.load(std::memory_order_relaxed);
  if (arena == &kUnborn) return;
  uint32_t used = 0;
  {
    base::MutexLock lock(mutex_);
    used = unused_;
  }
  for (uint32_t index = 0; index < used; ++index) {
    Slot* slot = SlotOf(arena, index);
    const uint64_t seen = slot->word.fetch_and(~Slot::kLive, std::memory_order_relaxed);
    if ((seen & Slot::kLive) == 0) continue;
    slot->object.load(std::memory_order_relaxed)->DropHandle();
    Unpin(slot);
  }
  TellLeakChecker(arena, kArenaSize, false);
  munmap(const_cast<Arena*>(arena), kArenaSize);
}

zx_status_t HandleTable::StatusWithoutKey(const Arena* arena) noexcept {
  return arena == &kUnborn ? ZX_ERR_BAD_HANDLE : ZX_ERR_BAD_STATE;
}

Slot* HandleTable::TakeFree(const Arena* arena) {
  if (unused_ < capacity_) return SlotOf(arena, unused_++);
  if (oldest_free_ == Slot::kNoSlot) return nullptr;
  Slot* slot = SlotOf(arena, oldest_free_);
  oldest_free_ = slot->next_free;
  if (oldest_free_ == Slot::kNoSlot) newest_free_ = Slot::kNoSlot;
  return slot;
}

void HandleTable::PutFree(Slot* slot) {
  // relaxed: there is a slot, so the arena has been seen before.
  const Arena* arena = arena_.load(std::memory_order_relaxed);
  const uint32_t index = static_cast<uint32_t>(slot - SlotOf(arena, 0));
  slot->next_free = Slot::kNoSlot;
  if (newest_free_ == Slot::kNoSlot) {
    oldest_free_ = index;
  } else {
    SlotOf(arena, newest_free_)->next_free = index;
  }
  newest_free_ = index;
}

zx_status_t HandleTable::TakeSlot(Slot** out) {
  // acquire: the arena is seen as it was set up.
  const Arena* arena = arena_.load(std::memory_order_acquire);
  // relaxed: written before the arena was published, and since then only by a fork. A forked child
  // must not come to the mutex, which another thread may have held at the fork.
  if (arena != &kUnborn && arena->key.load(std::memory_order_relaxed) == 0) return ZX_ERR_BAD_STATE;
  base::MutexLock lock(mutex_);
  // relaxed: only changed with the mutex held.
  arena = arena_.load(std::memory_order_relaxed);
  if (arena == &kUnborn) arena = CreateArena();
  *out = arena == nullptr ? nullptr : TakeFree(arena);
  return *out == nullptr ? ZX_ERR_NO_MEMORY : ZX_OK;
}

// The value of a slot whose word is `word`, but for the live bits.
zx_handle_t HandleTable::ValueAt(const Slot* slot, uint64_t word) const {
  // relaxed, both: there is a slot, so the arena has been seen before.
  const Arena* arena = arena_.load(std::memory_order_relaxed);
  const auto generation = static_cast<uint32_t>(word >> Slot::kWordGenerationShift);
  const auto index = static_cast<uint32_t>(slot - SlotOf(arena, 0));
  return ValueOf(MakeName(index, generation), arena->key.load(std::memory_order_relaxed));
}

zx_status_t HandleTable::Publish(base::RefPtr<Dispatcher> object, zx_rights_t rights,
                                 zx_handle_t* out) {
  Slot* slot = nullptr;
  const zx_status_t status = TakeSlot(&slot);
  if (status != ZX_OK) {
    object->DropHandle();
    return status;
  }
  *out = Occupy(slot, std::move(object), rights);
  return ZX_OK;
}

zx_handle_t HandleTable::Occupy(Slot* slot, base::RefPtr<Dispatcher> object, zx_rights_t rights) {
  // relaxed, all: published with the word.
  slot->is_remembered.store(object->handles_are_remembered(), std::memory_order_relaxed);
  slot->object.store(object.Leak(), std::memory_order_relaxed);
  slot->rights.store(rights, std::memory_order_relaxed);
  // relaxed: a count for people.
  live_.fetch_add(1, std::memory_order_relaxed);
  // release: lookups see object and rights. An addition, since passing pins may be there.
  const uint64_t before =
      slot->word.fetch_add(Slot::kLive | Slot::kOccupied | Slot::kPin, std::memory_order_release);
  return ValueAt(slot, before);
}

zx_status_t HandleTable::Retire(zx_handle_t handle, Slot** slot) {
  SlotName name = 0;
  const zx_status_t status = Decode(handle, slot, &name);
  if (status != ZX_OK) return status;
  // acquire: what is read next is of this life, or the slot is of a later one when it is taken.
  if (!Slot::IsLive((*slot)->word.load(std::memory_order_acquire), name)) {
    return ZX_ERR_BAD_HANDLE;
  }
  if ((*slot)->is_remembered.load(std::memory_order_relaxed)) [[unlikely]]
    return RetireRemembered(handle, *slot, name);
  return TakeLive(*slot, name) ? ZX_OK : ZX_ERR_BAD_HANDLE;
}

// Who remembers the handle is told before the slot, so that whoever has seen the handle gone does
// not find it remembered; and after it, for who has come in between.
zx_status_t HandleTable::RetireRemembered(zx_handle_t handle, Slot* slot, SlotName name) {
  HandleRef pin;
  const zx_status_t status = Lookup(handle, &pin);
  if (status != ZX_OK) return status;
  pin.object()->BeginDeparture();
  const bool taken = TakeLive(slot, name);
  pin.object()->EndDeparture();
  return taken ? ZX_OK : ZX_ERR_BAD_HANDLE;
}

// Whether the caller is the one that the live pin passes to.
bool HandleTable::TakeLive(Slot* slot, SlotName name) {
  // relaxed: the exchange decides.
  uint64_t seen = slot->word.load(std::memory_order_relaxed);
  do {
    if (!Slot::IsLive(seen, name)) return false;
    // acquire: the winner, who has the live pin now, sees object and rights as Publish() wrote
    // them. release: as of BeginDeparture().
  } while (!slot->word.compare_exchange_weak(seen, seen & ~Slot::kLive, std::memory_order_acq_rel,
                                             std::memory_order_relaxed));
  // relaxed: a count for people.
  live_.fetch_sub(1, std::memory_order_relaxed);
  return true;
}

zx_handle_t HandleTable::Renew(Slot* slot, zx_rights_t rights) {
  // release: a lookup that reads them sees that the handle it is for has gone.
  slot->rights.store(rights, std::memory_order_release);
  // relaxed: a count for people.
  live_.fetch_add(1, std::memory_order_relaxed);
  // The generation is at the top of the word and wraps there. release: as in Occupy().
  constexpr uint64_t kStep = Slot::kGenerationStep + Slot::kLive;
  const uint64_t before = slot->word.fetch_add(kStep, std::memory_order_release);
  return ValueAt(slot, before + kStep);
}

void HandleTable::Finalise(Slot* slot, uint64_t closing) noexcept {
  // The generation is at the top of the word and wraps there.
  const uint64_t freed = (closing & Slot::kGenerationMask) + Slot::kGenerationStep;
  // acquire: everything that was done through pins comes before the object goes. A failure means
  // that somebody has pinned the slot since and will come here, or that it has been finalised
  // already.
  if (!slot->word.compare_exchange_strong(closing, freed, std::memory_order_acquire,
                                          std::memory_order_relaxed)) {
    return;
  }
  auto object =
      base::RefPtr<Dispatcher>::Adopt(slot->object.exchange(nullptr, std::memory_order_relaxed));
  {
    base::MutexLock lock(mutex_);
    PutFree(slot);
  }
  // Here, with no lock held, goes what may be the last reference.
}

zx_status_t HandleTable::Insert(base::RefPtr<Dispatcher> object, zx_rights_t rights,
                                zx_handle_t* out) {
  object->AddHandle();
  return Publish(std::move(object), rights, out);
}

zx_status_t HandleTable::Close(zx_handle_t handle) {
  Slot* slot = nullptr;
  zx_status_t status = Retire(handle, &slot);
  if (status != ZX_OK) return status;
  slot->object.load(std::memory_order_relaxed)->CancelWaits(handle);
  slot->object.load(std::memory_order_relaxed)->DropHandle();
  Unpin(slot);
  return ZX_OK;
}

zx_status_t HandleTable::Duplicate(zx_handle_t handle, zx_rights_t rights, zx_handle_t* out) {
  HandleRef source;
  zx_status_t status = Lookup(handle, &source);
  if (status != ZX_OK) return status;
  if ((source.rights() & ZX_RIGHT_DUPLICATE) == 0) return ZX_ERR_ACCESS_DENIED;
  zx_rights_t reduced;
  if (!rights::Reduce(rights, source.rights(), &reduced)) return ZX_ERR_INVALID_ARGS;
  // The last handle, this one included, may have been closed since.
  if (!source.object()->TryAddHandle()) return ZX_ERR_BAD_HANDLE;
  return Publish(source.share(), reduced, out);
}

zx_status_t HandleTable::Replace(zx_handle_t handle, zx_rights_t rights, zx_handle_t* out) {
  const auto reduce = [rights](Dispatcher& /*object*/, zx_rights_t held, zx_rights_t* reduced) {
    return rights::Reduce(rights, held, reduced) ? ZX_OK : ZX_ERR_INVALID_ARGS;
  };
  return Replace(handle, reduce, out);
}

zx_status_t HandleTable::Replace(zx_handle_t handle, ChooseRights choose, zx_handle_t* out) {
  HandleRef source;
  zx_status_t status = Lookup(handle, &source);
  if (status != ZX_OK) return status;
  zx_rights_t rights = 0;
  const zx_status_t chosen = choose(*source.object(), source.rights(), &rights);
  if (chosen != ZX_OK) {
    // Somebody may have been faster; then there was nothing to choose.
    status = Close(handle);
    return status != ZX_OK ? status : chosen;
  }
  // Before anything is given up. Where none is free the old slot is good for the new handle too: it
  // would be free next, if others let it. But a value comes back sooner so.
  Slot* fresh = nullptr;
  const bool in_place = TakeSlot(&fresh) != ZX_OK;
  Slot* slot = nullptr;
  status = Retire(handle, &slot);
  if (status != ZX_OK) {
    if (in_place) return status;
    base::MutexLock lock(mutex_);
    PutFree(fresh);
    return status;
  }
  slot->object.load(std::memory_order_relaxed)->CancelWaits(handle);
  // The old handle's count passes to the new one.
  if (in_place) {
    *out = Renew(slot, rights);
  } else {
    *out = Occupy(fresh, source.share(), rights);
    Unpin(slot);
  }
  return ZX_OK;
}

zx_status_t HandleTable::Detach(zx_handle_t handle, DetachedHandle* out) {
  Slot* slot = nullptr;
  zx_status_t status = Retire(handle, &slot);
  if (status != ZX_OK) return status;
  // relaxed: nobody but the closer changes them.
  *out =
      DetachedHandle(base::RefPtr<Dispatcher>::Share(slot->object.load(std::memory_order_relaxed)),
                     slot->rights.load(std::memory_order_relaxed), handle);
  Unpin(slot);
  return ZX_OK;
}

zx_status_t HandleTable::Attach(DetachedHandle handle, zx_handle_t* out) {
  const zx_rights_t rights = handle.rights();
  return Publish(handle.Land(), rights, out);
}

void HandleTable::CountTypes(std::span<uint32_t> counts) {
  // acquire: the arena is seen as it was set up.
  const Arena* arena = arena_.load(std::memory_order_acquire);
  // relaxed: as in Publish(). A forked child must not come to the mutex.
  const Key key = arena->key.load(std::memory_order_relaxed);
  if (key == 0) return;
  uint32_t used = 0;
  {
    base::MutexLock lock(mutex_);
    used = unused_;
  }
  for (uint32_t index = 0; index < used; ++index) {
    // relaxed: the lookup decides whether there is a handle.
    const uint64_t seen = SlotOf(arena, index)->word.load(std::memory_order_relaxed);
    if ((seen & Slot::kLive) == 0) continue;
    const auto generation = static_cast<uint32_t>(seen >> Slot::kWordGenerationShift);
    HandleRef ref;
    if (Lookup(ValueOf(MakeName(index, generation), key), &ref) != ZX_OK) continue;
    const zx_obj_type_t type = ref.object()->type();
    if (type < counts.size()) ++counts[type];
  }
}

// relaxed: a count for people.
uint32_t HandleTable::live() const { return live_.load(std::memory_order_relaxed); }

}  // namespace zircon::handles
