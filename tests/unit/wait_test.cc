// Threads that wait for signals. Rows: WAIT, WAIT-ONE, WAIT-MANY.

#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>
#include <zircon/syscalls.h>

#include <array>
#include <atomic>
#include <csignal>
#include <filesystem>
#include <iterator>
#include <new>
#include <thread>
#include <vector>

#include "contract.h"
#include "handles/handle_table.h"
#include "sleeping_thread.h"

// Bound to the plain name by the headers under ZX_API_2018.
extern "C" zx_status_t zx_object_wait_many_2018(zx_wait_item_t* items, size_t num_items,
                                                zx_time_t deadline);

namespace {

constexpr zx_time_t kPast = ZX_TIME_INFINITE_PAST;
constexpr zx_signals_t kSignaled = ZX_EVENT_SIGNALED;

zx_handle_t CreateEvent() {
  zx_handle_t event = ZX_HANDLE_INVALID;
  EXPECT_EQ(zx_event_create(0, &event), ZX_OK);
  return event;
}

zx_handle_t Duplicate(zx_handle_t handle, zx_rights_t rights = ZX_RIGHT_SAME_RIGHTS) {
  zx_handle_t copy = ZX_HANDLE_INVALID;
  EXPECT_EQ(zx_handle_duplicate(handle, rights, &copy), ZX_OK);
  return copy;
}

void Signal(zx_handle_t event, zx_signals_t set = kSignaled) {
  EXPECT_EQ(zx_object_signal(event, 0, set), ZX_OK);
}

class WaitTest : public testing::Test {
 protected:
  void SetUp() override {
    event_ = CreateEvent();
    other_ = CreateEvent();
  }
  void TearDown() override {
    zx_handle_close(event_);
    zx_handle_close(other_);
  }
  zx_handle_t event_;
  zx_handle_t other_;
};

TEST_F(WaitTest, OneThatIsSatisfiedDoesNotLookAtTheDeadline) {
  Shows("WAIT-ONE-4 WAIT-ONE-9");
  Signal(event_, kSignaled | ZX_USER_SIGNAL_5);
  zx_signals_t observed = 0;
  for (const zx_time_t deadline : {kPast, zx_time_t{0}, zx_time_t{1}, ZX_TIME_INFINITE}) {
    EXPECT_EQ(zx_object_wait_one(event_, kSignaled | 1, deadline, &observed), ZX_OK);
    EXPECT_EQ(observed, kSignaled | ZX_USER_SIGNAL_5);
  }
  EXPECT_EQ(zx_object_wait_one(event_, kSignaled, kPast, nullptr), ZX_OK);
}

TEST_F(WaitTest, OneThatIsNotTimesOut) {
  Shows("WAIT-ONE-7 WAIT-ONE-9 WAIT-ONE-10");
  Signal(event_, ZX_USER_SIGNAL_1);
  zx_signals_t observed = 0;
  for (const zx_signals_t signals : {kSignaled, zx_signals_t{0}}) {
    for (const zx_time_t deadline : {kPast, zx_time_t{0}, zx_deadline_after(ZX_MSEC(5))}) {
      EXPECT_EQ(zx_object_wait_one(event_, signals, deadline, &observed), ZX_ERR_TIMED_OUT);
      EXPECT_EQ(observed, ZX_USER_SIGNAL_1);
      EXPECT_GE(zx_clock_get_monotonic(), deadline);
    }
  }
  EXPECT_EQ(zx_object_wait_one(event_, kSignaled, kPast, nullptr), ZX_ERR_TIMED_OUT);
}

TEST_F(WaitTest, OneIsWokenBySignals) {
  Shows("WAIT-ONE-5 WAIT-ONE-9");
  zx_signals_t observed = 0;
  SleepingThread waiter([&] {
    EXPECT_EQ(zx_object_wait_one(event_, kSignaled, ZX_TIME_INFINITE, &observed), ZX_OK);
  });
  ASSERT_TRUE(waiter.AwaitSleep());
  Signal(event_, ZX_USER_SIGNAL_0);  // not what it waits for
  ASSERT_TRUE(waiter.AwaitSleep());
  Signal(event_);
  // It has seen the signal, although that is gone before it runs.
  EXPECT_EQ(zx_object_signal(event_, kSignaled | ZX_USER_SIGNAL_0, 0), ZX_OK);
  waiter.Join();
  EXPECT_EQ(observed, kSignaled | ZX_USER_SIGNAL_0);
}

TEST_F(WaitTest, ClosingTheHandleCancels) {
  Shows("WAIT-1 WAIT-ONE-6 WAIT-ONE-9");
  const zx_handle_t waited = Duplicate(event_);
  zx_signals_t observed = 0;
  SleepingThread waiter([&] {
    EXPECT_EQ(zx_object_wait_one(waited, kSignaled, ZX_TIME_INFINITE, &observed), ZX_ERR_CANCELED);
  });
  ASSERT_TRUE(waiter.AwaitSleep());
  Signal(event_, ZX_USER_SIGNAL_2);
  const zx_handle_t third = Duplicate(event_);
  zx_handle_close(third);  // another handle of the same object does not matter
  ASSERT_TRUE(waiter.AwaitSleep());
  EXPECT_EQ(zx_handle_close(waited), ZX_OK);
  waiter.Join();
  EXPECT_EQ(observed, ZX_USER_SIGNAL_2 | ZX_SIGNAL_HANDLE_CLOSED);
}

TEST_F(WaitTest, ReplacingTheHandleCancels) {
  Shows("WAIT-1 WAIT-ONE-6");
  const zx_handle_t waited = Duplicate(event_);
  SleepingThread waiter([&] {
    EXPECT_EQ(zx_object_wait_one(waited, kSignaled, ZX_TIME_INFINITE, nullptr), ZX_ERR_CANCELED);
  });
  ASSERT_TRUE(waiter.AwaitSleep());
  zx_handle_t replacement = ZX_HANDLE_INVALID;
  EXPECT_EQ(zx_handle_replace(waited, ZX_RIGHT_SAME_RIGHTS, &replacement), ZX_OK);
  waiter.Join();
  zx_handle_close(replacement);
}

TEST_F(WaitTest, OneChecksInOrder) {
  Shows("WAIT-ONE-1 WAIT-ONE-2 WAIT-ONE-3 RIGHTS-26");
  zx_signals_t observed = 7;
  EXPECT_EQ(zx_object_wait_one(ZX_HANDLE_INVALID, 0, kPast, &observed), ZX_ERR_BAD_HANDLE);
  const zx_handle_t without = Duplicate(event_, 0xD003u & ~ZX_RIGHT_WAIT);
  EXPECT_EQ(zx_object_wait_one(without, 0, kPast, &observed), ZX_ERR_ACCESS_DENIED);
  const zx_handle_t alone = Duplicate(event_, ZX_RIGHT_WAIT);
  EXPECT_EQ(zx_object_wait_one(alone, 0, kPast, nullptr), ZX_ERR_TIMED_OUT);
  zx_handle_close(without);
  zx_handle_close(alone);

  zx_handle_t port = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_port_create(0, &port), ZX_OK);
  EXPECT_EQ(zx_object_wait_one(port, 0, kPast, &observed), ZX_ERR_ACCESS_DENIED);
  auto& table = zircon::handles::HandleTable::Process();
  zircon::handles::HandleRef ref;
  ASSERT_EQ(table.Lookup(port, &ref), ZX_OK);
  zx_handle_t waitable = ZX_HANDLE_INVALID;
  ASSERT_EQ(table.Insert(ref.share(), ZX_RIGHT_WAIT, &waitable), ZX_OK);
  EXPECT_EQ(zx_object_wait_one(waitable, 0, kPast, &observed), ZX_ERR_NOT_SUPPORTED);
  zx_handle_close(waitable);
  zx_handle_close(port);
  EXPECT_EQ(observed, 7u);
}

