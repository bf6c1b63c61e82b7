#include "devices/cmos.h"

#include <time.h>

#include <utility>

namespace zvmm {
namespace {

enum Register : uint8_t {
  kSeconds = 0x00,
  kMinutes = 0x02,
  kHours = 0x04,
  kWeekday = 0x06,
  kDay = 0x07,
  kMonth = 0x08,
  kYear = 0x09,
  kStatusA = 0x0A,
  kStatusB = 0x0B,
  kStatusC = 0x0C,
  kStatusD = 0x0D,
};

constexpr uint8_t kIndexMask = 0x7F;  // The top bit of the index port disables NMIs.

constexpr uint8_t kUpdateInProgress = 0x80;  // Status A.
constexpr uint8_t kDividerAndRate = 0x26;    // 32768 Hz, 1024 interrupts a second.
constexpr uint8_t kBinary = 0x04;            // Status B.
constexpr uint8_t kTwentyFourHours = 0x02;
constexpr uint8_t kValid = 0x80;  // Status D: the battery is good.

constexpr uint8_t kPm = 0x80;

// A real clock says so for 2 ms before the seconds change; who sees the bit clear has the time to
// read all of them.
constexpr std::chrono::milliseconds kUpdateBegins{998};

}  // namespace

Cmos::Cmos(WallClock clock) : clock_(std::move(clock)) {
  memory_[kStatusA] = kDividerAndRate;
  memory_[kStatusB] = kTwentyFourHours;
}

uint8_t Cmos::ReadByte(uint16_t port) {
  std::lock_guard lock(mutex_);
  return port == kDataPort ? ReadRegister() : 0xFF;  // The index cannot be read.
}

void Cmos::WriteByte(uint16_t port, uint8_t value) {
  std::lock_guard lock(mutex_);
  if (port == kIndexPort) {
    index_ = value & kIndexMask;
  } else if (port == kDataPort) {
    WriteRegister(value);
  }
}

uint8_t Cmos::ReadRegister() const {
  switch (index_) {
    case kSeconds:
    case kMinutes:
    case kHours:
    case kWeekday:
    case kDay:
    case kMonth:
    case kYear:
    case kCentury:
      return ReadTime(index_);
    case kStatusA: {
      const bool updating = clock_() % std::chrono::seconds(1) >= kUpdateBegins;
      return memory_[kStatusA] | (updating ? kUpdateInProgress : 0);
    }
    case kStatusC:
      return 0;  // No interrupt was raised.
    case kStatusD:
      return kValid;
    default:
      return memory_[index_];
  }
}

void Cmos::WriteRegister(uint8_t value) {
  switch (index_) {
    case kSeconds:
    case kMinutes:
    case kHours:
    case kWeekday:
    case kDay:
    case kMonth:
    case kYear:
    case kCentury:
    case kStatusC:
    case kStatusD:
      break;
    case kStatusA:
      memory_[kStatusA] = value & ~kUpdateInProgress;
      break;
    default:
      memory_[index_] = value;
      break;
  }
}

uint8_t Cmos::ReadTime(uint8_t index) const {
  const time_t now = std::chrono::duration_cast<std::chrono::seconds>(clock_()).count();
  struct tm fields = {};
  gmtime_r(&now, &fields);
  const int year = fields.tm_year + 1900;
  const bool binary = (memory_[kStatusB] & kBinary) != 0;
  const auto encode = [binary](int value) {
    return static_cast<uint8_t>(binary ? value : value / 10 * 16 + value % 10);
  };
  switch (index) {
    case kSeconds:
      return encode(fields.tm_sec);
    case kMinutes:
      return encode(fields.tm_min);
    case kHours:
      if ((memory_[kStatusB] & kTwentyFourHours) != 0) {
        return encode(fields.tm_hour);
      }
      return static_cast<uint8_t>(encode((fields.tm_hour + 11) % 12 + 1) |
                                  (fields.tm_hour >= 12 ? kPm : 0));
    case kWeekday:
      return encode(fields.tm_wday + 1);  // Sunday is 1.
    case kDay:
      return encode(fields.tm_mday);
    case kMonth:
      return encode(fields.tm_mon + 1);
    case kYear:
      return encode(year % 100);
    default:
      return encode(year / 100);
  }
}

}  // namespace zvmm
