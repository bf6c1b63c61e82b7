// One more serial port, besides the first, and where it leads.

#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "devices/uart.h"
#include "host/console_input.h"
#include "host/console_output.h"
#include "host/descriptor.h"
#include "host/serial_options.h"
#include "host/terminal.h"
#include "stop.h"

namespace zvmm {

// Owns the port and the threads of its line. Belongs to the main thread.
class SerialPort {
 public:
  // Where a PC has them: ports, and the pin of the interrupt controller. The first is not one of
  // these.
  struct Place {
    uint16_t base;
    unsigned pin;
  };
  static constexpr std::array<Place, 4> kPlaces = {
      {{Uart::kCom1, Uart::kCom1Pin}, {0x2F8, 3}, {0x3E8, 4}, {0x2E8, 3}}};

  // Opens what the line leads to. `number` is 1 to 3.
  static absl::StatusOr<std::unique_ptr<SerialPort>> Open(unsigned number,
                                                          const SerialOptions& options,
                                                          InterruptLine line, StopLatch& stop);

  Uart& uart() { return uart_; }

  // Begins to read.
  absl::Status Start();
  // Ends reading, so that no thread waits for the guest.
  void CloseInput();
  // Writes what is left, but does not wait long for a reader that does not read.
  void Finish();

 private:
  SerialPort(unsigned number, InterruptLine line);

  absl::Status OpenLine(const SerialOptions& options, StopLatch& stop);

  const unsigned number_;
  Uart uart_;
  Terminal no_terminal_{-1};
  Descriptor far_end_;  // Of a pseudo-terminal: held open, so that it is there before its user.
  std::unique_ptr<ConsoleOutput> output_;
  std::unique_ptr<ConsoleInput> input_;
};

}  // namespace zvmm
