// FakeKernel: kvm::Kernel without KVM. Descriptors, machines and VCPUs are objects that a test can
// look into; any call can be made to fail with any errno at its n-th use.
//
//   FakeKernel kernel;
//   kernel.Fail(KVM_CREATE_VM, EINTR);            // the next one
//   kernel.Fail(KVM_SET_USER_MEMORY_REGION, ENOMEM, 3);  // the third from now
//   kvm::SetProcessKernelForTest(&kernel);
//
// Thread safety: any thread.

#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "fake/fake_vcpu.h"
#include "fake/fake_vm.h"
#include "fake/host_model.h"
#include "kvm/kernel.h"

namespace zircon::fake {

// Names for the calls that are no ioctl, and for the two things that KVM_SET_USER_MEMORY_REGION
// does.
inline constexpr unsigned long kCallOpen = 1;
inline constexpr unsigned long kCallMapRun = 2;
inline constexpr unsigned long kCallCreateSlot = 3;
inline constexpr unsigned long kCallDeleteSlot = 4;

class FakeKernel final : public kvm::Kernel {
 public:
  explicit FakeKernel(HostModel host = DefaultHost()) : host_(std::move(host)) {}

  int Open(const char* path, int flags) override;
  void Close(int fd) override;
  int Ioctl(int fd, unsigned long request, uintptr_t argument) override;
  void* MapRun(int fd, size_t size, int* error) override;
  void UnmapRun(void* run, size_t size) override;

  // From the `nth` use from now on, `times` uses of the call fail with `error`.
  void Fail(unsigned long call, int error, int nth = 1, int times = 1);
  // No call fails any more.
  void FailNothing();

  // ---- What there is and what happened ----

  HostModel& host() { return host_; }
  size_t open_descriptors() const;
  size_t mapped_pages() const;
  // Calls with a descriptor, page or request that they do not fit: always a bug of the library.
  int misuses() const;
  // How often the call was made, failures included.
  uint64_t calls(unsigned long call) const;
  // All ioctls on VCPU descriptors.
  uint64_t vcpu_ioctls() const;
  int open_flags() const;
  // The machine, VCPU, created last, though closed; null if none.
  std::shared_ptr<FakeVm> vm() const;
  std::shared_ptr<FakeVcpu> vcpu() const;
  // Of the machine that was created last the VCPU with that id, which there must be.
  std::shared_ptr<FakeVcpu> vm_vcpu(uint32_t id) const;

 private:
  struct Descriptor {
    enum Kind { kSystem, kVm, kVcpu } kind = kSystem;
    std::shared_ptr<FakeVm> vm;
    std::shared_ptr<FakeVcpu> vcpu;
    bool mapped = false;
  };
  struct Failure {
    int error = 0;
    int nth = 0;
    int times = 0;
  };

  // The errno that the call is to fail with, or 0. Counts it.
  int Plan(unsigned long call);
  int PlanIoctl(unsigned long request, uintptr_t argument);
  int SystemIoctl(unsigned long request, uintptr_t argument);
  int Add(Descriptor descriptor);
  int SupportedCpuid(kvm_cpuid2* out) const;

  HostModel host_;
  mutable std::mutex mutex_;
  std::map<int, Descriptor> descriptors_;
  std::map<void*, std::shared_ptr<FakeVcpu>> pages_;
  std::multimap<unsigned long, Failure> failures_;
  std::map<unsigned long, uint64_t> calls_;
  uint64_t vcpu_ioctls_ = 0;
  int next_fd_ = 100'000;  // unlike any real one
  int misuses_ = 0;
  int open_flags_ = 0;
  std::shared_ptr<FakeVm> last_vm_;
  std::shared_ptr<FakeVcpu> last_vcpu_;
  std::map<uint32_t, std::shared_ptr<FakeVcpu>> last_vcpus_;  // by id
};

}  // namespace zircon::fake
