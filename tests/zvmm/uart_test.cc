// The 16550A of zvmm, as a driver sees it.

#include "devices/uart.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "sleeping_thread.h"

namespace zvmm {
namespace {

constexpr uint16_t kBase = 0x3F8;

class UartTest : public testing::Test {
 protected:
  uint8_t In(uint16_t reg) { return static_cast<uint8_t>(port().Read(kBase + reg, 1)); }
  void Out(uint16_t reg, uint8_t value) { port().Write(kBase + reg, 1, value); }
  IoDevice& port() { return uart_; }
  void Type(std::string_view text) {
    uart_.Receive({reinterpret_cast<const uint8_t*>(text.data()), text.size()}, WhenFull::kWait);
  }

  std::string sent_;
  bool level_ = false;
  int edges_ = 0;
  Uart uart_{kBase,
             [this](bool level) {
               edges_ += level && !level_ ? 1 : 0;
               level_ = level;
             },
             [this](uint8_t byte) { sent_.push_back(static_cast<char>(byte)); }};
};

TEST_F(UartTest, TransmitsBytesInOrder) {
  for (const char c : std::string_view("hello\n")) {
    EXPECT_EQ(In(5) & 0x60, 0x60) << "always ready to send";
    Out(0, static_cast<uint8_t>(c));
  }
  EXPECT_EQ(sent_, "hello\n");
  EXPECT_FALSE(level_) << "no interrupt is enabled";
}

TEST_F(UartTest, ScratchAndLineControlKeepTheirValues) {
  Out(7, 0xA5);
  Out(3, 0x1B);
  EXPECT_EQ(In(7), 0xA5);
  EXPECT_EQ(In(3), 0x1B);
}

TEST_F(UartTest, DivisorIsBehindDlab) {
  Out(3, 0x80);
  Out(0, 0x01);
  Out(1, 0x02);
  EXPECT_EQ(In(0), 0x01);
  EXPECT_EQ(In(1), 0x02);
  Out(3, 0x03);
  EXPECT_EQ(In(1), 0x00) << "the interrupt enable register is untouched";
  EXPECT_TRUE(sent_.empty());
}

TEST_F(UartTest, InterruptEnableHasFourBits) {
  Out(1, 0xFF);
  EXPECT_EQ(In(1), 0x0F);
  Out(1, 0);
  EXPECT_EQ(In(1), 0x00);
}

// A driver's test for "is this a 16550A with working FIFOs".
TEST_F(UartTest, FifosShowInTheInterruptId) {
  EXPECT_EQ(In(2) & 0xC0, 0x00);
  Out(2, 0x01);
  EXPECT_EQ(In(2) & 0xC0, 0xC0);
  Out(2, 0x21);
  EXPECT_EQ(In(2) >> 5, 6) << "not a 16750 with its 64-byte FIFO";
}

TEST_F(UartTest, LoopBackConnectsModemLinesAndData) {
  Out(4, 0x10 | 0x0A);  // RTS and OUT2.
  EXPECT_EQ(In(6) & 0xF0, 0x90);
  Out(4, 0x10 | 0x05);  // DTR and OUT1.
  EXPECT_EQ(In(6) & 0xF0, 0x60);
  Out(0, 'x');
  EXPECT_TRUE(sent_.empty()) << "nothing leaves";
  EXPECT_EQ(In(5) & 0x01, 0x01);
  EXPECT_EQ(In(0), 'x');
  Out(4, 0x0B);
  EXPECT_EQ(In(6) & 0xF0, 0xB0) << "somebody is connected";
}

TEST_F(UartTest, ModemStatusTellsChangesOnce) {
  Out(4, 0x10);
  In(6);
  Out(4, 0x10 | 0x02);
  EXPECT_EQ(In(6), 0x11) << "CTS, and it has changed";
  EXPECT_EQ(In(6), 0x10);
}

TEST_F(UartTest, TransmitterInterruptComesWhenEnabledAndGoesWhenRead) {
  Out(1, 0x02);
  EXPECT_TRUE(level_);
  EXPECT_EQ(In(2) & 0x0F, 0x02);
  EXPECT_FALSE(level_);
  EXPECT_EQ(In(2) & 0x0F, 0x01);
  // Enabled anew it comes anew: a driver tests for that.
  Out(1, 0x00);
  Out(1, 0x02);
  EXPECT_EQ(In(2) & 0x0F, 0x02);
}

TEST_F(UartTest, EachByteSentGivesANewEdge) {
  Out(1, 0x02);
  const int before = edges_;
  Out(0, 'a');
  Out(0, 'b');
  EXPECT_EQ(edges_, before + 2);
  EXPECT_TRUE(level_);
}

TEST_F(UartTest, ReceiveInterruptLastsUntilAllIsRead) {
  Out(2, 0x01);
  Out(1, 0x01);
  Type("ab");
  EXPECT_TRUE(level_);
  EXPECT_EQ(In(2) & 0x0F, 0x04);
  EXPECT_EQ(In(0), 'a');
  EXPECT_TRUE(level_);
  EXPECT_EQ(In(0), 'b');
  EXPECT_FALSE(level_);
  EXPECT_EQ(In(5) & 0x01, 0x00);
  EXPECT_EQ(In(2) & 0x0F, 0x01);
}

TEST_F(UartTest, BelowTheTriggerLevelItIsATimeout) {
  Out(2, 0xC1);  // 14 bytes.
  Out(1, 0x01);
  Type("0123456789abc");
  EXPECT_EQ(In(2) & 0x0F, 0x0C);
  Type("d");
  EXPECT_EQ(In(2) & 0x0F, 0x04);
}

TEST_F(UartTest, ReceiveComesBeforeTransmit) {
  Out(1, 0x03);
  Type("a");
  EXPECT_EQ(In(2) & 0x0F, 0x04);
  In(0);
  EXPECT_EQ(In(2) & 0x0F, 0x02) << "it has waited";
  EXPECT_EQ(In(2) & 0x0F, 0x01);
}

TEST_F(UartTest, LineStatusInterruptOfAnOverrunComesFirst) {
  Out(4, 0x10);
  Out(1, 0x05);
  Out(0, 'a');
  Out(0, 'b');  // No FIFO: one byte of room.
  EXPECT_EQ(In(2) & 0x0F, 0x06);
  EXPECT_EQ(In(5) & 0x03, 0x03);
  EXPECT_EQ(In(2) & 0x0F, 0x04) << "reading the status took it back";
}

// A driver clears the FIFO, and reads what is in it, before it enables its interrupt.
TEST_F(UartTest, InputBeforeTheDriverListensIsKept) {
  Type("login\n");
  Out(2, 0x01);
  Out(2, 0x07);
  EXPECT_EQ(In(5) & 0x01, 0x00);
  In(0);
  EXPECT_FALSE(level_);
  Out(1, 0x05);
  EXPECT_TRUE(level_);
  std::string got;
  while ((In(5) & 0x01) != 0) {
    got.push_back(static_cast<char>(In(0)));
  }
  EXPECT_EQ(got, "login\n");
}

TEST_F(UartTest, AGuestThatPollsGetsItsInput) {
  Type("polled");
  std::string got;
  for (int i = 0; i < 100; ++i) {
    if ((In(5) & 0x01) != 0) {
      got.push_back(static_cast<char>(In(0)));
    }
  }
  EXPECT_EQ(got, "polled");
}

TEST_F(UartTest, MoreThanTheFifoHoldsWaitsOnTheLine) {
  Out(2, 0x01);
  Out(1, 0x01);
  std::string text;
  for (int i = 0; i < 1000; ++i) {
    text.push_back(static_cast<char>('a' + i % 26));
  }
  Type(text);
  std::string got;
  while ((In(5) & 0x01) != 0) {
    got.push_back(static_cast<char>(In(0)));
  }
  EXPECT_EQ(got, text);
  EXPECT_EQ(In(5) & 0x02, 0x00) << "no overrun";
}

TEST_F(UartTest, ClearingTheFifoDropsOnlyWhatIsInIt) {
  Out(2, 0x01);
  Out(1, 0x01);
  Type(std::string(Uart::kFifoSize, 'x') + "rest");
  Out(2, 0x03);
  std::string got;
  while ((In(5) & 0x01) != 0) {
    got.push_back(static_cast<char>(In(0)));
  }
  EXPECT_EQ(got, "rest");
}

TEST_F(UartTest, CloseEndsAReceiveThatWaits) {
  const std::vector<uint8_t> much(Uart::kLineCapacity + 100, 'x');
  SleepingThread typist([&] { EXPECT_FALSE(uart_.Receive(much, WhenFull::kWait)); });
  EXPECT_TRUE(typist.AwaitSleep());
  uart_.Close();
  typist.Join();
  EXPECT_FALSE(uart_.Receive(much, WhenFull::kWait));
}

TEST_F(UartTest, WideAccessesAreByteAccesses) {
  port().Write(kBase + 7, 1, 0x11);
  EXPECT_EQ(port().Read(kBase + 6, 2), 0x11B0u);
  EXPECT_EQ(port().Read(kBase + 7, 4), 0xFFFFFF11u) << "beyond its ports there is nothing";
}

}  // namespace
}  // namespace zvmm
