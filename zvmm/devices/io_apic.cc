#include "devices/io_apic.h"

#include <cassert>

#include "devices/interrupt_message.h"

namespace zvmm {
namespace {

// The memory-mapped registers. All others are reached through the first two.
constexpr uint64_t kSelect = 0x00;
constexpr uint64_t kWindow = 0x10;
constexpr uint64_t kEoi = 0x40;

constexpr uint8_t kRegisterId = 0x00;
constexpr uint8_t kRegisterVersion = 0x01;
constexpr uint8_t kRegisterArbitration = 0x02;
constexpr uint8_t kRegisterRedirection = 0x10;  // Two for each pin.

// 24 pins; version 0x20: there is an EOI register.
constexpr uint32_t kVersion = ((IoApic::kPins - 1) << 16) | 0x20;

// Redirection entry.
constexpr uint64_t kVectorMask = 0xFF;
constexpr unsigned kDeliveryShift = 8;
constexpr uint8_t kDeliveryMask = 7;
constexpr uint64_t kLogicalDestination = 1 << 11;
constexpr uint64_t kDeliveryStatus = 1 << 12;
constexpr uint64_t kRemoteIrr = 1 << 14;
constexpr uint64_t kLevelTriggered = 1 << 15;
constexpr uint64_t kMasked = 1 << 16;
constexpr unsigned kDestinationShift = 56;
constexpr uint64_t kReadOnly = kDeliveryStatus | kRemoteIrr;
constexpr uint64_t kWritable = 0xFF00'0000'0001'FFFF & ~kReadOnly;

}  // namespace

IoApic::IoApic(InterruptSink& sink) : sink_(sink) {
  for (Pin& pin : pins_) {
    pin.redirection = kMasked;
  }
}

InterruptLine IoApic::Connect(unsigned pin) {
  assert(pin < kPins);
  std::lock_guard lock(mutex_);
  const unsigned source = pins_[pin].sources++;
  assert(source < 32);
  return [this, pin, bit = uint32_t{1} << source](bool level) { SetLevel(pin, bit, level); };
}

void IoApic::SetLevel(unsigned pin_number, uint32_t source, bool level) {
  std::lock_guard lock(mutex_);
  Pin& pin = pins_[pin_number];
  const bool before = pin.levels != 0;
  pin.levels = level ? pin.levels | source : pin.levels & ~source;
  const bool line = pin.levels != 0;
  if (line == before) {
    return;
  }
  pin.edge = line;
  if (!line) {
    pin.redirection &= ~kRemoteIrr;
  }
  Service(pin);
}

uint64_t IoApic::Read(uint64_t address, uint8_t size) {
  std::lock_guard lock(mutex_);
  switch (address - kAddress) {
    case kSelect:
      return select_;
    case kWindow:
      return ReadRegister();
    default:
      return 0;
  }
}

void IoApic::Write(uint64_t address, uint8_t size, uint64_t value) {
  std::lock_guard lock(mutex_);
  switch (address - kAddress) {
    case kSelect:
      select_ = static_cast<uint8_t>(value);
      break;
    case kWindow:
      WriteRegister(static_cast<uint32_t>(value));
      break;
    case kEoi:
      EndOfInterrupt(static_cast<uint8_t>(value));
      break;
    default:
      break;
  }
}

uint32_t IoApic::ReadRegister() const {
  switch (select_) {
    case kRegisterId:
    case kRegisterArbitration:
      return uint32_t{id_} << 24;
    case kRegisterVersion:
      return kVersion;
    default:
      break;
  }
  if (select_ < kRegisterRedirection || select_ >= kRegisterRedirection + 2 * kPins) {
    return 0;
  }
  const unsigned index = select_ - kRegisterRedirection;
  return static_cast<uint32_t>(pins_[index / 2].redirection >> (index % 2 == 0 ? 0 : 32));
}

void IoApic::WriteRegister(uint32_t value) {
  if (select_ == kRegisterId) {
    id_ = (value >> 24) & 0x0F;
    return;
  }
  if (select_ < kRegisterRedirection || select_ >= kRegisterRedirection + 2 * kPins) {
    return;
  }
  const unsigned index = select_ - kRegisterRedirection;
  WriteRedirection(pins_[index / 2], index % 2 != 0, value);
}

void IoApic::WriteRedirection(Pin& pin, bool high, uint32_t value) {
  const uint64_t half = high ? 0xFFFF'FFFF'0000'0000 : 0x0000'0000'FFFF'FFFF;
  const uint64_t wide = high ? uint64_t{value} << 32 : uint64_t{value};
  const uint64_t mask = half & kWritable;
  pin.redirection = (pin.redirection & ~mask) | (wide & mask);
  if ((pin.redirection & kLevelTriggered) == 0) {
    pin.redirection &= ~kRemoteIrr;
  }
  Service(pin);
}

void IoApic::EndOfInterrupt(uint8_t vector) {
  for (Pin& pin : pins_) {
    if ((pin.redirection & kRemoteIrr) != 0 && (pin.redirection & kVectorMask) == vector) {
      pin.redirection &= ~kRemoteIrr;
      Service(pin);
    }
  }
}

void IoApic::Service(Pin& pin) {
  if ((pin.redirection & kMasked) != 0) {
    return;
  }
  if ((pin.redirection & kLevelTriggered) != 0) {
    if (pin.levels == 0 || (pin.redirection & kRemoteIrr) != 0) {
      return;
    }
    pin.redirection |= kRemoteIrr;
  } else if (!pin.edge) {
    return;
  }
  pin.edge = false;
  Deliver(pin.redirection);
}

void IoApic::Deliver(uint64_t redirection) {
  const InterruptMessage message = {
      .destination = static_cast<uint8_t>(redirection >> kDestinationShift),
      .logical = (redirection & kLogicalDestination) != 0,
      .delivery = static_cast<uint8_t>(redirection >> kDeliveryShift & kDeliveryMask),
      .vector = static_cast<uint8_t>(redirection & kVectorMask)};
  message.SendTo(sink_);
}

}  // namespace zvmm
