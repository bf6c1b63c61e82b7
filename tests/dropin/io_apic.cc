#include "io_apic.h"

#include "guest.h"

namespace {

constexpr uint64_t kSelect = 0x00;
constexpr uint64_t kWindow = 0x10;
constexpr uint32_t kVersion = 0x11 | (IoApic::kLines - 1) << 16;
constexpr uint32_t kRedirection = 0x10;
constexpr uint32_t kMasked = 1u << 16;

}  // namespace

zx_status_t IoApic::Init() {
  for (uint32_t i = 0; i < kLines; ++i) {
    redirection_[2 * i] = kMasked;
    redirection_[2 * i + 1] = 0;
  }
  return guest_->CreateMapping(ZX_GUEST_TRAP_MEM, kAddress, ZX_PAGE_SIZE, 0, this);
}

// Null for one that does not exist.
uint32_t* IoApic::Register() {
  version_ = kVersion;
  if (selected_ == 0) return &id_;
  if (selected_ == 1) return &version_;
  const uint32_t index = selected_ - kRedirection;
  return index < countof(redirection_) ? &redirection_[index] : nullptr;
}

zx_status_t IoApic::Read(uint64_t offset, IoValue* value) {
  std::lock_guard<std::mutex> lock(mutex_);
  const uint32_t* const word = offset == kSelect ? &selected_ : Register();
  if (word == nullptr || (offset != kSelect && offset != kWindow)) return ZX_ERR_NOT_SUPPORTED;
  value->u32 = *word;
  return ZX_OK;
}

zx_status_t IoApic::Write(uint64_t offset, const IoValue& value) {
  std::lock_guard<std::mutex> lock(mutex_);
  uint32_t* const word = offset == kSelect ? &selected_ : Register();
  if (word == nullptr || (offset != kSelect && offset != kWindow)) return ZX_ERR_NOT_SUPPORTED;
  *word = value.u32;
  return ZX_OK;
}

zx_status_t IoApic::Interrupt(uint32_t line) {
  uint32_t vector = 0, target = 0;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (line >= kLines) return ZX_ERR_OUT_OF_RANGE;
    if ((redirection_[2 * line] & kMasked) != 0) return ZX_OK;
    vector = redirection_[2 * line] & 0xFF;
    target = redirection_[2 * line + 1] >> 24;
  }
  return guest_->Interrupt(target < 64 ? uint64_t{1} << target : 0, static_cast<uint8_t>(vector));
}
