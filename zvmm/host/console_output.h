// What a console of the guest's writes, on its way to standard output, a file or a socket.
//
// Output is collected and written by a thread of its own: when a line is complete, when a lot has
// come together, or a few milliseconds after the first byte. So a VCPU never waits for a terminal,
// unless that has fallen far behind.

#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "devices/device.h"
#include "host/descriptor.h"

namespace zvmm {

// Owns the thread. Write() and Abandon() are for any thread, the rest is the main thread's.
class ConsoleOutput {
 public:
  // Bytes that wait for the reader until Write() does, or drops more.
  static constexpr size_t kCapacity = 64 * 1024;

  // Called once, on the thread, when nothing can be written any more.
  using FailureHandler = std::function<void(const absl::Status& why)>;

  // Writes to `file`, which does not make a writer wait: see OpenForPolling(). `when_full` is what
  // Write() does. `name` is for messages.
  static absl::StatusOr<std::unique_ptr<ConsoleOutput>> Create(std::string name, Descriptor file,
                                                               WhenFull when_full,
                                                               FailureHandler on_failure);
  // Drops what is left, unless there was a Finish().
  ~ConsoleOutput();
  ConsoleOutput(const ConsoleOutput&) = delete;
  ConsoleOutput& operator=(const ConsoleOutput&) = delete;

  // Sends bytes of the guest's.
  void Write(std::span<const uint8_t> bytes);

  // From now on a reader that does not read is not waited for: Write() drops what has no room, and
  // Finish() what is left when nothing has moved for a second.
  void Abandon();

  // Writes what is left, however long that takes, and ends the thread. An error if something could
  // not be written. Later bytes are dropped.
  absl::Status Finish();

 private:
  ConsoleOutput(std::string name, Descriptor file, Descriptor abandoned_event, WhenFull when_full,
                FailureHandler on_failure);

  void Main();
  // Gives false when it has given up.
  bool WriteOut(std::string_view text);
  void Fail(int error);

  const std::string name_;
  const Descriptor file_;
  const Descriptor abandoned_event_;  // Readable from Abandon() on.
  const WhenFull when_full_;
  const FailureHandler on_failure_;

  std::mutex mutex_;
  std::condition_variable work_;
  std::condition_variable room_;
  std::string pending_;
  bool urgent_ = false;
  bool abandoned_ = false;
  bool closed_ = false;
  absl::Status status_;

  std::thread thread_;
};

}  // namespace zvmm
