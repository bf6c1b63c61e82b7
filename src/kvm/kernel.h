// Kernel: the narrow seam. Every KVM call of the library passes through here, so that a scripted
// fake can stand in for the kernel and fail any call with any errno.
//
// Calls return a value ≥ 0, or -errno. Thread safety: implementations take calls from any thread.

#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>

namespace zircon::kvm {

class Kernel {
 public:
  virtual ~Kernel() = default;

  virtual int Open(const char* path, int flags) = 0;
  virtual void Close(int fd) = 0;
  virtual int Ioctl(int fd, unsigned long request, uintptr_t argument) = 0;
  // Whether KVM_RUN may go past it (kvm/vcpu_run.h).
  virtual bool is_real() const { return false; }
  // One that makes a descriptor (base/descriptor.h).
  virtual int IoctlForDescriptor(int fd, unsigned long request, uintptr_t argument) {
    return Ioctl(fd, request, argument);
  }
  // The shared kvm_run page of a VCPU; null with *error = errno.
  virtual void* MapRun(int fd, size_t size, int* error) = 0;
  virtual void UnmapRun(void* run, size_t size) = 0;
};

// The kernel that the process's guests use: the real one, unless a test has put another in its
// place. A test must not swap it while guests exist.
Kernel& ProcessKernel();
void SetProcessKernelForTest(Kernel* kernel);  // null: the real one again

}  // namespace zircon::kvm
