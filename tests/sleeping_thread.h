// SleepingThread: a thread of which a test knows that it has gone to sleep in the kernel, so that
// what the test does next meets a thread that waits.
//
//   SleepingThread waiter([&] { status = zx_object_wait_one(event, ...); });
//   ASSERT_TRUE(waiter.AwaitSleep());
//   zx_object_signal(event, ...);
//   waiter.Join();

#pragma once

#include <atomic>
#include <chrono>
#include <thread>
#include <utility>

#include "asleep.h"

class SleepingThread {
 public:
  template <typename Body>
  explicit SleepingThread(Body body)
      : thread_([this, body = std::move(body)]() mutable {
          tid_ = ThisThread();
          body();
          done_ = true;
        }) {}
  ~SleepingThread() {
    if (thread_.joinable()) thread_.join();
  }
  SleepingThread(const SleepingThread&) = delete;
  SleepingThread& operator=(const SleepingThread&) = delete;

  // False if it has come to its end instead, or does not come to sleep at all.
  [[nodiscard]] bool AwaitSleep() const {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (tid_ == 0 || StateOfThread(tid_) != 'S') {
      if (done_ || std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
    return true;
  }
  pid_t tid() const { return tid_; }
  void Join() { thread_.join(); }
  pthread_t native() { return thread_.native_handle(); }

 private:
  std::atomic<pid_t> tid_{0};
  std::atomic<bool> done_{false};
  std::thread thread_;
};
