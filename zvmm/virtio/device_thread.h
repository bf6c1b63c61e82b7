// The thread of one virtio device, and the port that wakes it.
//
// The guest notifies a queue by a store to its place in the notify page, a BELL trap: the packet
// goes to the port and the VCPU runs on. zvmm's own threads (console input) wake the same thread by
// a user packet.

#pragma once

#include <lib/zx/guest.h>
#include <lib/zx/port.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "absl/status/statusor.h"

namespace zvmm {

// Owns the thread and the port. Wake() is for any thread, the rest for the owner's.
class DeviceThread {
 public:
  // A queue's place in the notify page.
  static constexpr uint64_t kNotifySize = 4;
  static constexpr unsigned kMostQueues = 32;

  // Called on the thread: somebody wants queue `index` to be looked at.
  using Handler = std::function<void(unsigned index)>;

  static absl::StatusOr<std::unique_ptr<DeviceThread>> Start(std::string name, Handler handler);
  ~DeviceThread();
  DeviceThread(const DeviceThread&) = delete;
  DeviceThread& operator=(const DeviceThread&) = delete;

  // Makes the page at `address` the guest's bell.
  absl::Status SetBell(const zx::guest& guest, uint64_t address);

  // Has the thread look at a queue, soon.
  void Wake(unsigned index);

 private:
  DeviceThread(zx::port port, Handler handler);

  void Main(const std::string& name);

  const zx::port port_;
  const Handler handler_;
  // Queues with a user packet under way: one each is enough.
  std::atomic<uint32_t> woken_{0};
  std::thread thread_;
};

}  // namespace zvmm
