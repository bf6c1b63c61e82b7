// HostModel: the host that the fake kernel plays: what its KVM can do and what processor it has.
// A test changes a copy of DefaultHost() before it gives it to the fake.

#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "kvm/kvm_abi.h"

namespace zircon::fake {

struct HostModel {
  int api_version = 12;
  std::map<long, int> capabilities;  // what is not named answers 0
  std::vector<kvm_cpuid_entry2> cpuid;
  size_t run_page_size = 3 * 4096;
  uint32_t tsc_khz = 0;  // 0: the real counter's, which the library reads with RDTSC
  uint32_t physical_bits = 46;
  std::set<uint32_t> unknown_msrs;  // KVM_SET_MSRS stops at these
  // The host's KVM keeps guest writes of MSR 0x6E0 to itself.
  bool swallows_deadline = false;
  uint32_t probe_exit = 0;  // how the guest that finds that out ends instead; 0: as its code says
  // Port instructions pass KVM's emulator: at an OUT RIP has moved on, and registers that user
  // space gives back beat the bytes of an IN.
  bool emulates_ports = false;
};

// A current Linux on an ordinary processor, with nothing missing.
HostModel DefaultHost();

kvm_cpuid_entry2 CpuidEntry(uint32_t function, uint32_t index, uint32_t eax, uint32_t ebx,
                            uint32_t ecx, uint32_t edx);
// The entry of a table, or null.
const kvm_cpuid_entry2* FindCpuid(const std::vector<kvm_cpuid_entry2>& table, uint32_t function,
                                  uint32_t index = 0);

// Counts a thousand a second: what RDTSC does on this machine.
uint32_t MeasuredTscKhz();

}  // namespace zircon::fake
