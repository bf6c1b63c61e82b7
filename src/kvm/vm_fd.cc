#include "kvm/vm_fd.h"

#include <cerrno>
#include <cstring>
#include <new>
#include <vector>

#include "kvm/counters.h"
#include "kvm/vcpu_fd.h"

namespace zircon::kvm {

VmFd::VmFd(Kernel& kernel, int fd, size_t run_page_size)
    : kernel_(kernel), fd_(fd), run_page_size_(run_page_size) {
  g_counters.vm_fds.fetch_add(1, std::memory_order_relaxed);
}

VmFd::~VmFd() {
  kernel_.Close(fd_);
  g_counters.vm_fds.fetch_sub(1, std::memory_order_relaxed);
}

int VmFd::EnableCap(uint32_t capability, uint64_t argument) {
  kvm_enable_cap cap = {};
  cap.cap = capability;
  cap.args[0] = argument;
  const int result = kernel_.Ioctl(fd_, KVM_ENABLE_CAP, reinterpret_cast<uintptr_t>(&cap));
  return result < 0 ? -result : 0;
}

int VmFd::SetMsrFilter(std::span<const MsrRange> allowed) {
  if (allowed.size() > KVM_MSR_FILTER_MAX_RANGES) return E2BIG;
  kvm_msr_filter filter = {};
  filter.flags = KVM_MSR_FILTER_DEFAULT_DENY;
  // One set bit an MSR; the kernel copies the bitmaps during the call.
  std::vector<std::vector<uint8_t>> bitmaps(allowed.size());
  for (size_t i = 0; i < allowed.size(); ++i) {
    bitmaps[i].assign((allowed[i].count + 7) / 8, 0xFF);
    filter.ranges[i].flags = KVM_MSR_FILTER_READ | KVM_MSR_FILTER_WRITE;
    filter.ranges[i].base = allowed[i].first;
    filter.ranges[i].nmsrs = allowed[i].count;
    filter.ranges[i].bitmap = bitmaps[i].data();
  }
  const int result =
      kernel_.Ioctl(fd_, KVM_X86_SET_MSR_FILTER, reinterpret_cast<uintptr_t>(&filter));
  return result < 0 ? -result : 0;
}

int VmFd::SetClock(uint64_t nanoseconds) {
  kvm_clock_data data = {};
  data.clock = nanoseconds;
  const int result = kernel_.Ioctl(fd_, KVM_SET_CLOCK, reinterpret_cast<uintptr_t>(&data));
  return result < 0 ? -result : 0;
}

int VmFd::SignalMessage(uint32_t id, uint32_t data) {
  constexpr uint32_t kProcessors = 0xFEE00000;
  constexpr int kDestinationShift = 12;
  kvm_msi message = {};
  message.address_lo = kProcessors | id << kDestinationShift;
  message.data = data;
  // More than 0: delivered; 0: the guest has it pending already.
  const int result = kernel_.Ioctl(fd_, KVM_SIGNAL_MSI, reinterpret_cast<uintptr_t>(&message));
  return result < 0 ? -result : 0;
}

int VmFd::SetMemorySlot(const kvm_userspace_memory_region& region) {
  const int result =
      kernel_.Ioctl(fd_, KVM_SET_USER_MEMORY_REGION, reinterpret_cast<uintptr_t>(&region));
  return result < 0 ? -result : 0;
}

int VmFd::CreateVcpu(uint32_t id, std::unique_ptr<VcpuFd>* out) {
  // First what may fail: the kernel does not delete a VCPU, nor make it twice.
  std::unique_ptr<VcpuFd> vcpu(new (std::nothrow) VcpuFd(kernel_, run_page_size_));
  if (vcpu == nullptr) return ENOMEM;
  const int fd = kernel_.IoctlForDescriptor(fd_, KVM_CREATE_VCPU, id);
  if (fd < 0) return -fd;
  vcpu->Adopt(fd);
  *out = std::move(vcpu);
  return 0;
}

}  // namespace zircon::kvm
