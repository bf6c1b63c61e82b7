// The thread of one virtio device: it serves the queues that somebody wants to be looked at.

#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "absl/status/statusor.h"

namespace zvmm {

// Owns the thread. Wake() is for any thread, the rest for the owner's.
class DeviceThread {
 public:
  static constexpr unsigned kMostQueues = 32;

  // Called on the thread: somebody wants queue `index` to be looked at.
  using Handler = std::function<void(unsigned index)>;

  static absl::StatusOr<std::unique_ptr<DeviceThread>> Start(std::string name, Handler handler);
  // What was woken before is still handled.
  ~DeviceThread();
  DeviceThread(const DeviceThread&) = delete;
  DeviceThread& operator=(const DeviceThread&) = delete;

  // Has the thread look at a queue, soon. However often before it does, that is once.
  void Wake(unsigned index);

 private:
  explicit DeviceThread(Handler handler) : handler_(std::move(handler)) {}

  void Main();

  const Handler handler_;
  std::mutex mutex_;
  std::condition_variable work_;
  uint32_t woken_ = 0;  // A bit for each queue.
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace zvmm
