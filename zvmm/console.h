// The guest's serial line on stdin and stdout.
//
// Output is collected and written by a thread of its own: when a line is complete, when a lot has
// come together, or a few milliseconds after the first byte. So a VCPU never waits for a terminal,
// unless that has fallen far behind.
//
// Input is read by another thread. From a terminal, Ctrl-A is the escape key: Ctrl-A x ends zvmm,
// Ctrl-A Ctrl-A sends one Ctrl-A.

#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <span>
#include <string>
#include <thread>

#include "stop.h"

namespace zvmm {

// Splits what a terminal sends into bytes for the guest and the wish to end. Not thread-safe.
class EscapeFilter {
 public:
  // Appends to `out` what is for the guest; gives false when the user wants to end.
  bool Filter(std::span<const uint8_t> in, std::string& out);

 private:
  bool escaped_ = false;
};

// Owns the two threads. Write() may be called by any thread; the rest belongs to the main thread.
class Console {
 public:
  // Bytes that wait for the terminal until Write() blocks.
  static constexpr size_t kCapacity = 64 * 1024;

  // Takes input; gives false when no more is wanted. May block, until Close() of its owner.
  using Receiver = std::function<bool(std::span<const uint8_t>)>;

  Console(int in_fd, int out_fd, StopLatch& stop);
  ~Console();
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;

  // Sends bytes of the guest's.
  void Write(std::span<const uint8_t> bytes);

  // Begins to read. `escapes`: the input is a terminal.
  void StartInput(Receiver receiver, bool escapes);

  // Stops reading, writes what is left, ends the threads. The receiver must not block any more.
  // Later bytes are dropped.
  void Close();

 private:
  void OutputMain();
  void InputMain(const Receiver& receiver, bool escapes);
  bool WriteOut(std::string_view text);

  const int in_fd_;
  const int out_fd_;
  StopLatch& stop_;
  const int close_fd_;  // An eventfd, readable from Close() on.

  std::mutex mutex_;
  std::condition_variable work_;
  std::condition_variable room_;
  std::string pending_;
  bool urgent_ = false;
  bool closed_ = false;

  std::thread output_;
  std::thread input_;
};

}  // namespace zvmm
