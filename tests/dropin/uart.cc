#include "uart.h"

#include "guest.h"

namespace {

constexpr uint64_t kData = 0, kInterruptEnable = 1, kLineStatus = 5, kRegisters = 8;
constexpr uint8_t kReceiver = 1;  // of the interrupts
constexpr uint32_t kReady = 1, kEmpty = 0x60;

}  // namespace

zx_status_t Uart::Init(Guest* guest) {
  return guest->CreateMapping(ZX_GUEST_TRAP_IO, kPort, kRegisters, 0, this);
}

zx_status_t Uart::Receive(char byte) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    received_.push_back(byte);
    if ((interrupts_ & kReceiver) == 0) return ZX_OK;
  }
  return io_apic_->Interrupt(kLine);
}

std::string Uart::Written() {
  std::lock_guard<std::mutex> lock(mutex_);
  return written_;
}

zx_status_t Uart::Read(uint64_t offset, IoValue* value) {
  if (value->access_size != 1) return ZX_ERR_IO_DATA_INTEGRITY;
  std::lock_guard<std::mutex> lock(mutex_);
  switch (offset) {
    case kData:
      value->u32 = 0;
      if (received_.empty()) return ZX_OK;
      value->u32 = static_cast<uint8_t>(received_.front());
      received_.erase(0, 1);
      return ZX_OK;
    case kInterruptEnable:
      value->u32 = interrupts_;
      return ZX_OK;
    case kLineStatus:
      value->u32 = kEmpty | (received_.empty() ? 0 : kReady);
      return ZX_OK;
    default:
      value->u32 = 0;
      return ZX_OK;
  }
}

zx_status_t Uart::Write(uint64_t offset, const IoValue& value) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (offset == kData) written_.push_back(static_cast<char>(value.u32));
    if (offset != kInterruptEnable) return ZX_OK;
    interrupts_ = static_cast<uint8_t>(value.u32);
    if ((interrupts_ & kReceiver) == 0 || received_.empty()) return ZX_OK;
  }
  // What came before.
  return io_apic_->Interrupt(kLine);
}
