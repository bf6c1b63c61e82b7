// IoHandler and IoMapping: a device, and where in the guest's memory or ports it is.

#pragma once

#include <zircon/types.h>

// What is read or written: 1, 2 or 4 bytes.
struct IoValue {
  uint8_t access_size = 0;
  uint32_t u32 = 0;
};

// A device. Offsets are from where its mapping begins.
class IoHandler {
 public:
  virtual zx_status_t Read(uint64_t offset, IoValue* value) = 0;
  virtual zx_status_t Write(uint64_t offset, const IoValue& value) = 0;

 protected:
  ~IoHandler() = default;
};

// Its address is the key of the trap, which is how a packet finds the device.
class IoMapping {
 public:
  IoMapping(uint64_t base, size_t size, uint64_t offset, IoHandler* handler)
      : base_(base), size_(size), offset_(offset), handler_(handler) {}

  static IoMapping* FromKey(uint64_t key) { return reinterpret_cast<IoMapping*>(key); }
  uint64_t key() const { return reinterpret_cast<uint64_t>(this); }
  uint64_t base() const { return base_; }
  size_t size() const { return size_; }

  zx_status_t Read(uint64_t address, IoValue* value) const {
    return handler_->Read(address - base_ + offset_, value);
  }
  zx_status_t Write(uint64_t address, const IoValue& value) const {
    return handler_->Write(address - base_ + offset_, value);
  }

 private:
  const uint64_t base_;
  const size_t size_;
  const uint64_t offset_;
  IoHandler* const handler_;
};
