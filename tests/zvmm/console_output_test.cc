// What the guest writes, on its way to standard output: on pipes and pseudo-terminals.

#include "host/console_output.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>

#include <atomic>
#include <string>
#include <string_view>
#include <thread>

#include "host/polled_file.h"
#include "pipe.h"
#include "stop.h"

namespace zvmm {
namespace {

std::span<const uint8_t> BytesOf(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

class ConsoleOutputTest : public testing::Test {
 protected:
  void SetUp() override { signal(SIGPIPE, SIG_IGN); }

  std::unique_ptr<ConsoleOutput> Open(int fd, WhenFull when_full = WhenFull::kWait) {
    auto output = ConsoleOutput::Create("output", OpenForPolling(fd, O_WRONLY), when_full,
                                        [this](const absl::Status& why) {
                                          stop_.Request({.message = std::string(why.message())});
                                        });
    EXPECT_TRUE(output.ok()) << output.status();
    return output.ok() ? *std::move(output) : nullptr;
  }

  Pipe pipe_;
  StopLatch stop_;
};

TEST_F(ConsoleOutputTest, ArrivesWithoutANewline) {
  const auto output = Open(pipe_.writer());
  output->Write(BytesOf("#"));
  EXPECT_EQ(pipe_.Read(1), "#");
}

TEST_F(ConsoleOutputTest, FinishWritesAllHoweverSlowTheReader) {
  std::string text;
  for (int i = 0; i < 20'000; ++i) {
    text += "line " + std::to_string(i) + "\n";
  }
  const auto output = Open(pipe_.writer());
  // More than the pipe and the console hold.
  std::thread guest([&] {
    for (const char c : text) {
      output->Write(BytesOf({&c, 1}));
    }
    EXPECT_TRUE(output->Finish().ok());
    output->Write(BytesOf("x"));  // Dropped.
  });
  // Slower than any limit that there might be for one write.
  EXPECT_EQ(pipe_.Read(1), text.substr(0, 1));
  std::this_thread::sleep_for(std::chrono::milliseconds(1500));
  EXPECT_EQ(pipe_.Read(text.size() - 1), text.substr(1));
  guest.join();
  EXPECT_FALSE(stop_.requested());
}

TEST_F(ConsoleOutputTest, AnAbandonedReaderDoesNotHoldUpTheEnd) {
  const auto output = Open(pipe_.writer());
  std::thread guest([&] {
    for (size_t i = 0; i < 8 * ConsoleOutput::kCapacity; ++i) {
      output->Write(BytesOf("x"));
    }
  });
  pipe_.Read(1);
  output->Abandon();
  guest.join();
  EXPECT_TRUE(output->Finish().ok()) << "nobody asked for it";
}

TEST_F(ConsoleOutputTest, AnAbandonedTerminalDoesNotHoldUpTheEnd) {
  const int terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (terminal < 0) {
    GTEST_SKIP() << "no pseudo-terminals here";
  }
  ASSERT_EQ(grantpt(terminal), 0);
  ASSERT_EQ(unlockpt(terminal), 0);
  const int fd = open(ptsname(terminal), O_RDWR | O_NOCTTY | O_CLOEXEC);
  ASSERT_GE(fd, 0);
  {
    const auto output = Open(fd);
    // A terminal takes a part of a write and waits for room for the rest.
    output->Write(BytesOf(std::string(60'000, 'x') + "\n"));
    output->Write(BytesOf(std::string(60'000, 'y') + "\n"));
    output->Abandon();
    EXPECT_TRUE(output->Finish().ok());
  }
  close(fd);
  close(terminal);
}

TEST_F(ConsoleOutputTest, WhatNeedNotBeReadIsDropped) {
  const auto output = Open(pipe_.writer(), WhenFull::kDrop);
  for (size_t i = 0; i < 8 * ConsoleOutput::kCapacity; ++i) {
    output->Write(BytesOf("x"));  // Never waits.
  }
  // What there was room for is there, and what comes later too.
  EXPECT_EQ(pipe_.Read(ConsoleOutput::kCapacity), std::string(ConsoleOutput::kCapacity, 'x'));
  output->Write(BytesOf("end\n"));
  output->Abandon();
  EXPECT_TRUE(output->Finish().ok());
}

TEST_F(ConsoleOutputTest, AClosedPipeStopsTheMachine) {
  pipe_.CloseReader();
  const auto output = Open(pipe_.writer());
  for (size_t i = 0; i < 2 * ConsoleOutput::kCapacity; ++i) {
    output->Write(BytesOf("x"));  // Does not wait for ever.
  }
  EXPECT_FALSE(output->Finish().ok());
  ASSERT_TRUE(stop_.requested());
  EXPECT_EQ(stop_.Wait().reason, StopRequest::Reason::kFailure);
}

TEST_F(ConsoleOutputTest, WithoutADescriptorItSaysSo) {
  const rlimit before = [] {
    rlimit limit = {};
    getrlimit(RLIMIT_NOFILE, &limit);
    return limit;
  }();
  for (rlim_t limit = 0; limit <= 2; ++limit) {
    // The first descriptor that is free, and then one more.
    const int next = dup(pipe_.writer());
    close(next);
    const rlimit low = {.rlim_cur = static_cast<rlim_t>(next) + limit, .rlim_max = before.rlim_max};
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
    const auto output = ConsoleOutput::Create("output", OpenForPolling(pipe_.writer(), O_WRONLY),
                                              WhenFull::kWait, [](const absl::Status&) {});
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
    EXPECT_EQ(output.ok(), limit == 2) << limit << ": " << output.status();
  }
}

}  // namespace
}  // namespace zvmm
