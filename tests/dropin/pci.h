// PciBus: one bus, found through two ports, with one device: a page of registers, and a page that
// it is rung by. When it is rung it negates the words of a request that lies in the guest's memory,
// in a task of its own, and raises its line.

#pragma once

#include <zircon/types.h>

#include <atomic>

#include "io.h"
#include "io_apic.h"
#include "loop.h"

class Guest;

class PciBus : public IoHandler {
 public:
  static constexpr uint16_t kPort = 0xCF8;
  static constexpr zx_gpaddr_t kRegisters = 0xF0000000;
  static constexpr zx_gpaddr_t kBell = 0xF0001000;
  static constexpr uint32_t kLine = 5;

  PciBus(Guest* guest, Loop* loop, IoApic* io_apic);
  ~PciBus();
  zx_status_t Init();

  int bells() const { return bells_; }

 private:
  // The device's registers: where the request is, and the last offset that it was rung at.
  class Device : public IoHandler {
   public:
    zx_status_t Read(uint64_t offset, IoValue* value) override;
    zx_status_t Write(uint64_t offset, const IoValue& value) override;

    std::atomic<uint32_t> request{0};
    std::atomic<uint32_t> rung_at{0};
  };

  zx_status_t Read(uint64_t offset, IoValue* value) override;
  zx_status_t Write(uint64_t offset, const IoValue& value) override;
  void OnBell(zx_gpaddr_t address);
  void DoRequest();

  Guest* const guest_;
  Loop* const loop_;
  IoApic* const io_apic_;
  std::atomic<uint32_t> address_{0};
  std::atomic<int> bells_{0};
  Device device_;
  BellTrap bell_;
  Task work_;
};
