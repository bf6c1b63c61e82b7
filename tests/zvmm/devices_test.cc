// The small devices of zvmm: interrupt controller, timer, clock, power, reset, exit port,
// and the map from ports to devices.

#include <gtest/gtest.h>
#include <poll.h>

#include <chrono>

#include "devices/acpi_pm.h"
#include "devices/cmos.h"
#include "devices/exit_port.h"
#include "devices/i8042.h"
#include "devices/open_bus.h"
#include "devices/pic.h"
#include "devices/pit.h"
#include "devices/pvpanic.h"
#include "devices/system_control.h"
#include "io_ports.h"
#include "stop.h"

namespace zvmm {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;
using Reason = StopRequest::Reason;

uint8_t In(IoDevice& device, uint16_t port) { return static_cast<uint8_t>(device.Read(port, 1)); }
void Out(IoDevice& device, uint16_t port, uint8_t value) { device.Write(port, 1, value); }

TEST(PicTest, MasksCanBeReadAfterInitialisation) {
  Pic pic;
  for (const uint16_t base : {Pic::kMaster, Pic::kSlave}) {
    EXPECT_EQ(In(pic, base + 1), 0xFF);
    Out(pic, base, 0x11);
    Out(pic, base + 1, 0x20);  // Vector, wiring, mode: not the mask.
    Out(pic, base + 1, 0x04);
    Out(pic, base + 1, 0x01);
    Out(pic, base + 1, 0xFB);
    EXPECT_EQ(In(pic, base + 1), 0xFB);
    EXPECT_EQ(In(pic, base), 0x00) << "nothing pending";
  }
  EXPECT_EQ(In(pic, Pic::kMaster + 1), 0xFB);
}

TEST(PicTest, ShortInitialisation) {
  Pic pic;
  Out(pic, Pic::kMaster, 0x12);  // One chip, three words... of which one follows here.
  Out(pic, Pic::kMaster + 1, 0x20);
  Out(pic, Pic::kMaster + 1, 0xAA);
  EXPECT_EQ(In(pic, Pic::kMaster + 1), 0xAA);
}

TEST(PicTest, TriggerRegistersKeepTheirValues) {
  Pic pic;
  pic.Write(Pic::kTrigger, 2, 0x0C20);
  EXPECT_EQ(static_cast<IoDevice&>(pic).Read(Pic::kTrigger, 2), 0x0C20u);
}

// Counts how often a line rises.
struct RecordedLine {
  void Set(bool value) {
    if (value && !level) ++rises;
    level = value;
  }
  int rises = 0;
  bool level = false;
};

struct RecordedAlarm final : Alarm {
  void Set(nanoseconds value) override { when = value; }
  nanoseconds when = kNever;
};

class PitTest : public testing::Test {
 protected:
  void Pass(nanoseconds time) { now_ += time; }
  void PassTicks(uint64_t ticks) { Pass(nanoseconds(ticks * 1'000'000'000 / Pit::kHertz + 1)); }

  nanoseconds now_{seconds(5)};
  RecordedLine line_;
  RecordedAlarm alarm_;
  Pit pit_{[this](bool level) { line_.Set(level); }, [this] { return now_; }};
};

// How Linux measures the TSC: channel 2, mode 0, gate and output through port 0x61.
TEST_F(PitTest, Channel2OutputRisesWhenTheCountEnds) {
  Out(pit_, Pit::kSpeaker, (In(pit_, Pit::kSpeaker) & ~0x02) | 0x01);
  Out(pit_, 0x43, 0xB0);
  Out(pit_, 0x42, 0x9C);  // 0x2E9C ticks: 10 ms.
  Out(pit_, 0x42, 0x2E);
  EXPECT_EQ(In(pit_, Pit::kSpeaker) & 0x20, 0);
  Pass(std::chrono::milliseconds(9));
  EXPECT_EQ(In(pit_, Pit::kSpeaker) & 0x20, 0);
  Pass(std::chrono::milliseconds(2));
  EXPECT_EQ(In(pit_, Pit::kSpeaker) & 0x20, 0x20);
}

TEST_F(PitTest, AClosedGateStopsChannel2) {
  Out(pit_, Pit::kSpeaker, 0x00);
  Out(pit_, 0x43, 0xB0);
  Out(pit_, 0x42, 0x10);
  Out(pit_, 0x42, 0x00);
  Pass(seconds(1));
  EXPECT_EQ(In(pit_, Pit::kSpeaker) & 0x20, 0);
  Out(pit_, Pit::kSpeaker, 0x01);
  PassTicks(0x10);
  EXPECT_EQ(In(pit_, Pit::kSpeaker) & 0x21, 0x21);
}

// How Zircon waits on channel 0: the status by read-back.
TEST_F(PitTest, ReadBackTellsOutputAndMode) {
  Out(pit_, 0x43, 0x30);
  Out(pit_, 0x43, 0xE2);
  EXPECT_EQ(In(pit_, 0x40), 0x70) << "no count yet";
  Out(pit_, 0x40, 0x00);
  Out(pit_, 0x40, 0x01);
  Out(pit_, 0x43, 0xE2);
  EXPECT_EQ(In(pit_, 0x40), 0x30);
  PassTicks(0x100);
  Out(pit_, 0x43, 0xE2);
  EXPECT_EQ(In(pit_, 0x40), 0xB0);
}

TEST_F(PitTest, ALatchedCountStaysUntilItIsRead) {
  Out(pit_, 0x43, 0x34);
  Out(pit_, 0x40, 0x00);  // 65536.
  Out(pit_, 0x40, 0x00);
  PassTicks(0x102);
  Out(pit_, 0x43, 0x00);
  PassTicks(0x5000);
  const uint8_t low = In(pit_, 0x40);
  EXPECT_EQ(low | In(pit_, 0x40) << 8, 0xFEFE);
  const uint8_t later_low = In(pit_, 0x40);
  EXPECT_LT(later_low | In(pit_, 0x40) << 8, 0xAFFF) << "not latched: as it is now";
}

// How a kernel without a better clock keeps the time: channel 0, mode 2.
TEST_F(PitTest, Channel0InterruptsEachPeriod) {
  pit_.SetAlarm(&alarm_);
  Out(pit_, 0x43, 0x34);
  EXPECT_EQ(alarm_.when, Alarm::kNever);
  Out(pit_, 0x40, 0x9C);
  Out(pit_, 0x40, 0x2E);
  constexpr uint64_t kPeriod = 0x2E9C;
  for (int i = 1; i <= 3; ++i) {
    const nanoseconds due = seconds(5) + TimeOf(i * kPeriod, Pit::kHertz);
    EXPECT_EQ(alarm_.when, due);
    now_ = due - std::chrono::microseconds(2);
    pit_.Expire();
    EXPECT_EQ(line_.rises, i - 1) << "too early";
    now_ = due;
    pit_.Expire();
    EXPECT_EQ(line_.rises, i);
  }
  // Late by five periods: one interrupt.
  now_ += std::chrono::milliseconds(50);
  pit_.Expire();
  EXPECT_EQ(line_.rises, 4);
  EXPECT_GT(alarm_.when, now_);
  EXPECT_LT(alarm_.when, now_ + std::chrono::milliseconds(11));
  // Another mode ends it.
  Out(pit_, 0x43, 0x30);
  EXPECT_EQ(alarm_.when, Alarm::kNever);
  now_ += seconds(1);
  pit_.Expire();
  EXPECT_EQ(line_.rises, 4);
}

TEST_F(PitTest, Channel0InterruptsOnceInMode0) {
  pit_.SetAlarm(&alarm_);
  for (int i = 1; i <= 2; ++i) {
    Out(pit_, 0x43, 0x30);
    EXPECT_FALSE(line_.level);
    Out(pit_, 0x40, 0x00);
    Out(pit_, 0x40, 0x01);
    EXPECT_EQ(alarm_.when, now_ + TimeOf(0x100, Pit::kHertz));
    now_ = alarm_.when;
    pit_.Expire();
    EXPECT_EQ(line_.rises, i);
    EXPECT_TRUE(line_.level);
    EXPECT_EQ(alarm_.when, Alarm::kNever);
    now_ += seconds(1);
    pit_.Expire();
    EXPECT_EQ(line_.rises, i);
  }
}

TEST_F(PitTest, OtherChannelsDoNotInterrupt) {
  pit_.SetAlarm(&alarm_);
  Out(pit_, Pit::kSpeaker, 0x01);
  Out(pit_, 0x43, 0xB4);
  Out(pit_, 0x42, 0x00);
  Out(pit_, 0x42, 0x01);
  EXPECT_EQ(alarm_.when, Alarm::kNever);
  now_ += seconds(1);
  pit_.Expire();
  EXPECT_EQ(line_.rises, 0);
}

TEST_F(PitTest, TheRefreshBitToggles) {
  const uint8_t before = In(pit_, Pit::kSpeaker) & 0x10;
  Pass(std::chrono::nanoseconds(15'152));
  EXPECT_NE(In(pit_, Pit::kSpeaker) & 0x10, before);
}

TEST(ClockTest, TicksDoNotOverflow) {
  EXPECT_EQ(TicksIn(seconds(1), 3'579'545), 3'579'545u);
  EXPECT_EQ(TicksIn(seconds(400'000'000), 3'579'545), 400'000'000u * uint64_t{3'579'545});
}

class CmosTest : public testing::Test {
 protected:
  uint8_t Register(uint8_t index) {
    Out(cmos_, Cmos::kIndexPort, index);
    return In(cmos_, Cmos::kDataPort);
  }
  void SetRegister(uint8_t index, uint8_t value) {
    Out(cmos_, Cmos::kIndexPort, index);
    Out(cmos_, Cmos::kDataPort, value);
  }

  // Saturday, 29 February 2020, 23:59:58 UTC.
  nanoseconds now_{seconds(1'583'020'798)};
  // What the monotonic clock shows has nothing to do with that.
  static constexpr nanoseconds kMonotonicBehind{seconds(1'583'000'000)};
  RecordedLine line_;
  RecordedAlarm alarm_;
  Cmos cmos_{[this](bool level) { line_.Set(level); }, [this] { return now_; },
             [this] { return now_ - kMonotonicBehind; }};
  nanoseconds AlarmIn() const { return alarm_.when - (now_ - kMonotonicBehind); }
};

TEST_F(CmosTest, TimeInBcd) {
  EXPECT_EQ(Register(0x00), 0x58);
  EXPECT_EQ(Register(0x02), 0x59);
  EXPECT_EQ(Register(0x04), 0x23);
  EXPECT_EQ(Register(0x06), 7);
  EXPECT_EQ(Register(0x07), 0x29);
  EXPECT_EQ(Register(0x08), 0x02);
  EXPECT_EQ(Register(0x09), 0x20);
  EXPECT_EQ(Register(0x32), 0x20);
  now_ += seconds(2);
  EXPECT_EQ(Register(0x07), 0x01);
  EXPECT_EQ(Register(0x08), 0x03);
}

TEST_F(CmosTest, TimeInBinaryWithTwelveHours) {
  SetRegister(0x0B, 0x04);
  EXPECT_EQ(Register(0x00), 58);
  EXPECT_EQ(Register(0x04), 11 | 0x80);
  now_ += seconds(2);
  EXPECT_EQ(Register(0x04), 12);
}

TEST_F(CmosTest, StatusRegisters) {
  EXPECT_EQ(Register(0x0A), 0x26);
  EXPECT_EQ(Register(0x0B), 0x02);
  EXPECT_EQ(Register(0x0C), 0x00);
  EXPECT_EQ(Register(0x0D), 0x80);
  now_ += std::chrono::milliseconds(999);
  EXPECT_EQ(Register(0x0A), 0xA6) << "an update is near";
}

TEST_F(CmosTest, UpdatesInterruptOnceASecondAndOnceUntilTheyAreTaken) {
  cmos_.SetAlarm(&alarm_);
  now_ += std::chrono::milliseconds(400);
  SetRegister(0x0B, 0x12);
  EXPECT_EQ(AlarmIn(), std::chrono::milliseconds(600));
  cmos_.Expire();
  EXPECT_EQ(line_.rises, 0) << "rung too early";
  now_ += std::chrono::milliseconds(600);
  cmos_.Expire();
  EXPECT_TRUE(line_.level);
  EXPECT_EQ(alarm_.when, Alarm::kNever) << "nothing more comes before it is taken";
  EXPECT_EQ(Register(0x0C), 0xD0) << "a periodic cause that interrupts nobody is among it";
  EXPECT_FALSE(line_.level);
  EXPECT_EQ(Register(0x0C), 0x00) << "reading takes it";
  EXPECT_EQ(AlarmIn(), seconds(1));
  now_ += seconds(3);
  cmos_.Expire();
  EXPECT_EQ(line_.rises, 2);
}

TEST_F(CmosTest, CausesAreSeenWithoutInterrupts) {
  SetRegister(0x01, 0x77);  // No alarm.
  now_ += seconds(1);
  EXPECT_EQ(Register(0x0C), 0x50) << "update and periodic";
  EXPECT_EQ(line_.rises, 0);
  SetRegister(0x0A, 0x20);
  now_ += seconds(1);
  EXPECT_EQ(Register(0x0C), 0x10) << "rate 0 has no periodic interrupt";
  SetRegister(0x0A, 0x66);
  now_ += seconds(1);
  EXPECT_EQ(Register(0x0C), 0x00) << "a clock that is held in reset does not count";
}

TEST_F(CmosTest, PeriodicInterrupts) {
  cmos_.SetAlarm(&alarm_);
  SetRegister(0x0A, 0x2F);
  SetRegister(0x0B, 0x42);
  EXPECT_EQ(AlarmIn(), std::chrono::milliseconds(500) + nanoseconds(1)) << "2 Hz";
  SetRegister(0x0A, 0x26);
  EXPECT_EQ(AlarmIn(), nanoseconds(976'562 + 1)) << "1024 Hz";
  SetRegister(0x0A, 0x21);
  EXPECT_EQ(AlarmIn(), nanoseconds(3'906'250 + 1)) << "256 Hz";
  for (int i = 1; i <= 3; ++i) {
    now_ += AlarmIn();
    cmos_.Expire();
    EXPECT_EQ(line_.rises, i);
    EXPECT_EQ(Register(0x0C), 0xC0);
  }
}

TEST_F(CmosTest, TheAlarmMatchesByHourMinuteAndSecond) {
  cmos_.SetAlarm(&alarm_);
  SetRegister(0x01, 0x01);
  SetRegister(0x03, 0x00);
  SetRegister(0x05, 0x00);
  SetRegister(0x0B, 0x22);
  EXPECT_EQ(AlarmIn(), seconds(3));
  now_ += seconds(2);
  cmos_.Expire();
  EXPECT_EQ(line_.rises, 0);
  now_ += seconds(1);
  cmos_.Expire();
  EXPECT_EQ(Register(0x0C), 0xF0);
  EXPECT_EQ(AlarmIn(), seconds(60)) << "a day off: the host's clock may be set meanwhile";
  now_ += seconds(86'400) - nanoseconds(1);
  EXPECT_EQ(Register(0x0C) & 0x20, 0);
  now_ += nanoseconds(1);
  EXPECT_EQ(Register(0x0C) & 0x20, 0x20);
}

TEST_F(CmosTest, AnAlarmOfAnyMinuteAndOneThatNeverComes) {
  cmos_.SetAlarm(&alarm_);
  SetRegister(0x01, 0x07);
  SetRegister(0x03, 0xFF);
  SetRegister(0x05, 0xC0);
  SetRegister(0x0B, 0x22);
  EXPECT_EQ(AlarmIn(), seconds(9));
  now_ += seconds(9);
  cmos_.Expire();
  EXPECT_EQ(line_.rises, 1);
  EXPECT_EQ(Register(0x0C) & 0xA0, 0xA0);
  SetRegister(0x01, 0x77);
  EXPECT_EQ(alarm_.when, Alarm::kNever);
}

TEST_F(CmosTest, AnAlarmInBinaryWithTwelveHours) {
  cmos_.SetAlarm(&alarm_);
  SetRegister(0x01, 59);
  SetRegister(0x03, 59);
  SetRegister(0x05, 0x80 | 11);
  SetRegister(0x0B, 0x24);
  EXPECT_EQ(AlarmIn(), seconds(1));
}

TEST_F(CmosTest, WhileTheTimeIsSetThereAreNoUpdates) {
  cmos_.SetAlarm(&alarm_);
  SetRegister(0x0B, 0x92);
  EXPECT_EQ(Register(0x0B), 0x82);
  EXPECT_EQ(alarm_.when, Alarm::kNever);
  now_ += seconds(5);
  EXPECT_EQ(Register(0x0C) & 0x10, 0);
}

TEST_F(CmosTest, TheHostsClockIsSetBack) {
  cmos_.SetAlarm(&alarm_);
  SetRegister(0x0B, 0x12);
  now_ -= seconds(1000);
  cmos_.Expire();
  EXPECT_EQ(line_.rises, 0);
  EXPECT_EQ(AlarmIn(), seconds(1));
}

TEST_F(CmosTest, MemoryKeepsValuesAndTheNmiBitIsNotPartOfTheIndex) {
  SetRegister(0x8F, 0x5A);
  EXPECT_EQ(Register(0x0F), 0x5A);
}

TEST(I8042Test, ResetCommand) {
  StopLatch stop;
  I8042 keyboard(stop);
  EXPECT_EQ(In(keyboard, 0x64) & 0x03, 0) << "ready for commands";
  Out(keyboard, 0x64, 0x20);
  Out(keyboard, 0x60, 0xFE);
  EXPECT_FALSE(stop.requested());
  Out(keyboard, 0x64, 0xFE);
  EXPECT_EQ(stop.Wait().reason, Reason::kReset);
}

TEST(SystemControlTest, Address20IsNeverHeldDown) {
  StopLatch stop;
  SystemControl control(stop);
  EXPECT_EQ(In(control, 0x92), 0x02);
  Out(control, 0x92, 0x00);
  EXPECT_EQ(In(control, 0x92), 0x02);
  Out(control, 0x92, 0xC2);
  EXPECT_EQ(In(control, 0x92), 0xC2) << "the other bits are as they were written";
  EXPECT_FALSE(stop.requested());
}

TEST(SystemControlTest, FastReset) {
  StopLatch stop;
  SystemControl control(stop);
  Out(control, 0x92, static_cast<uint8_t>(In(control, 0x92) | 1));
  EXPECT_EQ(stop.Wait().reason, Reason::kReset);
}

class AcpiPmTest : public testing::Test {
 protected:
  nanoseconds now_{0};
  StopLatch stop_;
  AcpiPm pm_{stop_, [this] { return now_; }};
};

TEST_F(AcpiPmTest, AcpiModeIsOnAndNothingHappens) {
  EXPECT_EQ(In(pm_, AcpiPm::kControlBlock) & 1, 1);
  Out(pm_, AcpiPm::kControlBlock, 0);
  EXPECT_EQ(In(pm_, AcpiPm::kControlBlock) & 1, 1);
  EXPECT_EQ(In(pm_, AcpiPm::kEventBlock), 0);
  pm_.Write(AcpiPm::kEventBlock + 2, 2, 0x0120);
  EXPECT_EQ(static_cast<IoDevice&>(pm_).Read(AcpiPm::kEventBlock, 4), 0x01200000u);
}

TEST_F(AcpiPmTest, PowerOff) {
  pm_.Write(AcpiPm::kControlBlock, 2, 5 << 10);
  EXPECT_FALSE(stop_.requested()) << "the type alone does nothing";
  pm_.Write(AcpiPm::kControlBlock, 2, (1 << 10) | (1 << 13));
  EXPECT_FALSE(stop_.requested()) << "another sleep state, which there is not";
  pm_.Write(AcpiPm::kControlBlock, 2, (5 << 10) | (1 << 13));
  ASSERT_TRUE(stop_.requested());
  EXPECT_EQ(stop_.Wait().reason, Reason::kPowerOff);
}

TEST_F(AcpiPmTest, TimerRunsAtItsRateAndWraps) {
  const auto timer = [this] { return static_cast<IoDevice&>(pm_).Read(AcpiPm::kTimer, 4); };
  EXPECT_EQ(timer(), 0u);
  now_ = seconds(1);
  EXPECT_EQ(timer(), 3'579'545u);
  now_ = seconds(1200);
  EXPECT_EQ(timer(), static_cast<uint32_t>(1200 * uint64_t{3'579'545}));
}

TEST(PvPanicTest, APanicIsNoSuccess) {
  StopLatch stop;
  PvPanic device(stop);
  IoDevice& port = device;
  EXPECT_EQ(port.Read(PvPanic::kPort, 1), 3u) << "the events that are known";
  port.Write(PvPanic::kPort, 1, PvPanic::kCrashKernelLoaded);
  port.Write(PvPanic::kPort, 1, PvPanic::kPanicked);
  EXPECT_FALSE(stop.requested());
  stop.Request({.reason = Reason::kReset});
  EXPECT_EQ(stop.Wait().reason, Reason::kPanic);
}

TEST(PvPanicTest, ACrashKernelGetsItsTurn) {
  StopLatch stop;
  PvPanic device(stop);
  static_cast<IoDevice&>(device).Write(PvPanic::kPort, 1, PvPanic::kCrashKernelLoaded);
  stop.Request({.reason = Reason::kReset});
  EXPECT_EQ(stop.Wait().reason, Reason::kReset);
}

TEST(ExitPortTest, GivesTheByteAsStatus) {
  StopLatch stop;
  ExitPort port(stop);
  port.Write(ExitPort::kDefaultPort, 4, 0x12345642);
  EXPECT_EQ(stop.Wait().reason, Reason::kExitStatus);
  EXPECT_EQ(stop.Wait().status, 0x42);
}

TEST(IoPortsTest, EveryPortHasADevice) {
  StopLatch stop;
  OpenBus open_bus;
  Pic pic;
  ExitPort exit_port(stop);
  IoPorts ports;
  ports.Add(0, 1, exit_port);
  ports.Add(0x20, 2, pic);
  ports.Add(0x22, 1, exit_port);
  EXPECT_EQ(ports.Find(0x23), nullptr);
  EXPECT_EQ(ports.first_ports(), (std::vector<uint16_t>{0, 0x20, 0x22}));
  ports.FillGaps(open_bus);
  EXPECT_EQ(ports.Find(0x00), &exit_port);
  EXPECT_EQ(ports.Find(0x01), &open_bus);
  EXPECT_EQ(ports.Find(0x1F), &open_bus);
  EXPECT_EQ(ports.Find(0x20), &pic);
  EXPECT_EQ(ports.Find(0x21), &pic);
  EXPECT_EQ(ports.Find(0x22), &exit_port);
  EXPECT_EQ(ports.Find(0x23), &open_bus);
  EXPECT_EQ(ports.Find(0xFFFE), &open_bus);
  EXPECT_EQ(ports.Find(0xFFFF), nullptr) << "which no trap can cover";
  EXPECT_EQ(open_bus.Read(0x2F8, 1), 0xFFFFFFFF);
}

}  // namespace
}  // namespace zvmm
