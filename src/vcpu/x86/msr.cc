#include "vcpu/x86/msr.h"

#include "vcpu/x86/initial_state.h"

namespace zircon::vcpu::x86 {
namespace {

constexpr uint32_t kPlatformId = 0x17;
constexpr uint32_t kApicBase = 0x1B;
constexpr uint32_t kSpecCtrl = 0x48;
constexpr uint32_t kPredCmd = 0x49;
constexpr uint32_t kMicrocode = 0x8B;
constexpr uint32_t kMtrrCap = 0xFE;
constexpr uint32_t kMcgCap = 0x179;
constexpr uint32_t kMcgStatus = 0x17A;
constexpr uint32_t kMiscEnable = 0x1A0;
constexpr uint32_t kTemperatureTarget = 0x1A2;
constexpr uint32_t kMtrrDefault = 0x2FF;

// AMD's, for messages of pending interrupts: kernels read it without asking.
constexpr uint32_t kIntPendingMessage = 0xC0010055;

constexpr uint64_t kFastStrings = 1;

bool IsMtrr(uint32_t msr) {
  constexpr uint32_t kFirstVariable = 0x200;
  constexpr uint32_t kLastVariable = 0x20F;
  if (msr >= kFirstVariable && msr <= kLastVariable) return true;
  switch (msr) {
    case kMtrrDefault:
    case 0x250:
    case 0x258:
    case 0x259:
    case 0x268:
    case 0x269:
    case 0x26A:
    case 0x26B:
    case 0x26C:
    case 0x26D:
    case 0x26E:
    case 0x26F:
      return true;
    default:
      return false;
  }
}

// Energy and power readings; of these only the limits may be written.
bool IsRapl(uint32_t msr) {
  switch (msr) {
    case 0x606:  // unit
    case 0x611:  // package energy
    case 0x613:
    case 0x614:
    case 0x619:  // DRAM energy
    case 0x61B:
    case 0x61C:
    case 0x639:  // PP0 energy
    case 0x641:  // PP1 energy
    case 0x64D:  // platform energy
      return true;
    default:
      return false;
  }
}

bool IsRaplLimit(uint32_t msr) {
  return msr == 0x610 || msr == 0x618 || msr == 0x638 || msr == 0x640 || msr == 0x65C;
}

}  // namespace

MsrResult ReadMsr(uint32_t msr, uint32_t vcpu_id, uint64_t* value) {
  switch (msr) {
    case kApicBase:
      *value = ApicBase(vcpu_id);
      return MsrResult::Done();
    case kMiscEnable:
      *value = kFastStrings;
      return MsrResult::Done();
    case kPlatformId:
    case kMicrocode:
    case kMcgCap:
    case kMcgStatus:
    case kTemperatureTarget:
    case kMtrrCap:
    case kIntPendingMessage:
      *value = 0;
      return MsrResult::Done();
    default:
      if (!IsMtrr(msr) && !IsRapl(msr) && !IsRaplLimit(msr)) return MsrResult::Fault();
      *value = 0;
      return MsrResult::Done();
  }
}

MsrResult WriteMsr(uint32_t msr, uint32_t vcpu_id, uint64_t value) {
  switch (msr) {
    case kApicBase:
      return value == ApicBase(vcpu_id) ? MsrResult::Done()
                                        : MsrResult::Refuse(ZX_ERR_INVALID_ARGS);
    case kMicrocode:
    case kSpecCtrl:
    case kPredCmd:
      return MsrResult::Done();
    default:
      return IsMtrr(msr) || IsRaplLimit(msr) ? MsrResult::Done() : MsrResult::Fault();
  }
}

}  // namespace zircon::vcpu::x86
