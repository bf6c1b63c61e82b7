// Machine: a guest on a fake kernel, made by the public calls, with memory, page tables and a VCPU
// on the calling thread. What most tests of guests and VCPUs start from.
//
//   Machine machine;
//   machine.Code({0xEC});  // in (%dx), %al
//   machine.cpu().Push(PioIn(0x60, 1));
//   EXPECT_EQ(machine.Enter(), ZX_OK);
//
// Ownership: owns its handles and the fake kernel, which the process's guests use meanwhile.
// Thread safety: the thread that made it; the VCPU's calls as documented.

#pragma once

#include <zircon/syscalls.h>
#include <zircon/syscalls/hypervisor.h>
#include <zircon/syscalls/port.h>

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <vector>

#include "fake/exits.h"
#include "fake/fake_kernel.h"

namespace zircon::fake {

// Puts the fake in the kernel's place for new guests, and gives the place back to who had it;
// forgets what was known of the fake's host. Scopes may be nested.
class KernelScope {
 public:
  explicit KernelScope(FakeKernel& kernel);
  ~KernelScope();
  KernelScope(const KernelScope&) = delete;
  KernelScope& operator=(const KernelScope&) = delete;

 private:
  FakeKernel& kernel_;
  kvm::Kernel& previous_;
};

class Machine {
 public:
  // Guest memory: 1 MiB at 0, with page tables at 0 that map the lowest 4 GiB onto themselves.
  static constexpr uint64_t kMemorySize = 1 << 20;
  static constexpr uint64_t kEntry = 0x4000;
  static constexpr uint64_t kDeviceAddress = 0x200000;  // nothing is mapped from here on

  explicit Machine(HostModel host = DefaultHost(), bool with_vcpu = true);
  ~Machine();
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  // What went wrong in the constructor: every member is usable only if this is ZX_OK.
  zx_status_t status() const { return status_; }

  // Closes the handles that are open; what is left in the kernel then is a leak.
  void Close();

  // Puts code at the place that RIP has, or will have at the first enter.
  void Code(std::initializer_list<uint8_t> bytes);
  void CodeAt(uint64_t gpa, const std::vector<uint8_t>& bytes);
  zx_status_t Enter() { return zx_vcpu_enter(vcpu, &packet); }
  zx_vcpu_state_t State() const;
  zx_status_t SetState(const zx_vcpu_state_t& state) const;
  zx_status_t WriteIo(uint8_t size, uint32_t value) const;
  zx_status_t TrapIo(uint16_t port, uint16_t count, uint64_t key = 1) const;
  zx_status_t TrapMemory(uint64_t gpa, uint64_t size, uint64_t key = 1) const;
  zx_status_t TrapBell(uint64_t gpa, uint64_t size, uint64_t key = 1) const;
  // A page of memory of its own somewhere in the guest.
  zx_status_t Map(uint64_t gpa, uint64_t size, zx_vm_option_t permissions) const;

  FakeVcpu& cpu() const { return *cpu_; }
  FakeVm& vm() const { return *vm_; }
  uint8_t* memory(uint64_t gpa = 0) const { return vm_->Host(gpa, 1); }

  FakeKernel kernel;
  zx_handle_t resource = ZX_HANDLE_INVALID;
  zx_handle_t guest = ZX_HANDLE_INVALID;
  zx_handle_t vmar = ZX_HANDLE_INVALID;
  zx_handle_t vmo = ZX_HANDLE_INVALID;
  zx_handle_t port = ZX_HANDLE_INVALID;
  zx_handle_t vcpu = ZX_HANDLE_INVALID;
  zx_port_packet_t packet = {};

 private:
  zx_status_t Build(bool with_vcpu);

  KernelScope scope_;
  std::shared_ptr<FakeVm> vm_;
  std::shared_ptr<FakeVcpu> cpu_;
  zx_status_t status_;  // the last: Build() makes it out of all the others
};

}  // namespace zircon::fake