TEST_F(WaitTest, OneWithAWildObserved) {
  Shows("WAIT-ONE-8");
  auto* const wild = reinterpret_cast<zx_signals_t*>(16);
  EXPECT_EQ(zx_object_wait_one(event_, 0, kPast, wild), ZX_ERR_INVALID_ARGS);
  Signal(event_);
  EXPECT_EQ(zx_object_wait_one(event_, kSignaled, kPast, wild), ZX_ERR_INVALID_ARGS);
}

TEST_F(WaitTest, AWaitingThreadKeepsNoPlaceInTheTable) {
  Shows("WAIT-2 HANDLE-8");
  const zx_handle_t waited = CreateEvent();
  zircon::handles::HandleRef ref;
  SleepingThread waiter([&] {
    EXPECT_EQ(zx_object_wait_one(waited, kSignaled, ZX_TIME_INFINITE, nullptr), ZX_ERR_CANCELED);
  });
  ASSERT_TRUE(waiter.AwaitSleep());
  ASSERT_EQ(zircon::handles::HandleTable::Process().Lookup(waited, &ref), ZX_OK);
  const auto object = ref.share();
  ref.reset();
  EXPECT_EQ(object->handle_count(), 1u);
  EXPECT_EQ(zx_handle_close(waited), ZX_OK);
  waiter.Join();
  EXPECT_EQ(object->handle_count(), 0u);
}

