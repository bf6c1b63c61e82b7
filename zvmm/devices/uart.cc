#include "devices/uart.h"

#include <utility>

namespace zvmm {
namespace {

// Registers, as offsets from the base port. With DLAB set the first two are the divisor.
enum UartRegister : uint16_t {
  kData = 0,
  kInterruptEnable = 1,
  kInterruptIdAndFifoControl = 2,
  kLineControl = 3,
  kModemControl = 4,
  kLineStatus = 5,
  kModemStatus = 6,
  kScratch = 7,
};

// Interrupt enable register.
constexpr uint8_t kEnableReceive = 0x01;
constexpr uint8_t kEnableTransmit = 0x02;
constexpr uint8_t kEnableLineStatus = 0x04;
constexpr uint8_t kEnableModemStatus = 0x08;
constexpr uint8_t kEnableMask = 0x0F;

// Interrupt identification, highest priority first.
constexpr uint8_t kIdLineStatus = 0x06;
constexpr uint8_t kIdReceive = 0x04;
constexpr uint8_t kIdReceiveTimeout = 0x0C;
constexpr uint8_t kIdTransmit = 0x02;
constexpr uint8_t kIdModemStatus = 0x00;
constexpr uint8_t kIdNone = 0x01;
constexpr uint8_t kIdFifosEnabled = 0xC0;

// FIFO control register.
constexpr uint8_t kFifoEnable = 0x01;
constexpr uint8_t kFifoClearReceive = 0x02;

constexpr uint8_t kLineControlDlab = 0x80;

// Modem control register.
constexpr uint8_t kModemDtr = 0x01;
constexpr uint8_t kModemRts = 0x02;
constexpr uint8_t kModemOut1 = 0x04;
constexpr uint8_t kModemOut2 = 0x08;
constexpr uint8_t kModemLoop = 0x10;
constexpr uint8_t kModemControlMask = 0x1F;

// Line status register.
constexpr uint8_t kDataReady = 0x01;
constexpr uint8_t kOverrun = 0x02;
constexpr uint8_t kTransmitterEmpty = 0x60;  // Holding register and shift register.

// Modem status register: the lines in the high half, their changes in the low half.
constexpr uint8_t kCts = 0x10;
constexpr uint8_t kDsr = 0x20;
constexpr uint8_t kRingIndicator = 0x40;
constexpr uint8_t kCarrierDetect = 0x80;

// So many reads of the line status in a row are a guest that polls for input. Drivers that only
// wait for the transmitter read it once, for it is always empty.
constexpr uint8_t kPollsThatListen = 16;

}  // namespace

Uart::Uart(uint16_t base, InterruptLine line, std::function<void(uint8_t)> transmit)
    : base_(base), line_(std::move(line)), transmit_(std::move(transmit)) {}

bool Uart::Receive(std::span<const uint8_t> bytes, WhenFull when_full) {
  std::unique_lock lock(mutex_);
  for (const uint8_t byte : bytes) {
    const auto has_room = [this] { return closed_ || waiting_.size() < kLineCapacity; };
    if (when_full == WhenFull::kDrop && !has_room()) {
      return true;
    }
    room_.wait(lock, has_room);
    if (closed_) {
      return false;
    }
    waiting_.push_back(byte);
    // Byte by byte: the guest may only make room after the interrupt for the first ones.
    FillFifo();
    UpdateLine();
  }
  return !closed_;
}

void Uart::Close() {
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
  }
  room_.notify_all();
}

uint8_t Uart::ReadByte(uint16_t port) {
  std::lock_guard lock(mutex_);
  const uint16_t reg = static_cast<uint16_t>(port - base_);
  if (reg != kLineStatus) {
    BreakPolling();
  }
  const bool dlab = (line_control_ & kLineControlDlab) != 0;
  switch (reg) {
    case kData:
      return dlab ? static_cast<uint8_t>(divisor_) : ReadReceiver();
    case kInterruptEnable:
      return dlab ? static_cast<uint8_t>(divisor_ >> 8) : interrupt_enable_;
    case kInterruptIdAndFifoControl:
      return ReadInterruptId();
    case kLineControl:
      return line_control_;
    case kModemControl:
      return modem_control_;
    case kLineStatus:
      return ReadLineStatus();
    case kModemStatus:
      return ReadModemStatus();
    case kScratch:
      return scratch_;
    default:
      return 0xFF;
  }
}

void Uart::WriteByte(uint16_t port, uint8_t value) {
  std::lock_guard lock(mutex_);
  const uint16_t reg = static_cast<uint16_t>(port - base_);
  BreakPolling();
  const bool dlab = (line_control_ & kLineControlDlab) != 0;
  switch (reg) {
    case kData:
      if (dlab) {
        divisor_ = static_cast<uint16_t>((divisor_ & 0xFF00) | value);
      } else {
        WriteTransmitter(value);
      }
      break;
    case kInterruptEnable:
      if (dlab) {
        divisor_ = static_cast<uint16_t>((divisor_ & 0x00FF) | (value << 8));
      } else {
        WriteInterruptEnable(value);
      }
      break;
    case kInterruptIdAndFifoControl:
      WriteFifoControl(value);
      break;
    case kLineControl:
      line_control_ = value;
      break;
    case kModemControl:
      WriteModemControl(value);
      break;
    case kScratch:
      scratch_ = value;
      break;
    default:  // The status registers are read-only here.
      break;
  }
}

