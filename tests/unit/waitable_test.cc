// Waitable, ThreadWait: what the calls can only meet in a race. Rows: WAIT.

#include "objects/waitable.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <zircon/syscalls.h>

#include <atomic>

#include "contract.h"
#include "objects/event.h"
#include "objects/port.h"
#include "objects/port_wait.h"
#include "objects/thread_wait.h"
#include "rights/rights.h"
#include "sleeping_thread.h"

// Bound to the plain names by the headers under ZX_API_2018.
extern "C" zx_status_t zx_port_queue_2018(zx_handle_t handle, const zx_port_packet_t* packet);
extern "C" zx_status_t zx_object_wait_async_2018(zx_handle_t handle, zx_handle_t port, uint64_t key,
                                                 zx_signals_t signals, uint32_t options);

namespace zircon::objects {
namespace {

using base::MakeRef;
using base::RefPtr;
using handles::HandleRef;
using handles::HandleTable;

constexpr zx_time_t kPast = ZX_TIME_INFINITE_PAST;
constexpr zx_signals_t kSignaled = ZX_EVENT_SIGNALED;
constexpr zx_rights_t kAll = 0xD003;

class Waitables : public testing::Test {
 protected:
  zx_handle_t Insert(const RefPtr<Event>& event) {
    zx_handle_t handle = ZX_HANDLE_INVALID;
    EXPECT_EQ(table_.Insert(event, kAll, &handle), ZX_OK);
    return handle;
  }
  HandleRef Lookup(zx_handle_t handle) {
    HandleRef ref;
    EXPECT_EQ(table_.Lookup(handle, &ref), ZX_OK);
    return ref;
  }
  void Close(zx_handle_t handle) { EXPECT_EQ(table_.Close(handle), ZX_OK); }

