// Serial ports besides the first, and where they lead.

#include "serial_port.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <string>

#include "job.h"
#include "test_file.h"

namespace zvmm {
namespace {

class SerialPortTest : public testing::Test {
 protected:
  // As in zvmm: a reader that has gone is an error, no signal.
  void SetUp() override { signal(SIGPIPE, SIG_IGN); }
  std::unique_ptr<SerialPort> Open(const SerialOptions& options) {
    auto port = SerialPort::Open(
        1, options, [](bool) {}, stop_);
    EXPECT_TRUE(port.ok()) << port.status();
    if (!port.ok()) {
      return nullptr;
    }
    EXPECT_TRUE((*port)->Start().ok());
    return *std::move(port);
  }
  static void Write(SerialPort& port, std::string_view text) {
    for (const char c : text) {
      static_cast<IoDevice&>(port.uart()).Write(0x2F8, 1, static_cast<uint8_t>(c));
    }
  }
  // What the guest reads, by polling.
  static std::string Read(SerialPort& port, size_t size) {
    IoDevice& uart = port.uart();
    std::string text;
    Eventually([&] {
      if ((uart.Read(0x2FD, 1) & 1) != 0) {
        text += static_cast<char>(uart.Read(0x2F8, 1));
      }
      return text.size() == size;
    });
    return text;
  }
  static void End(SerialPort& port) {
    port.CloseInput();
    port.Finish();
  }

  StopLatch stop_;
};

TEST_F(SerialPortTest, ToAFile) {
  const TestFile file("what it had before");
  const auto port = Open({.kind = SerialOptions::Kind::kFile, .path = file.path()});
  Write(*port, "for the file\n");
  End(*port);
  EXPECT_EQ(file.Contents(), "for the file\n");
}

TEST_F(SerialPortTest, ToNowhere) {
  const auto port = Open({.kind = SerialOptions::Kind::kNull});
  Write(*port, "gone");
  End(*port);
}

TEST_F(SerialPortTest, ToASocketAndBack) {
  const std::string path = testing::TempDir() + "zvmm_serial_" + std::to_string(getpid());
  unlink(path.c_str());
  const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  ASSERT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  ASSERT_EQ(listen(listener, 1), 0);
  const auto port = Open({.kind = SerialOptions::Kind::kUnix, .path = path});
  const int peer = accept(listener, nullptr, nullptr);
  ASSERT_GE(peer, 0);
  Write(*port, "there");
  char text[8] = {};
  EXPECT_EQ(recv(peer, text, 5, MSG_WAITALL), 5);
  EXPECT_STREQ(text, "there");
  EXPECT_EQ(send(peer, "back", 4, 0), 4);
  EXPECT_EQ(Read(*port, 4), "back");
  close(peer);
  testing::internal::CaptureStderr();
  Write(*port, "nobody");
  End(*port);
  EXPECT_FALSE(stop_.requested()) << "the guest goes on";
  testing::internal::GetCapturedStderr();
  close(listener);
  unlink(path.c_str());
}

TEST_F(SerialPortTest, ToAPseudoTerminal) {
  testing::internal::CaptureStderr();
  const auto port = Open({.kind = SerialOptions::Kind::kPty});
  const std::string said = testing::internal::GetCapturedStderr();
  ASSERT_TRUE(said.starts_with("zvmm: serial port ttyS1 is /")) << said;
  const std::string path = said.substr(said.find('/'), said.size() - said.find('/') - 1);
  Write(*port, "before its user\n");
  const int user = open(path.c_str(), O_RDWR | O_NOCTTY);
  ASSERT_GE(user, 0) << path;
  // Bytes come as the port's thread writes them, in as many pieces as it likes.
  std::string text;
  for (char byte; text.size() < 16 && read(user, &byte, 1) == 1;) text += byte;
  EXPECT_EQ(text, "before its user\n");
  EXPECT_EQ(write(user, "keys", 4), 4);
  EXPECT_EQ(Read(*port, 4), "keys");
  close(user);
  // Without a reader it does not hold the guest up.
  Write(*port, std::string(200'000, 'x'));
  End(*port);
}

TEST_F(SerialPortTest, WhatCannotBeOpenedIsSaid) {
  const auto file = SerialPort::Open(
      1, {.kind = SerialOptions::Kind::kFile, .path = "/nowhere/file"}, [](bool) {}, stop_);
  EXPECT_NE(file.status().message().find("/nowhere/file"), std::string::npos);
  const auto socket = SerialPort::Open(
      1, {.kind = SerialOptions::Kind::kUnix, .path = "/nowhere/socket"}, [](bool) {}, stop_);
  EXPECT_NE(socket.status().message().find("/nowhere/socket"), std::string::npos);
}

}  // namespace
}  // namespace zvmm
