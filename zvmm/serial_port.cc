#include "serial_port.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "host/log.h"
#include "host/unix_socket.h"

namespace zvmm {
namespace {

using Kind = SerialOptions::Kind;

// Both directions of a line, and what must be held open besides.
struct Line {
  Descriptor file{};
  Descriptor far_end{};
  bool reads = false;
};

absl::StatusOr<Line> OpenFile(const std::string& path) {
  Descriptor file(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK | O_CLOEXEC,
                       S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH));
  if (!file.is_valid()) {
    return absl::ErrnoToStatus(errno, path);
  }
  return Line{.file = std::move(file)};
}

absl::StatusOr<Line> OpenSocket(const std::string& path) {
  auto socket = ConnectUnixSocket(path);
  if (!socket.ok()) {
    return socket.status();
  }
  if (fcntl(socket->get(), F_SETFL, O_NONBLOCK) != 0) {
    return absl::ErrnoToStatus(errno, path);
  }
  return Line{.file = *std::move(socket), .reads = true};
}

absl::StatusOr<Line> OpenPty(std::string& name) {
  Line line = {.file = Descriptor(posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)),
               .reads = true};
  char path[64];
  if (!line.file.is_valid() || grantpt(line.file.get()) != 0 || unlockpt(line.file.get()) != 0 ||
      ptsname_r(line.file.get(), path, sizeof(path)) != 0) {
    return absl::ErrnoToStatus(errno, "a pseudo-terminal");
  }
  line.far_end = Descriptor(open(path, O_RDWR | O_NOCTTY | O_CLOEXEC));
  struct termios mode = {};
  if (!line.far_end.is_valid() || tcgetattr(line.far_end.get(), &mode) != 0) {
    return absl::ErrnoToStatus(errno, path);
  }
  // A wire: nothing comes back by itself.
  cfmakeraw(&mode);
  if (tcsetattr(line.far_end.get(), TCSANOW, &mode) != 0) {
    return absl::ErrnoToStatus(errno, path);
  }
  name = path;
  return line;
}

}  // namespace

absl::StatusOr<std::unique_ptr<SerialPort>> SerialPort::Open(unsigned number,
                                                             const SerialOptions& options,
                                                             InterruptLine line, StopLatch& stop) {
  std::unique_ptr<SerialPort> port(new SerialPort(number, std::move(line)));
  if (absl::Status status = port->OpenLine(options, stop); !status.ok()) {
    return status;
  }
  return port;
}

SerialPort::SerialPort(unsigned number, InterruptLine line)
    : number_(number), uart_(kPlaces[number].base, std::move(line), [this](uint8_t byte) {
        if (output_ != nullptr) {
          output_->Write({&byte, 1});
        }
      }) {}

absl::Status SerialPort::OpenLine(const SerialOptions& options, StopLatch& stop) {
  const std::string name = absl::StrCat("serial port ttyS", number_);
  std::string terminal;
  absl::StatusOr<Line> line = Line{};
  switch (options.kind) {
    case Kind::kNull:
      return absl::OkStatus();
    case Kind::kFile:
      line = OpenFile(options.path);
      break;
    case Kind::kUnix:
      line = OpenSocket(options.path);
      break;
    case Kind::kPty:
      line = OpenPty(terminal);
      break;
  }
  if (!line.ok()) {
    return line.status();
  }
  if (line->reads) {
    auto input = ConsoleInput::Create(
        name, Descriptor(fcntl(line->file.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1)), no_terminal_,
        stop);
    if (!input.ok()) {
      return input.status();
    }
    input_ = *std::move(input);
  }
  // The guest goes on without the line.
  // A pseudo-terminal may never be read.
  const WhenFull when_full = options.kind == Kind::kPty ? WhenFull::kDrop : WhenFull::kWait;
  auto output =
      ConsoleOutput::Create(name, std::move(line->file), when_full,
                            [](const absl::Status& why) { Say(std::string(why.message())); });
  if (!output.ok()) {
    return output.status();
  }
  output_ = *std::move(output);
  far_end_ = std::move(line->far_end);
  if (options.kind == Kind::kPty) {
    Say(absl::StrCat(name, " is ", terminal));
  }
  return absl::OkStatus();
}

absl::Status SerialPort::Start() {
  if (input_ == nullptr) {
    return absl::OkStatus();
  }
  return input_->Start([this](std::span<const uint8_t> bytes, WhenFull when_full) {
    return uart_.Receive(bytes, when_full);
  });
}

void SerialPort::CloseInput() {
  uart_.Close();
  if (input_ != nullptr) {
    input_->Close();
  }
}

void SerialPort::Finish() {
  if (output_ != nullptr) {
    output_->Abandon();
    // Its failure has been told.
    static_cast<void>(output_->Finish());
  }
}

}  // namespace zvmm
