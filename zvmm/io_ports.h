// Which device answers which I/O ports.
//
//   IoPorts ports;
//   ports.Add(0x3F8, 8, uart);
//   ports.FillGaps(open_bus);
//   ports.SetTraps(guest);
//
// The key of each trap is the device itself, so that an access needs no look-up: DeviceOf(key).

#pragma once

#include <lib/zx/guest.h>

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "absl/status/status.h"
#include "devices/device.h"

namespace zvmm {

// Refers to devices that must live longer than the guest. Not thread-safe: filled before VCPUs run.
class IoPorts {
 public:
  // No trap can cover port 0xFFFF.
  static constexpr uint32_t kEnd = 0xFFFF;

  // Adds a range; it must not meet another one.
  void Add(uint16_t first, uint16_t count, IoDevice& device);

  // Gives all ports that are left to one device.
  void FillGaps(IoDevice& device);

  // The device of a port; nullptr if it has none.
  IoDevice* Find(uint16_t port) const;

  // The first port of each range.
  std::vector<uint16_t> first_ports() const;

  // All devices, each once.
  std::set<const IoDevice*> devices() const;

  // Sets a trap for each range.
  absl::Status SetTraps(const zx::guest& guest) const;

  static IoDevice& DeviceOf(uint64_t key) { return *reinterpret_cast<IoDevice*>(key); }

 private:
  struct Range {
    uint32_t end;
    IoDevice* device;
  };

  std::map<uint32_t, Range> ranges_;  // By first port.
};

}  // namespace zvmm
