// VcpuSet: the VCPUs of a guest that may be inside KVM_RUN, and the means to hold all of them still
// while memory slots or traps change. A slot change is not atomic in KVM (delete, then create), so
// a VCPU that runs through it would see an exit for memory that is there.
//
// What VCPUs read without a lock while they run (slots, regions, traps) is changed only while a
// ParkedScope lives. A park is never visible to the VMM.
//
// Thread safety: all of it may be called from any thread. Lock order: this lock is the innermost
// but for what Parkable's implementations use inside.

#pragma once

#include "base/mutex.h"
#include "objects/linked_list.h"

namespace zircon::guest {

// What a VCPU offers to be held still.
class Parkable : public objects::Linked<Parkable> {
 public:
  // Asks it to leave the guest and not to come back.
  virtual void RequestPark() = 0;
  // Returns when it is outside the guest and reads nothing of the guest's tables.
  virtual void AwaitParked() = 0;
  virtual void Unpark() = 0;
  // While it is parked: whether it may not enter the guest before GuestSpace::CatchUp() has given
  // ZX_OK.
  virtual void Hold(bool held) = 0;
  // The guest has started a processor: a look at its StartupQueue is due.
  virtual void AnnounceStartup() = 0;

 protected:
  ~Parkable() = default;
};

class VcpuSet {
 public:
  void Add(Parkable* vcpu) ABSL_LOCKS_EXCLUDED(mutex_);
  void Remove(Parkable* vcpu) ABSL_LOCKS_EXCLUDED(mutex_);
  // To every VCPU: whichever is in enter next takes it.
  void AnnounceStartup() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  friend class ParkedScope;
  base::Mutex mutex_;
  objects::LinkedList<Parkable> vcpus_ ABSL_GUARDED_BY(mutex_);
  bool held_ ABSL_GUARDED_BY(mutex_) = false;
};

// Every VCPU of the set is parked while this lives, and none can join.
class ABSL_SCOPED_LOCKABLE ParkedScope {
 public:
  explicit ParkedScope(VcpuSet& set) ABSL_EXCLUSIVE_LOCK_FUNCTION(set.mutex_);
  ~ParkedScope() ABSL_UNLOCK_FUNCTION();
  ParkedScope(const ParkedScope&) = delete;
  ParkedScope& operator=(const ParkedScope&) = delete;

  // For each VCPU, and for those that join later.
  void Hold(bool held);

 private:
  VcpuSet& set_;
};

}  // namespace zircon::guest
