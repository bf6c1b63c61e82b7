#include "devices/acpi_pm.h"

#include <utility>

namespace zvmm {
namespace {

constexpr uint16_t kSciEnabled = 0x0001;
constexpr unsigned kSleepTypeShift = 10;
constexpr uint16_t kSleepTypeMask = 7;
constexpr uint16_t kSleepEnable = 0x2000;

// One byte of a little-endian register.
template <typename T>
uint8_t ByteOf(T value, unsigned index) {
  return static_cast<uint8_t>(value >> (8 * index));
}

void SetByteOf(uint16_t& value, unsigned index, uint8_t byte) {
  value = static_cast<uint16_t>((value & ~(0xFF << (8 * index))) | (byte << (8 * index)));
}

}  // namespace

AcpiPm::AcpiPm(StopLatch& stop, MonotonicClock clock) : stop_(stop), clock_(std::move(clock)) {}

uint8_t AcpiPm::ReadByte(uint16_t port) {
  std::lock_guard lock(mutex_);
  switch (port) {
    case kEventBlock:
    case kEventBlock + 1:
      return 0;
    case kEventBlock + 2:
    case kEventBlock + 3:
      return ByteOf(enable_, port - (kEventBlock + 2));
    case kControlBlock:
    case kControlBlock + 1:
      return ByteOf(control_ | kSciEnabled, port - kControlBlock);
    case kTimer:
      timer_ = static_cast<uint32_t>(TicksIn(clock_(), kTimerHertz));
      [[fallthrough]];
    case kTimer + 1:
    case kTimer + 2:
    case kTimer + 3:
      return ByteOf(timer_, port - kTimer);
    default:
      return 0xFF;
  }
}

void AcpiPm::WriteByte(uint16_t port, uint8_t value) {
  std::lock_guard lock(mutex_);
  switch (port) {
    case kEventBlock + 2:
    case kEventBlock + 3:
      SetByteOf(enable_, port - (kEventBlock + 2), value);
      break;
    case kControlBlock:
      SetByteOf(control_, 0, value);
      break;
    case kControlBlock + 1:
      // SLP_TYP and SLP_EN are in this byte; the guest writes both with one access.
      SetByteOf(control_, 1, value & ~(kSleepEnable >> 8));
      if ((value & (kSleepEnable >> 8)) != 0 &&
          ((control_ >> kSleepTypeShift) & kSleepTypeMask) == kSleepTypeOff) {
        stop_.Request({.reason = StopRequest::Reason::kPowerOff});
      }
      break;
    default:  // Status bits are cleared by writing them, and are clear; the timer is read-only.
      break;
  }
}

}  // namespace zvmm
