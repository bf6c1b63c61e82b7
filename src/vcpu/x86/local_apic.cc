#include "vcpu/x86/local_apic.h"

#include "vcpu/x86/tsc_clock.h"

namespace zircon::vcpu::x86 {
namespace {

constexpr uint64_t kVersionValue = 0x60015;  // version 0x15, seven vector registers
constexpr uint64_t kSvrValue = 0xFF;

constexpr uint32_t kVectorMask = 0xFF;

// ICR
constexpr int kDeliveryShift = 8;
constexpr uint64_t kDeliveryMask = 7;
enum Delivery : uint64_t { kFixed = 0, kNmi = 4, kInit = 5, kStartup = 6 };
constexpr uint64_t kLogicalDestination = 1u << 11;
constexpr int kShorthandShift = 18;
enum Shorthand : uint64_t { kNone = 0, kSelf = 1, kAll = 2, kAllButSelf = 3 };
constexpr uint32_t kBroadcast = 0xFFFFFFFF;
constexpr uint32_t kNmiVector = 2;

// A register whose writes are ignored: only its upper half must be 0.
MsrResult Ignore(uint64_t value) {
  return value >> 32 != 0 ? MsrResult::Error(ZX_ERR_INVALID_ARGS) : MsrResult::Done();
}

uint64_t DestinationMask(uint64_t icr, uint32_t self) {
  const uint64_t own = uint64_t{1} << self;
  switch ((icr >> kShorthandShift) & 3) {
    case kSelf:
      return own;
    case kAll:
      return ~uint64_t{0};
    case kAllButSelf:
      return ~own;
    default: {
      const auto destination = static_cast<uint32_t>(icr >> 32);
      if (destination == kBroadcast) return ~uint64_t{0};
      return destination < 64 ? uint64_t{1} << destination : 0;
    }
  }
}

}  // namespace

MsrResult LocalApic::Read(uint32_t msr, uint64_t* value) const {
  switch (msr) {
    case apic::kId:
      *value = id_;
      return MsrResult::Done();
    case apic::kVersion:
      *value = kVersionValue;
      return MsrResult::Done();
    case apic::kSvr:
      *value = kSvrValue;
      return MsrResult::Done();
    case apic::kTpr:
    case apic::kLdr:
    case apic::kEsr:
    case apic::kLvtPerf:
      *value = 0;
      return MsrResult::Done();
    case apic::kLvtTimer:
      *value = lvt_timer_;
      return MsrResult::Done();
    case apic::kLvtLint0:
    case apic::kLvtLint1:
    case apic::kLvtThermal:
    case apic::kLvtCmci:
      *value = apic::kLvtMasked;
      return MsrResult::Done();
    case apic::kCurrentCount: {
      // Only where the guest has to make do without the deadline timer.
      if (deadline_timer_) return MsrResult::Fault();
      const uint64_t now = TscClock::Now();
      *value = deadline_ == kNever || deadline_ <= now ? 0 : (deadline_ - now) / divisor_;
      return MsrResult::Done();
    }
    default:
      if (msr >= apic::kIsrFirst && msr <= apic::kIrrLast) {
        *value = 0;
        return MsrResult::Done();
      }
      return MsrResult::Fault();
  }
}

MsrResult LocalApic::Write(uint32_t msr, uint64_t value, zx_port_packet_t* packet) {
  switch (msr) {
    case apic::kTscDeadline:
      if (!deadline_timer_) return MsrResult::Fault();
      if (apic::TimerModeOf(lvt_timer_) != apic::kDeadlineMode)
        return MsrResult::Error(ZX_ERR_INVALID_ARGS);
      deadline_ = value == 0 ? kNever : value;
      return MsrResult::Done();
    case apic::kSvr:
    case apic::kTpr:
    case apic::kLvtPerf:
    case apic::kLvtError:
    case apic::kLvtLint0:
    case apic::kLvtLint1:
    case apic::kLvtThermal:
    case apic::kLvtCmci:
      return Ignore(value);
    case apic::kEoi:
    case apic::kEsr:
      return value == 0 ? MsrResult::Done() : MsrResult::Fault();
    case apic::kLvtTimer:
      return WriteTimerVector(value);
    case apic::kInitialCount:
      if (value >> 32 != 0) return MsrResult::Error(ZX_ERR_INVALID_ARGS);
      if (apic::TimerModeOf(lvt_timer_) == apic::kDeadlineMode) return MsrResult::Done();
      initial_count_ = static_cast<uint32_t>(value);
      Rearm();
      return MsrResult::Done();
    case apic::kDivide: {
      if (value >> 32 != 0) return MsrResult::Error(ZX_ERR_INVALID_ARGS);
      divisor_ = Divisor(value);
      // What has stopped stays so.
      if (apic::TimerModeOf(lvt_timer_) != apic::kDeadlineMode && deadline_ != kNever) Rearm();
      return MsrResult::Done();
    }
    case apic::kSelfIpi:
      pending_->Set(value & kVectorMask);
      return MsrResult::Done();
    case apic::kIcr:
      return WriteIcr(value, packet);
    default:
      return MsrResult::Fault();
  }
}

MsrResult LocalApic::WriteTimerVector(uint64_t value) {
  if (value >> 32 != 0) return MsrResult::Error(ZX_ERR_INVALID_ARGS);
  const auto lvt = static_cast<uint32_t>(value);
  if (apic::TimerModeOf(lvt) == apic::kReservedMode) return MsrResult::Error(ZX_ERR_INVALID_ARGS);
  // The counts of the two kinds have nothing to do with each other. Else a timer that runs goes on,
  // and one that has expired is not started by this.
  const bool changes_kind = (apic::TimerModeOf(lvt) == apic::kDeadlineMode) !=
                            (apic::TimerModeOf(lvt_timer_) == apic::kDeadlineMode);
  if (changes_kind) deadline_ = kNever;
  lvt_timer_ = lvt;
  return MsrResult::Done();
}

void LocalApic::Rearm() {
  // A count of 0 stops the timer, as on hardware.
  deadline_ = initial_count_ == 0 ? kNever : TscClock::Now() + CountTicks();
}

bool LocalApic::ExpireTimer(uint64_t now) {
  if (deadline_ > now) return false;
  if (apic::TimerModeOf(lvt_timer_) == apic::kPeriodic && initial_count_ != 0) {
    // From when it was due, so that it does not drift; ticks that were missed are one.
    deadline_ += ((now - deadline_) / CountTicks() + 1) * CountTicks();
  } else {
    deadline_ = kNever;
  }
  if ((lvt_timer_ & apic::kLvtMasked) != 0) return false;
  pending_->Set(lvt_timer_ & kVectorMask);
  return true;
}

MsrResult LocalApic::WriteIcr(uint64_t value, zx_port_packet_t* packet) {
  const uint64_t delivery = (value >> kDeliveryShift) & kDeliveryMask;
  if ((value & kLogicalDestination) != 0) return MsrResult::Error(ZX_ERR_NOT_SUPPORTED);
  // A secondary starts at its STARTUP; INIT, asserted or not, has nothing to do.
  if (delivery == kInit) return MsrResult::Done();

  *packet = {};
  packet->type = ZX_PKT_TYPE_GUEST_VCPU;
  zx_packet_guest_vcpu_t& body = packet->guest_vcpu;
  switch (delivery) {
    case kFixed:
      body.type = ZX_PKT_GUEST_VCPU_INTERRUPT;
      body.interrupt.mask = DestinationMask(value, id_);
      body.interrupt.vector = static_cast<uint8_t>(value & kVectorMask);
      return MsrResult::Packet();
    case Delivery::kNmi: {
      // The packet leaves the sender out, so its own is taken here.
      const uint64_t own = uint64_t{1} << id_;
      const uint64_t mask = DestinationMask(value, id_);
      if ((mask & own) != 0) pending_->Set(kNmiVector);
      body.type = ZX_PKT_GUEST_VCPU_INTERRUPT;
      body.interrupt.mask = mask & ~own;
      body.interrupt.vector = kNmiVector;
      return MsrResult::Packet();
    }
    case kStartup:
      body.type = ZX_PKT_GUEST_VCPU_STARTUP;
      body.startup.id = value >> 32;
      body.startup.entry = (value & kVectorMask) << 12;
      return MsrResult::Packet();
    default:
      return MsrResult::Error(ZX_ERR_NOT_SUPPORTED);
  }
}

}  // namespace zircon::vcpu::x86
