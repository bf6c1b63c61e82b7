// A 16550A serial port: registers, 16-byte receive FIFO, interrupts, loop-back.
//
//   Uart uart(0x3F8, [&](bool level) { io_apic.SetLine(4, level); },
//             [&](uint8_t byte) { console.Write(byte); });
//   uart.Receive(bytes);   // from the input thread
//
// The transmitter is infinitely fast: a byte written is sent at once, so "transmitter empty" always
// holds, and its interrupt is raised anew after each byte.
//
// Input that comes before the guest listens is kept, not lost: bytes wait on the line until the
// guest enables the receive interrupt or polls for data. (A Linux driver empties the FIFO when it
// opens the port; text piped into zvmm would lose its beginning.)

#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <span>

#include "devices/device.h"

namespace zvmm {

// Owns nothing but its registers and the bytes that wait. Thread-safe; calls the line and the
// transmitter with its mutex held.
class Uart final : public ByteIoDevice {
 public:
  static constexpr uint16_t kPorts = 8;
  // Where a PC has its first one: ports, and the pin of the interrupt controller.
  static constexpr uint16_t kCom1 = 0x3F8;
  static constexpr unsigned kCom1Pin = 4;
  static constexpr size_t kFifoSize = 16;
  // What may wait on the line until Receive() waits or drops.
  static constexpr size_t kLineCapacity = 4096;

  Uart(uint16_t base, InterruptLine line, std::function<void(uint8_t)> transmit);

  // Takes bytes from the line. Gives false once closed.
  bool Receive(std::span<const uint8_t> bytes, WhenFull when_full);

  // Ends Receive(), now and for ever.
  void Close();

  std::string_view name() const override { return "serial port"; }

 private:
  uint8_t ReadByte(uint16_t port) override;
  void WriteByte(uint16_t port, uint8_t value) override;

  // All of these with mutex_ held.
  uint8_t ReadReceiver();
  uint8_t ReadLineStatus();
  uint8_t ReadModemStatus();
  uint8_t ReadInterruptId();
  void WriteTransmitter(uint8_t value);
  void WriteInterruptEnable(uint8_t value);
  void WriteFifoControl(uint8_t value);
  void WriteModemControl(uint8_t value);
  uint8_t InterruptId() const;
  uint8_t ModemLines() const;
  bool Listening() const;
  void BreakPolling();
  void FillFifo();
  void UpdateLine();

  const uint16_t base_;
  const InterruptLine line_;
  const std::function<void(uint8_t)> transmit_;

  std::mutex mutex_;
  std::condition_variable room_;
  bool closed_ = false;

  std::deque<uint8_t> waiting_;  // On the line, not yet in the FIFO.
  std::deque<uint8_t> fifo_;     // At most 16 bytes; 1 while FIFOs are off.

  bool fifo_enabled_ = false;
  uint8_t trigger_level_ = 1;
  uint8_t interrupt_enable_ = 0;
  uint8_t line_control_ = 0;
  uint8_t modem_control_ = 0;
  uint8_t modem_deltas_ = 0;
  uint8_t scratch_ = 0;
  uint16_t divisor_ = 12;  // 9600 baud, as firmware leaves it.
  bool overrun_ = false;
  bool transmitter_interrupt_ = false;  // The latch behind "transmitter empty".
  uint8_t polls_ = 0;  // Reads of the line status in a row; at the limit it stays there.
};

}  // namespace zvmm
