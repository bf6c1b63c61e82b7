#include "vcpu/x86/register_file.h"

namespace zircon::vcpu::x86 {

void RegisterFile::Begin(bool always_events) {
  if (always_events) KeepEvents();
  // Nothing is known that was not put there.
  page().kvm_valid_regs = KVM_SYNC_X86_REGS;
}

void RegisterFile::SetSregs(const kvm_sregs& sregs) {
  page().s.regs.sregs = sregs;
  page().kvm_dirty_regs |= KVM_SYNC_X86_SREGS;
}

int RegisterFile::RunForAll() {
  news_ = (news_ & ~kFetched) | kOtherSets;
  page().kvm_valid_regs = kAll;
  return run_.Run();
}

bool RegisterFile::FetchSregs() {
  if (fd_.GetSregs(&page().s.regs.sregs) != 0) return false;
  news_ |= KVM_SYNC_X86_SREGS;
  return true;
}

bool RegisterFile::FetchEvents() {
  if (fd_.GetEvents(&page().s.regs.events) != 0) return false;
  news_ |= KVM_SYNC_X86_EVENTS;
  return true;
}

}  // namespace zircon::vcpu::x86
