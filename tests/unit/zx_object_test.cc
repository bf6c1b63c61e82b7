// What the owners of include/lib/zx have in common. Rows: ZX.

#include <gtest/gtest.h>
#include <lib/zx/bti.h>
#include <lib/zx/channel.h>
#include <lib/zx/clock.h>
#include <lib/zx/counter.h>
#include <lib/zx/debuglog.h>
#include <lib/zx/event.h>
#include <lib/zx/eventpair.h>
#include <lib/zx/exception.h>
#include <lib/zx/guest.h>
#include <lib/zx/handle.h>
#include <lib/zx/iob.h>
#include <lib/zx/iommu.h>
#include <lib/zx/job.h>
#include <lib/zx/msi.h>
#include <lib/zx/object_traits.h>
#include <lib/zx/pager.h>
#include <lib/zx/pmt.h>
#include <lib/zx/port.h>
#include <lib/zx/process.h>
#include <lib/zx/profile.h>
#include <lib/zx/stream.h>
#include <lib/zx/suspend_token.h>
#include <lib/zx/task.h>
#include <lib/zx/thread.h>
#include <lib/zx/vmar.h>
#include <lib/zx/vmo.h>

#include <cstring>
#include <functional>
#include <type_traits>
#include <utility>

#include "contract.h"
#include "handles_in_tests.h"

