// Waits under load: signals change, handles close and ports die while threads and ports wait.
// Nobody sleeps for ever, no packet is lost or comes twice. Also meant for the thread sanitizer.
// Rows: WAIT, SIGNAL, PORT-CANCEL.

#include <gtest/gtest.h>
#include <zircon/syscalls.h>

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

#include "contract.h"
#include "handles/handle_table.h"
#include "objects/waitable.h"
#include "stress/duel.h"

namespace {

using zircon::Duel;
using zircon::base::RefPtr;
using zircon::handles::HandleRef;
using zircon::handles::HandleTable;
using zircon::objects::Waitable;

constexpr zx_time_t kPast = ZX_TIME_INFINITE_PAST;
constexpr zx_signals_t kSignaled = ZX_EVENT_SIGNALED;

zx_handle_t CreateEvent() {
  zx_handle_t event = ZX_HANDLE_INVALID;
  EXPECT_EQ(zx_event_create(0, &event), ZX_OK);
  return event;
}

zx_handle_t CreatePort() {
  zx_handle_t port = ZX_HANDLE_INVALID;
  EXPECT_EQ(zx_port_create(0, &port), ZX_OK);
  return port;
}

template <typename... Bodies>
void Together(Bodies... bodies) {
  std::vector<std::thread> threads;
  (threads.emplace_back(bodies), ...);
  for (std::thread& thread : threads) thread.join();
}

// Every wait is answered once: by the signal, or by the closing of its handle.
TEST(WaitStress, CloseDuringWait) {
  Shows("WAIT-1 WAIT-ONE-6");
  constexpr int kRounds = 3000;
  for (int round = 0; round < kRounds; ++round) {
    const zx_handle_t event = CreateEvent();
    zx_handle_t waited = ZX_HANDLE_INVALID;
    ASSERT_EQ(zx_handle_duplicate(event, ZX_RIGHT_SAME_RIGHTS, &waited), ZX_OK);
    zx_status_t status = ZX_OK;
    Together([&] { status = zx_object_wait_one(waited, kSignaled, ZX_TIME_INFINITE, nullptr); },
             [&] { EXPECT_EQ(zx_handle_close(waited), ZX_OK); },
             [&] {
               const zx_signals_t set = round % 2 == 0 ? kSignaled : ZX_USER_SIGNAL_0;
               EXPECT_EQ(zx_object_signal(event, 0, set), ZX_OK);
             });
    EXPECT_TRUE(status == ZX_ERR_CANCELED || status == ZX_ERR_BAD_HANDLE ||
                (status == ZX_OK && round % 2 == 0))
        << status;
    zx_handle_close(event);
  }
}

// Two threads hand a token to and fro by two bits of one event: a lost wake-up stops them.
TEST(WaitStress, NoWakeUpIsLost) {
  Shows("WAIT-ONE-5 SIGNAL-2");
  constexpr int kTurns = 20'000;
  const zx_handle_t event = CreateEvent();
  const auto play = [&](zx_signals_t mine, zx_signals_t theirs) {
    for (int turn = 0; turn < kTurns; ++turn) {
      zx_signals_t observed = 0;
      ASSERT_EQ(zx_object_wait_one(event, mine, ZX_TIME_INFINITE, &observed), ZX_OK);
      ASSERT_EQ(observed & (mine | theirs), mine);  // never both, never neither
      ASSERT_EQ(zx_object_signal(event, mine, theirs), ZX_OK);
    }
  };
  ASSERT_EQ(zx_object_signal(event, 0, ZX_USER_SIGNAL_0), ZX_OK);
  Together([&] { play(ZX_USER_SIGNAL_0, ZX_USER_SIGNAL_1); },
           [&] { play(ZX_USER_SIGNAL_1, ZX_USER_SIGNAL_0); });
  zx_handle_close(event);
}

TEST(WaitStress, ManyItemsAndManySignallers) {
  Shows("WAIT-MANY-6");
  constexpr size_t kEvents = 8;
  constexpr int kSignals = 4000;
  std::vector<zx_wait_item_t> items;
  for (size_t i = 0; i < kEvents; ++i) items.push_back({CreateEvent(), kSignaled, 0});
  // Each signaller waits until its signal was taken; the taker counts and clears.
  std::vector<std::atomic<int>> taken(kEvents);
  const auto signal = [&](size_t first) {
    for (int count = 0; count < kSignals; ++count) {
      for (size_t i = first; i < kEvents; i += 2) {
        ASSERT_EQ(zx_object_signal(items[i].handle, ZX_USER_SIGNAL_0, kSignaled), ZX_OK);
      }
      for (size_t i = first; i < kEvents; i += 2) {
        ASSERT_EQ(zx_object_wait_one(items[i].handle, ZX_USER_SIGNAL_0, ZX_TIME_INFINITE, nullptr),
                  ZX_OK);
      }
    }
  };
  const auto take = [&] {
    std::vector<zx_wait_item_t> copy = items;
    for (int left = kSignals * static_cast<int>(kEvents); left != 0;) {
      ASSERT_EQ(zx_object_wait_many(copy.data(), copy.size(), ZX_TIME_INFINITE), ZX_OK);
      for (size_t i = 0; i < kEvents; ++i) {
        if ((copy[i].pending & kSignaled) == 0) continue;
        ++taken[i];
        --left;
        ASSERT_EQ(zx_object_signal(items[i].handle, kSignaled, ZX_USER_SIGNAL_0), ZX_OK);
      }
    }
  };
  Together([&] { signal(0); }, [&] { signal(1); }, take);
  for (size_t i = 0; i < kEvents; ++i) {
    EXPECT_EQ(taken[i], kSignals);
    zx_handle_close(items[i].handle);
  }
}

// A wait gives a packet, or its cancellation is told so: never both, never neither.
TEST(WaitStress, CancelAgainstSignal) {
  Shows("PORT-CANCEL-3 PORT-CANCEL-4");
  constexpr int kRounds = 5000;
  const zx_handle_t port = CreatePort();
  const zx_handle_t event = CreateEvent();
  int both = 0, neither = 0;
  for (int round = 0; round < kRounds; ++round) {
    ASSERT_EQ(zx_object_signal(event, kSignaled, 0), ZX_OK);
    ASSERT_EQ(zx_object_wait_async(event, port, 7, kSignaled, 0), ZX_OK);
    zx_status_t cancelled = ZX_OK;
    zx_status_t waited = ZX_OK;
    Together([&] { cancelled = zx_port_cancel(port, event, 7); },
             [&] {
               EXPECT_EQ(zx_object_signal(event, 0, kSignaled), ZX_OK);
               zx_port_packet_t packet;
               waited = zx_port_wait(port, kPast, &packet);
             });
    both += cancelled == ZX_OK && waited == ZX_OK;
    neither += cancelled != ZX_OK && waited != ZX_OK;
    zx_port_packet_t packet;
    ASSERT_EQ(zx_port_wait(port, kPast, &packet), ZX_ERR_TIMED_OUT);
  }
  EXPECT_EQ(both, 0);
  EXPECT_EQ(neither, 0);
  zx_handle_close(port);
  zx_handle_close(event);
}

// A wait that begins is cancelled by its key, or it is there afterwards: never both, never neither.
TEST(WaitStress, BeginAgainstCancelKey) {
  Shows("PORT-CANCEL-KEY-4 WAIT-ASYNC-5");
  const zx_handle_t port = CreatePort();
  const zx_handle_t event = CreateEvent();
  zx_status_t begun = ZX_OK;
  zx_status_t cancelled = ZX_OK;
  int wrong = 0;
  Duel([] {}, [&] { begun = zx_object_wait_async(event, port, 7, kSignaled, 0); },
       [&] { cancelled = zx_port_cancel_key(port, 0, 7); },
       [&] {
         const bool there = zx_port_cancel(port, event, 7) == ZX_OK;
         wrong += begun != ZX_OK || there == (cancelled == ZX_OK);
         return cancelled == ZX_OK;
       });
  EXPECT_EQ(wrong, 0);
  zx_handle_close(port);
  zx_handle_close(event);
}

// No wait outlives its port, whenever it began.
TEST(WaitStress, BeginAgainstThePortsEnd) {
  Shows("WAIT-ASYNC-12 WAIT-ASYNC-14");
  const zx_handle_t event = CreateEvent();
  HandleRef ref;
  ASSERT_EQ(HandleTable::Process().Lookup(event, &ref), ZX_OK);
  Waitable* const object = Waitable::From(ref.object());
  zx_handle_t port = ZX_HANDLE_INVALID;
  RefPtr<zircon::handles::Dispatcher> dead;
  zx_status_t begun = ZX_OK;
  int wrong = 0;
  int left = 0;
  Duel(
      [&] {
        port = CreatePort();
        HandleRef of_port;
        wrong += HandleTable::Process().Lookup(port, &of_port) != ZX_OK;
        dead = of_port.share();
      },
      [&] { begun = zx_object_wait_async(event, port, 7, kSignaled, 0); },
      [&] { wrong += zx_handle_close(port) != ZX_OK; },
      [&] {
        wrong += begun != ZX_OK && begun != ZX_ERR_BAD_HANDLE;
        left += object->RemoveWaits(event, dead.get(), 7);
        return begun == ZX_OK;
      });
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(left, 0);
  dead.reset();
  ref.reset();
  zx_handle_close(event);
}

// Everything at once. What is counted: handles and packets at the end.
TEST(WaitStress, PortsDieAndHandlesCloseWhileSignalsFly) {
  Shows("WAIT-ASYNC-11 WAIT-ASYNC-12 PORT-CANCEL-KEY-4");
  constexpr int kRounds = 400;
  const uint32_t before = zircon::handles::HandleTable::Process().live();
  for (int round = 0; round < kRounds; ++round) {
    const zx_handle_t event = CreateEvent();
    zx_handle_t copy = ZX_HANDLE_INVALID;
    ASSERT_EQ(zx_handle_duplicate(event, ZX_RIGHT_SAME_RIGHTS, &copy), ZX_OK);
    const zx_handle_t port = CreatePort();
    const zx_handle_t second = CreatePort();
    Together(
        [&] {
          for (uint64_t key = 0; key < 20; ++key) {
            (void)zx_object_wait_async(copy, port, key % 4, kSignaled, key % 4);
            (void)zx_object_wait_async(event, second, key % 4, kSignaled, 0);
          }
        },
        [&] {
          for (int i = 0; i < 20; ++i) {
            ASSERT_EQ(
                zx_object_signal(event, i % 2 == 0 ? 0 : kSignaled, i % 2 == 0 ? kSignaled : 0),
                ZX_OK);
          }
        },
        [&] {
          zx_port_packet_t packet;
          for (int i = 0; i < 10; ++i) {
            (void)zx_port_wait(port, kPast, &packet);
            (void)zx_port_cancel(second, event, static_cast<uint64_t>(i % 4));
            (void)zx_port_cancel_key(port, 0, static_cast<uint64_t>(i % 4));
          }
          EXPECT_EQ(zx_handle_close(round % 2 == 0 ? port : copy), ZX_OK);
        });
    zx_handle_close(round % 2 == 0 ? copy : port);
    zx_handle_close(event);
    zx_handle_close(second);
  }
  EXPECT_EQ(zircon::handles::HandleTable::Process().live(), before);
}

}  // namespace
