// zvmm at a terminal: raw mode and back, whatever happens, and what a shell does with a job.

#include <gtest/gtest.h>
#include <signal.h>

#include <string>

#include "exit_status.h"
#include "host/console_input.h"
#include "host/polled_file.h"
#include "host/signals.h"
#include "host/terminal.h"
#include "job.h"
#include "pipe.h"
#include "pty.h"
#include "sanitizers.h"
#include "stop.h"

namespace zvmm {
namespace {

// What zvmm does around a machine, without one. Input goes to `echo`.
int ProgramMain(int echo) {
  Signals signals(/*with_report=*/false);
  if (!signals.Start().ok()) {
    return 90;
  }
  StopLatch stop;
  Terminal terminal(STDIN_FILENO);
  auto input = ConsoleInput::Create("standard input", OpenForPolling(STDIN_FILENO, O_RDONLY),
                                    terminal, stop);
  if (!input.ok()) {
    return 91;
  }
  signals.SetActions({.end =
                          [&stop](int number) {
                            stop.Request({.reason = StopRequest::Reason::kUser,
                                          .status = kExitSignalBase + number});
                          },
                      .suspend = [&terminal] { terminal.Suspend(); },
                      .resume =
                          [&terminal, &input] {
                            terminal.Resume();
                            (*input)->Look();
                          }});
  const absl::Status started = (*input)->Start([echo](std::span<const uint8_t> bytes, WhenFull) {
    return write(echo, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
  });
  if (!started.ok()) {
    return 92;
  }
  const StopRequest end = stop.Wait();
  (*input)->Close();
  terminal.Close();
  signals.SetActions({});
  return end.status;
}

class JobControlTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!pty_.is_valid()) {
      GTEST_SKIP() << "no pseudo-terminals here";
    }
  }

  auto Program() {
    return [this] { return ProgramMain(echo_.writer()); };
  }
  void Type(std::string_view keys) const {
    ASSERT_EQ(write(pty_.master(), keys.data(), keys.size()), static_cast<ssize_t>(keys.size()));
  }
  bool BecomesRaw() {
    return Eventually([this] { return pty_.IsRaw(); });
  }

  Pty pty_;
  Pipe echo_;
};

TEST_F(JobControlTest, KeysGoToTheGuestAndEscapesDoNot) {
  Job job(pty_, Job::kForeground, Program());
  ASSERT_TRUE(BecomesRaw());
  Type("a\x03\x1a\x01\x01z");
  EXPECT_EQ(echo_.Read(5), "a\x03\x1a\x01z");
  Type("\x01x");
  const int status = job.Wait();
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 130) << status;
  EXPECT_TRUE(pty_.IsCooked());
}

TEST_F(JobControlTest, TheModeIsRestoredWhateverSignalEndsIt) {
  SKIP_UNDER_THREAD_SANITIZER("a handler that begins inside its runtime waits for it for ever");
  for (int number = 1; number <= SIGRTMAX; ++number) {
    switch (number) {
      case SIGKILL:
      case SIGSTOP:
      case SIGTSTP:
      case SIGTTIN:
      case SIGTTOU:
      case SIGCONT:
      case SIGCHLD:
      case SIGURG:
      case SIGWINCH:
        continue;
      default:
        break;
    }
    // Two are the C library's, and the last is the library's for kicks.
    if ((number >= 32 && number < SIGRTMIN) || number == SIGRTMAX) {
      continue;
    }
    SCOPED_TRACE(number);
    Job job(pty_, Job::kForeground, Program());
    ASSERT_TRUE(BecomesRaw());
    kill(job.pid(), number);
    const int status = job.Wait();
    switch (number) {
      case SIGINT:
      case SIGTERM:
      case SIGHUP:
      case SIGQUIT:
        EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 128 + number) << status;
        break;
      default:
        EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == number) << status;
        break;
    }
    EXPECT_TRUE(pty_.IsCooked());
  }
}

TEST_F(JobControlTest, AnExitRestoresTheModeToo) {
  Job job(pty_, Job::kForeground, [] {
    static Terminal terminal(STDIN_FILENO);
    terminal.Enter();
    exit(5);
    return 0;
  });
  const int status = job.Wait();
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 5) << status;
  EXPECT_TRUE(pty_.IsCooked());
}

