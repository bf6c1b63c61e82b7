// The console of examples/zvmm, on pipes.

#include "console.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include <chrono>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "sleeping_thread.h"
#include "terminal.h"

namespace zvmm {
namespace {

std::span<const uint8_t> BytesOf(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

TEST(EscapeFilterTest, CtrlAXEnds) {
  EscapeFilter filter;
  std::string out;
  EXPECT_TRUE(filter.Filter(BytesOf("ab\x01\x01"
                                    "c\x01"),
                            out));
  EXPECT_EQ(out,
            "ab\x01"
            "c");
  EXPECT_TRUE(filter.Filter(BytesOf("y"), out)) << "another key after it is just that key";
  EXPECT_EQ(out,
            "ab\x01"
            "cy");
  EXPECT_TRUE(filter.Filter(BytesOf("\x01"), out));
  EXPECT_FALSE(filter.Filter(BytesOf("x"), out)) << "also in two parts";
}

class ConsoleTest : public testing::Test {
 protected:
  void SetUp() override {
    signal(SIGPIPE, SIG_IGN);
    ASSERT_EQ(pipe2(in_, O_CLOEXEC), 0);
    ASSERT_EQ(pipe2(out_, O_CLOEXEC), 0);
  }
  void TearDown() override {
    for (const int fd : {in_[0], in_[1], out_[0], out_[1]}) {
      if (fd >= 0) {
        close(fd);
      }
    }
  }
  static void CloseFd(int& fd) {
    close(fd);
    fd = -1;
  }
  std::string ReadOut(size_t size) {
    std::string text;
    char buffer[4096];
    while (text.size() < size) {
      const ssize_t count = read(out_[0], buffer, sizeof(buffer));
      if (count <= 0) {
        break;
      }
      text.append(buffer, static_cast<size_t>(count));
    }
    return text;
  }

  int in_[2] = {-1, -1};
  int out_[2] = {-1, -1};
  StopLatch stop_;
};

TEST_F(ConsoleTest, OutputArrivesWithoutANewline) {
  Console console(in_[0], out_[1], stop_);
  console.Write(BytesOf("#"));
  EXPECT_EQ(ReadOut(1), "#");
}

TEST_F(ConsoleTest, CloseWritesWhatIsLeft) {
  std::string text;
  for (int i = 0; i < 10'000; ++i) {
    text += "line " + std::to_string(i) + "\n";
  }
  std::string got;
  std::thread reader([&] { got = ReadOut(text.size()); });
  {
    Console console(in_[0], out_[1], stop_);
    for (const char c : text) {
      console.Write(BytesOf({&c, 1}));
    }
    console.Close();
    console.Write(BytesOf("x"));  // Dropped.
  }
  reader.join();
  EXPECT_EQ(got, text);
  EXPECT_FALSE(stop_.requested());
}

TEST_F(ConsoleTest, AReaderThatHasStoppedDoesNotHoldUpTheEnd) {
  Console console(in_[0], out_[1], stop_);
  SleepingThread guest([&] {
    for (size_t i = 0; i < 4 * Console::kCapacity; ++i) {
      console.Write(BytesOf("x"));
    }
  });
  EXPECT_TRUE(guest.AwaitSleep());
  console.Close();
  guest.Join();
}

TEST_F(ConsoleTest, AClosedPipeStopsTheMachine) {
  CloseFd(out_[0]);
  Console console(in_[0], out_[1], stop_);
  for (size_t i = 0; i < 2 * Console::kCapacity; ++i) {
    console.Write(BytesOf("x"));  // Does not block for ever.
  }
  console.Close();
  ASSERT_TRUE(stop_.requested());
  EXPECT_EQ(stop_.request().reason, StopRequest::Reason::kFailure);
}

TEST_F(ConsoleTest, InputGoesToTheReceiver) {
  std::mutex mutex;
  std::string got;
  Console console(in_[0], out_[1], stop_);
  console.StartInput(
      [&](std::span<const uint8_t> bytes) {
        std::lock_guard lock(mutex);
        got.append(bytes.begin(), bytes.end());
        return true;
      },
      false);
  const std::string text = "plain \x01x text\n";  // No escapes: not a terminal.
  ASSERT_EQ(write(in_[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  CloseFd(in_[1]);
  for (int i = 0; i < 500; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    std::lock_guard lock(mutex);
    if (got.size() == text.size()) {
      break;
    }
  }
  console.Close();
  EXPECT_EQ(got, text);
  EXPECT_FALSE(stop_.requested()) << "the end of the input is not the end of the guest";
}

TEST_F(ConsoleTest, EscapeEndsTheMachineWithTheStatusOfCtrlC) {
  Console console(in_[0], out_[1], stop_);
  console.StartInput([](std::span<const uint8_t>) { return true; }, true);
  ASSERT_EQ(write(in_[1], "\x01x", 2), 2);
  for (int i = 0; i < 500 && !stop_.requested(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  console.Close();
  ASSERT_TRUE(stop_.requested());
  EXPECT_EQ(stop_.request().reason, StopRequest::Reason::kUser);
  EXPECT_EQ(stop_.request().status, 130);
}

TEST(RawTerminalTest, ModeIsRestored) {
  const int terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (terminal < 0) {
    GTEST_SKIP() << "no pseudo-terminals here";
  }
  ASSERT_EQ(grantpt(terminal), 0);
  ASSERT_EQ(unlockpt(terminal), 0);
  const int fd = open(ptsname(terminal), O_RDWR | O_NOCTTY | O_CLOEXEC);
  ASSERT_GE(fd, 0);
  const auto is_raw = [fd] {
    termios mode = {};
    tcgetattr(fd, &mode);
    return (mode.c_lflag & (ICANON | ECHO | ISIG)) == 0;
  };
  EXPECT_FALSE(is_raw());
  {
    const RawTerminal raw(fd);
    EXPECT_TRUE(raw.active());
    EXPECT_TRUE(is_raw());
  }
  EXPECT_FALSE(is_raw());
  // Also by the signals with which a program dies.
  EXPECT_EXIT(
      {
        const RawTerminal raw(fd);
        abort();
      },
      testing::KilledBySignal(SIGABRT), "");
  EXPECT_FALSE(is_raw());
  EXPECT_EXIT(
      {
        const RawTerminal raw(fd);
        exit(3);
      },
      testing::ExitedWithCode(3), "");
  EXPECT_FALSE(is_raw());
  close(fd);
  close(terminal);
}

TEST(RawTerminalTest, APipeIsLeftAlone) {
  int fds[2];
  ASSERT_EQ(pipe2(fds, O_CLOEXEC), 0);
  const RawTerminal raw(fds[0]);
  EXPECT_FALSE(raw.active());
  close(fds[0]);
  close(fds[1]);
}

}  // namespace
}  // namespace zvmm
