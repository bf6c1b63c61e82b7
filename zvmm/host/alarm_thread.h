// One thread that waits for the next moment at which a timer device has something to do.
//
//   AlarmThread alarm([&] { pit.Expire(); });
//   pit.SetAlarm(&alarm);
//   absl::Status status = alarm.Start("zvmm timer");

#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "devices/clock.h"

namespace zvmm {

// Owns the thread. Set() is for any thread, the rest for the owner's.
class AlarmThread final : public Alarm {
 public:
  explicit AlarmThread(std::function<void()> ring) : ring_(std::move(ring)) {}
  ~AlarmThread() override { Stop(); }
  AlarmThread(const AlarmThread&) = delete;
  AlarmThread& operator=(const AlarmThread&) = delete;

  absl::Status Start(const std::string& name);
  // Waits until it does not ring any more. Not from where it rings.
  void Stop();

  void Set(std::chrono::nanoseconds when) override;

 private:
  void Main();

  const std::function<void()> ring_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::chrono::nanoseconds when_ = kNever;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace zvmm
