#include "host/standard_console.h"

#include <fcntl.h>
#include <unistd.h>

#include <string>

#include "host/polled_file.h"

namespace zvmm {

StandardConsole::StandardConsole() : terminal_(STDIN_FILENO) {}

absl::StatusOr<std::unique_ptr<StandardConsole>> StandardConsole::Open(StopLatch& stop) {
  std::unique_ptr<StandardConsole> console(new StandardConsole);
  auto output = ConsoleOutput::Create(
      "standard output", OpenForPolling(STDOUT_FILENO, O_WRONLY), WhenFull::kWait,
      [&stop](const absl::Status& why) { stop.Request({.message = std::string(why.message())}); });
  if (!output.ok()) {
    return output.status();
  }
  console->output_ = *std::move(output);
  auto input = ConsoleInput::Create("standard input", OpenForPolling(STDIN_FILENO, O_RDONLY),
                                    console->terminal_, stop);
  if (!input.ok()) {
    return input.status();
  }
  console->input_ = *std::move(input);
  return console;
}

void StandardConsole::Resume() {
  terminal_.Resume();
  input_->Look();
}

void StandardConsole::CloseInput() {
  input_->Close();
  terminal_.Close();
}

}  // namespace zvmm
