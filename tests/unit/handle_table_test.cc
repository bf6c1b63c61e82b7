// The handle table: values, pins, the rules of closing, duplicating and replacing, reuse, fork.
// Rows: HANDLE.

#include "handles/handle_table.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "base/fork_guard.h"
#include "base/log.h"
#include "contract.h"

namespace zircon::handles {
namespace {

using base::MakeRef;
using base::RefPtr;

constexpr zx_rights_t kAll = ZX_RIGHTS_BASIC | ZX_RIGHTS_IO;

struct Events {
  int zero_handles = 0;
  int destroyed = 0;
  std::vector<zx_handle_t> cancelled;
};

class Thing : public Dispatcher {
 public:
  static constexpr zx_obj_type_t kType = ZX_OBJ_TYPE_PORT;
  explicit Thing(Events* events = nullptr) noexcept : Dispatcher(kType), events_(events) {}
  ~Thing() override {
    if (events_ != nullptr) ++events_->destroyed;
    if (at_end) at_end();
  }
  std::function<void()> at_end;
  std::function<void()> at_zero;

  void CancelWaits(zx_handle_t handle) override {
    if (events_ != nullptr) events_->cancelled.push_back(handle);
  }

 private:
  void OnZeroHandles() override {
    if (events_ != nullptr) ++events_->zero_handles;
    if (at_zero) at_zero();
  }
  Events* events_;
};

class OtherThing final : public Thing {
 public:
  static constexpr zx_obj_type_t kType = ZX_OBJ_TYPE_VMO;
};

// Runs `body` in a forked child; what it returns is the child's exit status.
int InChild(const std::function<int()>& body) {
  const pid_t child = fork();
  if (child == 0) _exit(body());
  int status = -1;
  if (child < 0 || waitpid(child, &status, 0) != child) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

zx_handle_t MustInsert(HandleTable& table, RefPtr<Dispatcher> object, zx_rights_t rights = kAll) {
  zx_handle_t handle = ZX_HANDLE_INVALID;
  EXPECT_EQ(table.Insert(std::move(object), rights, &handle), ZX_OK);
  return handle;
}

TEST(HandleValue, IsABijectionAndKeepsTheFixedBits) {
  Shows("HANDLE-VALUE-1");
  for (const Key key : {Key{4}, Key{0xFFFFFFFC}, Key{0x12345678}}) {
    std::set<zx_handle_t> values;
    for (uint32_t index = 0; index < (1u << kIndexBits); index += 97) {
      for (const uint32_t generation : {0u, 1u, 2048u, 4095u}) {
        const SlotName name = MakeName(index, generation);
        ASSERT_EQ(IndexOf(name), index);
        const zx_handle_t value = ValueOf(name, key);
        ASSERT_EQ(value & ZX_HANDLE_FIXED_BITS_MASK, ZX_HANDLE_FIXED_BITS_MASK);
        ASSERT_EQ(NameOf(value, key), name);
        ASSERT_TRUE(values.insert(value).second);
      }
    }
  }
}

TEST(HandleValue, WrongFixedBitsGiveANameThatIsNeverLive) {
  Shows("HANDLE-VALUE-2");
  const Key key = 0x9ABCDEF0;
  const SlotName name = MakeName(1234, 567);
  const uint64_t live =
      uint64_t{567} << Slot::kWordGenerationShift | Slot::kLive | Slot::kOccupied | Slot::kPin;
  const uint64_t closing = live & ~Slot::kLive;
  const uint64_t free = uint64_t{567} << Slot::kWordGenerationShift;
  const zx_handle_t value = ValueOf(name, key);
  for (zx_handle_t low = 0; low < 4; ++low) {
    const SlotName found = NameOf((value & ~ZX_HANDLE_FIXED_BITS_MASK) | low, key);
    EXPECT_EQ(Slot::IsLive(live, found), low == 3) << low;
    EXPECT_FALSE(Slot::IsLive(closing, found)) << low;
    EXPECT_FALSE(Slot::IsLive(free, found)) << low;
  }
  EXPECT_FALSE(Slot::IsLive(live + Slot::kGenerationStep, name));
  // The name's own bits: those of a value change more than these.
  for (SlotName low = 0; low < 4; ++low) {
    const SlotName other = (name & ~SlotName{ZX_HANDLE_FIXED_BITS_MASK}) | low;
    EXPECT_EQ(Slot::IsLive(live, other), low == 3) << low;
  }
}

TEST(Dispatcher, HasItsOwnKoid) {
  Shows("INFO-9");
  const auto first = MakeRef<Thing>();
  const auto second = MakeRef<Thing>();
  EXPECT_GE(first->koid(), 1024u);
  EXPECT_GT(second->koid(), first->koid());
  EXPECT_EQ(first->related_koid(), 0u);
}

TEST(Dispatcher, GetsNoFurtherHandleAfterTheLast) {
  Events events;
  const auto thing = MakeRef<Thing>(&events);
  EXPECT_FALSE(thing->TryAddHandle());
  thing->AddHandle();
  EXPECT_TRUE(thing->TryAddHandle());
  EXPECT_EQ(thing->handle_count(), 2u);
  thing->DropHandle();
  EXPECT_EQ(events.zero_handles, 0);
  thing->DropHandle();
  EXPECT_EQ(events.zero_handles, 1);
  EXPECT_FALSE(thing->TryAddHandle());
}

TEST(HandleTable, KnowsNoHandleAtFirst) {
  Shows("HANDLE-7");
  HandleTable table;
  HandleRef ref;
  for (const zx_handle_t value : {0u, 1u, 2u, 3u, 0x12345677u, 0xFFFFFFFFu}) {
    EXPECT_EQ(table.Lookup(value, &ref), ZX_ERR_BAD_HANDLE) << value;
    EXPECT_EQ(table.Close(value), ZX_ERR_BAD_HANDLE) << value;
  }
  EXPECT_EQ(table.live(), 0u);
}

TEST(HandleTable, FindsWhatWasInserted) {
  Shows("HANDLE-VALUE-1");
  HandleTable table;
  const auto thing = MakeRef<Thing>();
  const zx_handle_t handle = MustInsert(table, thing, ZX_RIGHT_READ);
  EXPECT_NE(handle, ZX_HANDLE_INVALID);
  EXPECT_EQ(handle & ZX_HANDLE_FIXED_BITS_MASK, ZX_HANDLE_FIXED_BITS_MASK);
  EXPECT_EQ(thing->handle_count(), 1u);
  EXPECT_EQ(table.live(), 1u);
  HandleRef ref;
  ASSERT_EQ(table.Lookup(handle, &ref), ZX_OK);
  EXPECT_EQ(ref.object(), thing.get());
  EXPECT_EQ(ref.rights(), ZX_RIGHT_READ);
  EXPECT_EQ(ref.share(), RefPtr<Dispatcher>(thing));
  EXPECT_EQ(table.Close(handle), ZX_OK);
  EXPECT_EQ(table.live(), 0u);
}

TEST(HandleTable, RefusesNearMisses) {
  Shows("HANDLE-VALUE-2");
  HandleTable table;
  const zx_handle_t handle = MustInsert(table, MakeRef<Thing>());
  HandleRef ref;
  for (int bit = 0; bit < 32; ++bit) {
    const zx_handle_t other = handle ^ (zx_handle_t{1} << bit);
    EXPECT_EQ(table.Lookup(other, &ref), ZX_ERR_BAD_HANDLE) << bit;
    EXPECT_FALSE(ref);
    EXPECT_EQ(table.Close(other), ZX_ERR_BAD_HANDLE) << bit;
  }
  EXPECT_EQ(table.Close(handle & ~ZX_HANDLE_FIXED_BITS_MASK), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(table.Close(handle), ZX_OK);
}

TEST(HandleTable, AClosedValueIsGone) {
  Shows("HANDLE-5 HANDLE-VALUE-4");
  HandleTable table;
  Events events;
  const zx_handle_t handle = MustInsert(table, MakeRef<Thing>(&events));
  EXPECT_EQ(table.Close(handle), ZX_OK);
  EXPECT_EQ(events.zero_handles, 1);
  EXPECT_EQ(events.destroyed, 1);
  HandleRef ref;
  zx_handle_t out = 77;
  DetachedHandle detached;
  EXPECT_EQ(table.Lookup(handle, &ref), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(table.Close(handle), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(table.Duplicate(handle, ZX_RIGHT_SAME_RIGHTS, &out), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(table.Replace(handle, ZX_RIGHT_SAME_RIGHTS, &out), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(table.Detach(handle, &detached), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(out, 77u);
  EXPECT_FALSE(detached);
  // Also while the slot has a new tenant.
  const zx_handle_t next = MustInsert(table, MakeRef<Thing>());
  EXPECT_NE(next, handle);
  EXPECT_EQ(table.Close(handle), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(table.Close(next), ZX_OK);
}

TEST(HandleTable, AClosedValueLeavesTheNextTenantOfItsSlotAlone) {
  Shows("HANDLE-VALUE-4");
  HandleTable table(1);
  const zx_handle_t old = MustInsert(table, MakeRef<Thing>());
  ASSERT_EQ(table.Close(old), ZX_OK);
  Events events;
  const zx_handle_t next = MustInsert(table, MakeRef<Thing>(&events));
  zx_handle_t out = ZX_HANDLE_INVALID;
  DetachedHandle detached;
  EXPECT_EQ(table.Close(old), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(table.Replace(old, ZX_RIGHT_SAME_RIGHTS, &out), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(table.Detach(old, &detached), ZX_ERR_BAD_HANDLE);
  HandleRef ref;
  EXPECT_EQ(table.Lookup(old, &ref), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(events.zero_handles, 0);
  EXPECT_EQ(table.Close(next), ZX_OK);
  EXPECT_EQ(events.destroyed, 1);
}

TEST(HandleTable, APinKeepsTheObjectButNotTheHandle) {
  Shows("HANDLE-3");
  HandleTable table;
  Events events;
  const zx_handle_t handle = MustInsert(table, MakeRef<Thing>(&events));
  HandleRef first;
  HandleRef second;
  ASSERT_EQ(table.Lookup(handle, &first), ZX_OK);
  ASSERT_EQ(table.Lookup(handle, &second), ZX_OK);
  EXPECT_EQ(table.Close(handle), ZX_OK);
  EXPECT_EQ(events.zero_handles, 1);
  EXPECT_EQ(events.destroyed, 0);
  EXPECT_EQ(table.Close(handle), ZX_ERR_BAD_HANDLE);
  HandleRef late;
  EXPECT_EQ(table.Lookup(handle, &late), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(first.object()->type(), Thing::kType);
  first.reset();
  EXPECT_EQ(events.destroyed, 0);
  second.reset();
  EXPECT_EQ(events.destroyed, 1);
}

TEST(HandleTable, AReferenceOutlivesPinAndHandle) {
  HandleTable table;
  Events events;
  const zx_handle_t handle = MustInsert(table, MakeRef<Thing>(&events));
  RefPtr<Dispatcher> kept;
  {
    HandleRef ref;
    ASSERT_EQ(table.Lookup(handle, &ref), ZX_OK);
    kept = ref.share();
  }
  EXPECT_EQ(table.Close(handle), ZX_OK);
  EXPECT_EQ(events.zero_handles, 1);
  EXPECT_EQ(events.destroyed, 0);
  kept.reset();
  EXPECT_EQ(events.destroyed, 1);
}

TEST(HandleTable, RefsMove) {
  HandleTable table;
  Events events;
  const zx_handle_t one = MustInsert(table, MakeRef<Thing>(&events));
  const zx_handle_t two = MustInsert(table, MakeRef<Thing>(&events));
  HandleRef ref;
  ASSERT_EQ(table.Lookup(one, &ref), ZX_OK);
  HandleRef moved(std::move(ref));
  EXPECT_FALSE(ref);  // NOLINT: what a move leaves is part of the promise
  ASSERT_TRUE(moved);
  HandleRef other;
  ASSERT_EQ(table.Lookup(two, &other), ZX_OK);
  EXPECT_EQ(table.Close(one), ZX_OK);
  EXPECT_EQ(table.Close(two), ZX_OK);
  EXPECT_EQ(events.destroyed, 0);
  moved = std::move(other);  // drops the pin on `one`
  EXPECT_EQ(events.destroyed, 1);
  EXPECT_FALSE(other);  // NOLINT
  // A failed lookup leaves the ref empty.
  EXPECT_EQ(table.Lookup(one, &moved), ZX_ERR_BAD_HANDLE);
  EXPECT_FALSE(moved);
  EXPECT_EQ(events.destroyed, 2);
}

TEST(HandleTable, AFullTableHasNoMemory) {
  Shows("HANDLE-6");
  HandleTable table(2);
  Events events;
  const zx_handle_t one = MustInsert(table, MakeRef<Thing>());
  const zx_handle_t two = MustInsert(table, MakeRef<Thing>());
  zx_handle_t three = 77;
  EXPECT_EQ(table.Insert(MakeRef<Thing>(&events), kAll, &three), ZX_ERR_NO_MEMORY);
  EXPECT_EQ(three, 77u);
  EXPECT_EQ(events.zero_handles, 1);
  EXPECT_EQ(events.destroyed, 1);
  HandleRef ref;
  ASSERT_EQ(table.Lookup(one, &ref), ZX_OK);
  EXPECT_EQ(table.Duplicate(one, ZX_RIGHT_SAME_RIGHTS, &three), ZX_ERR_NO_MEMORY);
  EXPECT_EQ(ref.object()->handle_count(), 1u);
  EXPECT_EQ(table.live(), 2u);
  // A closed handle's slot is not free as long as it is pinned.
  EXPECT_EQ(table.Close(one), ZX_OK);
  EXPECT_EQ(table.Insert(MakeRef<Thing>(), kAll, &three), ZX_ERR_NO_MEMORY);
  ref.reset();
  three = MustInsert(table, MakeRef<Thing>());
  EXPECT_EQ(table.Close(two), ZX_OK);
  EXPECT_EQ(table.Close(three), ZX_OK);
  EXPECT_EQ(table.live(), 0u);
}

// With n free slots a value returns after n * 4096 allocations, and not before.
TEST(HandleTable, AValueReturnsAfterEveryGenerationOfEveryFreeSlot) {
  Shows("HANDLE-VALUE-4");
  for (const uint32_t free_slots : {1u, 3u}) {
    HandleTable table(free_slots + 2);
    const auto thing = MakeRef<Thing>();
    ASSERT_TRUE(thing);
    thing->AddHandle();
    const zx_handle_t held[] = {MustInsert(table, thing), MustInsert(table, thing)};
    std::set<zx_handle_t> seen;
    zx_handle_t first = ZX_HANDLE_INVALID;
    for (uint32_t i = 0; i < free_slots * 4096; ++i) {
      const zx_handle_t handle = MustInsert(table, thing);
      if (i == 0) first = handle;
      ASSERT_TRUE(seen.insert(handle).second) << i;
      ASSERT_EQ(table.Close(handle), ZX_OK);
    }
    const zx_handle_t again = MustInsert(table, thing);
    EXPECT_EQ(again, first);
    EXPECT_EQ(table.Close(again), ZX_OK);
    for (const zx_handle_t handle : held) EXPECT_EQ(table.Close(handle), ZX_OK);
  }
}

TEST(HandleTable, EveryTableHasItsOwnKey) {
  Shows("HANDLE-VALUE-3");
  // 2^-30 each: three pairs of tables that agree are no accident.
  int equal = 0;
  for (int i = 0; i < 3; ++i) {
    HandleTable one(4);
    HandleTable two(4);
    equal += MustInsert(one, MakeRef<Thing>()) == MustInsert(two, MakeRef<Thing>());
  }
  EXPECT_LT(equal, 3);
}

TEST(HandleTable, DuplicateFollowsTheRights) {
  Shows("HANDLE-1 HANDLE-DUP-1 HANDLE-DUP-2 HANDLE-DUP-3 HANDLE-DUP-6 RIGHTS-1");
  HandleTable table;
  const auto thing = MakeRef<Thing>();
  const zx_rights_t rights = ZX_RIGHT_DUPLICATE | ZX_RIGHT_READ;
  const zx_handle_t handle = MustInsert(table, thing, rights);
  zx_handle_t out = 77;
  EXPECT_EQ(table.Duplicate(ZX_HANDLE_INVALID, rights, &out), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(table.Duplicate(handle, rights | ZX_RIGHT_WRITE, &out), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(table.Duplicate(handle, ZX_RIGHT_SAME_RIGHTS | ZX_RIGHT_READ, &out),
            ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(out, 77u);
  EXPECT_EQ(thing->handle_count(), 1u);

  zx_handle_t same = 0;
  zx_handle_t less = 0;
  zx_handle_t none = 0;
  ASSERT_EQ(table.Duplicate(handle, ZX_RIGHT_SAME_RIGHTS, &same), ZX_OK);
  ASSERT_EQ(table.Duplicate(handle, ZX_RIGHT_READ, &less), ZX_OK);
  ASSERT_EQ(table.Duplicate(handle, ZX_RIGHT_NONE, &none), ZX_OK);
  EXPECT_EQ(thing->handle_count(), 4u);
  HandleRef ref;
  ASSERT_EQ(table.Lookup(same, &ref), ZX_OK);
  EXPECT_EQ(ref.object(), thing.get());
  EXPECT_EQ(ref.rights(), rights);
  ASSERT_EQ(table.Lookup(less, &ref), ZX_OK);
  EXPECT_EQ(ref.rights(), ZX_RIGHT_READ);
  ASSERT_EQ(table.Lookup(none, &ref), ZX_OK);
  EXPECT_EQ(ref.rights(), ZX_RIGHT_NONE);
  // Without DUPLICATE that comes before the question of the subset.
  EXPECT_EQ(table.Duplicate(less, ZX_RIGHT_READ, &out), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(table.Duplicate(less, ZX_RIGHT_WRITE, &out), ZX_ERR_ACCESS_DENIED);
  for (const zx_handle_t each : {handle, same, less, none}) EXPECT_EQ(table.Close(each), ZX_OK);
}

TEST(HandleTable, ReplaceMovesTheObject) {
  Shows("HANDLE-REPLACE-4 HANDLE-REPLACE-5");
  HandleTable table;
  Events events;
  const auto thing = MakeRef<Thing>(&events);
  // No DUPLICATE needed.
  const zx_handle_t handle = MustInsert(table, thing, ZX_RIGHT_READ | ZX_RIGHT_WRITE);
  zx_handle_t out = 77;
  EXPECT_EQ(table.Replace(ZX_HANDLE_INVALID, ZX_RIGHT_READ, &out), ZX_ERR_BAD_HANDLE);
  ASSERT_EQ(table.Replace(handle, ZX_RIGHT_READ, &out), ZX_OK);
  EXPECT_NE(out, handle);
  EXPECT_EQ(table.live(), 1u);
  EXPECT_EQ(thing->handle_count(), 1u);
  EXPECT_EQ(events.zero_handles, 0) << "the object saw a moment without handles";
  HandleRef ref;
  EXPECT_EQ(table.Lookup(handle, &ref), ZX_ERR_BAD_HANDLE);
  ASSERT_EQ(table.Lookup(out, &ref), ZX_OK);
  EXPECT_EQ(ref.object(), thing.get());
  EXPECT_EQ(ref.rights(), ZX_RIGHT_READ);
  zx_handle_t same = 0;
  ASSERT_EQ(table.Replace(out, ZX_RIGHT_SAME_RIGHTS, &same), ZX_OK);
  ASSERT_EQ(table.Lookup(same, &ref), ZX_OK);
  EXPECT_EQ(ref.rights(), ZX_RIGHT_READ);
  EXPECT_EQ(table.Close(same), ZX_OK);
  EXPECT_EQ(events.zero_handles, 1);
}

TEST(HandleTable, ReplaceClosesTheHandleAlsoOnFailure) {
  Shows("HANDLE-REPLACE-2");
  HandleTable table;
  Events events;
  const zx_handle_t handle = MustInsert(table, MakeRef<Thing>(&events), ZX_RIGHT_READ);
  zx_handle_t out = 77;
  EXPECT_EQ(table.Replace(handle, ZX_RIGHT_WRITE, &out), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(out, 77u);
  EXPECT_EQ(table.Close(handle), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(events.zero_handles, 1);
  EXPECT_EQ(events.destroyed, 1);
  EXPECT_EQ(table.live(), 0u);
}

TEST(HandleTable, AReplaceThatComesTooLateGivesItsPlaceBack) {
  Shows("HANDLE-REPLACE-2 HANDLE-1");
  HandleTable table(2);
  for (int i = 0; i < 5; ++i) {
    const zx_handle_t handle = MustInsert(table, MakeRef<Thing>());
    // Somebody is faster.
    const auto close = [&](Dispatcher&, zx_rights_t held, zx_rights_t* rights) {
      *rights = held;
      return table.Close(handle);
    };
    zx_handle_t out = 77;
    EXPECT_EQ(table.Replace(handle, close, &out), ZX_ERR_BAD_HANDLE);
    EXPECT_EQ(out, 77u);
    EXPECT_EQ(table.live(), 0u);
  }
  for (int i = 0; i < 2; ++i) MustInsert(table, MakeRef<Thing>());
}

TEST(HandleTable, ReplaceWorksInAFullTable) {
  Shows("HANDLE-REPLACE-6 HANDLE-1");
  HandleTable table(1);
  Events events;
  const zx_handle_t handle = MustInsert(table, MakeRef<Thing>(&events));
  zx_handle_t out = 0;
  ASSERT_EQ(table.Replace(handle, ZX_RIGHT_READ | ZX_RIGHT_WRITE, &out), ZX_OK);
  EXPECT_NE(out, handle);
  EXPECT_EQ(table.Close(handle), ZX_ERR_BAD_HANDLE);
  // Also while calls on the handle are in progress, which go on with what they have looked up.
  HandleRef ref;
  ASSERT_EQ(table.Lookup(out, &ref), ZX_OK);
  zx_handle_t last = 0;
  ASSERT_EQ(table.Replace(out, ZX_RIGHT_READ, &last), ZX_OK);
  EXPECT_NE(last, out);
  EXPECT_EQ(ref.rights(), ZX_RIGHT_READ | ZX_RIGHT_WRITE);
  EXPECT_FALSE(ref.still_open());
  HandleRef after;
  EXPECT_EQ(table.Lookup(out, &after), ZX_ERR_BAD_HANDLE);
  ASSERT_EQ(table.Lookup(last, &after), ZX_OK);
  EXPECT_EQ(after.rights(), ZX_RIGHT_READ);
  EXPECT_TRUE(after.still_open());
  EXPECT_EQ(after.object(), ref.object());
  EXPECT_EQ(table.live(), 1u);
  EXPECT_EQ(events.cancelled, (std::vector<zx_handle_t>{handle, out}));
  EXPECT_EQ(events.zero_handles, 0);
  after.reset();
  ref.reset();
  EXPECT_EQ(events.destroyed, 0);
  EXPECT_EQ(table.Close(last), ZX_OK);
  EXPECT_EQ(events.zero_handles, 1);
  EXPECT_EQ(events.destroyed, 1);
  // The place is free.
  EXPECT_EQ(table.Close(MustInsert(table, MakeRef<Thing>())), ZX_OK);
}

TEST(HandleTable, ReplaceInAFullTableClosesTheHandleOnFailure) {
  Shows("HANDLE-REPLACE-2");
  HandleTable table(1);
  Events events;
  const zx_handle_t handle = MustInsert(table, MakeRef<Thing>(&events), ZX_RIGHT_READ);
  zx_handle_t out = 77;
  EXPECT_EQ(table.Replace(handle, ZX_RIGHT_WRITE, &out), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(out, 77u);
  EXPECT_EQ(events.destroyed, 1);
  EXPECT_EQ(table.Close(MustInsert(table, MakeRef<Thing>())), ZX_OK);
}

TEST(HandleTable, ADetachedHandleCounts) {
  HandleTable table;
  Events events;
  const auto thing = MakeRef<Thing>(&events);
  const zx_handle_t handle = MustInsert(table, thing, ZX_RIGHT_READ);
  DetachedHandle detached;
  ASSERT_EQ(table.Detach(handle, &detached), ZX_OK);
  EXPECT_EQ(detached.object(), thing.get());
  EXPECT_EQ(detached.rights(), ZX_RIGHT_READ);
  EXPECT_EQ(table.Close(handle), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(table.live(), 0u);
  EXPECT_EQ(thing->handle_count(), 1u);
  EXPECT_EQ(events.cancelled, std::vector<zx_handle_t>{});
  detached.reset();
  EXPECT_FALSE(detached);
  EXPECT_EQ(events.cancelled, std::vector<zx_handle_t>{handle});
  EXPECT_EQ(events.zero_handles, 1);
  EXPECT_EQ(events.destroyed, 0);
}

TEST(HandleTable, ADetachedHandleIsAttachedUnderANewValue) {
  HandleTable table;
  Events events;
  const zx_handle_t old = MustInsert(table, MakeRef<Thing>(&events), ZX_RIGHT_READ);
  DetachedHandle detached;
  ASSERT_EQ(table.Detach(old, &detached), ZX_OK);
  DetachedHandle moved = std::move(detached);
  moved.set_rights(ZX_RIGHT_WRITE);
  zx_handle_t fresh = ZX_HANDLE_INVALID;
  ASSERT_EQ(table.Attach(std::move(moved), &fresh), ZX_OK);
  EXPECT_NE(fresh, old);
  EXPECT_EQ(events.cancelled, std::vector<zx_handle_t>{old});
  EXPECT_EQ(events.zero_handles, 0);
  HandleRef ref;
  ASSERT_EQ(table.Lookup(fresh, &ref), ZX_OK);
  EXPECT_EQ(ref.rights(), ZX_RIGHT_WRITE);
  EXPECT_TRUE(ref.still_open());
  EXPECT_EQ(table.Close(fresh), ZX_OK);
  EXPECT_FALSE(ref.still_open());
  EXPECT_EQ(events.zero_handles, 1);
  ref.reset();
  EXPECT_EQ(events.destroyed, 1);
}

TEST(HandleTable, AttachingToAFullTableClosesTheHandle) {
  HandleTable table(1);
  Events events;
  DetachedHandle detached;
  ASSERT_EQ(table.Detach(MustInsert(table, MakeRef<Thing>(&events)), &detached), ZX_OK);
  const zx_handle_t other = MustInsert(table, MakeRef<Thing>());
  zx_handle_t out = 77;
  EXPECT_EQ(table.Attach(std::move(detached), &out), ZX_ERR_NO_MEMORY);
  EXPECT_EQ(out, 77u);
  EXPECT_EQ(events.zero_handles, 1);
  EXPECT_EQ(events.destroyed, 1);
  EXPECT_EQ(table.Close(other), ZX_OK);
}

TEST(HandleTable, ClosingAndReplacingEndTheWaitsOfTheHandle) {
  HandleTable table;
  Events events;
  const zx_handle_t first = MustInsert(table, MakeRef<Thing>(&events));
  zx_handle_t second = ZX_HANDLE_INVALID;
  ASSERT_EQ(table.Replace(first, ZX_RIGHT_SAME_RIGHTS, &second), ZX_OK);
  ASSERT_EQ(table.Close(second), ZX_OK);
  EXPECT_EQ(events.cancelled, (std::vector<zx_handle_t>{first, second}));
}

TEST(HandleTable, ObjectsMayUseTheTableAsTheyGo) {
  HandleTable table(4);
  const auto inner = MakeRef<Thing>();
  const zx_handle_t inner_handle = MustInsert(table, inner);
  auto outer = MakeRef<Thing>();
  zx_handle_t from_end = 0;
  zx_status_t at_zero = ZX_ERR_INTERNAL;
  outer->at_zero = [&] { at_zero = table.Duplicate(inner_handle, kAll, &from_end); };
  outer->at_end = [&] { EXPECT_EQ(table.Close(inner_handle), ZX_OK); };
  const zx_handle_t handle = MustInsert(table, std::move(outer));
  EXPECT_EQ(table.Close(handle), ZX_OK);
  EXPECT_EQ(at_zero, ZX_OK);
  EXPECT_EQ(inner->handle_count(), 1u);
  EXPECT_EQ(table.Close(from_end), ZX_OK);
}

TEST(HandleTable, AClosingHandleCannotBringItsObjectBack) {
  HandleTable table;
  Events events;
  auto thing = MakeRef<Thing>(&events);
  zx_handle_t handle = 0;
  zx_handle_t out = 77;
  zx_status_t status = ZX_OK;
  thing->at_zero = [&] { status = table.Duplicate(handle, ZX_RIGHT_SAME_RIGHTS, &out); };
  handle = MustInsert(table, std::move(thing));
  EXPECT_EQ(table.Close(handle), ZX_OK);
  EXPECT_EQ(status, ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(out, 77u);
  EXPECT_EQ(events.destroyed, 1);
}

TEST(HandleTable, ClosesWhatIsOpenAtItsEnd) {
  Events events;
  {
    HandleTable table(8);
    const auto thing = MakeRef<Thing>(&events);
    MustInsert(table, thing);
    MustInsert(table, thing);
    const zx_handle_t closed = MustInsert(table, MakeRef<Thing>(&events));
    EXPECT_EQ(table.Close(closed), ZX_OK);
    EXPECT_EQ(events.destroyed, 1);
  }
  EXPECT_EQ(events.zero_handles, 2);
  EXPECT_EQ(events.destroyed, 2);
}

TEST(TypedRef, ChecksTypeBeforeRights) {
  Shows("CALL-1");
  HandleTable table;
  const auto thing = MakeRef<Thing>();
  const zx_handle_t handle = MustInsert(table, thing, ZX_RIGHT_READ);
  TypedRef<Thing> right;
  TypedRef<OtherThing> wrong;
  EXPECT_EQ(right.Lookup(ZX_HANDLE_INVALID, 0, table), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(wrong.Lookup(handle, ZX_RIGHT_WRITE, table), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(wrong.Lookup(handle, ZX_RIGHT_READ, table), ZX_ERR_WRONG_TYPE);
  EXPECT_FALSE(wrong);
  EXPECT_EQ(right.Lookup(handle, ZX_RIGHT_WRITE, table), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(right.Lookup(handle, ZX_RIGHT_READ | ZX_RIGHT_WRITE, table), ZX_ERR_ACCESS_DENIED);
  EXPECT_FALSE(right);
  ASSERT_EQ(right.Lookup(handle, ZX_RIGHT_READ, table), ZX_OK);
  EXPECT_EQ(right.get(), thing.get());
  EXPECT_EQ(right.rights(), ZX_RIGHT_READ);
  EXPECT_EQ(right.share().get(), thing.get());
  EXPECT_EQ(table.Close(handle), ZX_OK);
}

TEST(HandleTableFork, TheChildIsRefusedAndTheParentIsNot) {
  Shows("HANDLE-FORK-1 HANDLE-FORK-2");
  HandleTable table;
  const auto thing = MakeRef<Thing>();
  thing->AddHandle();
  const zx_handle_t handle = MustInsert(table, thing);
  const auto refused = [&] {
    HandleRef ref;
    zx_handle_t out = 77;
    DetachedHandle detached;
    if (table.Lookup(handle, &ref) != ZX_ERR_BAD_STATE) return 1;
    if (table.Lookup(handle ^ 8, &ref) != ZX_ERR_BAD_STATE) return 2;
    if (table.Close(handle) != ZX_ERR_BAD_STATE) return 3;
    if (table.Duplicate(handle, ZX_RIGHT_SAME_RIGHTS, &out) != ZX_ERR_BAD_STATE) return 4;
    if (table.Replace(handle, ZX_RIGHT_SAME_RIGHTS, &out) != ZX_ERR_BAD_STATE) return 5;
    if (table.Detach(handle, &detached) != ZX_ERR_BAD_STATE) return 6;
    if (table.Insert(thing, kAll, &out) != ZX_ERR_BAD_STATE) return 7;
    if (out != 77) return 8;
    if (ref || detached) return 9;
    return 0;
  };
  EXPECT_EQ(InChild(refused), 0);
  EXPECT_EQ(InChild([&] { return InChild(refused); }), 0) << "grandchild";
  EXPECT_EQ(table.live(), 1u);
  HandleRef ref;
  EXPECT_EQ(table.Lookup(handle, &ref), ZX_OK);
  EXPECT_EQ(table.Close(handle), ZX_OK);
}

// A table that the parent never used is simply the child's.
TEST(HandleTableFork, AnUnusedTableIsTheChildsOwn) {
  Shows("HANDLE-FORK-4");
  HandleTable table;
  EXPECT_EQ(InChild([&] {
              HandleRef ref;
              zx_handle_t out = 0;
              if (table.Lookup(3, &ref) != ZX_ERR_BAD_HANDLE) return 1;
              if (table.Insert(MakeRef<Thing>(), kAll, &out) != ZX_OK) return 2;
              return table.Close(out) == ZX_OK ? 0 : 3;
            }),
            0);
  EXPECT_EQ(table.live(), 0u);
}

TEST(ForkGuard, WipesInTheChildOnly) {
  const size_t size = 65536;
  auto* page = static_cast<volatile char*>(
      mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  ASSERT_NE(page, MAP_FAILED);
  page[0] = 1;
  page[size - 1] = 1;
  ASSERT_TRUE(base::WipeOnFork(const_cast<char*>(page), size));
  EXPECT_EQ(InChild([&] { return page[0] + page[size - 1]; }), 0);
  EXPECT_EQ(page[0] + page[size - 1], 2);
  munmap(const_cast<char*>(page), size);
}

TEST(ForkGuard, SaysOnceThatItCannot) {
  // Shared memory cannot be wiped.
  void* page = mmap(nullptr, 65536, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(page, MAP_FAILED);
  // Once per process: in a child, so that this one may be asked again.
  EXPECT_EQ(InChild([&] {
              testing::internal::CaptureStderr();
              if (base::WipeOnFork(page, 65536)) return 1;
              if (base::WipeOnFork(page, 65536)) return 2;
              const std::string said = testing::internal::GetCapturedStderr();
              const size_t first = said.find("MADV_WIPEONFORK");
              if (first == std::string::npos) return 3;
              return said.find("MADV_WIPEONFORK", first + 1) == std::string::npos ? 0 : 4;
            }),
            0);
  munmap(page, 65536);
}

}  // namespace
}  // namespace zircon::handles
