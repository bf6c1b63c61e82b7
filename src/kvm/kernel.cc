#include "kvm/kernel.h"

#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#include "base/descriptor.h"

namespace zircon::kvm {
namespace {

class RealKernel final : public Kernel {
 public:
  int Open(const char* path, int flags) override { return base::OpenFile(path, flags); }
  void Close(int fd) override { close(fd); }
  int Ioctl(int fd, unsigned long request, uintptr_t argument) override {
    const int result = ioctl(fd, request, argument);
    return result >= 0 ? result : -errno;
  }
  bool is_real() const override { return true; }
  int IoctlForDescriptor(int fd, unsigned long request, uintptr_t argument) override {
    return base::MakeDescriptorOnce(fd, [&] { return Ioctl(fd, request, argument); });
  }
  void* MapRun(int fd, size_t size, int* error) override {
    void* run = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (run == MAP_FAILED) {
      *error = errno;
      return nullptr;
    }
    // A forked child must not be able to touch the parent's VCPU.
    madvise(run, size, MADV_DONTFORK);
    return run;
  }
  void UnmapRun(void* run, size_t size) override { munmap(run, size); }
};

std::atomic<Kernel*> g_kernel_for_test{nullptr};

}  // namespace

Kernel& ProcessKernel() {
  // Trivially destructible in effect: guests may be used until the very end of the process.
  static RealKernel* real = new RealKernel;
  Kernel* test = g_kernel_for_test.load(std::memory_order_acquire);
  return test != nullptr ? *test : *real;
}

void SetProcessKernelForTest(Kernel* kernel) {
  g_kernel_for_test.store(kernel, std::memory_order_release);
}

}  // namespace zircon::kvm
