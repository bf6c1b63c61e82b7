// Kicks a VCPU very often and counts what comes of it (contract KICK-2, KICK-4, KICK-5, KICK-10).
// Counts, never times: a slow machine gives the same answer later.
//
//   acknowledged     one kick, wait for its CANCELED, the next kick: exactly as many CANCELED as
//                    kicks, each after its kick
//   unacknowledged   two threads kick as fast as they can while a third sends the VCPU's thread
//                    signals of the program's own: at most as many CANCELED as kicks, at least one
//                    after the last kick of every round, and KICKED is clear then
//
// The caller owns the VCPU. Its guest may run, halt, or exit to traps (packets are counted and
// nothing more), but must never end. Public headers only: for the conformance tests and for the
// program tests/stress/kick_counts.

#ifndef ZIRCON_TESTS_CONFORMANCE_KICK_COUNTS_H_
#define ZIRCON_TESTS_CONFORMANCE_KICK_COUNTS_H_

#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <zircon/syscalls.h>
#include <zircon/syscalls/hypervisor.h>
#include <zircon/syscalls/object.h>
#include <zircon/syscalls/port.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>
#include <thread>

namespace conformance {

struct KickCounts {
  uint64_t kicks = 0;
  uint64_t canceled = 0;
  uint64_t packets = 0;
  uint64_t rounds = 0;   // unacknowledged: how often the last kick was looked at
  uint64_t signals = 0;  // unacknowledged: foreign signals that the VCPU's thread has handled
  std::string problem;   // empty: the counts are right
};

// Aborts the process when `beat` has not been called for a minute: a kick that is lost leaves the
// VCPU in the guest for ever.
class KickWatchdog {
 public:
  explicit KickWatchdog(const char* what) : what_(what), thread_([this] { Watch(); }) {}
  ~KickWatchdog() {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      over_ = true;
    }
    wake_.notify_all();
    thread_.join();
  }
  KickWatchdog(const KickWatchdog&) = delete;
  KickWatchdog& operator=(const KickWatchdog&) = delete;

  void Beat() { beats_.fetch_add(1, std::memory_order_relaxed); }

 private:
  void Watch() {
    std::unique_lock<std::mutex> lock(mutex_);
    uint64_t seen = 0;
    while (!wake_.wait_for(lock, std::chrono::minutes(1), [this] { return over_; })) {
      const uint64_t now = beats_.load(std::memory_order_relaxed);
      if (now == seen) {
        fprintf(stderr, "kick_counts: %s: nothing happens any more after %llu steps\n", what_,
                static_cast<unsigned long long>(now));
        abort();
      }
      seen = now;
    }
  }

  const char* const what_;
  std::atomic<uint64_t> beats_{0};
  std::mutex mutex_;
  std::condition_variable wake_;
  bool over_ = false;
  std::thread thread_;
};

namespace kick_counts {

inline bool Kicked(zx_handle_t vcpu) {
  zx_info_vcpu_t info = {};
  const zx_status_t status =
      zx_object_get_info(vcpu, ZX_INFO_VCPU, &info, sizeof(info), nullptr, nullptr);
  return status != ZX_OK || (info.flags & ZX_INFO_VCPU_FLAG_KICKED) != 0;
}

// So that kicks fall everywhere: just before enter, into it, and long after.
inline void Dawdle(uint64_t seed) {
  const uint64_t spins = (seed * 0x9E3779B97F4A7C15) >> 55;  // 0 to 511
  for (uint64_t i = 0; i < spins; ++i) __builtin_ia32_pause();
}

// Where there are few processors the VCPU is to get on too.
inline void Rest() { zx_nanosleep(zx_deadline_after(ZX_USEC(10))); }

// The owner's side: enters until `ending` is followed by a CANCELED.
struct Owner {
  zx_handle_t vcpu;
  KickWatchdog& watchdog;
  std::atomic<uint64_t> begun{0};          // enters
  std::atomic<uint64_t> canceled{0};       // of those
  std::atomic<uint64_t> last_canceled{0};  // its number among the enters
  std::atomic<bool> ending{false};
  std::atomic<bool> failed{false};
  uint64_t packets = 0;
  std::string problem{};

  // `check` gets the number of each CANCELED, but of the one that ends it, before others see it.
  template <typename Check>
  void Enter(Check check) {
    for (uint64_t number = 1; problem.empty(); ++number) {
      begun.store(number);
      zx_port_packet_t packet;
      const zx_status_t status = zx_vcpu_enter(vcpu, &packet);
      if (status == ZX_OK) {
        ++packets;
        continue;
      }
      if (status != ZX_ERR_CANCELED) {
        problem = "zx_vcpu_enter gave " + std::to_string(status);
        break;
      }
      if (ending.load()) return;
      watchdog.Beat();
      check(canceled.load() + 1);
      last_canceled.store(number);
      canceled.fetch_add(1);
      canceled.notify_all();
      // On a busy machine the kicker may wait for this very processor, for a time slice each time.
      // It gets it mostly, and kicks before the next enter then; the others fall into the enter.
      if (canceled.load() % 256 != 0) sched_yield();
    }
    failed.store(true);
    // Whoever waits for another count gets on.
    canceled.fetch_add(1);
    canceled.notify_all();
  }
};

}  // namespace kick_counts

