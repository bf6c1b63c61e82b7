#include "vcpu/x86/eoi_flag.h"

#include <cstddef>

#include "guest/guest_space.h"

namespace zircon::vcpu::x86 {

MsrResult EoiFlag::Write(uint64_t value) {
  if ((value & kReserved) != 0 || value >= guest::GuestSpace::kSize) return MsrResult::Fault();
  value_ = value;
  return MsrResult::Done();
}

void EoiFlag::Store(GuestView& view) const {
  size_t length = 0;
  // KVM's own stores the byte, too.
  uint8_t* const flag = view.HostForWrite(value_ & ~kEnable, &length);
  if (flag != nullptr) __atomic_store_n(flag, uint8_t{1}, __ATOMIC_RELAXED);
}

}  // namespace zircon::vcpu::x86