size_t CountThreads() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return static_cast<size_t>(std::distance(begin(tasks), end(tasks)));
}

// How often this thread has given up the processor by itself.
long Sleeps() {
  rusage usage;
  EXPECT_EQ(getrusage(RUSAGE_THREAD, &usage), 0);
  return usage.ru_nvcsw;
}

TEST_F(WaitTest, WaitingTakesNoThreadAndNoPolling) {
  Shows("WAIT-3");
  zx_handle_t port = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_port_create(0, &port), ZX_OK);
  // The first thread brings along what a sanitizer runs beside the program.
  std::thread([] {}).join();
  const size_t threads = CountThreads();
  for (uint64_t key = 0; key < 1000; ++key) {
    ASSERT_EQ(zx_object_wait_async(event_, port, key, kSignaled, 0), ZX_OK);
  }
  // A thread of an earlier test may still be on its way out.
  EXPECT_LE(CountThreads(), threads);
  long sleeps = 0;
  SleepingThread waiter([&] {
    const long before = Sleeps();
    EXPECT_EQ(zx_object_wait_one(event_, kSignaled, zx_deadline_after(ZX_SEC(60)), nullptr), ZX_OK);
    sleeps = Sleeps() - before;
  });
  ASSERT_TRUE(waiter.AwaitSleep());
  EXPECT_LE(CountThreads(), threads + 1);
  usleep(100'000);
  Signal(event_);
  waiter.Join();
  // Once to wait; more only where it met a lock.
  EXPECT_LE(sleeps, 3);
  zx_handle_close(port);
}

std::atomic<int> g_handled{0};

TEST_F(WaitTest, ASignalOfTheHostDoesNotEndTheWait) {
  Shows("WAIT-4");
  struct sigaction action {};
  struct sigaction before {};
  action.sa_handler = [](int) { g_handled.fetch_add(1); };  // without SA_RESTART
  ASSERT_EQ(sigaction(SIGUSR1, &action, &before), 0);
  SleepingThread waiter([&] {
    EXPECT_EQ(zx_object_wait_one(event_, kSignaled, zx_deadline_after(ZX_SEC(60)), nullptr), ZX_OK);
  });
  ASSERT_TRUE(waiter.AwaitSleep());
  for (int i = 0; i < 10; ++i) {
    const int handled = g_handled;
    pthread_kill(waiter.native(), SIGUSR1);
    while (g_handled == handled) usleep(100);
  }
  ASSERT_TRUE(waiter.AwaitSleep());
  Signal(event_);
  waiter.Join();
  sigaction(SIGUSR1, &before, nullptr);
}

// ---- zx_object_wait_many ----

