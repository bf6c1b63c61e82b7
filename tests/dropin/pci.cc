#include "pci.h"

#include <zircon/assert.h>

#include "guest.h"

namespace {

constexpr uint64_t kConfigAddress = 0, kConfigData = 4, kPorts = 8;
// Of a device's configuration: who it is, and where its registers are.
constexpr uint32_t kId = 0x00, kBar0 = 0x10, kBar1 = 0x14;
constexpr uint32_t kVendorAndDevice = 0x10001AF4;
constexpr uint32_t kNobody = 0xFFFFFFFF;
constexpr uint64_t kRequest = 0, kRungAt = 4;

}  // namespace

PciBus::PciBus(Guest* guest, Loop* loop, IoApic* io_apic)
    : guest_(guest),
      loop_(loop),
      io_apic_(io_apic),
      bell_([this](zx_gpaddr_t address) { OnBell(address); }),
      work_([](void* bus) { static_cast<PciBus*>(bus)->DoRequest(); }, this) {}

PciBus::~PciBus() { loop_->CancelTask(&work_); }

zx_status_t PciBus::Init() {
  zx_status_t status = guest_->CreateMapping(ZX_GUEST_TRAP_IO, kPort, kPorts, 0, this);
  if (status != ZX_OK) return status;
  status = guest_->CreateMapping(ZX_GUEST_TRAP_MEM, kRegisters, ZX_PAGE_SIZE, 0, &device_);
  if (status != ZX_OK) return status;
  return bell_.SetTrap(loop_, guest_->object(), kBell, ZX_PAGE_SIZE);
}

zx_status_t PciBus::Read(uint64_t offset, IoValue* value) {
  if (offset == kConfigAddress) {
    value->u32 = address_;
    return ZX_OK;
  }
  if (offset != kConfigData) return ZX_ERR_NOT_SUPPORTED;
  // The only device is number 1 of bus 0.
  const uint32_t address = address_;
  const bool is_device = ((address >> 8) & 0xFFFF) == 1 << 3;
  switch (address & 0xFC) {
    case kId:
      value->u32 = is_device ? kVendorAndDevice : kNobody;
      return ZX_OK;
    case kBar0:
      value->u32 = is_device ? static_cast<uint32_t>(kRegisters) : kNobody;
      return ZX_OK;
    case kBar1:
      value->u32 = is_device ? static_cast<uint32_t>(kBell) : kNobody;
      return ZX_OK;
    default:
      value->u32 = is_device ? 0 : kNobody;
      return ZX_OK;
  }
}

zx_status_t PciBus::Write(uint64_t offset, const IoValue& value) {
  if (offset == kConfigAddress) address_ = value.u32;
  return ZX_OK;
}

zx_status_t PciBus::Device::Read(uint64_t offset, IoValue* value) {
  if (offset != kRequest && offset != kRungAt) return ZX_ERR_NOT_SUPPORTED;
  value->u32 = offset == kRequest ? request : rung_at;
  return ZX_OK;
}

zx_status_t PciBus::Device::Write(uint64_t offset, const IoValue& value) {
  if (offset != kRequest || value.access_size != 4) return ZX_ERR_NOT_SUPPORTED;
  request = value.u32;
  return ZX_OK;
}

void PciBus::OnBell(zx_gpaddr_t address) {
  ZX_ASSERT(address - kBell < ZX_PAGE_SIZE);
  ++bells_;
  device_.rung_at = static_cast<uint32_t>(address - kBell);
  // A second ring before the first has been served adds nothing.
  loop_->CancelTask(&work_);
  loop_->PostTaskFor(&work_, zx::usec(100));
}

void PciBus::DoRequest() {
  constexpr size_t kWords = 8;
  uint32_t* const words = guest_->phys_mem().as<uint32_t>(device_.request, kWords);
  for (size_t i = 0; i < kWords; ++i) words[i] = ~words[i];
  const zx_status_t status = io_apic_->Interrupt(kLine);
  ZX_ASSERT(status == ZX_OK);
}
