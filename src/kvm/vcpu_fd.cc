#include "kvm/vcpu_fd.h"

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <vector>

#include "kvm/counters.h"

namespace zircon::kvm {
namespace {

// A kernel structure that ends in a variable array: `Header`, then `count` elements.
template <typename Header, typename Element>
class HeaderAndArray {
 public:
  explicit HeaderAndArray(std::span<const Element> elements)
      : buffer_(sizeof(Header) + elements.size_bytes()) {
    std::memcpy(buffer_.data() + sizeof(Header), elements.data(), elements.size_bytes());
  }
  Header* header() { return reinterpret_cast<Header*>(buffer_.data()); }

 private:
  std::vector<unsigned char> buffer_;
};

// For one MSR no memory is taken: a guest's write of its clock comes to this inside enter.
struct OneMsr {
  uint32_t count = 1;
  uint32_t padding = 0;
  kvm_msr_entry entry = {};
};
static_assert(offsetof(OneMsr, entry) == sizeof(kvm_msrs));

}  // namespace

VcpuFd::VcpuFd(Kernel& kernel, size_t run_size) : kernel_(kernel), run_size_(run_size) {}

void VcpuFd::Adopt(int fd) {
  fd_ = fd;
  g_counters.vcpu_fds.fetch_add(1, std::memory_order_relaxed);
}

int VcpuFd::MapRun() {
  if (run_ != nullptr) return 0;
  int error = 0;
  run_ = static_cast<kvm_run*>(kernel_.MapRun(fd_, run_size_, &error));
  return run_ == nullptr ? error : 0;
}

VcpuFd::~VcpuFd() {
  if (run_ != nullptr) kernel_.UnmapRun(run_, run_size_);
  if (fd_ < 0) return;
  kernel_.Close(fd_);
  g_counters.vcpu_fds.fetch_sub(1, std::memory_order_relaxed);
}

int VcpuFd::Call(unsigned long request, const void* argument) {
  const int result = kernel_.Ioctl(fd_, request, reinterpret_cast<uintptr_t>(argument));
  return result < 0 ? -result : 0;
}

int VcpuFd::SetRegs(const kvm_regs& regs) { return Call(KVM_SET_REGS, &regs); }
int VcpuFd::GetSregs(kvm_sregs* sregs) { return Call(KVM_GET_SREGS, sregs); }
int VcpuFd::SetSregs(const kvm_sregs& sregs) { return Call(KVM_SET_SREGS, &sregs); }
int VcpuFd::GetSregs2(kvm_sregs2* sregs) { return Call(KVM_GET_SREGS2, sregs); }
int VcpuFd::GetFpu(kvm_fpu* fpu) { return Call(KVM_GET_FPU, fpu); }
int VcpuFd::GetDebugRegs(kvm_debugregs* regs) { return Call(KVM_GET_DEBUGREGS, regs); }
int VcpuFd::SetFpu(const kvm_fpu& fpu) { return Call(KVM_SET_FPU, &fpu); }
int VcpuFd::GetXsave(kvm_xsave* xsave) { return Call(KVM_GET_XSAVE, xsave); }
int VcpuFd::SetXsave(const kvm_xsave& xsave) { return Call(KVM_SET_XSAVE, &xsave); }
int VcpuFd::SetDebugRegs(const kvm_debugregs& regs) { return Call(KVM_SET_DEBUGREGS, &regs); }
int VcpuFd::GetEvents(kvm_vcpu_events* events) { return Call(KVM_GET_VCPU_EVENTS, events); }
int VcpuFd::SetEvents(const kvm_vcpu_events& events) { return Call(KVM_SET_VCPU_EVENTS, &events); }

int VcpuFd::GetLapic(kvm_lapic_state* lapic) { return Call(KVM_GET_LAPIC, lapic); }
int VcpuFd::SetLapic(const kvm_lapic_state& lapic) { return Call(KVM_SET_LAPIC, &lapic); }

int VcpuFd::GetMpState(uint32_t* state) {
  kvm_mp_state answer = {};
  const int error = Call(KVM_GET_MP_STATE, &answer);
  *state = answer.mp_state;
  return error;
}

int VcpuFd::SetMpState(uint32_t state) {
  const kvm_mp_state wanted = {.mp_state = state};
  return Call(KVM_SET_MP_STATE, &wanted);
}

int VcpuFd::SetGuestDebug(const kvm_guest_debug& debug) {
  return Call(KVM_SET_GUEST_DEBUG, &debug);
}

int VcpuFd::GetXcr0(uint64_t* value) {
  kvm_xcrs xcrs = {};
  const int error = Call(KVM_GET_XCRS, &xcrs);
  *value = xcrs.nr_xcrs != 0 ? xcrs.xcrs[0].value : 0;
  return error;
}

int VcpuFd::SetXcr0(uint64_t value) {
  kvm_xcrs xcrs = {};
  xcrs.nr_xcrs = 1;
  xcrs.xcrs[0].xcr = 0;
  xcrs.xcrs[0].value = value;
  return Call(KVM_SET_XCRS, &xcrs);
}

int VcpuFd::SetCpuid(std::span<const kvm_cpuid_entry2> entries) {
  HeaderAndArray<kvm_cpuid2, kvm_cpuid_entry2> cpuid(entries);
  cpuid.header()->nent = static_cast<uint32_t>(entries.size());
  return Call(KVM_SET_CPUID2, cpuid.header());
}

int VcpuFd::GetMsr(uint32_t index, uint64_t* value) {
  OneMsr one;
  one.entry.index = index;
  const int result = kernel_.Ioctl(fd_, KVM_GET_MSRS, reinterpret_cast<uintptr_t>(&one));
  if (result < 0) return -result;
  *value = one.entry.data;
  return result == 1 ? 0 : EINVAL;
}

int VcpuFd::SetMsr(uint32_t index, uint64_t value) {
  OneMsr one;
  one.entry.index = index;
  one.entry.data = value;
  const int result = kernel_.Ioctl(fd_, KVM_SET_MSRS, reinterpret_cast<uintptr_t>(&one));
  if (result < 0) return -result;
  return result == 1 ? 0 : EINVAL;
}

int VcpuFd::SetMsrs(std::span<const kvm_msr_entry> entries, size_t* taken) {
  HeaderAndArray<kvm_msrs, kvm_msr_entry> msrs(entries);
  msrs.header()->nmsrs = static_cast<uint32_t>(entries.size());
  const int result = kernel_.Ioctl(fd_, KVM_SET_MSRS, reinterpret_cast<uintptr_t>(msrs.header()));
  if (result < 0) return -result;
  *taken = static_cast<size_t>(result);
  return 0;
}

int VcpuFd::EnableCap(uint32_t capability, uint64_t argument) {
  kvm_enable_cap cap = {};
  cap.cap = capability;
  cap.args[0] = argument;
  return Call(KVM_ENABLE_CAP, &cap);
}

int VcpuFd::SetTscOffset(uint64_t offset) {
  kvm_device_attr attr = {};
  attr.group = KVM_VCPU_TSC_CTRL;
  attr.attr = KVM_VCPU_TSC_OFFSET;
  attr.addr = reinterpret_cast<uintptr_t>(&offset);
  return Call(KVM_SET_DEVICE_ATTR, &attr);
}

int VcpuFd::TscKhz(uint32_t* khz) {
  const int result = kernel_.Ioctl(fd_, KVM_GET_TSC_KHZ, 0);
  if (result < 0) return -result;
  *khz = static_cast<uint32_t>(result);
  return result == 0 ? EIO : 0;
}

}  // namespace zircon::kvm
