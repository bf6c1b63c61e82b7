#include "guest/vcpu_set.h"

namespace zircon::guest {

void VcpuSet::Add(Parkable* vcpu) {
  base::MutexLock lock(mutex_);
  vcpus_.PushBack(vcpu);
  if (held_) vcpu->Hold(true);
}

void VcpuSet::Remove(Parkable* vcpu) {
  base::MutexLock lock(mutex_);
  vcpus_.Remove(vcpu);
}

void VcpuSet::AnnounceStartup() {
  base::MutexLock lock(mutex_);
  for (Parkable* vcpu = vcpus_.front(); vcpu != nullptr; vcpu = vcpus_.Next(vcpu)) {
    vcpu->AnnounceStartup();
  }
}

ParkedScope::ParkedScope(VcpuSet& set) : set_(set) {
  set_.mutex_.Lock();
  // Ask all first: they leave the guest side by side.
  for (Parkable* vcpu = set_.vcpus_.front(); vcpu != nullptr; vcpu = set_.vcpus_.Next(vcpu)) {
    vcpu->RequestPark();
  }
  for (Parkable* vcpu = set_.vcpus_.front(); vcpu != nullptr; vcpu = set_.vcpus_.Next(vcpu)) {
    vcpu->AwaitParked();
  }
}

void ParkedScope::Hold(bool held) {
  set_.mutex_.AssertHeld();
  if (set_.held_ == held) return;
  set_.held_ = held;
  for (Parkable* vcpu = set_.vcpus_.front(); vcpu != nullptr; vcpu = set_.vcpus_.Next(vcpu)) {
    vcpu->Hold(held);
  }
}

ParkedScope::~ParkedScope() {
  for (Parkable* vcpu = set_.vcpus_.front(); vcpu != nullptr; vcpu = set_.vcpus_.Next(vcpu)) {
    vcpu->Unpark();
  }
  set_.mutex_.Unlock();
}

}  // namespace zircon::guest
