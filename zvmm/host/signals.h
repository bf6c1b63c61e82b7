// The signals that zvmm takes itself, on a thread of their own:
//
//   INT, TERM, HUP, QUIT   ask it to end, unless it was started with them ignored (nohup)
//   TSTP, CONT             it is stopped by the shell, and goes on
//   USR1                   asks for the statistics, if the user wants any
//
//   Signals signals(/*with_report=*/false);     // before the first thread
//   signals.Start();                            // an end signal ends the process
//   signals.SetActions({.end = …});             // from now on it does something else

#pragma once

#include <signal.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <thread>

#include "absl/status/status.h"

namespace zvmm {

// Makes a write that nobody reads (SIGPIPE), or that is beyond RLIMIT_FSIZE (SIGXFSZ), an error of
// the write and nothing more.
void IgnoreSignalsOfWrites();

// Ends the process as the signal would have, had nobody taken it. Any thread.
[[noreturn]] void DieBySignal(int number);

// Owns the thread. Belongs to the main thread.
class Signals {
 public:
  // What is done for a signal, on the thread.
  struct Actions {
    std::function<void(int number)> end = DieBySignal;
    std::function<void()> suspend = [] {};  // Before the process is stopped.
    std::function<void()> resume = [] {};   // When it goes on, also for no known reason.
    std::function<void()> report = [] {};
  };

  // Blocks the signals in this thread, and so in all that it starts. They wait until Start().
  explicit Signals(bool with_report);
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  absl::Status Start();

  // Replaces them. None of the old ones runs any more when this returns.
  void SetActions(Actions actions);

 private:
  void Main();
  void Take(int number);

  sigset_t set_;
  std::mutex mutex_;  // Held while an action runs.
  Actions actions_;
  std::atomic<bool> stopped_{false};
  std::thread thread_;
};

}  // namespace zvmm
