#include "devices/pit.h"

#include <utility>

namespace zvmm {
namespace {

constexpr uint16_t kControl = Pit::kPorts + 3;

// Modes that come to an end; the others start again.
constexpr uint8_t kInterruptOnTerminalCount = 0;
constexpr uint8_t kOneShot = 1;
constexpr uint8_t kRateGenerator = 2;
constexpr uint8_t kSquareWave = 3;

constexpr uint8_t kReadBack = 3;  // In the channel field of a control word.
constexpr uint8_t kNoCountLatch = 0x20;
constexpr uint8_t kNoStatusLatch = 0x10;

constexpr uint8_t kStatusOutput = 0x80;
constexpr uint8_t kStatusNullCount = 0x40;

constexpr uint8_t kSpeakerGate = 0x01;
constexpr uint8_t kSpeakerWritable = 0x0F;
constexpr uint8_t kSpeakerRefresh = 0x10;  // Toggles with the memory refresh, every 15 us.
constexpr uint8_t kSpeakerOutput = 0x20;

constexpr uint64_t Period(uint16_t reload) { return reload == 0 ? 0x10000 : reload; }

}  // namespace

Pit::Pit(InterruptLine line, MonotonicClock clock)
    : line_(std::move(line)), clock_(std::move(clock)) {
  channels_[2].gate = false;
}

void Pit::Expire() {
  const std::lock_guard lock(mutex_);
  const uint64_t elapsed = Elapsed(channels_[0]);
  if (next_rise_ == 0 || elapsed < next_rise_) return;
  // What counts at an edge pin is that it rises.
  line_(false);
  line_(true);
  Await(elapsed);
}

void Pit::Await(uint64_t elapsed) {
  const Channel& channel = channels_[0];
  const uint64_t period = Period(channel.reload);
  const bool repeats = channel.mode == kRateGenerator || channel.mode == kSquareWave;
  next_rise_ = 0;
  if (channel.loaded && repeats) {
    next_rise_ = (elapsed / period + 1) * period;
  } else if (channel.loaded && elapsed < period) {
    next_rise_ = period;
  }
  if (alarm_ == nullptr) return;
  alarm_->Set(next_rise_ == 0 ? Alarm::kNever : channel.started + TimeOf(next_rise_, kHertz));
}

uint8_t Pit::ReadByte(uint16_t port) {
  std::lock_guard lock(mutex_);
  if (port == kSpeaker) {
    const uint8_t refresh = TicksIn(clock_(), 66'000) % 2 != 0 ? kSpeakerRefresh : 0;
    const uint8_t output = Output(channels_[2]) ? kSpeakerOutput : 0;
    return speaker_ | refresh | output;
  }
  if (port < kPorts || port >= kControl) {
    return 0xFF;  // The control word cannot be read.
  }
  return ReadCounter(channels_[port - kPorts]);
}

void Pit::WriteByte(uint16_t port, uint8_t value) {
  std::lock_guard lock(mutex_);
  if (port == kSpeaker) {
    speaker_ = value & kSpeakerWritable;
    SetGate(channels_[2], (value & kSpeakerGate) != 0);
  } else if (port == kControl) {
    WriteControl(value);
  } else if (port >= kPorts && port < kControl) {
    WriteCounter(channels_[port - kPorts], value);
  }
}

uint8_t Pit::ReadCounter(Channel& channel) {
  if (std::exchange(channel.status_latched, false)) {
    return channel.status;
  }
  const uint16_t count = channel.latched ? channel.latch : Count(channel);
  bool high = channel.access == Access::kHigh;
  if (channel.access == Access::kBoth) {
    high = std::exchange(channel.read_high, !channel.read_high);
  }
  if (channel.access != Access::kBoth || high) {
    channel.latched = false;
  }
  return static_cast<uint8_t>(high ? count >> 8 : count);
}

void Pit::WriteCounter(Channel& channel, uint8_t value) {
  switch (channel.access) {
    case Access::kLow:
      Load(channel, value);
      break;
    case Access::kHigh:
      Load(channel, static_cast<uint16_t>(value << 8));
      break;
    case Access::kBoth:
      if (!std::exchange(channel.write_high, !channel.write_high)) {
        channel.low_byte = value;
        channel.loaded = false;  // Counting waits for the second byte.
        if (&channel == &channels_[0]) Await(0);
      } else {
        Load(channel, static_cast<uint16_t>((value << 8) | channel.low_byte));
      }
      break;
  }
}

void Pit::WriteControl(uint8_t value) {
  const uint8_t number = value >> 6;
  if (number == kReadBack) {
    for (size_t i = 0; i < channels_.size(); ++i) {
      if ((value & (2 << i)) == 0) {
        continue;
      }
      if ((value & kNoCountLatch) == 0) {
        LatchCount(channels_[i]);
      }
      if ((value & kNoStatusLatch) == 0) {
        LatchStatus(channels_[i]);
      }
    }
    return;
  }
  Channel& channel = channels_[number];
  const uint8_t access = (value >> 4) & 3;
  if (access == 0) {
    LatchCount(channel);
    return;
  }
  const uint8_t mode = (value >> 1) & 7;
  channel.mode = mode > 5 ? mode & 3 : mode;  // 6 and 7 are 2 and 3.
  channel.access = static_cast<Access>(access);
  channel.loaded = false;
  channel.write_high = false;
  channel.read_high = false;
  channel.latched = false;
  channel.status_latched = false;
  if (number == 0) {
    line_(false);
    Await(0);
  }
}

void Pit::Load(Channel& channel, uint16_t reload) {
  channel.reload = reload;
  channel.loaded = true;
  channel.started = clock_();
  if (&channel != &channels_[0]) return;
  line_(false);
  Await(0);
}

void Pit::SetGate(Channel& channel, bool gate) {
  if (gate && !channel.gate) {
    // A rising gate starts the count again, or for the first time. (In modes 0 and 4 it would go
    // on from where it stood; nobody stops the gate in the middle of these.)
    channel.started = clock_();
  }
  channel.gate = gate;
}

uint64_t Pit::Elapsed(const Channel& channel) const {
  if (!channel.loaded || !channel.gate) {
    return 0;
  }
  return TicksIn(clock_() - channel.started, kHertz);
}

uint16_t Pit::Count(const Channel& channel) const {
  const uint64_t period = Period(channel.reload);
  const uint64_t elapsed = Elapsed(channel);
  switch (channel.mode) {
    case kRateGenerator:
      return static_cast<uint16_t>(period - elapsed % period);
    case kSquareWave:  // Counts by two, twice for each period.
      return static_cast<uint16_t>(period - 2 * elapsed % period);
    default:  // After the end it counts on from 0xFFFF.
      return static_cast<uint16_t>(period - elapsed);
  }
}

bool Pit::Output(const Channel& channel) const {
  const uint64_t period = Period(channel.reload);
  const uint64_t elapsed = Elapsed(channel);
  switch (channel.mode) {
    case kInterruptOnTerminalCount:
      return elapsed >= period;
    case kOneShot:
      return !channel.loaded || elapsed >= period;
    case kSquareWave:
      return elapsed % period < (period + 1) / 2;
    default:  // Low for one tick only.
      return true;
  }
}

void Pit::LatchCount(Channel& channel) {
  if (!channel.latched) {
    channel.latch = Count(channel);
    channel.latched = true;
  }
}

void Pit::LatchStatus(Channel& channel) {
  if (channel.status_latched) {
    return;
  }
  channel.status = static_cast<uint8_t>(
      (Output(channel) ? kStatusOutput : 0) | (channel.loaded ? 0 : kStatusNullCount) |
      (static_cast<uint8_t>(channel.access) << 4) | (channel.mode << 1));
  channel.status_latched = true;
}

}  // namespace zvmm
