// Standard input and output, and the terminal that they may be, as a console of the guest's.

#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "host/console_input.h"
#include "host/console_output.h"
#include "host/terminal.h"
#include "stop.h"

namespace zvmm {

// Owns the threads of both directions. Write(), Abandon(), Suspend(), Resume() and Leave() are for
// any thread, the rest is the main thread's.
class StandardConsole {
 public:
  static absl::StatusOr<std::unique_ptr<StandardConsole>> Open(StopLatch& stop);

  // See ConsoleOutput.
  void Write(std::span<const uint8_t> bytes) { output_->Write(bytes); }
  void Abandon() { output_->Abandon(); }

  // Begins to read.
  absl::Status Start(ConsoleInput::Receiver receiver) { return input_->Start(std::move(receiver)); }

  // The process is about to be stopped by the shell; it goes on, maybe in the foreground.
  void Suspend() { terminal_.Suspend(); }
  void Resume();
  // Leaves the terminal as it was found, for good.
  void Leave() { terminal_.Close(); }

  // Ends reading. The receiver must not wait any more. From here on Ctrl-C is a signal again.
  void CloseInput();
  // See ConsoleOutput.
  absl::Status FinishOutput() { return output_->Finish(); }

 private:
  StandardConsole();

  Terminal terminal_;
  std::unique_ptr<ConsoleOutput> output_;
  std::unique_ptr<ConsoleInput> input_;
};

}  // namespace zvmm
