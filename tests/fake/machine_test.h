// OnMachine: a test with a guest and a VCPU on a fake kernel (fake/machine.h), which checks in the
// end that nothing of the kernel's is left open and that no call of the library was out of place.

#pragma once

#include <gtest/gtest.h>
#include <sys/types.h>

#include <chrono>
#include <functional>
#include <memory>
#include <thread>

#include "asleep.h"
#include "fake/machine.h"

namespace zircon::fake {

// Waits until `done`. The limit is there for a test that is wrong.
inline bool Eventually(const std::function<bool()>& done) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!done()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  return true;
}

class OnMachine : public ::testing::Test {
 protected:
  void SetUp() override { Use(DefaultHost()); }
  // Another host than the default one.
  void Use(HostModel host) {
    machine_.reset();
    machine_ = std::make_unique<Machine>(std::move(host));
    ASSERT_EQ(machine_->status(), ZX_OK);
  }
  void TearDown() override {
    machine_->Close();
    EXPECT_EQ(machine_->kernel.open_descriptors(), 0u);
    EXPECT_EQ(machine_->kernel.mapped_pages(), 0u);
    EXPECT_EQ(machine_->kernel.misuses(), 0);
  }

  Machine& machine() { return *machine_; }
  FakeVcpu& cpu() { return machine_->cpu(); }
  const zx_port_packet_t& packet() { return machine_->packet; }
  // For another thread: waits until the owner has come out of its `runs`-th KVM_RUN and sleeps in
  // the library, halted or in front of a bell's full port.
  bool AwaitSleepAfter(uint64_t runs) {
    return Eventually([&] { return cpu().runs() == runs; }) && AwaitAsleep(owner_);
  }
  // One enter; `runs` says how many KVM_RUN it takes. It makes no other VCPU ioctl but, at most
  // once, the one that reads SREGS, for an exit that the last ones did not lead one to expect.
  zx_status_t EnterWithRuns(uint64_t runs) {
    const uint64_t ran = cpu().runs();
    const uint64_t ioctls = machine_->kernel.vcpu_ioctls();
    const uint64_t reads = machine_->kernel.calls(KVM_GET_SREGS);
    const zx_status_t status = machine_->Enter();
    const uint64_t sregs_read = machine_->kernel.calls(KVM_GET_SREGS) - reads;
    EXPECT_EQ(cpu().runs() - ran, runs);
    EXPECT_LE(sregs_read, 1u);
    EXPECT_EQ(machine_->kernel.vcpu_ioctls() - ioctls, runs + sregs_read);
    return status;
  }

 private:
  const pid_t owner_ = ThisThread();
  std::unique_ptr<Machine> machine_;
};

}  // namespace zircon::fake