namespace zircon::test {
namespace {

static_assert(sizeof(zx::vmo) == sizeof(zx_handle_t));
static_assert(!std::is_copy_constructible_v<zx::event> && !std::is_copy_assignable_v<zx::event>);
static_assert(std::is_nothrow_move_constructible_v<zx::event>);
static_assert(std::is_nothrow_move_assignable_v<zx::event>);
static_assert(std::is_nothrow_move_constructible_v<zx::unowned_event>);
static_assert(std::is_final_v<zx::guest> && std::is_final_v<zx::unowned_guest>);
static_assert(!std::is_constructible_v<zx::event, zx::vmo>);
static_assert(!std::is_convertible_v<zx::handle, zx::event>);  // only when it is said
static_assert(std::is_copy_constructible_v<zx::unowned_event>);

zx::event MakeEvent() {
  zx::event event;
  EXPECT_EQ(zx::event::create(0, &event), ZX_OK);
  return event;
}

TEST(ZxObjectTest, AnOwnerClosesItsHandle) {
  Shows("ZX-1");
  const uint32_t live = LiveHandles();
  {
    zx::event event = MakeEvent();
    EXPECT_TRUE(event.is_valid());
    EXPECT_TRUE(event);
    EXPECT_EQ(LiveHandles(), live + 1);
    zx::event moved = std::move(event);
    EXPECT_FALSE(event);  // NOLINT: that is the question
    EXPECT_TRUE(IsOpen(moved.get()));
    const zx_handle_t value = moved.get();
    moved.reset();
    EXPECT_FALSE(IsOpen(value));
    moved = MakeEvent();
    moved = MakeEvent();
    EXPECT_EQ(LiveHandles(), live + 1);
    zx::event& same = moved;
    moved = std::move(same);
    EXPECT_TRUE(IsOpen(moved.get()));
    moved.reset(MakeEvent().release());
    EXPECT_EQ(LiveHandles(), live + 1);
    EXPECT_EQ(zx_event_create(0, moved.reset_and_get_address()), ZX_OK);
    EXPECT_EQ(LiveHandles(), live + 1);
    zx::event other = MakeEvent();
    const zx_handle_t first = moved.get();
    moved.swap(other);
    EXPECT_EQ(other.get(), first);
    const zx_handle_t released = other.release();
    EXPECT_FALSE(other);
    EXPECT_TRUE(IsOpen(released));
    zx_handle_close(released);
  }
  EXPECT_EQ(LiveHandles(), live);
}

TEST(ZxObjectTest, UnownedClosesNothing) {
  Shows("ZX-2");
  const zx::event event = MakeEvent();
  {
    zx::unowned_event unowned = event.borrow();
    zx::unowned_event copy = unowned;
    copy = unowned;
    zx::unowned_event from_owner(event);
    EXPECT_EQ(copy->get(), event.get());
    EXPECT_EQ((*from_owner).get(), event.get());
    EXPECT_EQ(unowned->signal(0, ZX_EVENT_SIGNALED), ZX_OK);
    zx::unowned_event none;
    EXPECT_FALSE(none);
    none = copy;
    EXPECT_TRUE(none.is_valid());
  }
  EXPECT_TRUE(IsOpen(event.get()));
  const uint32_t live = LiveHandles();
  EXPECT_EQ(zx::vmar::root_self().get(), zx_vmar_root_self());
  EXPECT_EQ(zx::process::self()->get(), zx_process_self());
  EXPECT_EQ(zx::thread::self()->get(), zx_thread_self());
  EXPECT_TRUE(IsOpen(zx_vmar_root_self()) && IsOpen(zx_process_self()) && IsOpen(zx_thread_self()));
  EXPECT_GE(LiveHandles(), live);
}

TEST(ZxObjectTest, AnUnownedThatHasBeenMovedFromHoldsNothing) {
  Shows("ZX-2");
  const zx::event event = MakeEvent();
  zx::unowned_event first = event.borrow();
  zx::unowned_event second = std::move(first);
  EXPECT_FALSE(first.is_valid());  // NOLINT: that is the question
  EXPECT_EQ(second.get(), event.get());
  zx::unowned_event third;
  third = std::move(second);
  EXPECT_FALSE(second);  // NOLINT: that is the question
  EXPECT_EQ(third, event);
  zx::unowned_event& same = third;
  third = std::move(same);
  EXPECT_EQ(third, event);
  EXPECT_TRUE(IsOpen(event.get()));
}

TEST(ZxObjectTest, WhatAllHave) {
  Shows("ZX-3");
  zx::event event = MakeEvent();
  zx::event copy;
  EXPECT_EQ(event.duplicate(ZX_RIGHT_WAIT, &copy), ZX_OK);
  EXPECT_EQ(Basic(copy.get()).rights, ZX_RIGHT_WAIT);
  EXPECT_EQ(event.duplicate(ZX_RIGHT_READ, &copy), ZX_ERR_INVALID_ARGS);
  EXPECT_FALSE(copy);
  zx::object<zx::event>* const base = &copy;
  EXPECT_EQ(event.duplicate(ZX_RIGHT_SAME_RIGHTS, base), ZX_OK);
  EXPECT_EQ(copy.duplicate(ZX_RIGHT_SAME_RIGHTS, &copy), ZX_OK);
  EXPECT_TRUE(copy);
  EXPECT_EQ(event.replace(ZX_RIGHT_WAIT | ZX_RIGHT_SIGNAL, &event), ZX_OK);
  EXPECT_EQ(Basic(event.get()).rights, ZX_RIGHT_WAIT | ZX_RIGHT_SIGNAL);
  zx_signals_t pending = 0;
  EXPECT_EQ(event.wait_one(ZX_EVENT_SIGNALED, zx::time::infinite_past(), &pending),
            ZX_ERR_TIMED_OUT);
  zx::port port;
  ASSERT_EQ(zx::port::create(0, &port), ZX_OK);
  EXPECT_EQ(event.wait_async(port, 7, ZX_EVENT_SIGNALED, 0), ZX_OK);
  const zx::object_base& source = event;
  EXPECT_EQ(port.cancel(source, 7), ZX_OK);
  EXPECT_EQ(event.wait_async(port, 8, ZX_EVENT_SIGNALED, 0), ZX_OK);
  EXPECT_EQ(port.cancel_key(0, 8), ZX_OK);
  EXPECT_EQ(event.wait_async(port, 9, ZX_EVENT_SIGNALED, 0), ZX_OK);
  EXPECT_EQ(event.signal(0, ZX_EVENT_SIGNALED), ZX_OK);
  zx_wait_item_t items[] = {{event.get(), ZX_EVENT_SIGNALED, 0}, {copy.get(), 0, 0}};
  EXPECT_EQ(zx::event::wait_many(items, 2, zx::time()), ZX_OK);
  EXPECT_EQ(items[0].pending, ZX_EVENT_SIGNALED);
  EXPECT_EQ(zx::handle::wait_many(items + 1, 1, zx::time()), ZX_ERR_TIMED_OUT);
  zx_port_packet_t packet{};
  EXPECT_EQ(port.wait(zx::time(), &packet), ZX_OK);
  EXPECT_EQ(packet.key, 9u);
  EXPECT_EQ(port.queue(&packet), ZX_OK);
  EXPECT_EQ(port.wait(zx::time(), &packet), ZX_OK);
  char name[ZX_MAX_NAME_LEN];
  EXPECT_EQ(zx::process::self()->get_property(ZX_PROP_NAME, name, sizeof(name)), ZX_OK);
  EXPECT_EQ(zx::process::self()->set_property(ZX_PROP_NAME, name, std::strlen(name)), ZX_OK);
  zx_info_handle_basic_t info{};
  EXPECT_EQ(port.get_info(ZX_INFO_HANDLE_BASIC, &info, sizeof(info), nullptr, nullptr), ZX_OK);
  EXPECT_EQ(info.type, ZX_OBJ_TYPE_PORT);
}

// Each of six operators between `a` and `b`, of which the first has the lower value.
template <typename A, typename B>
void ExpectLess(const A& a, const B& b) {
  EXPECT_TRUE(a < b && a <= b && a != b && b > a && b >= a && b != a);
  EXPECT_FALSE(a > b || a >= b || a == b || b < a || b <= a || b == a);
}
template <typename A, typename B>
void ExpectSame(const A& a, const B& b) {
  EXPECT_TRUE(a == b && a <= b && a >= b && b == a && b <= a && b >= a);
  EXPECT_FALSE(a != b || a < b || a > b || b != a || b < a || b > a);
}

TEST(ZxObjectTest, ComparedByValue) {
  Shows("ZX-7");
  zx::event low = MakeEvent();
  zx::event high = MakeEvent();
  if (high < low) low.swap(high);
  ExpectLess(low, high);
  ExpectLess(low, high.get());
  ExpectLess(low, high.borrow());
  ExpectLess(low.borrow(), high.borrow());
  ExpectLess(low.borrow(), high.get());
  ExpectSame(low, low.get());
  ExpectSame(low, low.borrow());
  ExpectSame(low.borrow(), low.get());
  EXPECT_TRUE(zx::event() == ZX_HANDLE_INVALID && low != ZX_HANDLE_INVALID);
  zx::handle any_low(std::move(low));
  zx::handle any_high(std::move(high));
  ExpectLess(any_low, any_high);
  ExpectLess(any_low.borrow(), any_high);
}

TEST(ZxObjectTest, AHandleToAnyKind) {
  Shows("ZX-8");
  const uint32_t live = LiveHandles();
  {
    static_assert(std::is_same_v<zx::handle, zx::object<void>>);
    zx::event event = MakeEvent();
    const zx_handle_t value = event.get();
    zx::handle any = std::move(event);
    EXPECT_FALSE(event);  // NOLINT: that is the question
    EXPECT_EQ(any, value);
    EXPECT_EQ(any.signal(0, ZX_EVENT_SIGNALED), ZX_OK);
    EXPECT_EQ(any.borrow()->wait_one(ZX_EVENT_SIGNALED, zx::time(), nullptr), ZX_OK);
    EXPECT_EQ(any.signal_peer(0, ZX_USER_SIGNAL_0), ZX_ERR_ACCESS_DENIED);
    zx::handle copy;
    EXPECT_EQ(any.duplicate(ZX_RIGHT_SAME_RIGHTS, &copy), ZX_OK);
    copy = MakeEvent();
    zx::event back(std::move(any));
    EXPECT_FALSE(any);  // NOLINT: that is the question
    EXPECT_EQ(back, value);
    // What it is, is not looked at.
    zx::vmo wrong(std::move(copy));
    uint64_t size = 0;
    EXPECT_EQ(wrong.get_size(&size), ZX_ERR_WRONG_TYPE);
  }
  EXPECT_EQ(LiveHandles(), live);
}

template <typename T, typename = void>
constexpr bool kHasPeers = false;
template <typename T>
constexpr bool kHasPeers<T, std::enable_if_t<zx::object_traits<T>::has_peer_handle>> = true;

TEST(ZxObjectTest, Traits) {
  Shows("ZX-9");
  static_assert(kHasPeers<zx::channel> && kHasPeers<zx::eventpair> && !kHasPeers<zx::event>);
  static_assert(!zx::object_traits<zx::channel>::supports_duplication);
  static_assert(!zx::object_traits<zx::port>::supports_wait);
  static_assert(!zx::object_traits<zx::vmar>::supports_user_signal);
  static_assert(zx::object_traits<zx::thread>::supports_set_profile);
  static_assert(zx::object_traits<zx::process>::supports_get_child);
  EXPECT_EQ(Basic(MakeEvent().get()).type, zx::event::TYPE);
  EXPECT_EQ(Basic(zx_thread_self()).type, zx::thread::TYPE);
  EXPECT_EQ(Basic(zx_process_self()).type, zx::process::TYPE);
  EXPECT_EQ(Basic(zx_vmar_root_self()).type, zx::vmar::TYPE);
}

// Owns what it is given, whatever it is.
template <typename T>
void ExpectOwner() {
  const uint32_t live = LiveHandles();
  {
    zx::event event = MakeEvent();
    T owner(event.release());
    T moved(std::move(owner));
    EXPECT_FALSE(owner);  // NOLINT: that is the question
    EXPECT_NE(moved, T());
    zx::handle any(std::move(moved));
    T again(std::move(any));
    zx::unowned<T> unowned(again);
    EXPECT_EQ(unowned, again);
    EXPECT_EQ(LiveHandles(), live + 1);
  }
  EXPECT_EQ(LiveHandles(), live);
}

TEST(ZxObjectTest, OwnersOfWhatIsNotToBeHad) {
  Shows("ZX-11");
  ExpectOwner<zx::bti>();
  ExpectOwner<zx::clock>();
  ExpectOwner<zx::counter>();
  ExpectOwner<zx::debuglog>();
  ExpectOwner<zx::exception>();
  ExpectOwner<zx::iob>();
  ExpectOwner<zx::iommu>();
  ExpectOwner<zx::job>();
  ExpectOwner<zx::msi>();
  ExpectOwner<zx::pager>();
  ExpectOwner<zx::pmt>();
  ExpectOwner<zx::profile>();
  ExpectOwner<zx::stream>();
  ExpectOwner<zx::suspend_token>();
  static_assert(std::is_base_of_v<zx::task<zx::job>, zx::job>);
}

}  // namespace
}  // namespace zircon::test
