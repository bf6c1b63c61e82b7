// Objects that are used a second time: what the first use has left in them must not show. Rows:
// IRQ, TIMER, CHANNEL-READ, PORT-CANCEL-KEY, VMO-SIZE.

#include <gtest/gtest.h>
#include <zircon/syscalls.h>

#include <functional>
#include <memory>
#include <utility>

#include "base/ref_ptr.h"
#include "channel_fixture.h"
#include "contract.h"
#include "handles_in_tests.h"
#include "objects/size_watcher.h"
#include "objects/vmo_pages.h"
#include "sleeping_thread.h"

namespace zircon::test {
namespace {

// ---- Interrupts ----

class UnboundInterrupt : public testing::TestWithParam<int> {
 protected:
  static constexpr zx_signals_t kUntriggered = ZX_VIRTUAL_INTERRUPT_UNTRIGGERED;

  // Bound, triggered so often that something is remembered, and unbound with its packet queued.
  void SetUp() override {
    ASSERT_EQ(zx_interrupt_create(0, 0, ZX_INTERRUPT_VIRTUAL, &irq_), ZX_OK);
    ASSERT_EQ(zx_port_create(ZX_PORT_BIND_TO_INTERRUPT, &port_), ZX_OK);
    Bind(ZX_INTERRUPT_BIND);
    for (int i = 0; i < GetParam(); ++i) Trigger(i);
    Bind(ZX_INTERRUPT_UNBIND);
  }
  void TearDown() override {
    zx_handle_close(irq_);
    zx_handle_close(port_);
  }
  void Bind(uint32_t options) { ASSERT_EQ(zx_interrupt_bind(irq_, port_, 7, options), ZX_OK); }
  void Trigger(zx_time_t time) { ASSERT_EQ(zx_interrupt_trigger(irq_, 0, time), ZX_OK); }
  // The time of the next packet, or -1.
  zx_time_t Next() {
    zx_port_packet_t packet{};
    return zx_port_wait(port_, kPast, &packet) == ZX_OK ? packet.interrupt.timestamp : -1;
  }

  zx_handle_t irq_ = ZX_HANDLE_INVALID;
  zx_handle_t port_ = ZX_HANDLE_INVALID;
};

TEST_P(UnboundInterrupt, IsBoundAgainAsIfItWereNew) {
  Shows("IRQ-BIND-6 IRQ-3 IRQ-5 IRQ-ACK-3 IRQ-ACK-4");
  Bind(ZX_INTERRUPT_BIND);
  EXPECT_EQ(Next(), -1);
  Trigger(50);
  EXPECT_EQ(Next(), 50);
  EXPECT_EQ(zx_interrupt_ack(irq_), ZX_OK);
  EXPECT_EQ(Signals(irq_), kUntriggered);
  EXPECT_EQ(Next(), -1);
  Trigger(51);
  EXPECT_EQ(Next(), 51);
}

TEST_P(UnboundInterrupt, IsWaitedForAsIfItWereNew) {
  Shows("IRQ-BIND-6 IRQ-2 IRQ-5 IRQ-WAIT-5");
  zx_time_t time = -1;
  SleepingThread waiter([&] { EXPECT_EQ(zx_interrupt_wait(irq_, &time), ZX_OK); });
  EXPECT_TRUE(waiter.AwaitSleep());
  Trigger(60);
  waiter.Join();
  EXPECT_EQ(time, 60);
}

TEST_P(UnboundInterrupt, IsTriggeredBeforeItIsBoundAgain) {
  Shows("IRQ-BIND-6");
  Trigger(70);
  Bind(ZX_INTERRUPT_BIND);
  EXPECT_EQ(Next(), 70);
  EXPECT_EQ(zx_interrupt_ack(irq_), ZX_OK);
  EXPECT_EQ(Next(), -1);
  EXPECT_EQ(Signals(irq_), kUntriggered);
}

INSTANTIATE_TEST_SUITE_P(Triggers, UnboundInterrupt, testing::Values(0, 1, 2, 3));

// ---- Timers ----

zx_info_timer_t TimerInfo(zx_handle_t timer) {
  zx_info_timer_t info{};
  EXPECT_EQ(zx_object_get_info(timer, ZX_INFO_TIMER, &info, sizeof(info), nullptr, nullptr), ZX_OK);
  return info;
}

// Every way in which a timer comes to be not set, each after every other one.
TEST(UsedTimer, TellsNothingOfWhatWasSetBefore) {
  Shows("TIMER-INFO-1 TIMER-SET-3 TIMER-CANCEL-2 TIMER-6");
  zx_handle_t timer = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_timer_create(ZX_TIMER_SLACK_LATE, ZX_CLOCK_MONOTONIC, &timer), ZX_OK);
  const auto set = [&](zx_time_t deadline) {
    EXPECT_EQ(zx_timer_set(timer, deadline, ZX_SEC(3)), ZX_OK);
  };
  const std::function<void()> ends[] = {
      [&] { EXPECT_EQ(zx_timer_cancel(timer), ZX_OK); },
      [&] { set(0); },
      [&] { set(kPast); },
      [&] {
        set(zx_deadline_after(ZX_USEC(100)));
        EXPECT_EQ(zx_object_wait_one(timer, ZX_TIMER_SIGNALED, ZX_TIME_INFINITE, nullptr), ZX_OK);
      },
  };
  for (const auto& first : ends) {
    for (const auto& second : ends) {
      set(ZX_TIME_INFINITE);
      EXPECT_EQ(TimerInfo(timer).deadline, ZX_TIME_INFINITE);
      EXPECT_EQ(TimerInfo(timer).slack, ZX_SEC(3));
      EXPECT_EQ(Signals(timer), 0u);
      first();
      EXPECT_EQ(TimerInfo(timer).deadline, 0);
      EXPECT_EQ(TimerInfo(timer).slack, 0);
      second();
      EXPECT_EQ(TimerInfo(timer).deadline, 0);
      EXPECT_EQ(TimerInfo(timer).slack, 0);
    }
  }
  zx_handle_close(timer);
}

// ---- Ports and channels ----

TEST(UsedPort, HasAllItsRoomAgainHoweverItWasEmptied) {
  Shows("PORT-2 PORT-CANCEL-KEY-4");
  zx_handle_t port = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_port_create(0, &port), ZX_OK);
  zx_port_packet_t packet{};
  packet.key = 5;
  const auto fill = [&] {
    int queued = 0;
    while (zx_port_queue(port, &packet) == ZX_OK) ++queued;
    return queued;
  };
  const int room = fill();
  EXPECT_EQ(zx_port_cancel_key(port, 0, 5), ZX_OK);
  EXPECT_EQ(fill(), room);
  for (int i = 0; i < room; ++i) EXPECT_EQ(zx_port_wait(port, kPast, &packet), ZX_OK);
  EXPECT_EQ(fill(), room);
  zx_handle_close(port);
}

