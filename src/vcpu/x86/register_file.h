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
#include "kvm/vcpu_run.h"

namespace zircon::vcpu::x86 {

class RegisterFile {
 public:
  explicit RegisterFile(kvm::VcpuFd& fd) : run_(fd.runner()), fd_(fd) {}

  // The page has the first registers. `always_events`: the kernel is too old for less.
  void Begin(bool always_events);

  kvm_run& page() const { return run_.page(); }
  kvm_regs& regs() { return page().s.regs.regs; }
  const kvm_regs& regs() const { return page().s.regs.regs; }
  void MarkRegs() { page().kvm_dirty_regs |= KVM_SYNC_X86_REGS; }

  // False when the kernel has no memory to tell. What follows needs it to have been true since the
  // last run.
  [[nodiscard]] bool HaveSregs() {
    news_ |= kSregsUsed;
    return Known(KVM_SYNC_X86_SREGS) || FetchSregs();
  }
  // As HaveSregs(), where that takes no call of the kernel.
  [[nodiscard]] bool HaveCopiedSregs() {
    if ((page().kvm_valid_regs & KVM_SYNC_X86_SREGS) == 0) return false;
    news_ |= kSregsUsed;
    return true;
  }
  const kvm_sregs& sregs() const { return page().s.regs.sregs; }
  // Asks the kernel, which has others than at the last exit. False when it has no memory to tell.
  [[nodiscard]] bool FetchSregs();
  void SetSregs(const kvm_sregs& sregs);
  // They are known, whatever the kernel has made of them since.
  void KeepSregs(const kvm_sregs& sregs) {
    page().s.regs.sregs = sregs;
    news_ |= KVM_SYNC_X86_SREGS;
  }

  [[nodiscard]] bool HaveEvents() { return Known(KVM_SYNC_X86_EVENTS) || FetchEvents(); }
  bool knows_events() const { return Known(KVM_SYNC_X86_EVENTS); }
  kvm_vcpu_events& events() { return page().s.regs.events; }
  void MarkEvents() { page().kvm_dirty_regs |= KVM_SYNC_X86_EVENTS; }
  // From now on they are looked at after each exit: NMIs may be blocked.
  void KeepEvents() {
    always_ |= KVM_SYNC_X86_EVENTS;
    news_ |= kOtherSets;
  }

  // KVM_RUN, with what is likely to be needed of it.
  [[nodiscard]] int Run() {
    if (news_ != 0) ChooseSets();
    return run_.Run();
  }
  // KVM_RUN with all sets, for a kernel that is made to finish an instruction.
  [[nodiscard]] int RunForAll();

 private:
  static constexpr uint64_t kAll = KVM_SYNC_X86_REGS | KVM_SYNC_X86_SREGS | KVM_SYNC_X86_EVENTS;
  // Of news_: the sets that were fetched; whether SREGS were needed; and of the eight exits before,
  // which needed them.
  static constexpr uint32_t kFetched = 0xFF;
  static constexpr uint32_t kSregsUsed = 1u << 8;
  static constexpr uint32_t kUsedBefore = 0xFFu << 9;
  // And whether the page asks for other sets than it is to.
  static constexpr uint32_t kOtherSets = 1u << 17;

  bool Known(uint64_t set) const {
    return ((page().kvm_valid_regs | (news_ & kFetched)) & set) != 0;
  }
  // SREGS are copied out where two of the last eight exits needed them: a KVM_GET_SREGS costs four
  // times as much as the copy.
  void ChooseSets() {
    news_ = (news_ << 1) & kUsedBefore;
    const bool several = (news_ & (news_ - 1)) != 0;
    page().kvm_valid_regs = several ? always_ | KVM_SYNC_X86_SREGS : always_;
  }
  [[nodiscard]] bool FetchEvents();

  kvm::VcpuRun run_;
  uint64_t always_ = KVM_SYNC_X86_REGS;
  // What has happened since the last run, and what the page's sets for the next depend on. 0: they
  // are as they were.
  uint32_t news_ = kOtherSets;
  kvm::VcpuFd& fd_;
};

}  // namespace zircon::vcpu::x86
