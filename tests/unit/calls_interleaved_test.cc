// Races of calls, step by step: one call falls between any two steps of another. A step is an
// instruction, or where a call has too many of them a request for memory.
// Rows: CHANNEL-CALL-10, CHANNEL-CALL-12, VMO-SIZE-9, TASK-2.

#include <gtest/gtest.h>
#include <pthread.h>
#include <unistd.h>
#include <zircon/syscalls.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <thread>
#include <utility>

#include "contract.h"
#include "fake/machine_test.h"
#include "fake/memory_shortage.h"
#include "objects/channel.h"
#include "objects/thread.h"
#include "unit/in_child.h"
#include "unit/interleaved.h"
#include "unit/vmo_handles.h"

namespace zircon {
namespace {

using objects::Channel;
using objects::Message;
using objects::MessagePtr;
using objects::NoMessage;

constexpr uint64_t kPage = 4096;

// The reply of a call whose time is over comes to the call, or else is a message like others: never
// to nobody.
TEST(InterleavedCall, AReplyAtTheDeadlineArrivesOnce) {
  Shows("CHANNEL-CALL-10 CHANNEL-CALL-12");
  base::RefPtr<Channel> caller;
  base::RefPtr<Channel> answerer;
  ASSERT_EQ(Channel::Create(&caller, &answerer), ZX_OK);
  caller->AddHandle();
  answerer->AddHandle();
  MessagePtr request = NoMessage();
  MessagePtr reply = NoMessage();
  zx_status_t status = ZX_OK;
  int replied = 0;
  int queued = 0;
  const auto read = [](Channel& end, MessagePtr* message) {
    Channel::Size size;
    return end.Read({.bytes = 64, .handles = 0, .may_discard = false}, message, &size);
  };
  NEEDS_SINGLE_STEPS();
  const int places = AtEachInstruction({
      .prepare =
          [&](pid_t) {
            request = Message::Create(8, 0);
            reply.reset();
          },
      .mine = [&] { status = caller->Call(std::move(request), 0, &reply); },
      .theirs =
          [&] {
            MessagePtr got = NoMessage();
            while (read(*answerer, &got) != ZX_OK) LetOthersRun();
            EXPECT_EQ(answerer->Write(std::move(got)), ZX_OK);
          },
      .check =
          [&] {
            MessagePtr message = NoMessage();
            EXPECT_TRUE(status == ZX_OK || status == ZX_ERR_TIMED_OUT) << status;
            EXPECT_EQ(reply != nullptr, status == ZX_OK);
            EXPECT_EQ(read(*caller, &message), status == ZX_OK ? ZX_ERR_SHOULD_WAIT : ZX_OK);
            ++(status == ZX_OK ? replied : queued);
          },
      .stride = 23,
  });
  EXPECT_GT(places, 10);
  EXPECT_GT(replied, 0);
  EXPECT_GT(queued, 0);
  caller->DropHandle();
  answerer->DropHandle();
}

class InterleavedMachine : public fake::OnMachine {};

TEST_F(InterleavedMachine, AGuestMapsAVmoOfItsNewSizeWhereverThatChanges) {
  Shows("VMO-SIZE-9");
  constexpr uint64_t kPlace = 0x200000;
  constexpr uint64_t kSize = 8 * kPage;
  bool reached = true;
  int places = 0;
  for (; reached && !HasFailure(); ++places) {
    const zx_handle_t vmo = objects::CreateVmo(2 * kPage, ZX_VMO_RESIZABLE);
    std::atomic<pid_t> tid{0};
    std::atomic<bool> over{false};
    std::atomic<bool> looked{false};
    std::thread other;
    reached = false;
    const auto resize = [&] {
      reached = true;
      other = std::thread([&] {
        tid = ThisThread();
        EXPECT_EQ(zx_vmo_set_size(vmo, 5 * kPage), ZX_OK);
        over = true;
        while (!looked) LetOthersRun();
      });
      while (tid == 0) LetOthersRun();
      const ThreadState state(tid);
      // It may wait for what the map holds.
      while (!over && !state.asleep()) LetOthersRun();
      looked = true;
    };
    {
      const fake::AtAllocation hook(places, resize);
      zx_gpaddr_t at = 0;
      EXPECT_EQ(zx_vmar_map(machine().vmar, ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_SPECIFIC,
                            kPlace, vmo, 0, kSize, &at),
                ZX_OK);
    }
    if (reached) {
      other.join();
      EXPECT_NE(machine().memory(kPlace + 5 * kPage - 1), nullptr) << "too small";
      EXPECT_EQ(machine().vm().Host(kPlace + 5 * kPage, 1), nullptr) << "too large";
    }
    EXPECT_EQ(zx_vmar_unmap(machine().vmar, kPlace, kSize), ZX_OK);
    zx_handle_close(vmo);
  }
  EXPECT_GT(places, 3);
}

// A thread that forks when it is told to, and has been known to the library before.
class Forker {
 public:
  explicit Forker(std::function<void()> fork)
      : thread_([this, fork = std::move(fork)] {
          EXPECT_NE(zx_thread_self(), ZX_HANDLE_INVALID);
          known_ = true;
          for (;;) {
            while (forks_ == wanted_ && !over_) LetOthersRun();
            if (forks_ == wanted_) return;
            fork();
            ++forks_;
          }
        }) {
    while (!known_) LetOthersRun();
  }
  ~Forker() {
    over_ = true;
    thread_.join();
  }
  // Does not sleep: who looks on would take that for the end of it.
  void Fork() {
    ++wanted_;
    while (forks_ != wanted_) std::this_thread::yield();
  }

 private:
  std::atomic<bool> known_{false};
  std::atomic<bool> over_{false};
  std::atomic<int> wanted_{0};
  std::atomic<int> forks_{0};
  std::thread thread_;
};

// Whatever lock another thread held when the process forked.
TEST(InterleavedFork, AThreadOfAForkedChildEnds) {
  Shows("TASK-2");
  Forker forker([] {
    EXPECT_EQ(InChild([]() -> int {
                // The last thread's end is the process's.
                (void)std::atexit([] { _exit(7); });
                pthread_exit(nullptr);
              }),
              7);
  });
  std::array<zx_koid_t, 4> koids;
  NEEDS_SINGLE_STEPS();
  const int places = AtEachInstruction({
      .prepare = [](pid_t) {},
      .mine = [&] { (void)objects::Thread::CopyKoids(koids); },
      .theirs = [&] { forker.Fork(); },
      .check = [] {},
      .stride = 11,
  });
  EXPECT_GT(places, 5);
}

}  // namespace
}  // namespace zircon
