// IoApic: turns the lines of devices into vectors of VCPUs, as the guest has set it.

#pragma once

#include <zircon/types.h>

#include <mutex>

#include "io.h"

class Guest;

class IoApic : public IoHandler {
 public:
  static constexpr zx_gpaddr_t kAddress = 0xFEC00000;
  static constexpr uint32_t kLines = 24;

  explicit IoApic(Guest* guest) : guest_(guest) {}
  zx_status_t Init();
  // An edge on a line. Any thread.
  zx_status_t Interrupt(uint32_t line);

 private:
  zx_status_t Read(uint64_t offset, IoValue* value) override;
  zx_status_t Write(uint64_t offset, const IoValue& value) override;
  uint32_t* Register() __TA_REQUIRES(mutex_);

  Guest* const guest_;
  std::mutex mutex_;
  uint32_t selected_ __TA_GUARDED(mutex_) = 0;
  uint32_t id_ __TA_GUARDED(mutex_) = 0;
  uint32_t version_ __TA_GUARDED(mutex_) = 0;
  // Two words a line: the vector, masked at first, and the VCPU.
  uint32_t redirection_[2 * kLines] __TA_GUARDED(mutex_);
};
