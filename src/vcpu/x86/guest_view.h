// GuestView: guest memory as the VCPU sees it: guest-physical reads, and linear addresses through
// the guest's own page tables in whatever mode it is.
//
// It reads tables and code that the guest may be changing: what it finds is right or wrong for the
// guest, never unsafe for us. Accessed and dirty bits are not touched.
//
// Ownership: the VCPU's. Thread safety: the owner thread, inside enter (guest/vcpu_set.h).

#pragma once

#include <cstddef>
#include <cstdint>

#include "guest/guest_space.h"
#include "kvm/kvm_abi.h"
#include "kvm/vcpu_fd.h"

namespace zircon::vcpu::x86 {

// The four page-directory pointers of PAE paging. A processor may hold those that were in memory
// when CR3 was loaded (Intel's do), or read them at each walk (AMD's do under nested paging); the
// kernel knows.
class PaePointers {
 public:
  explicit PaePointers(kvm::VcpuFd* fd) : fd_(fd) {}

  // The VCPU has run: they may be others.
  void Forget() { state_ = State::kUnknown; }
  // Pointer `index` as the processor holds it; false when it holds none.
  bool Get(size_t index, uint64_t* pointer);

 private:
  enum class State : uint8_t { kUnknown, kHeld, kInMemory };

  kvm::VcpuFd* const fd_;
  State state_ = State::kUnknown;
  uint64_t pointers_[4] = {};
};

class GuestView {
 public:
  // Without `fd` the page-directory pointers of PAE paging are those in memory.
  explicit GuestView(const guest::GuestSpace& space, kvm::VcpuFd* fd = nullptr)
      : space_(space), pae_(fd) {}

  // To be told of each exit.
  void Forget() { pae_.Forget(); }

  // The host's address of guest-physical `gpa`, good for *length bytes; null when no slot holds it.
  const uint8_t* Host(uint64_t gpa, size_t* length);
  // The same for writing; null also for a read-only slot.
  uint8_t* HostForWrite(uint64_t gpa, size_t* length);

  // What a linear address is in guest-physical memory; false when it is not mapped there.
  bool Translate(const kvm_sregs& sregs, uint64_t linear, uint64_t* gpa);

  // Copies up to `size` bytes at a linear address; gives how many could be read.
  size_t Read(const kvm_sregs& sregs, uint64_t linear, uint8_t* to, size_t size);

 private:
  const guest::MemorySlot* Slot(uint64_t gpa);
  bool ReadEntry(uint64_t gpa, size_t size, uint64_t* entry);
  bool TranslateLong(const kvm_sregs& sregs, uint64_t linear, int levels, uint64_t* gpa);
  bool TranslatePae(const kvm_sregs& sregs, uint64_t linear, uint64_t* gpa);
  bool TranslateTwoLevel(const kvm_sregs& sregs, uint64_t linear, uint64_t* gpa);

  const guest::GuestSpace& space_;
  PaePointers pae_;
  const guest::MemorySlot* last_ = nullptr;
  uint64_t version_ = 0;
};

}  // namespace zircon::vcpu::x86
