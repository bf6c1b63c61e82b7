#include "guest/vcpu_set.h"

#include <algorithm>

namespace zircon::guest {

void VcpuSet::Add(Parkable* vcpu) {
  base::MutexLock lock(mutex_);
  vcpus_.push_back(vcpu);
}

void VcpuSet::Remove(Parkable* vcpu) {
  base::MutexLock lock(mutex_);
  vcpus_.erase(std::remove(vcpus_.begin(), vcpus_.end(), vcpu), vcpus_.end());
}

ParkedScope::ParkedScope(VcpuSet& set) : set_(set) {
  set_.mutex_.Lock();
  // Ask all first: they leave the guest side by side.
  for (Parkable* vcpu : set_.vcpus_) vcpu->RequestPark();
  for (Parkable* vcpu : set_.vcpus_) vcpu->AwaitParked();
}

ParkedScope::~ParkedScope() {
  for (Parkable* vcpu : set_.vcpus_) vcpu->Unpark();
  set_.mutex_.Unlock();
}

}  // namespace zircon::guest
