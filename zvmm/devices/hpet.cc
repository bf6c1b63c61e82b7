#include "devices/hpet.h"

#include <algorithm>
#include <utility>

namespace zvmm {
namespace {

constexpr uint64_t kConfigOffset = 0x10;
constexpr uint64_t kStatusOffset = 0x20;
constexpr uint64_t kCounterOffset = 0xF0;
constexpr uint64_t kTimersOffset = 0x100;
constexpr uint64_t kTimerStride = 0x20;

constexpr uint64_t kEnable = 1 << 0;
constexpr uint64_t kLegacy = 1 << 1;
constexpr uint64_t kConfigBits = kEnable | kLegacy;
constexpr unsigned kLegacyPins[] = {2, 8};

// A comparator's configuration.
constexpr uint64_t kLevel = 1 << 1;
constexpr uint64_t kTimerInterrupts = 1 << 2;
constexpr uint64_t kTimerPeriodic = 1 << 3;
constexpr uint64_t kCanBePeriodic = 1 << 4;
constexpr uint64_t kIs64Bits = 1 << 5;
constexpr uint64_t kSetsAccumulator = 1 << 6;
constexpr uint64_t kForced32Bits = 1 << 8;
constexpr unsigned kRouteShift = 9;
constexpr uint64_t kRouteMask = 0x1F;
constexpr uint64_t kTimerBits = kLevel | kTimerInterrupts | kTimerPeriodic | kSetsAccumulator |
                                kForced32Bits | kRouteMask << kRouteShift;

uint64_t Mask(uint8_t size) { return size >= 8 ? ~uint64_t{0} : (uint64_t{1} << (8 * size)) - 1; }

}  // namespace

Hpet::Hpet(const std::function<InterruptLine(unsigned pin)>& connect, MonotonicClock clock)
    : clock_(std::move(clock)) {
  for (unsigned pin = 0; pin < kPins; ++pin) {
    lines_[pin] = (kRoutes >> pin & 1) != 0 ? connect(pin) : [](bool) {};
  }
}

uint64_t Hpet::Read(uint64_t address, uint8_t size) {
  const std::lock_guard lock(mutex_);
  const uint64_t offset = address % kSize;
  // The registers have 64 bits; a narrower access is to a part of one.
  const uint64_t value = ReadRegister(offset & ~uint64_t{7});
  return value >> (8 * (offset % 8)) & Mask(size);
}

void Hpet::Write(uint64_t address, uint8_t size, uint64_t value) {
  const std::lock_guard lock(mutex_);
  const uint64_t offset = address % kSize;
  const uint64_t where = offset & ~uint64_t{7};
  const unsigned shift = 8 * (offset % 8);
  const uint64_t mask = Mask(size) << shift;
  // What clears bits that are written as ones has no old value.
  const uint64_t old = where == kStatusOffset ? 0 : ReadRegister(where);
  WriteRegister(where, (old & ~mask) | (value << shift & mask));
}

uint64_t Hpet::Count() const {
  return enabled() ? base_count_ + TicksIn(clock_() - base_time_, kHertz) : base_count_;
}

uint64_t Hpet::ReadRegister(uint64_t offset) const {
  if (offset == 0) return kCapabilities;
  if (offset == kConfigOffset) return config_;
  if (offset == kStatusOffset) return status_;
  if (offset == kCounterOffset) return Count();
  const uint64_t index = (offset - kTimersOffset) / kTimerStride;
  if (offset < kTimersOffset || index >= kTimers) return 0;
  const Timer& timer = timers_[index];
  switch (offset % kTimerStride) {
    case 0:
      return timer.config | kCanBePeriodic | kIs64Bits | uint64_t{kRoutes} << 32;
    case 8:
      return timer.comparator;
    default:
      return 0;
  }
}

void Hpet::WriteRegister(uint64_t offset, uint64_t value) {
  if (offset == kConfigOffset) return WriteConfig(value);
  if (offset == kStatusOffset) {
    for (size_t i = 0; i < kTimers; ++i) {
      if ((value >> i & 1) != 0) Lower(i);
    }
    status_ &= ~value;
    return;
  }
  if (offset == kCounterOffset) {
    base_count_ = value;
    base_time_ = clock_();
    return AwaitAll();
  }
  const uint64_t index = (offset - kTimersOffset) / kTimerStride;
  if (offset < kTimersOffset || index >= kTimers) return;
  if (offset % kTimerStride == 0) return WriteTimerConfig(index, value);
  if (offset % kTimerStride == 8) {
    WriteComparator(timers_[index], value);
    SetAlarmForAll();
  }
}

void Hpet::WriteConfig(uint64_t value) {
  const uint64_t count = Count();
  // Their pins may change.
  for (size_t i = 0; i < kTimers; ++i) Lower(i);
  config_ = value & kConfigBits;
  base_count_ = count;
  base_time_ = clock_();
  AwaitAll();
}

void Hpet::WriteTimerConfig(size_t index, uint64_t value) {
  Timer& timer = timers_[index];
  Lower(index);
  timer.config = value & kTimerBits;
  const uint64_t route = timer.config >> kRouteShift & kRouteMask;
  // A route that there is not reads as another.
  if ((kRoutes >> route & 1) == 0) timer.config &= ~(kRouteMask << kRouteShift);
  if ((timer.config & kForced32Bits) != 0) timer.comparator &= 0xFFFFFFFF;
  Await(timer);
  SetAlarmForAll();
}

// In periodic mode the first value, which kSetsAccumulator announces, is where the first interrupt
// is, and the other is the period; one alone is both.
void Hpet::WriteComparator(Timer& timer, uint64_t value) {
  if ((timer.config & kForced32Bits) != 0) value &= 0xFFFFFFFF;
  const bool periodic = (timer.config & kTimerPeriodic) != 0;
  if (!periodic ||
      std::exchange(timer.config, timer.config & ~kSetsAccumulator) & kSetsAccumulator) {
    timer.comparator = value;
  }
  if (periodic) timer.period = value;
  Await(timer);
}

void Hpet::Await(Timer& timer) {
  timer.waits = enabled() && (timer.config & kTimerInterrupts) != 0;
  if (!timer.waits) return;
  const uint64_t count = Count();
  const bool narrow = (timer.config & kForced32Bits) != 0;
  // It interrupts where the counter comes to the comparator: a value behind it is a round away.
  const uint64_t ahead = timer.comparator - count;
  timer.next = count + (narrow ? ahead & 0xFFFFFFFF : ahead);
}

void Hpet::AwaitAll() {
  for (Timer& timer : timers_) Await(timer);
  SetAlarmForAll();
}

void Hpet::SetAlarmForAll() {
  if (alarm_ == nullptr) return;
  uint64_t next = ~uint64_t{0};
  for (const Timer& timer : timers_) {
    if (timer.waits) next = std::min(next, timer.next - base_count_);
  }
  // Rounds of 64 bits take thousands of years.
  constexpr uint64_t kLongest = uint64_t{1} << 60;
  alarm_->Set(next >= kLongest ? Alarm::kNever : base_time_ + TimeOf(next, kHertz));
}

void Hpet::Expire() {
  const std::lock_guard lock(mutex_);
  const uint64_t now = Count() - base_count_;
  for (size_t i = 0; i < kTimers; ++i) {
    Timer& timer = timers_[i];
    if (!timer.waits || timer.next - base_count_ > now) continue;
    Fire(i);
    if ((timer.config & kTimerPeriodic) != 0 && timer.period != 0) {
      const uint64_t late = (now - (timer.next - base_count_)) / timer.period;
      timer.comparator += (late + 1) * timer.period;
      if ((timer.config & kForced32Bits) != 0) timer.comparator &= 0xFFFFFFFF;
      timer.next += (late + 1) * timer.period;
    } else {
      // Once a round: the next is as far away as the counter is wide.
      timer.waits = (timer.config & kForced32Bits) != 0;
      timer.next += uint64_t{1} << 32;
    }
  }
  SetAlarmForAll();
}

unsigned Hpet::PinOf(size_t index) const {
  if ((config_ & kLegacy) != 0 && index < std::size(kLegacyPins)) return kLegacyPins[index];
  return static_cast<unsigned>(timers_[index].config >> kRouteShift & kRouteMask);
}

void Hpet::Fire(size_t index) {
  Timer& timer = timers_[index];
  const InterruptLine& line = lines_[PinOf(index)];
  if ((timer.config & kLevel) != 0) {
    status_ |= uint64_t{1} << index;
    timer.level = true;
    line(true);
    return;
  }
  line(true);
  line(false);
}

void Hpet::Lower(size_t index) {
  if (std::exchange(timers_[index].level, false)) lines_[PinOf(index)](false);
}

}  // namespace zvmm
