#include "small_sides.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <zircon/syscalls.h>

#include <mutex>
#include <thread>

#include "watched_kernel.h"

namespace bench {
namespace {

class NullIoctlSide final : public Side {
 public:
  NullIoctlSide() : fd_(open("/dev/kvm", O_RDWR | O_CLOEXEC)) { Must(fd_ >= 0, "/dev/kvm"); }
  ~NullIoctlSide() override { close(fd_); }
  double Run(int count) override {
    const int64_t start = ThreadTime();
    for (int i = 0; i < count; ++i) {
      if (ioctl(fd_, KVM_GET_API_VERSION, 0) != 12) [[unlikely]]
        Must(false, "KVM_GET_API_VERSION");
    }
    return static_cast<double>(ThreadTime() - start);
  }

 private:
  const int fd_;
};

class ReplayedSide final : public Side {
 public:
  explicit ReplayedSide(const MakeSide& make) : side_(make()) {
    constexpr int kUntilSettled = 3;
    side_->Run(kUntilSettled);
    kernel_.Replay(kernel_.last_page());
  }
  ~ReplayedSide() override { kernel_.Replay(nullptr); }
  double Run(int count) override { return side_->Run(count); }

 private:
  WatchedKernel kernel_;  // outlives the guest
  const std::unique_ptr<Side> side_;
};

class ImmediateKernel final : public zircon::kvm::Kernel {
 public:
  int Open(const char*, int) override { return -1; }
  void Close(int) override {}
  int Ioctl(int, unsigned long, uintptr_t) override { return 0; }
  void* MapRun(int, size_t, int*) override { return nullptr; }
  void UnmapRun(void*, size_t) override {}
};

class PortSide final : public Side {
 public:
  PortSide() {
    Must(zx_port_create(0, &port_) == ZX_OK, "zx_port_create");
    packet_.type = ZX_PKT_TYPE_USER;
  }
  ~PortSide() override { zx_handle_close(port_); }
  double Run(int count) override {
    const int64_t start = ThreadTime();
    for (int i = 0; i < count; ++i) {
      const bool good =
          zx_port_queue(port_, &packet_) == ZX_OK && zx_port_wait(port_, 0, &packet_) == ZX_OK;
      if (!good) [[unlikely]]
        Must(false, "zx_port_queue, zx_port_wait");
    }
    return static_cast<double>(ThreadTime() - start);
  }

 private:
  zx_handle_t port_ = ZX_HANDLE_INVALID;
  zx_port_packet_t packet_ = {};
};

}  // namespace

void HaveTwoThreads() {
  [[maybe_unused]] static const bool there = [] {
    std::thread([] {
      for (;;) pause();
    }).detach();
    return true;
  }();
}

std::unique_ptr<Side> NullIoctl() { return std::make_unique<NullIoctlSide>(); }

std::unique_ptr<Side> PortQueueWait() {
  HaveTwoThreads();
  return std::make_unique<PortSide>();
}

std::unique_ptr<Side> TwoMutexPairs() {
  HaveTwoThreads();
  return Loop([mutex = std::make_unique<std::mutex>()] {
    mutex->lock();
    mutex->unlock();
    mutex->lock();
    mutex->unlock();
  });
}

std::unique_ptr<Side> Replayed(const MakeSide& make) {
  return std::make_unique<ReplayedSide>(make);
}

std::unique_ptr<Side> ReplayedRawLoop() {
  return Loop([kernel = std::make_unique<ImmediateKernel>(), run = kvm_run{}]() mutable {
    zircon::kvm::Kernel* called = kernel.get();
    volatile kvm_run* page = &run;
    // As in the library, what is called is not known at compile time.
    asm volatile("" : "+r"(called), "+r"(page));
    called->Ioctl(0, KVM_RUN, 0);
    static_cast<void>(page->exit_reason);
    static_cast<void>(page->io.port);
  });
}

}  // namespace bench