TEST_F(WaitTest, ManyChecksTheCountFirst) {
  Shows("WAIT-MANY-1 WAIT-MANY-3");
  std::vector<zx_wait_item_t> items(65, {event_, 0, 0xBAD});
  EXPECT_EQ(zx_object_wait_many(nullptr, 65, kPast), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(zx_object_wait_many(items.data(), 65, kPast), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(zx_object_wait_many(items.data(), SIZE_MAX, kPast), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(zx_object_wait_many(items.data(), 64, kPast), ZX_ERR_TIMED_OUT);
  EXPECT_EQ(zx_object_wait_many(nullptr, 1, kPast), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(zx_object_wait_many(reinterpret_cast<zx_wait_item_t*>(16), 1, kPast),
            ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(items[63].pending, 0u);
  EXPECT_EQ(items[64].pending, 0xBADu);
}

TEST_F(WaitTest, ManyOf2018TakesSixteen) {
  Shows("GEN-10");
  std::vector<zx_wait_item_t> items(17, {event_, 0, 0});
  EXPECT_EQ(zx_object_wait_many_2018(items.data(), 17, kPast), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(zx_object_wait_many_2018(items.data(), 16, kPast), ZX_ERR_TIMED_OUT);
}

TEST_F(WaitTest, ManyOfNoneSleeps) {
  Shows("WAIT-MANY-2");
  EXPECT_EQ(zx_object_wait_many(nullptr, 0, kPast), ZX_ERR_TIMED_OUT);
  const zx_time_t deadline = zx_deadline_after(ZX_MSEC(5));
  EXPECT_EQ(zx_object_wait_many(nullptr, 0, deadline), ZX_ERR_TIMED_OUT);
  EXPECT_GE(zx_clock_get_monotonic(), deadline);
}

TEST_F(WaitTest, ManyWhoseItemsCannotBeWritten) {
  Shows("WAIT-MANY-8");
  void* const page =
      mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(page, MAP_FAILED);
  auto* const items = new (page) zx_wait_item_t[2]{{event_, 0, 0}, {other_, kSignaled, 0}};
  ASSERT_EQ(mprotect(page, 4096, PROT_READ), 0);
  EXPECT_EQ(zx_object_wait_many(items, 2, kPast), ZX_ERR_INVALID_ARGS);
  Signal(other_);
  EXPECT_EQ(zx_object_wait_many(items, 2, kPast), ZX_ERR_INVALID_ARGS);
  munmap(page, 4096);
}

TEST_F(WaitTest, ManyGivesTheFirstError) {
  Shows("WAIT-MANY-4 WAIT-MANY-9 RIGHTS-26");
  const zx_handle_t without = Duplicate(event_, 0xD003u & ~ZX_RIGHT_WAIT);
  Signal(event_);
  zx_wait_item_t items[] = {{event_, kSignaled, 1}, {without, 0, 2}, {0, 0, 3}};
  EXPECT_EQ(zx_object_wait_many(items, 3, ZX_TIME_INFINITE), ZX_ERR_ACCESS_DENIED);
  std::swap(items[1], items[2]);
  EXPECT_EQ(zx_object_wait_many(items, 3, ZX_TIME_INFINITE), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(items[0].pending, 1u);
  EXPECT_EQ(items[1].pending, 3u);
  EXPECT_EQ(items[2].pending, 2u);
  zx_handle_close(without);
}

TEST_F(WaitTest, ManyTellsOfEachItem) {
  Shows("WAIT-MANY-6 WAIT-MANY-7 WAIT-MANY-9 WAIT-MANY-10");
  Signal(event_, ZX_USER_SIGNAL_0);
  Signal(other_, ZX_USER_SIGNAL_1);
  zx_wait_item_t items[] = {{event_, kSignaled, 0}, {other_, kSignaled, 0}, {event_, 1, 0}};
  EXPECT_EQ(zx_object_wait_many(items, 3, zx_deadline_after(ZX_MSEC(2))), ZX_ERR_TIMED_OUT);
  EXPECT_EQ(items[0].pending, ZX_USER_SIGNAL_0);
  EXPECT_EQ(items[1].pending, ZX_USER_SIGNAL_1);
  EXPECT_EQ(items[2].pending, ZX_USER_SIGNAL_0);
  Signal(other_);
  EXPECT_EQ(zx_object_wait_many(items, 3, kPast), ZX_OK);
  EXPECT_EQ(items[0].pending, ZX_USER_SIGNAL_0);
  EXPECT_EQ(items[1].pending, kSignaled | ZX_USER_SIGNAL_1);
}

TEST_F(WaitTest, ManyIsWokenByAnyItem) {
  Shows("WAIT-MANY-6");
  for (const bool first : {true, false}) {
    zx_wait_item_t items[] = {{event_, kSignaled, 0}, {other_, kSignaled, 0}};
    SleepingThread waiter(
        [&] { EXPECT_EQ(zx_object_wait_many(items, 2, ZX_TIME_INFINITE), ZX_OK); });
    ASSERT_TRUE(waiter.AwaitSleep());
    const zx_handle_t fires = first ? event_ : other_;
    Signal(fires);
    EXPECT_EQ(zx_object_signal(fires, kSignaled, 0), ZX_OK);
    waiter.Join();
    EXPECT_EQ(items[0].pending, first ? kSignaled : 0u);
    EXPECT_EQ(items[1].pending, first ? 0u : kSignaled);
  }
}

TEST_F(WaitTest, ManyIsCancelledByAnyHandle) {
  Shows("WAIT-MANY-5 WAIT-MANY-9");
  const zx_handle_t waited = Duplicate(other_);
  zx_wait_item_t items[] = {{event_, kSignaled, 0}, {waited, kSignaled, 0}};
  SleepingThread waiter(
      [&] { EXPECT_EQ(zx_object_wait_many(items, 2, ZX_TIME_INFINITE), ZX_ERR_CANCELED); });
  ASSERT_TRUE(waiter.AwaitSleep());
  Signal(event_, ZX_USER_SIGNAL_4);
  EXPECT_EQ(zx_handle_close(waited), ZX_OK);
  waiter.Join();
  EXPECT_EQ(items[0].pending, ZX_USER_SIGNAL_4);
  EXPECT_EQ(items[1].pending, ZX_SIGNAL_HANDLE_CLOSED);
}

}  // namespace
