// RegisterFile: the VCPU's registers as the last exit left them, in the run page. read_state and
// write_state work on them, and the next run takes back what was changed: that is why a trap costs
// one ioctl. What KVM copies out at an exit is most of what an exit costs beside KVM itself, so not
// everything is (docs/decisions/0002-synced-registers.md):
//
//   set      copied out at
//   REGS     each exit
//   SREGS    exits that come after exits which needed it; else one KVM_GET_SREGS when it is needed
//   EVENTS   each exit from the first NMI on, and on kernels before Linux 5.14; else one
//            KVM_GET_VCPU_EVENTS when it is needed
//
// Ownership: the Core's. Thread safety: the owner thread.

#pragma once

#include <cstdint>

#include "kvm/kvm_abi.h"
#include "kvm/vcpu_fd.h"

namespace zircon::vcpu::x86 {

class RegisterFile {
 public:
  explicit RegisterFile(kvm::VcpuFd& fd) : fd_(fd) {}

  // The page has the first registers. `always_events`: the kernel is too old for less.
  void Begin(bool always_events);

  kvm_regs& regs() { return page().s.regs.regs; }
  const kvm_regs& regs() const { return fd_.run().s.regs.regs; }
  void MarkRegs() { page().kvm_dirty_regs |= KVM_SYNC_X86_REGS; }

  // False when the kernel has no memory to tell. What follows needs it to have been true since the
  // last run.
  [[nodiscard]] bool HaveSregs() {
    sregs_used_ = true;
    return Known(KVM_SYNC_X86_SREGS) || FetchSregs();
  }
  const kvm_sregs& sregs() const { return fd_.run().s.regs.sregs; }
  void SetSregs(const kvm_sregs& sregs);

  [[nodiscard]] bool HaveEvents() { return Known(KVM_SYNC_X86_EVENTS) || FetchEvents(); }
  bool knows_events() const { return Known(KVM_SYNC_X86_EVENTS); }
  kvm_vcpu_events& events() { return page().s.regs.events; }
  void MarkEvents() { page().kvm_dirty_regs |= KVM_SYNC_X86_EVENTS; }
  // From now on they are looked at after each exit: NMIs may be blocked.
  void KeepEvents() { always_ |= KVM_SYNC_X86_EVENTS; }

  // KVM_RUN, with what is likely to be needed of it.
  [[nodiscard]] int Run() {
    ChooseSets();
    return fd_.Run();
  }
  // KVM_RUN with all sets, for a kernel that is made to finish an instruction.
  [[nodiscard]] int RunForAll();

 private:
  static constexpr uint64_t kAll = KVM_SYNC_X86_REGS | KVM_SYNC_X86_SREGS | KVM_SYNC_X86_EVENTS;
  // Of 256, how many exits need SREGS that have it copied out: a KVM_GET_SREGS costs four times as
  // much as the copy.
  static constexpr uint32_t kOftenEnough = 66;

  kvm_run& page() { return fd_.run(); }
  bool Known(uint64_t set) const { return ((fd_.run().kvm_valid_regs | fetched_) & set) != 0; }
  void ChooseSets() {
    fetched_ = 0;
    if (often_ != 0 || sregs_used_) {
      often_ = often_ - (often_ + 3) / 4 + (sregs_used_ ? 64 : 0);
      sregs_used_ = false;
    }
    page().kvm_valid_regs =
        always_ | (often_ >= kOftenEnough ? uint64_t{KVM_SYNC_X86_SREGS} : uint64_t{0});
  }
  [[nodiscard]] bool FetchSregs();
  [[nodiscard]] bool FetchEvents();

  kvm::VcpuFd& fd_;
  uint64_t always_ = KVM_SYNC_X86_REGS;
  uint64_t fetched_ = 0;     // since the last run, beside what that copied out
  uint32_t often_ = 0;       // of the last exits, how many needed SREGS: 0 to 256
  bool sregs_used_ = false;  // since the last run
};

}  // namespace zircon::vcpu::x86
