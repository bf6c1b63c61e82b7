#include "vcpu/x86/pvclock.h"

namespace zircon::vcpu::x86 {
namespace {

constexpr uint32_t kWallClockOld = 0x11;
constexpr uint32_t kSystemTimeOld = 0x12;
constexpr uint32_t kWallClock = 0x4B564D00;
constexpr uint32_t kSystemTime = 0x4B564D01;

constexpr uint64_t kEnable = 1;
constexpr uint64_t kWallRecordSize = 12;
constexpr uint64_t kTimeRecordSize = 32;

}  // namespace

bool IsClockMsr(uint32_t msr) {
  return msr == kWallClockOld || msr == kSystemTimeOld || msr == kWallClock || msr == kSystemTime;
}

MsrResult WriteClockMsr(kvm::VcpuFd& fd, const guest::GuestSpace& space, uint32_t msr,
                        uint64_t value) {
  const bool system_time = msr == kSystemTime || msr == kSystemTimeOld;
  if (system_time && (value & kEnable) == 0) return MsrResult::Host(fd.SetMsr(kSystemTime, 0));
  const uint64_t gpa = system_time ? value & ~kEnable : value;
  const zx_status_t status =
      space.CheckRecord(gpa, system_time ? kTimeRecordSize : kWallRecordSize);
  if (status != ZX_OK) return MsrResult::Error(status);
  return MsrResult::Host(fd.SetMsr(system_time ? kSystemTime : kWallClock, value));
}

}  // namespace zircon::vcpu::x86
