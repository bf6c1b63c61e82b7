// FakeVm: one virtual machine of the fake kernel: its memory slots, with KVM's rules for them, the
// capabilities that were turned on, its MSR filter, the VCPU ids in use, and the interrupt messages
// that were sent to the kernel's local APICs, if it has them.
//
// Thread safety: any thread.

#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <vector>

#include "fake/host_model.h"
#include "kvm/kvm_abi.h"

namespace zircon::fake {

struct Slot {
  uint64_t gpa = 0;
  uint64_t size = 0;
  uint64_t host = 0;
  bool read_only = false;

  friend bool operator==(const Slot&, const Slot&) = default;
};

class FakeVm {
 public:
  explicit FakeVm(const HostModel& host) : host_(host) {}

  // The ioctls of a machine's descriptor, but for KVM_CREATE_VCPU: ≥ 0, or -errno.
  int Ioctl(unsigned long request, uintptr_t argument);
  // 0, -EEXIST for an id that has been used, -EINVAL for one out of range.
  int TakeVcpuId(uint32_t id);

  // ---- What there is ----

  std::vector<Slot> slots() const;       // by address
  std::vector<Slot> past_slots() const;  // every slot that was ever created, in that order
  // The host's address of guest memory, or null when no slot holds all of it.
  uint8_t* Host(uint64_t gpa, size_t size) const;
  uint64_t cap(uint32_t number) const;  // 0 when it is not on
  bool has_cap(uint32_t number) const;
  // Whether the guest may use the MSR without an exit.
  bool MsrAllowed(uint32_t index, bool write) const;
  bool has_kernel_apics() const { return has_cap(KVM_CAP_SPLIT_IRQCHIP); }
  std::vector<kvm_msi> messages() const;
  // What the guests' clock was set to; 0 if it never was.
  uint64_t clock() const { return clock_; }
  const HostModel& host() const { return host_; }

 private:
  int SetMemory(const kvm_userspace_memory_region& region);
  int SetMsrFilter(const kvm_msr_filter& filter);

  struct MsrRange {
    uint32_t flags;
    uint32_t base;
    uint32_t count;
    std::vector<uint8_t> bitmap;
  };

  const HostModel& host_;
  mutable std::mutex mutex_;
  std::map<uint32_t, Slot> slots_;
  std::map<uint64_t, uint32_t> by_address_;  // their ids
  std::vector<Slot> past_slots_;
  std::map<uint32_t, uint64_t> caps_;
  std::set<uint32_t> vcpu_ids_;
  std::vector<kvm_msi> messages_;
  bool has_filter_ = false;
  bool filter_denies_ = false;
  std::vector<MsrRange> filter_;
  std::atomic<uint64_t> clock_{0};
};

}  // namespace zircon::fake