TEST_F(JobControlTest, InTheBackgroundItRunsAndLeavesTheTerminalAlone) {
  Job job(pty_, Job::kBackground, [this] {
    // Seen by the test: that it has got this far without being stopped.
    std::thread([this] { echo_.Write("ready"); }).detach();
    return ProgramMain(echo_.writer());
  });
  EXPECT_EQ(echo_.Read(5), "ready");
  Type("for the shell\n");
  EXPECT_EQ(job.ReadLine(), 14);
  EXPECT_TRUE(pty_.IsCooked());
  EXPECT_TRUE(job.IsRunning());
  // A shell sends no signal to a job that runs.
  job.Move(Job::kForeground);
  EXPECT_TRUE(BecomesRaw());
  Type("for the guest");
  EXPECT_EQ(echo_.Read(13), "for the guest");
}

TEST_F(JobControlTest, TheShellStopsItAndBringsItBack) {
  Job job(pty_, Job::kForeground, Program());
  for (const bool by_key : {false, true, false}) {
    SCOPED_TRACE(by_key);
    ASSERT_TRUE(BecomesRaw());
    if (by_key) {
      Type("\x01z");
    } else {
      kill(job.pid(), SIGTSTP);
    }
    const int status = job.Wait();
    ASSERT_TRUE(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTSTP) << status;
    EXPECT_TRUE(pty_.IsCooked());
    job.Move(Job::kBackground);
    EXPECT_TRUE(pty_.IsCooked());
    job.Move(Job::kForeground);
    kill(job.pid(), SIGCONT);
  }
  ASSERT_TRUE(BecomesRaw());
  Type("k");
  EXPECT_EQ(echo_.Read(1), "k");
}

TEST_F(JobControlTest, StoppedItGoesOnInTheBackground) {
  Job job(pty_, Job::kForeground, Program());
  ASSERT_TRUE(BecomesRaw());
  kill(job.pid(), SIGTSTP);
  ASSERT_TRUE(WIFSTOPPED(job.Wait()));
  job.Move(Job::kBackground);
  kill(job.pid(), SIGCONT);
  Type("for the shell\n");
  EXPECT_EQ(job.ReadLine(), 14);
  EXPECT_TRUE(pty_.IsCooked());
  job.Move(Job::kForeground);
  EXPECT_TRUE(BecomesRaw());
  job.Move(Job::kBackground);
  job.MakeCooked();
  kill(job.pid(), SIGTERM);
  const int status = job.Wait();
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 143) << status;
  EXPECT_TRUE(pty_.IsCooked()) << "it has left the shell's mode alone";
}

TEST_F(JobControlTest, AStopThatCannotBeTakenIsNoticedAfterwards) {
  Job job(pty_, Job::kForeground, Program());
  ASSERT_TRUE(BecomesRaw());
  kill(job.pid(), SIGSTOP);
  ASSERT_TRUE(WIFSTOPPED(job.Wait()));
  job.Move(Job::kBackground);
  job.MakeCooked();
  job.Move(Job::kForeground);
  kill(job.pid(), SIGCONT);
  EXPECT_TRUE(BecomesRaw());
}

TEST_F(JobControlTest, IgnoredSignalsStayIgnored) {
  Job job(pty_, Job::kForeground, [this] {
    signal(SIGHUP, SIG_IGN);
    signal(SIGTSTP, SIG_IGN);
    return ProgramMain(echo_.writer());
  });
  ASSERT_TRUE(BecomesRaw());
  kill(job.pid(), SIGHUP);
  kill(job.pid(), SIGTSTP);
  Type("still there");
  EXPECT_EQ(echo_.Read(11), "still there");
  kill(job.pid(), SIGTERM);
  const int status = job.Wait();
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 143) << status;
}

TEST_F(JobControlTest, BeforeThereIsAMachineASignalEndsTheProcess) {
  Job job(pty_, Job::kForeground, [this] {
    Signals signals(/*with_report=*/false);
    if (!signals.Start().ok()) {
      return 90;
    }
    echo_.Write("ready");
    // A start that takes for ever.
    while (true) {
      pause();
    }
  });
  EXPECT_EQ(echo_.Read(5), "ready");
  kill(job.pid(), SIGTERM);
  const int status = job.Wait();
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM) << status;
}

TEST(TerminalTest, APipeIsLeftAlone) {
  Pipe pipe;
  Terminal terminal(pipe.reader());
  EXPECT_FALSE(terminal.is_terminal());
  EXPECT_TRUE(terminal.Enter()) << "it may be read";
  EXPECT_FALSE(Terminal::IsRaw());
}

}  // namespace
}  // namespace zvmm
