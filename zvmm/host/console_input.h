// Standard input, or another file, on its way to one of the guest's consoles.
//
// From a terminal, Ctrl-A is the escape key: Ctrl-A x ends zvmm, Ctrl-A z stops it as Ctrl-Z does a
// program, Ctrl-A Ctrl-A sends one Ctrl-A. While zvmm is in the background the terminal is not
// read.

#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "devices/device.h"
#include "host/descriptor.h"
#include "host/terminal.h"
#include "stop.h"

namespace zvmm {

// Splits what a terminal sends into bytes for the guest and the user's wishes. Not thread-safe.
class EscapeFilter {
 public:
  enum class Wish { kNone, kEnd, kSuspend };

  // Takes bytes until a wish comes, or the end: removes them from `in`, and appends to `out` what
  // is for the guest.
  Wish Filter(std::span<const uint8_t>& in, std::string& out);

 private:
  bool escaped_ = false;
};

// Owns the thread. Look() is for any thread, the rest is the main thread's.
class ConsoleInput {
 public:
  // Takes input; gives false when no more is wanted. May wait if it may, but not after its owner
  // was closed.
  using Receiver = std::function<bool(std::span<const uint8_t>, WhenFull)>;

  // Reads `file`, which does not make a reader wait: see OpenForPolling(). It is `terminal` if that
  // is one. `name` is for messages.
  static absl::StatusOr<std::unique_ptr<ConsoleInput>> Create(const std::string& name,
                                                              Descriptor file, Terminal& terminal,
                                                              StopLatch& stop);
  ~ConsoleInput();
  ConsoleInput(const ConsoleInput&) = delete;
  ConsoleInput& operator=(const ConsoleInput&) = delete;

  // Begins to read.
  absl::Status Start(Receiver receiver);

  // Has the thread look anew whether it may read: zvmm may have come to the foreground.
  void Look();

  // Stops reading and ends the thread. The receiver must not wait any more.
  void Close();

 private:
  ConsoleInput(Descriptor file, Descriptor look_event, Terminal& terminal, StopLatch& stop);

  void Main();
  void Pass(std::span<const uint8_t> bytes);
  void PassFromTerminal(std::span<const uint8_t> bytes);

  const Descriptor file_;
  const Descriptor look_event_;
  Terminal& terminal_;
  StopLatch& stop_;
  Receiver receiver_;
  EscapeFilter filter_;
  bool wanted_ = true;  // The thread's own.
  std::atomic<bool> closed_{false};
  std::thread thread_;
};

}  // namespace zvmm