class UsedChannel : public ChannelFixture {};

TEST_F(UsedChannel, CountsWhatIsThereHoweverTheRestHasGone) {
  Shows("GEN-13 CHANNEL-READ-7");
  zx_handle_t port = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_port_create(0, &port), ZX_OK);
  const auto count = [&] {
    EXPECT_EQ(zx_object_wait_async_2018(ends_.b, port, 1, ZX_CHANNEL_READABLE, 0), ZX_OK);
    zx_port_packet_t packet{};
    EXPECT_EQ(zx_port_wait(port, kPast, &packet), ZX_OK);
    return packet.signal.count;
  };
  for (int i = 0; i < 5; ++i) EXPECT_EQ(Write("x"), ZX_OK);
  EXPECT_EQ(count(), 5u);
  EXPECT_EQ(TryRead(), ZX_ERR_BUFFER_TOO_SMALL);
  EXPECT_EQ(count(), 5u);
  EXPECT_EQ(zx_channel_read(ends_.b, ZX_CHANNEL_READ_MAY_DISCARD, nullptr, nullptr, 0, 0, nullptr,
                            nullptr),
            ZX_ERR_BUFFER_TOO_SMALL);
  EXPECT_EQ(count(), 4u);
  Read();
  EXPECT_EQ(count(), 3u);
  zx_handle_close(port);
}

// ---- Pages that guests have been told of ----

// Says when it goes.
class Watcher final : public objects::SizeWatcher {
 public:
  Watcher(bool gone, bool* destroyed) noexcept : gone_(gone), destroyed_(destroyed) {}
  ~Watcher() override { *destroyed_ = true; }
  zx_status_t OnResize(const objects::VmoPages* /*pages*/, uint64_t /*size*/) override {
    return ZX_OK;
  }
  bool gone() const override { return gone_; }

 private:
  const bool gone_;
  bool* const destroyed_;
};

TEST(WatchedPages, KeepNoWatcherLongerThanUntilTheNextComes) {
  base::RefPtr<objects::VmoPages> pages;
  ASSERT_EQ(objects::VmoPages::Create(4096, /*resizable=*/true, &pages), ZX_OK);
  bool first_destroyed = false;
  bool second_destroyed = false;
  bool third_destroyed = false;
  pages->AddWatcher(base::MakeRef<Watcher>(true, &first_destroyed));
  EXPECT_FALSE(first_destroyed);
  pages->AddWatcher(base::MakeRef<Watcher>(false, &second_destroyed));
  EXPECT_TRUE(first_destroyed);
  pages->AddWatcher(base::MakeRef<Watcher>(false, &third_destroyed));
  EXPECT_FALSE(second_destroyed);
  EXPECT_FALSE(third_destroyed);
  pages.reset();
  EXPECT_TRUE(second_destroyed && third_destroyed);
}

// Looks at the pages when it is told of them, as one does that has just come.
class Looker final : public objects::SizeWatcher {
 public:
  zx_status_t OnResize(const objects::VmoPages* pages, uint64_t size) override {
    EXPECT_EQ(pages->size(), size);
    ++told;
    return ZX_OK;
  }
  bool gone() const override { return false; }

  int told = 0;
};

TEST(WatchedPages, HaveTheirNewSizeBeforeAnybodyIsTold) {
  base::RefPtr<objects::VmoPages> pages;
  ASSERT_EQ(objects::VmoPages::Create(4096, /*resizable=*/true, &pages), ZX_OK);
  const auto looker = base::MakeRef<Looker>();
  pages->AddWatcher(looker);
  EXPECT_EQ(pages->Resize(3 * 4096), ZX_OK);
  EXPECT_EQ(pages->Resize(4096), ZX_OK);
  EXPECT_EQ(pages->Resize(0), ZX_OK);
  EXPECT_EQ(pages->Resize(2 * 4096), ZX_OK);
  EXPECT_EQ(looker->told, 4);
}

}  // namespace
}  // namespace zircon::test
