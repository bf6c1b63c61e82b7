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
    slot->object->DropHandle();
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

// Takes over the handle count of `object` that the new handle is to have.
zx_status_t HandleTable::Publish(base::RefPtr<Dispatcher> object, zx_rights_t rights,
                                 zx_handle_t* out) {
  // acquire: the arena is seen as it was set up.
  const Arena* arena = arena_.load(std::memory_order_acquire);
  // relaxed: written before the arena was published, and since then only by a fork. A forked child
  // must not come to the mutex, which another thread may have held at the fork.
  if (arena != &kUnborn && arena->key.load(std::memory_order_relaxed) == 0) {
    object->DropHandle();
    return ZX_ERR_BAD_STATE;
  }
  Slot* slot = nullptr;
  {
    base::MutexLock lock(mutex_);
    // relaxed: only changed with the mutex held.
    arena = arena_.load(std::memory_order_relaxed);
    if (arena == &kUnborn) arena = CreateArena();
    if (arena != nullptr) slot = TakeFree(arena);
  }
  if (slot == nullptr) {
    object->DropHandle();
    return ZX_ERR_NO_MEMORY;
  }
  slot->object = object.Leak();
  slot->rights = rights;
  // relaxed: a count for people.
  live_.fetch_add(1, std::memory_order_relaxed);
  // release: lookups see object and rights. An addition, since passing pins may be there.
  const uint64_t before =
      slot->word.fetch_add(Slot::kLive | Slot::kOccupied | Slot::kPin, std::memory_order_release);
  const auto generation = static_cast<uint32_t>(before >> Slot::kWordGenerationShift);
  const auto index = static_cast<uint32_t>(slot - SlotOf(arena, 0));
  // relaxed: as above.
  *out = ValueOf(MakeName(index, generation), arena->key.load(std::memory_order_relaxed));
  return ZX_OK;
}

zx_status_t HandleTable::Retire(zx_handle_t handle, Slot** slot) {
  SlotName name = 0;
  zx_status_t status = Decode(handle, slot, &name);
  if (status != ZX_OK) return status;
  // relaxed: the exchange decides.
  uint64_t seen = (*slot)->word.load(std::memory_order_relaxed);
  do {
    if (!Slot::IsLive(seen, name)) return ZX_ERR_BAD_HANDLE;
    // acquire: the winner, who has the live pin now, sees object and rights as Publish() wrote
    // them.
  } while (!(*slot)->word.compare_exchange_weak(
      seen, seen & ~Slot::kLive, std::memory_order_acquire, std::memory_order_relaxed));
  // relaxed: a count for people.
  live_.fetch_sub(1, std::memory_order_relaxed);
  return ZX_OK;
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
  auto object = base::RefPtr<Dispatcher>::Adopt(std::exchange(slot->object, nullptr));
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
  slot->object->CancelWaits(handle);
  slot->object->DropHandle();
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
  Slot* slot = nullptr;
  zx_status_t status = Retire(handle, &slot);
  if (status != ZX_OK) return status;
  // The old handle's count passes to the new one. Its slot is free again before the new one is
  // needed, so that a full table is no obstacle unless a call in progress still pins it.
  auto object = base::RefPtr<Dispatcher>::Share(slot->object);
  const zx_rights_t held = slot->rights;
  Unpin(slot);
  object->CancelWaits(handle);
  zx_rights_t reduced;
  if (!rights::Reduce(rights, held, &reduced)) {
    object->DropHandle();
    return ZX_ERR_INVALID_ARGS;
  }
  return Publish(std::move(object), reduced, out);
}

zx_status_t HandleTable::Detach(zx_handle_t handle, DetachedHandle* out) {
  Slot* slot = nullptr;
  zx_status_t status = Retire(handle, &slot);
  if (status != ZX_OK) return status;
  *out = DetachedHandle(base::RefPtr<Dispatcher>::Share(slot->object), slot->rights, handle);
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
