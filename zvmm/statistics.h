// What --stats prints: exits by kind and device, their rates, and the time in the guest and
// outside.

#pragma once

#include <zircon-kvm/host.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "exit_counts.h"
#include "vcpu_counts.h"

namespace zvmm {

// Counts of one moment. A value.
struct Statistics {
  struct Vcpu {
    uint64_t ports = 0;
    uint64_t memory = 0;
    uint64_t interrupts = 0;
    uint64_t startups = 0;
    uint64_t kicks = 0;
    double inside = 0;   // Seconds in zx_vcpu_enter(), the guest halted or not.
    double outside = 0;  // Seconds in zvmm.
  };
  struct Device {
    std::string name;
    uint64_t reads = 0;
    uint64_t writes = 0;
  };

  double seconds = 0;  // Since the guest began.
  std::vector<Vcpu> vcpus;
  std::vector<Device> devices;  // Those that were used.
  // What the library says of the host's KVM: why that stopped running the guest, by kind.
  std::array<uint64_t, ZIRCON_KVM_EXIT_COUNT> host_exits{};

  void Add(const VcpuCounts& counts);
  // Devices of one name are one.
  void Add(std::string_view name, const AccessCounts& counts);
  // Asks the library.
  void AddHostExits();
};

// A table for people; lines end with a newline.
std::string StatisticsText(const Statistics& statistics);
// The same for machines: one object.
std::string StatisticsJson(const Statistics& statistics);

}  // namespace zvmm
