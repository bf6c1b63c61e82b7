// GuestRig: a guest in a scenario, made step by step, each step a call that may fail.
//
//   GuestRig rig(run);
//   if (!rig.MakeGuest() || !rig.MakeMemory() || !rig.MakeVcpu()) return;
//
// Ownership: owns its handles. Thread safety: one thread, which owns the VCPU.

#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>

#include "fake/exits.h"
#include "fake/fake_vcpu.h"
#include "faults/run.h"

namespace zircon::faults {

inline constexpr uint64_t kPage = 4096;
inline constexpr zx_vm_option_t kReadWrite = ZX_VM_PERM_READ | ZX_VM_PERM_WRITE;

class GuestRig {
  Run& run_;  // before the handles, which take it

 public:
  static constexpr uint64_t kMemorySize = uint64_t{1} << 20;
  static constexpr uint64_t kEntry = 0x4000;
  // Nothing is mapped from here on.
  static constexpr uint64_t kDevices = 0x200000;
  static constexpr uint16_t kPort = 0x60;

  explicit GuestRig(Run& run) : run_(run) {}

  bool MakeGuest();
  // kMemorySize bytes at 0, with page tables that map the lowest GiB onto itself.
  bool MakeMemory();
  bool MakeVcpu();
  bool MakeAll() { return MakeGuest() && MakeMemory() && MakeVcpu(); }

  // Runs to the trap of the kind and address; the guest's step must be there already.
  bool EnterToPacket(uint32_t type, uint64_t address);
  bool EnterToStatus(zx_status_t status);
  // The guest's next step, with RIP at its code.
  void At(std::initializer_list<uint8_t> code, fake::Step step);
  // It executes this again and again, until cpu().ForgetScript().
  void StaysAt(std::initializer_list<uint8_t> code, fake::Step step);
  // Whether the guest reaches the page, as the kernel has it.
  bool HasPage(uint64_t gpa) const { return vm_->Host(gpa, kPage) != nullptr; }
  uint8_t* page(uint64_t gpa) const { return vm_->Host(gpa, kPage); }
  fake::FakeVcpu& cpu() const { return *cpu_; }
  fake::FakeVm& vm() const { return *vm_; }

  Handle resource{run_};
  Handle guest{run_};
  Handle vmar{run_};
  Handle memory{run_};
  Handle port{run_};
  Handle vcpu{run_};
  zx_port_packet_t packet = {};

 private:
  fake::Step Placed(std::initializer_list<uint8_t> code, fake::Step step);

  std::shared_ptr<fake::FakeVm> vm_;
  std::shared_ptr<fake::FakeVcpu> cpu_;
};

}  // namespace zircon::faults
