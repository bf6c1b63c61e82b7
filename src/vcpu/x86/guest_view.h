// GuestView: guest memory as the VCPU sees it: guest-physical reads, and linear addresses through
// the guest's own page tables in whatever mode it is.
//
// It reads tables and code that the guest may be changing: what it finds is right or wrong for the
// guest, never unsafe for us. Accessed and dirty bits are not touched. Walks of 64-bit tables are
// remembered, with the entries that they went through: as long as those hold what they held, the
// walk would come to the same.
//
// Ownership: the VCPU's. Thread safety: the owner thread, inside enter (guest/vcpu_set.h).

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "guest/guest_space.h"
#include "kvm/kvm_abi.h"
#include "kvm/vcpu_fd.h"
#include "vcpu/x86/evidence.h"

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

// Where a linear address leads.
struct Place {
  uint64_t gpa = 0;
  // The host's address of it, good to the end of the page; null where no slot is.
  uint8_t* host = nullptr;
  bool writable = false;

  // Whether a store goes to memory, and not to the VMM.
  bool TakesStores() const { return host != nullptr && writable; }
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

  // False when the guest's tables lead nowhere.
  bool Find(const kvm_sregs& sregs, uint64_t linear, Place* place);
  // As Find(), for 64-bit paging, with the entries that say so. False also when there is no room
  // for them.
  bool Witness(const kvm_sregs& sregs, uint64_t linear, Place* place, Evidence* evidence);
  // What a linear address is in guest-physical memory; false when it is not mapped there.
  bool Translate(const kvm_sregs& sregs, uint64_t linear, uint64_t* gpa);

  // Copies up to `size` bytes at a linear address; gives how many could be read.
  size_t Read(const kvm_sregs& sregs, uint64_t linear, uint8_t* to, size_t size);

 private:
  // A walk through 64-bit tables to a page of 4 KiB, or to a part of a larger one.
  struct Walk {
    static constexpr uint64_t kNone = ~uint64_t{0};
    uint64_t page = kNone;  // linear, in pages
    uint64_t root = 0;      // CR3, and how many levels
    uint32_t depth = 0;
    bool writable = false;
    uint64_t gpa = 0;  // of the page
    uint8_t* host = nullptr;
    std::array<const uint64_t*, 5> where = {};
    std::array<uint64_t, 5> entries = {};

    // Whether the entries are what they were, but for the bits that walks themselves set.
    bool Holds() const;
    Place PlaceOf(uint64_t linear) const;
  };
  static constexpr size_t kWalks = 16;

  const guest::MemorySlot* Slot(uint64_t gpa);
  const uint8_t* ReadEntry(uint64_t gpa, size_t size, uint64_t* entry);
  bool WalkLong(const kvm_sregs& sregs, uint64_t linear, Walk* walk);
  // The walk to a page by 64-bit tables, or null where they lead nowhere.
  const Walk* FindLong(const kvm_sregs& sregs, uint64_t linear);
  bool TranslatePae(const kvm_sregs& sregs, uint64_t linear, uint64_t* gpa);
  bool TranslateTwoLevel(const kvm_sregs& sregs, uint64_t linear, uint64_t* gpa);
  // The memory of walks has addresses of ours, which go with the slots.
  void CheckVersion();

  const guest::GuestSpace& space_;
  const guest::MemorySlot* last_ = nullptr;
  uint64_t version_ = 0;
  PaePointers pae_;
  std::array<Walk, kWalks> walks_;
};

}  // namespace zircon::vcpu::x86
