// VmFd: one virtual machine of the kernel. Thin: one function an ioctl.
//
// Ownership: closes the descriptor when it goes; its VcpuFds must be gone before.
// Errors are errno values, 0 for none. Thread safety: KVM's own; calls from any thread.

#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "kvm/kernel.h"
#include "kvm/kvm_abi.h"

namespace zircon::kvm {

class VcpuFd;

// A range of MSRs that the guest may use without an exit.
struct MsrRange {
  uint32_t first;
  uint32_t count;
};

class VmFd {
 public:
  VmFd(Kernel& kernel, int fd, size_t run_page_size);
  ~VmFd();
  VmFd(const VmFd&) = delete;
  VmFd& operator=(const VmFd&) = delete;

  [[nodiscard]] int EnableCap(uint32_t capability, uint64_t argument);
  // Every MSR outside of `allowed` exits to user space. At most 16 ranges.
  [[nodiscard]] int SetMsrFilter(std::span<const MsrRange> allowed);
  // What the guests' para-virtual clock is from now on, in nanoseconds.
  [[nodiscard]] int SetClock(uint64_t nanoseconds);
  // The message that interrupts the VCPU `id`, where the kernel has its local APIC: `data` is the
  // vector, or what else an interrupt message says.
  [[nodiscard]] int SignalMessage(uint32_t id, uint32_t data);
  // Size 0 deletes the slot.
  [[nodiscard]] int SetMemorySlot(const kvm_userspace_memory_region& region);
  // Without its run page yet.
  [[nodiscard]] int CreateVcpu(uint32_t id, std::unique_ptr<VcpuFd>* out);

 private:
  Kernel& kernel_;
  const int fd_;
  const size_t run_page_size_;
};

}  // namespace zircon::kvm
