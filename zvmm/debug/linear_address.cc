#include "debug/linear_address.h"

namespace zvmm {

Paging PagingOf(const zircon_kvm_system_registers_t& system) {
  constexpr uint64_t kPaging = uint64_t{1} << 31;      // CR0
  constexpr uint64_t kFiveLevels = uint64_t{1} << 12;  // CR4
  constexpr uint64_t kLongMode = uint64_t{1} << 10;    // EFER
  if ((system.cr0 & kPaging) == 0) {
    return Paging::kOff;
  }
  if ((system.efer & kLongMode) == 0) {
    return Paging::k32Bit;
  }
  return (system.cr4 & kFiveLevels) != 0 ? Paging::kFiveLevels : Paging::kFourLevels;
}

std::optional<uint64_t> TranslateFor(const MemoryView& memory,
                                     const zircon_kvm_system_registers_t& system, uint64_t linear,
                                     std::vector<PageWalkStep>* way) {
  switch (PagingOf(system)) {
    case Paging::kOff:
      return linear;
    case Paging::k32Bit:
      return std::nullopt;
    case Paging::kFourLevels:
      return TranslateLinear(memory, system.cr3, linear, PagingLevels::kFour, way);
    case Paging::kFiveLevels:
      return TranslateLinear(memory, system.cr3, linear, PagingLevels::kFive, way);
  }
  return std::nullopt;
}

}  // namespace zvmm
