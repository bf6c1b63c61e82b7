#include "devices/cmos.h"

#include <time.h>

#include <algorithm>
#include <utility>

namespace zvmm {
namespace {

enum CmosRegister : uint8_t {
  kSeconds = 0x00,
  kSecondsAlarm = 0x01,
  kMinutes = 0x02,
  kMinutesAlarm = 0x03,
  kHours = 0x04,
  kHoursAlarm = 0x05,
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
constexpr uint8_t kDividerMask = 0x70;
constexpr uint8_t kDivider = 0x20;  // For a crystal of 32768 Hz; with another it does not count.
constexpr uint8_t kRateMask = 0x0F;
constexpr uint8_t kDefaultRate = 0x06;  // 1024 interrupts a second.
constexpr uint8_t kSet = 0x80;          // Status B: no updates while the guest sets the time.
constexpr uint8_t kBinary = 0x04;
constexpr uint8_t kTwentyFourHours = 0x02;
// Status C says which causes have come, status B which of them interrupt.
constexpr uint8_t kPeriodic = 0x40;
constexpr uint8_t kAlarm = 0x20;
constexpr uint8_t kUpdateEnded = 0x10;
constexpr uint8_t kCauses = kPeriodic | kAlarm | kUpdateEnded;
constexpr uint8_t kInterrupts = 0x80;
constexpr uint8_t kValid = 0x80;  // Status D: the battery is good.

// In an alarm's register: every value matches.
constexpr uint8_t kAnyValue = 0xC0;

constexpr uint8_t kPm = 0x80;

// A real clock says so for 2 ms before the seconds change; who sees the bit clear has the time to
// read all of them.
constexpr std::chrono::milliseconds kUpdateBegins{998};

constexpr std::chrono::nanoseconds kSecond = std::chrono::seconds(1);
constexpr int kHour = 3600;
constexpr int kMinute = 60;

// The host's clock may be set while an alarm is waited for.
constexpr std::chrono::nanoseconds kLongestWait = std::chrono::seconds(60);

}  // namespace

Cmos::Cmos(InterruptLine line, WallClock clock, MonotonicClock monotonic)
    : line_(std::move(line)),
      clock_(std::move(clock)),
      monotonic_(std::move(monotonic)),
      seen_(clock_()) {
  memory_[kStatusA] = kDivider | kDefaultRate;
  memory_[kStatusB] = kTwentyFourHours;
}

void Cmos::Expire() {
  const std::lock_guard lock(mutex_);
  Update();
  SetLine();
}

bool Cmos::counts() const { return (memory_[kStatusA] & kDividerMask) == kDivider; }
bool Cmos::updates() const { return counts() && (memory_[kStatusB] & kSet) == 0; }
bool Cmos::interrupts() const { return (memory_[kStatusB] & memory_[kStatusC] & kCauses) != 0; }

uint64_t Cmos::PeriodicRate() const {
  const unsigned rate = memory_[kStatusA] & kRateMask;
  if (rate == 0 || !counts()) return 0;
  // The two fastest would be those of the crystal; they are 256 and 128 Hz.
  return rate <= 2 ? 512u >> rate : 65536u >> rate;
}

std::chrono::nanoseconds Cmos::NextMatch(std::chrono::nanoseconds time) const {
  const auto matches = [this](uint8_t index, uint8_t encoded) {
    return (memory_[index] & kAnyValue) == kAnyValue || memory_[index] == encoded;
  };
  int64_t at = time / kSecond + 1;
  for (const int64_t end = at + 24 * kHour; at < end;) {
    const int of_day = static_cast<int>(at % (24 * kHour));
    if (!matches(kHoursAlarm, EncodeHour(of_day / kHour))) {
      at += kHour - of_day % kHour;
    } else if (!matches(kMinutesAlarm, Encode(of_day % kHour / kMinute))) {
      at += kMinute - of_day % kMinute;
    } else if (!matches(kSecondsAlarm, Encode(of_day % kMinute))) {
      ++at;
    } else {
      return at * kSecond;
    }
  }
  return Alarm::kNever;
}

void Cmos::Update() {
  const std::chrono::nanoseconds now = clock_();
  // The host's clock may have been set back.
  const std::chrono::nanoseconds before = std::min(std::exchange(seen_, now), now);
  uint8_t causes = 0;
  const uint64_t rate = PeriodicRate();
  if (rate != 0 && TicksIn(now, rate) != TicksIn(before, rate)) causes |= kPeriodic;
  if (updates() && now / kSecond != before / kSecond) {
    causes |= kUpdateEnded;
    if (NextMatch(before) <= now) causes |= kAlarm;
  }
  memory_[kStatusC] |= causes;
}

void Cmos::SetLine() {
  line_(interrupts());
  if (alarm_ == nullptr) return;
  std::chrono::nanoseconds next = Alarm::kNever;
  if (!interrupts()) {
    const uint8_t wanted = memory_[kStatusB];
    const uint64_t rate = PeriodicRate();
    if ((wanted & kPeriodic) != 0 && rate != 0) next = TimeOf(TicksIn(seen_, rate) + 1, rate);
    if ((wanted & kUpdateEnded) != 0 && updates()) {
      next = std::min(next, (seen_ / kSecond + 1) * kSecond);
    }
    if ((wanted & kAlarm) != 0 && updates()) next = std::min(next, NextMatch(seen_));
  }
  alarm_->Set(next == Alarm::kNever ? next : monotonic_() + std::min(next - seen_, kLongestWait));
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

uint8_t Cmos::ReadRegister() {
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
    case kStatusC: {
      Update();
      const uint8_t causes = memory_[kStatusC] | (interrupts() ? kInterrupts : 0);
      memory_[kStatusC] = 0;
      SetLine();
      return causes;
    }
    case kStatusD:
      return kValid;
    default:
      return memory_[index_];
  }
}

void Cmos::WriteRegister(uint8_t value) {
  // What has come until now came by the old values.
  Update();
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
    case kStatusB:
      // Who sets the time wants no interrupt for updates.
      memory_[kStatusB] = (value & kSet) != 0 ? value & ~kUpdateEnded : value;
      break;
    default:
      memory_[index_] = value;
      break;
  }
  SetLine();
}

uint8_t Cmos::Encode(int value) const {
  const bool binary = (memory_[kStatusB] & kBinary) != 0;
  return static_cast<uint8_t>(binary ? value : value / 10 * 16 + value % 10);
}

uint8_t Cmos::EncodeHour(int hour) const {
  if ((memory_[kStatusB] & kTwentyFourHours) != 0) return Encode(hour);
  return static_cast<uint8_t>(Encode((hour + 11) % 12 + 1) | (hour >= 12 ? kPm : 0));
}

uint8_t Cmos::ReadTime(uint8_t index) const {
  const time_t now = std::chrono::duration_cast<std::chrono::seconds>(clock_()).count();
  struct tm fields = {};
  gmtime_r(&now, &fields);
  const int year = fields.tm_year + 1900;
  switch (index) {
    case kSeconds:
      return Encode(fields.tm_sec);
    case kMinutes:
      return Encode(fields.tm_min);
    case kHours:
      return EncodeHour(fields.tm_hour);
    case kWeekday:
      return Encode(fields.tm_wday + 1);  // Sunday is 1.
    case kDay:
      return Encode(fields.tm_mday);
    case kMonth:
      return Encode(fields.tm_mon + 1);
    case kYear:
      return Encode(year % 100);
    default:
      return Encode(year / 100);
  }
}

}  // namespace zvmm
