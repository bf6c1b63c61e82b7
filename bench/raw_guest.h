// RawGuest: the same guest as bench/zx_guest.h on plain ioctls, as a program would make it that
// wants this and nothing else: the same virtual machine (user-space MSR exits, the same MSR filter,
// the same CPUID, no in-kernel APIC), the same first state, the same memory layout. It has no
// traps, no kick, no handles, no checks of arguments; its loop is KVM_RUN and a look at the run
// page.
//
// Ownership: closes everything when it goes. Thread safety: one thread.

#pragma once

#include <sys/ioctl.h>

#include <vector>

#include "guest_memory.h"
#include "kvm/kvm_abi.h"
#include "kvm/vm_fd.h"
#include "vcpu/x86/cpuid.h"

namespace bench {

// What such a program finds out once: CPUID as the library shows it, the size of the run page.
struct RawHost {
  std::vector<std::byte> cpuid;  // a kvm_cpuid2 with its entries
  size_t run_size = 0;
  zircon::vcpu::x86::ProcessorFeatures features;
  std::vector<zircon::kvm::MsrRange> direct_msrs;
  bool exit_on_emulation_failure = false;
  bool enforce_pv_features = false;

  static const RawHost& Get();
};

class RawMemory {
 public:
  explicit RawMemory(Program program);
  ~RawMemory();
  RawMemory(const RawMemory&) = delete;
  RawMemory& operator=(const RawMemory&) = delete;

  std::byte* here() const { return here_; }

 private:
  std::byte* here_ = nullptr;
};

class RawGuest {
 public:
  explicit RawGuest(const RawMemory& memory);
  ~RawGuest();
  RawGuest(const RawGuest&) = delete;
  RawGuest& operator=(const RawGuest&) = delete;

  // 0, or -1 with errno.
  int Run() { return ioctl(vcpu_, KVM_RUN, 0); }
  kvm_run& page() { return *run_; }
  int vcpu() const { return vcpu_; }
  // The bytes of an I/O exit.
  std::byte* io_data() { return reinterpret_cast<std::byte*>(run_) + run_->io.data_offset; }

 private:
  void SetState();

  int system_ = -1;
  int vm_ = -1;
  int vcpu_ = -1;
  kvm_run* run_ = nullptr;
};

}  // namespace bench