  HandleTable table_{16};
  const RefPtr<Event> event_ = MakeRef<Event>();
  const RefPtr<Event> other_ = MakeRef<Event>();
};

TEST_F(Waitables, TheHandleIsClosedBetweenLookupAndWait) {
  Shows("WAIT-1 WAIT-ONE-6");
  const zx_handle_t handle = Insert(event_);
  const HandleRef ref = Lookup(handle);
  Close(handle);
  event_->UpdateSignals(0, kSignaled);
  ThreadWait wait;
  wait.Add(event_, ref, handle, kSignaled);
  EXPECT_EQ(wait.Finish(kPast), ZX_ERR_CANCELED);
  EXPECT_EQ(wait.pending(0), kSignaled | ZX_SIGNAL_HANDLE_CLOSED);
}

TEST_F(Waitables, ThePortsHandleIsClosedBetweenLookupAndWait) {
  Shows("WAIT-1 WAIT-ASYNC-11");
  const auto port = MakeRef<Port>(0u);
  port->AddHandle();
  const zx_handle_t handle = Insert(event_);
  const HandleRef ref = Lookup(handle);
  Close(handle);
  event_->UpdateSignals(0, kSignaled);
  EXPECT_EQ(PortWait::Begin(port, 1, ref, handle, kSignaled, {}), ZX_OK);
  zx_port_packet_t packet;
  EXPECT_EQ(port->Wait(kPast, &packet), ZX_ERR_TIMED_OUT);
  EXPECT_FALSE(port->CancelKey(1));
  port->DropHandle();
}

TEST_F(Waitables, APortThatDiedTakesNoWait) {
  Shows("WAIT-ASYNC-12");
  const auto port = MakeRef<Port>(0u);
  port->AddHandle();
  port->DropHandle();
  const zx_handle_t handle = Insert(event_);
  const HandleRef ref = Lookup(handle);
  EXPECT_EQ(PortWait::Begin(port, 1, ref, handle, kSignaled, {}), ZX_ERR_BAD_HANDLE);
  Close(handle);
}

TEST_F(Waitables, APortThatDiesDuringTheCall) {
  Shows("PORT-QUEUE-6 WAIT-ASYNC-14 GEN-56");
  const auto port = MakeRef<Port>(0u);
  zx_handle_t port_handle = ZX_HANDLE_INVALID;
  ASSERT_EQ(HandleTable::Process().Insert(port, rights::kPort, &port_handle), ZX_OK);
  zx_handle_t handle = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_event_create(0, &handle), ZX_OK);
  // As closing does behind the lookup of another thread's call.
  port->DropHandle();
  const zx_port_packet_t packet{};
  EXPECT_EQ(zx_port_queue(port_handle, &packet), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(zx_port_queue_2018(port_handle, &packet), ZX_ERR_BAD_STATE);
  EXPECT_EQ(zx_object_wait_async(handle, port_handle, 1, kSignaled, 0), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(zx_object_wait_async_2018(handle, port_handle, 1, kSignaled, 0), ZX_ERR_BAD_STATE);
  port->AddHandle();
  EXPECT_EQ(zx_handle_close(port_handle), ZX_OK);
  EXPECT_EQ(zx_handle_close(handle), ZX_OK);
}

// Keeps the object busy: nobody comes to its list while this is told of a change.
class Holdup final : public SignalObserver {
 public:
  explicit Holdup(zx_handle_t handle) : SignalObserver(handle, {.active = UINT32_MAX}) {}
  Next OnArrival(zx_signals_t /*active*/) override { return Next::kStay; }
  Next OnChange(zx_signals_t /*before*/, zx_signals_t /*active*/) override {
    entered = true;
    while (!open) sched_yield();
    return Next::kStay;
  }
  void OnHandleGone(zx_signals_t /*active*/) override {}

  std::atomic<bool> entered{false};
  std::atomic<bool> open{false};
};

// A wait is in the lists of its port and of its object, or in neither: whoever cancels it on its
// way there has found it and ended it, or has come too early.
TEST_F(Waitables, AWaitThatBeginsIsCancelledOrIsThere) {
  Shows("PORT-CANCEL-KEY-3 PORT-CANCEL-KEY-4 WAIT-ASYNC-12");
  constexpr int kRounds = 100;
  const zx_handle_t handle = Insert(event_);
  const HandleRef ref = Lookup(handle);
  for (int round = 0; round < kRounds; ++round) {
    const auto port = MakeRef<Port>(0u);
    port->AddHandle();
    Holdup holdup(handle);
    event_->AddObserver(&holdup, ref);
    SleepingThread signaller([&] { event_->UpdateSignals(0, ZX_USER_SIGNAL_0); });
    while (!holdup.entered) sched_yield();
    SleepingThread beginner(
        [&] { EXPECT_EQ(PortWait::Begin(port, 1, ref, handle, kSignaled, {}), ZX_OK); });
    ASSERT_TRUE(beginner.AwaitSleep());
    // Now, so that this may come to the object before the beginner has woken up.
    holdup.open = true;
    const bool cancelled = port->CancelKey(1);
    beginner.Join();
    signaller.Join();
    EXPECT_NE(event_->RemoveWaits(handle, port.get(), 1), cancelled);
    event_->RemoveObserver(&holdup);
    event_->UpdateSignals(ZX_USER_SIGNAL_0, 0);
    port->DropHandle();
  }
  Close(handle);
}

// A wait that is being cancelled when its signal comes: it has left the port, and the object, which
// is busy, does not know yet.
TEST_F(Waitables, AWaitThatIsBeingCancelledQueuesNothing) {
  Shows("PORT-CANCEL-KEY-4 WAIT-ASYNC-12");
  const zx_handle_t handle = Insert(event_);
  const HandleRef ref = Lookup(handle);
  const auto port = MakeRef<Port>(0u);
  port->AddHandle();
  EXPECT_EQ(PortWait::Begin(port, 1, ref, handle, kSignaled, {}), ZX_OK);
  EXPECT_EQ(PortWait::Begin(port, 2, ref, handle, ZX_USER_SIGNAL_0, {}), ZX_OK);
  Holdup holdup(handle);
  event_->AddObserver(&holdup, ref);
  SleepingThread signaller([&] { event_->UpdateSignals(0, kSignaled); });
  while (!holdup.entered) sched_yield();
  bool cancelled = false;
  SleepingThread canceller([&] { cancelled = port->CancelKey(1); });
  EXPECT_TRUE(canceller.AwaitSleep());
  holdup.open = true;
  signaller.Join();
  canceller.Join();
  EXPECT_TRUE(cancelled);
  zx_port_packet_t packet;
  EXPECT_EQ(port->Wait(kPast, &packet), ZX_ERR_TIMED_OUT);
  EXPECT_FALSE(event_->RemoveWaits(handle, port.get(), 1));
  EXPECT_TRUE(port->CancelKey(2));  // the port knows its other waits still
  event_->RemoveObserver(&holdup);
  port->DropHandle();
  Close(handle);
}

TEST_F(Waitables, AClosedHandleWinsOverASignalWhicheverComesFirst) {
  Shows("WAIT-MANY-5 WAIT-MANY-9");
  for (const bool closed_stands_first : {false, true}) {
    for (const bool closed_comes_first : {false, true}) {
      const zx_handle_t signaled = Insert(event_);
      const zx_handle_t closed = Insert(other_);
      ThreadWait wait;
      if (closed_stands_first) wait.Add(other_, Lookup(closed), closed, kSignaled);
      wait.Add(event_, Lookup(signaled), signaled, kSignaled);
      if (!closed_stands_first) wait.Add(other_, Lookup(closed), closed, kSignaled);
      if (closed_comes_first) Close(closed);
      event_->UpdateSignals(0, kSignaled);
      if (!closed_comes_first) Close(closed);
      EXPECT_EQ(wait.Finish(ZX_TIME_INFINITE), ZX_ERR_CANCELED);
      EXPECT_EQ(wait.pending(closed_stands_first ? 1 : 0), kSignaled);
      EXPECT_EQ(wait.pending(closed_stands_first ? 0 : 1), ZX_SIGNAL_HANDLE_CLOSED);
      Close(signaled);
      event_->UpdateSignals(kSignaled, 0);
    }
  }
}

TEST_F(Waitables, AWaitThatIsGivenUpLeavesNothing) {
  Shows("WAIT-2");
  const zx_handle_t handle = Insert(event_);
  {
    ThreadWait wait;
    wait.Add(event_, Lookup(handle), handle, kSignaled);
  }
  event_->UpdateSignals(0, kSignaled);  // nobody is told
  Close(handle);
  EXPECT_EQ(event_->handle_count(), 0u);
}

}  // namespace
}  // namespace zircon::objects