inline KickCounts CountAcknowledgedKicks(zx_handle_t vcpu, uint64_t kicks) {
  KickWatchdog watchdog("acknowledged kicks");
  kick_counts::Owner owner{.vcpu = vcpu, .watchdog = watchdog};
  std::atomic<uint64_t> sent{0};
  std::thread kicker([&] {
    for (uint64_t i = 1; i <= kicks && !owner.failed.load(); ++i) {
      kick_counts::Dawdle(i);
      sent.store(i);
      zx_vcpu_kick(vcpu);
      owner.canceled.wait(i - 1);
    }
    // No kick is owed. If another CANCELED comes all the same, it comes before the one that ends
    // this.
    zx_nanosleep(zx_deadline_after(ZX_MSEC(50)));
    owner.ending.store(true);
    zx_vcpu_kick(vcpu);
  });
  owner.Enter([&](uint64_t canceled) {
    if (canceled == sent.load()) return;
    owner.problem = "CANCELED number " + std::to_string(canceled) + " came after " +
                    std::to_string(sent.load()) + " kicks";
  });
  kicker.join();
  KickCounts counts;
  counts.kicks = sent.load();
  counts.canceled = owner.canceled.load();
  counts.packets = owner.packets;
  counts.problem = owner.problem;
  if (counts.problem.empty() && counts.canceled != kicks) counts.problem = "not one for each kick";
  if (counts.problem.empty() && kick_counts::Kicked(vcpu)) counts.problem = "KICKED is left over";
  return counts;
}

namespace kick_counts {

inline std::atomic<uint64_t> g_signals{0};
inline void OnForeignSignal(int) { g_signals.fetch_add(1, std::memory_order_relaxed); }

// SIGUSR1 to one thread, again and again, with a handler that the program has installed.
class Storm {
 public:
  explicit Storm(pid_t tid) {
    struct sigaction action = {};
    action.sa_handler = OnForeignSignal;
    sigaction(SIGUSR1, &action, &before_);
    g_signals.store(0);
    thread_ = std::thread([this, tid] {
      for (uint64_t i = 0; !over_.load(std::memory_order_relaxed); ++i) {
        syscall(SYS_tgkill, getpid(), tid, SIGUSR1);
        Dawdle(i);
        if (i % 8 == 0) Rest();
      }
    });
  }
  ~Storm() {
    over_.store(true);
    thread_.join();
    sigaction(SIGUSR1, &before_, nullptr);
  }
  Storm(const Storm&) = delete;
  Storm& operator=(const Storm&) = delete;

 private:
  std::atomic<bool> over_{false};
  struct sigaction before_ = {};
  std::thread thread_;
};

}  // namespace kick_counts

inline KickCounts CountUnacknowledgedKicks(zx_handle_t vcpu, uint64_t kicks) {
  constexpr uint64_t kKicksPerRound = 10'000;
  KickWatchdog watchdog("unacknowledged kicks");
  kick_counts::Owner owner{.vcpu = vcpu, .watchdog = watchdog};
  KickCounts counts;
  const auto kick_times = [&](uint64_t times) {
    for (uint64_t i = 0; i < times; ++i) {
      zx_vcpu_kick(vcpu);
      watchdog.Beat();
      if (i % 16 == 0) kick_counts::Rest();
    }
  };
  {
    kick_counts::Storm storm(static_cast<pid_t>(syscall(SYS_gettid)));
    std::thread coordinator([&] {
      while (counts.kicks < kicks && !owner.failed.load()) {
        const uint64_t round = std::min(kicks - counts.kicks, kKicksPerRound);
        std::thread first(kick_times, (round - 1) / 2);
        std::thread second(kick_times, round - 1 - (round - 1) / 2);
        first.join();
        second.join();
        // The last kick of the round ends this enter or a later one: those before have returned.
        const uint64_t enter = owner.begun.load();
        kick_times(1);
        counts.kicks += round;
        ++counts.rounds;
        while ((owner.last_canceled.load() < enter || kick_counts::Kicked(vcpu)) &&
               !owner.failed.load()) {
          zx_nanosleep(zx_deadline_after(ZX_USEC(50)));
        }
      }
      // A CANCELED that is under way is counted before the last one, which is not.
      zx_nanosleep(zx_deadline_after(ZX_MSEC(50)));
      owner.ending.store(true);
      zx_vcpu_kick(vcpu);
    });
    owner.Enter([](uint64_t) {});
    coordinator.join();
  }
  counts.canceled = owner.canceled.load();
  counts.packets = owner.packets;
  counts.signals = kick_counts::g_signals.load();
  counts.problem = owner.problem;
  if (counts.problem.empty() && counts.canceled > counts.kicks) counts.problem = "more than kicks";
  if (counts.problem.empty() && counts.signals == 0) counts.problem = "no signal came";
  if (counts.problem.empty() && kick_counts::Kicked(vcpu)) counts.problem = "KICKED is left over";
  return counts;
}

}  // namespace conformance

#endif  // ZIRCON_TESTS_CONFORMANCE_KICK_COUNTS_H_
