// SleepingThread: a thread of which a test knows that it has gone to sleep in the kernel, so that
// what the test does next meets a thread that waits.
//
//   SleepingThread waiter([&] { status = zx_object_wait_one(event, ...); });
//   ASSERT_TRUE(waiter.AwaitSleep());
//   zx_object_signal(event, ...);
//   waiter.Join();

#pragma once

#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <utility>

class SleepingThread {
 public:
  template <typename Body>
  explicit SleepingThread(Body body)
      : thread_([this, body = std::move(body)] {
          tid_ = static_cast<pid_t>(syscall(SYS_gettid));
          body();
        }) {}
  ~SleepingThread() {
    if (thread_.joinable()) thread_.join();
  }
  SleepingThread(const SleepingThread&) = delete;
  SleepingThread& operator=(const SleepingThread&) = delete;

  // Ten seconds at most.
  [[nodiscard]] bool AwaitSleep() const {
    for (int tries = 0; tries < 10'000; ++tries) {
      if (tid_ != 0 && Sleeps(tid_)) return true;
      usleep(1000);
    }
    return false;
  }
  void Join() { thread_.join(); }
  pthread_t native() { return thread_.native_handle(); }

 private:
  static bool Sleeps(pid_t tid) {
    std::ifstream stat("/proc/self/task/" + std::to_string(tid) + "/stat");
    std::string text((std::istreambuf_iterator<char>(stat)), {});
    const size_t name_end = text.rfind(") ");
    return name_end != std::string::npos && text[name_end + 2] == 'S';
  }

  std::atomic<pid_t> tid_{0};
  std::thread thread_;
};
