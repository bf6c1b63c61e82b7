// WatchedKernel: stands between the library and the kernel while it lives: counts ioctls, and can
// replay: KVM_RUN then comes back at once with the last exit still in the run page. What remains of
// zx_vcpu_enter() is its own user time, measured without the noise of an exit.
//
// Guests must be created after it and be gone before it. Thread safety: one thread replays and
// counts.

#pragma once

#include "kvm/kernel.h"
#include "kvm/kvm_abi.h"

namespace bench {

class WatchedKernel final : public zircon::kvm::Kernel {
 public:
  WatchedKernel() : real_(zircon::kvm::ProcessKernel()) {
    zircon::kvm::SetProcessKernelForTest(this);
  }
  ~WatchedKernel() override { zircon::kvm::SetProcessKernelForTest(nullptr); }

  uint64_t ioctls() const { return ioctls_; }
  // The next exits are `page`'s last one again (null: real runs).
  void Replay(kvm_run* page) { replayed_ = page; }
  // The run page that was mapped last.
  kvm_run* last_page() const { return last_page_; }

  int Open(const char* path, int flags) override { return real_.Open(path, flags); }
  void Close(int fd) override { real_.Close(fd); }
  int Ioctl(int fd, unsigned long request, uintptr_t argument) override {
    if (replayed_ != nullptr && request == KVM_RUN) {
      // As the kernel does once it has taken the registers.
      replayed_->kvm_dirty_regs = 0;
      return 0;
    }
    ++ioctls_;
    return real_.Ioctl(fd, request, argument);
  }
  void* MapRun(int fd, size_t size, int* error) override {
    void* page = real_.MapRun(fd, size, error);
    last_page_ = static_cast<kvm_run*>(page);
    return page;
  }
  void UnmapRun(void* run, size_t size) override { real_.UnmapRun(run, size); }

 private:
  zircon::kvm::Kernel& real_;
  uint64_t ioctls_ = 0;
  kvm_run* replayed_ = nullptr;
  kvm_run* last_page_ = nullptr;
};

}  // namespace bench