uint8_t Uart::ReadReceiver() {
  uint8_t value = 0;
  if (!fifo_.empty()) {
    value = fifo_.front();
    fifo_.pop_front();
  }
  FillFifo();
  UpdateLine();
  return value;
}

uint8_t Uart::ReadLineStatus() {
  if (polls_ < kPollsThatListen) {
    ++polls_;
    FillFifo();
  }
  uint8_t value = kTransmitterEmpty;
  if (!fifo_.empty()) {
    value |= kDataReady;
  }
  if (std::exchange(overrun_, false)) {
    value |= kOverrun;
  }
  UpdateLine();
  return value;
}

uint8_t Uart::ReadModemStatus() {
  const uint8_t value = ModemLines() | std::exchange(modem_deltas_, uint8_t{0});
  UpdateLine();
  return value;
}

uint8_t Uart::ReadInterruptId() {
  const uint8_t id = InterruptId();
  if (id == kIdTransmit) {
    transmitter_interrupt_ = false;  // Reading its id takes this one back; the others stay.
    UpdateLine();
  }
  return id | (fifo_enabled_ ? kIdFifosEnabled : 0);
}

void Uart::WriteTransmitter(uint8_t value) {
  if ((modem_control_ & kModemLoop) != 0) {
    if (fifo_.size() < (fifo_enabled_ ? kFifoSize : 1)) {
      fifo_.push_back(value);
    } else {
      overrun_ = true;
    }
  } else {
    transmit_(value);
  }
  // The holding register was full for a moment: the line falls and, the byte sent, rises. A driver
  // on an edge-triggered pin that stops in the middle of its work relies on the new edge.
  transmitter_interrupt_ = false;
  UpdateLine();
  transmitter_interrupt_ = true;
  UpdateLine();
}

void Uart::WriteInterruptEnable(uint8_t value) {
  const uint8_t enabled_now = value & ~interrupt_enable_;
  interrupt_enable_ = value & kEnableMask;
  if ((enabled_now & kEnableTransmit) != 0) {
    transmitter_interrupt_ = true;  // It is empty at this moment.
  }
  FillFifo();
  UpdateLine();
}

void Uart::WriteFifoControl(uint8_t value) {
  const bool enable = (value & kFifoEnable) != 0;
  if (enable != fifo_enabled_ || (value & kFifoClearReceive) != 0) {
    fifo_.clear();
  }
  fifo_enabled_ = enable;
  constexpr uint8_t kTriggerLevels[] = {1, 4, 8, 14};
  trigger_level_ = enable ? kTriggerLevels[value >> 6] : uint8_t{1};
  FillFifo();
  UpdateLine();
}

void Uart::WriteModemControl(uint8_t value) {
  const uint8_t before = ModemLines();
  modem_control_ = value & kModemControlMask;
  const uint8_t changed = before ^ ModemLines();
  modem_deltas_ |= (changed & (kCts | kDsr | kCarrierDetect)) >> 4;
  if ((changed & before & kRingIndicator) != 0) {
    modem_deltas_ |= kRingIndicator >> 4;  // Only its end counts.
  }
  UpdateLine();
}

uint8_t Uart::InterruptId() const {
  if ((interrupt_enable_ & kEnableLineStatus) != 0 && overrun_) {
    return kIdLineStatus;
  }
  if ((interrupt_enable_ & kEnableReceive) != 0 && !fifo_.empty()) {
    // Below the trigger level a 16550 waits four character times for more. They are over at once.
    return fifo_.size() >= trigger_level_ ? kIdReceive : kIdReceiveTimeout;
  }
  if ((interrupt_enable_ & kEnableTransmit) != 0 && transmitter_interrupt_) {
    return kIdTransmit;
  }
  if ((interrupt_enable_ & kEnableModemStatus) != 0 && modem_deltas_ != 0) {
    return kIdModemStatus;
  }
  return kIdNone;
}

uint8_t Uart::ModemLines() const {
  if ((modem_control_ & kModemLoop) == 0) {
    return kCts | kDsr | kCarrierDetect;  // Somebody is always connected and ready.
  }
  uint8_t lines = 0;
  lines |= (modem_control_ & kModemRts) != 0 ? kCts : 0;
  lines |= (modem_control_ & kModemDtr) != 0 ? kDsr : 0;
  lines |= (modem_control_ & kModemOut1) != 0 ? kRingIndicator : 0;
  lines |= (modem_control_ & kModemOut2) != 0 ? kCarrierDetect : 0;
  return lines;
}

bool Uart::Listening() const {
  return (modem_control_ & kModemLoop) == 0 &&
         ((interrupt_enable_ & kEnableReceive) != 0 || polls_ >= kPollsThatListen);
}

void Uart::BreakPolling() {
  if (polls_ < kPollsThatListen) {
    polls_ = 0;
  }
}

void Uart::FillFifo() {
  if (!Listening()) {
    return;
  }
  const size_t capacity = fifo_enabled_ ? kFifoSize : 1;
  while (!waiting_.empty() && fifo_.size() < capacity) {
    fifo_.push_back(waiting_.front());
    waiting_.pop_front();
  }
  if (waiting_.size() < kLineCapacity) {
    room_.notify_all();
  }
}

void Uart::UpdateLine() { line_(InterruptId() != kIdNone); }

}  // namespace zvmm
