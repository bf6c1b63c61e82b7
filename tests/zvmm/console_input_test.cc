// Standard input, on its way to the guest. job_control_test.cc has terminals.

#include "host/console_input.h"

#include <gtest/gtest.h>

#include <span>
#include <string>
#include <string_view>

#include "host/polled_file.h"
#include "pipe.h"

namespace zvmm {
namespace {

using Wish = EscapeFilter::Wish;

std::span<const uint8_t> BytesOf(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

TEST(EscapeFilterTest, CtrlAIsTheEscapeKey) {
  EscapeFilter filter;
  std::string out;
  const auto type = [&](std::string_view keys) {
    std::span<const uint8_t> bytes = BytesOf(keys);
    const Wish wish = filter.Filter(bytes, out);
    EXPECT_TRUE(bytes.empty() || wish != Wish::kNone);
    return wish;
  };
  EXPECT_EQ(type("ab\x01\x01"
                 "c\x01"),
            Wish::kNone);
  EXPECT_EQ(out,
            "ab\x01"
            "c");
  EXPECT_EQ(type("y"), Wish::kNone) << "another key after it is just that key";
  EXPECT_EQ(out,
            "ab\x01"
            "cy");
  EXPECT_EQ(type("\x01"), Wish::kNone);
  EXPECT_EQ(type("x"), Wish::kEnd) << "also in two parts";
  EXPECT_EQ(type("\x01z"), Wish::kSuspend);
}

TEST(EscapeFilterTest, WhatFollowsAWishIsLeft) {
  EscapeFilter filter;
  std::string out;
  std::span<const uint8_t> bytes = BytesOf("a\x01zb");
  EXPECT_EQ(filter.Filter(bytes, out), Wish::kSuspend);
  EXPECT_EQ(out, "a");
  EXPECT_EQ(filter.Filter(bytes, out), Wish::kNone);
  EXPECT_EQ(out, "ab");
}

class ConsoleInputTest : public testing::Test {
 protected:
  std::unique_ptr<ConsoleInput> Open() {
    auto input =
        ConsoleInput::Create("input", OpenForPolling(in_.reader(), O_RDONLY), terminal_, stop_);
    EXPECT_TRUE(input.ok()) << input.status();
    return input.ok() ? *std::move(input) : nullptr;
  }

  Pipe in_;
  Pipe got_;
  Terminal terminal_{in_.reader()};
  StopLatch stop_;
};

TEST_F(ConsoleInputTest, GoesToTheReceiver) {
  const auto input = Open();
  ASSERT_TRUE(input
                  ->Start([this](std::span<const uint8_t> bytes, WhenFull when_full) {
                    EXPECT_EQ(when_full, WhenFull::kWait);
                    got_.Write({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
                    return true;
                  })
                  .ok());
  const std::string text = "plain \x01x text\n";  // No escapes: not a terminal.
  in_.Write(text);
  EXPECT_EQ(got_.Read(text.size()), text);
  in_.CloseWriter();
  input->Close();
  EXPECT_FALSE(stop_.requested()) << "the end of the input is not the end of the guest";
}

TEST_F(ConsoleInputTest, CloseDoesNotWaitForInputThatAnotherReaderTook) {
  const auto input = Open();
  ASSERT_TRUE(input->Start([](std::span<const uint8_t>, WhenFull) { return true; }).ok());
  // Two readers of one pipe: the one that comes too late must not be stuck in its read.
  for (int i = 0; i < 1000; ++i) {
    in_.Write("x");
    char byte;
    fcntl(in_.reader(), F_SETFL, O_NONBLOCK);
    static_cast<void>(!read(in_.reader(), &byte, 1));
    fcntl(in_.reader(), F_SETFL, 0);
  }
  input->Close();
}

}  // namespace
}  // namespace zvmm
