// Holdings: what the process holds of everything that a call of the library could leave behind.
//
//   const Holdings before = Holdings::Now();
//   …
//   EXPECT_EQ(Holdings::Now().Since(before), "");
//
// Thread safety: any thread; it is right while no other works.

#pragma once

#include <cstdint>
#include <string>

namespace zircon::faults {

struct Holdings {
  uint64_t descriptors = 0;
  uint64_t threads = 0;
  uint64_t handles = 0;
  uint64_t vm_descriptors = 0;
  uint64_t vcpu_descriptors = 0;
  uint64_t slots = 0;
  uint64_t guests = 0;
  uint64_t vcpus = 0;
  uint64_t host_timers = 0;
  // Addresses of shared memory, and those that are taken without access. Without what the plan has
  // kept from being unmapped.
  int64_t mapped_bytes = 0;
  int64_t blocks = 0;

  static Holdings Now();
  // In words, what there is more or less of than `before`; empty for nothing.
  std::string Since(const Holdings& before) const;
};

}  // namespace zircon::faults
