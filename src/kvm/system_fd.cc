#include "kvm/system_fd.h"

#include <fcntl.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <new>

#include "kvm/vm_fd.h"

namespace zircon::kvm {
namespace {

constexpr int kApiVersion = 12;
// More than any kernel reports; KVM says E2BIG when it is not enough.
constexpr uint32_t kMaxCpuidEntries = 512;

}  // namespace

int SystemFd::Open(Kernel& kernel, std::unique_ptr<SystemFd>* out) {
  int fd;
  do {
    fd = kernel.Open(kDevicePath, O_RDWR);
  } while (fd == -EINTR);
  if (fd < 0) return -fd;
  std::unique_ptr<SystemFd> opened(new (std::nothrow) SystemFd(kernel, fd));
  if (opened == nullptr) {
    kernel.Close(fd);
    return ENOMEM;
  }
  const int version = kernel.Ioctl(fd, KVM_GET_API_VERSION, 0);
  if (version < 0) return -version;
  if (version != kApiVersion) return ENOTSUP;
  *out = std::move(opened);
  return 0;
}

SystemFd::~SystemFd() { kernel_.Close(fd_); }

int SystemFd::Extension(long capability, int* answer) const {
  const int result = kernel_.Ioctl(fd_, KVM_CHECK_EXTENSION, static_cast<uintptr_t>(capability));
  if (result < 0) return -result;
  *answer = result;
  return 0;
}

int SystemFd::SupportedCpuid(std::vector<kvm_cpuid_entry2>* entries) const {
  std::vector<unsigned char> buffer(sizeof(kvm_cpuid2) +
                                    kMaxCpuidEntries * sizeof(kvm_cpuid_entry2));
  auto* cpuid = reinterpret_cast<kvm_cpuid2*>(buffer.data());
  cpuid->nent = kMaxCpuidEntries;
  const int result =
      kernel_.Ioctl(fd_, KVM_GET_SUPPORTED_CPUID, reinterpret_cast<uintptr_t>(cpuid));
  if (result < 0) return -result;
  entries->resize(cpuid->nent);
  std::memcpy(entries->data(), buffer.data() + sizeof(kvm_cpuid2),
              cpuid->nent * sizeof(kvm_cpuid_entry2));
  return 0;
}

int SystemFd::RunPageSize(size_t* size) const {
  const int result = kernel_.Ioctl(fd_, KVM_GET_VCPU_MMAP_SIZE, 0);
  if (result < 0) return -result;
  if (static_cast<size_t>(result) < sizeof(kvm_run)) return ENOTSUP;
  *size = static_cast<size_t>(result);
  return 0;
}

int SystemFd::CreateVm(std::unique_ptr<VmFd>* out) const {
  int fd;
  do {
    // A signal can interrupt the creation half way; it undoes itself then.
    fd = kernel_.IoctlForDescriptor(fd_, KVM_CREATE_VM, 0);
  } while (fd == -EINTR);
  if (fd < 0) return -fd;
  size_t run_size = 0;
  const int error = RunPageSize(&run_size);
  if (error != 0) {
    kernel_.Close(fd);
    return error;
  }
  out->reset(new (std::nothrow) VmFd(kernel_, fd, run_size));
  if (*out == nullptr) {
    kernel_.Close(fd);
    return ENOMEM;
  }
  return 0;
}

}  // namespace zircon::kvm
