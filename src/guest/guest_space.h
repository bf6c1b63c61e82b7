// GuestSpace: a guest's physical memory. The VMAR tree says what is mapped; this turns it into KVM
// memory slots: pieces that continue each other are merged, traps are cut out (a trap always wins,
// also over a later mapping), what lies beyond the end of a VMO or is not readable gets no slot.
//
// Ownership: the guest's root VMAR holds it; it uses the guest's VmFd until Detach().
// Thread safety: changes from any thread (they park the VCPUs); the const lookups are for VCPUs
// inside enter, which no change overtakes (guest/vcpu_set.h), and take no lock.

#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "base/mutex.h"
#include "guest/resize_listener.h"
#include "guest/trap_map.h"
#include "guest/vcpu_set.h"
#include "kvm/vm_fd.h"
#include "objects/address_space.h"

namespace zircon::guest {

// A KVM memory slot as it stands in the kernel.
struct MemorySlot {
  uint64_t gpa = 0;
  uint64_t size = 0;
  uint8_t* host = nullptr;
  bool read_only = false;
  // Whose bytes they are. Neighbours of different VMOs stay apart, even where their windows in this
  // process touch: one of the windows may go before the other.
  const objects::Vmo* vmo = nullptr;
  uint32_t id = 0;

  bool Contains(uint64_t address) const { return address - gpa < size; }
};

class GuestSpace final : public objects::AddressSpace {
 public:
  // Bytes of guest-physical space, whatever the host's address width (contract GPAS rows).
  static constexpr uint64_t kSize = uint64_t{1} << 48;

  // `host_limit`: where the host's physical addresses end; a mapping beyond is bookkeeping only.
  GuestSpace(kvm::VmFd* vm, VcpuSet* vcpus, uint32_t max_slots, uint64_t host_limit = kSize);
  ~GuestSpace() override;

  bool PicksAddresses() const override { return false; }
  // Reserved are the children of the root. That is bookkeeping, for the rules of records.
  zx_status_t Reserve(uint64_t address, uint64_t length) override;
  zx_status_t ReserveAnywhere(uint64_t length, uint64_t alignment, uint64_t limit,
                              uint64_t* address) override;
  void Vacate(uint64_t address, uint64_t length) override;
  zx_status_t Map(uint64_t address, uint64_t length, const objects::Mapping& mapping) override;
  void Unmap(uint64_t address, uint64_t length) override;
  zx_status_t Protect(uint64_t address, uint64_t length, objects::Permissions permissions) override;
  void Populate(uint64_t address, uint64_t length, const objects::Mapping& mapping) override;

  // Adds a trap over pages that the caller has unmapped. ZX_ERR_ALREADY_EXISTS on overlap.
  [[nodiscard]] zx_status_t AddMemoryTrap(std::unique_ptr<Trap> trap);
  [[nodiscard]] zx_status_t AddIoTrap(std::unique_ptr<Trap> trap);

  // The virtual machine is going: no slot is touched any more.
  void Detach();

  // VMOs that show these pages have that size from now on. It came back with an error when the
  // slots for more cannot all be had.
  [[nodiscard]] zx_status_t OnResize(const objects::VmoPages* pages, uint64_t size);

  // ---- For a VCPU inside enter ----

  const TrapMap& traps() const { return traps_; }
  // The slot that holds `gpa`, or null. `hint` is the caller's last answer.
  const MemorySlot* FindSlot(uint64_t gpa, const MemorySlot* hint) const;
  // Changes whenever slots do: a hint from an older one must be dropped.
  uint64_t slot_version() const { return slot_version_; }
  // Why an access that no trap covers could not be made: ZX_ERR_OUT_OF_RANGE, ZX_ERR_NOT_FOUND,
  // ZX_ERR_ACCESS_DENIED; ZX_OK when nothing is wrong with it.
  zx_status_t Explain(uint64_t gpa, bool write) const;
  // Whether a record of the para-virtual clock may lie there: inside one mapping of the root.
  // ZX_ERR_INVALID_ARGS outside of the space, ZX_ERR_WRONG_TYPE inside a child, ZX_ERR_NOT_FOUND,
  // ZX_ERR_OUT_OF_RANGE.
  zx_status_t CheckRecord(uint64_t gpa, uint64_t size) const;

 private:
  struct Region {
    uint64_t length = 0;
    objects::Mapping mapping;
    // The VMO's size as its slots have it.
    uint64_t vmo_size = 0;
  };
  using Regions = absl::btree_map<uint64_t, Region>;
  using RegionList = std::vector<std::pair<uint64_t, Region>>;

  // The mapped region that holds `gpa`, or end().
  Regions::const_iterator FindRegion(uint64_t gpa) const;
  // Asks to be told when the size of a mapping's VMO changes, if it can, and tells what it is.
  uint64_t WatchSize(const objects::Mapping& mapping) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Cuts a region in two where `address` falls inside one.
  void SplitAt(uint64_t address) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // What is mapped in a range at whose ends SplitAt() has been called, and putting it back.
  RegionList RegionsIn(uint64_t address, uint64_t length) const;
  void Restore(uint64_t address, uint64_t length, const RegionList& before)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void UnmapParked(uint64_t address, uint64_t length) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void EraseRegions(uint64_t address, uint64_t length) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // What becomes of slots where the kernel refuses one, or there is no memory.
  enum OnFailure {
    kUndo,  // they are again as they were
    kDrop,  // those that regions and traps do not ask for are gone, and others may be lost
  };
  // Makes the kernel's slots in and next to the range what regions and traps ask for.
  [[nodiscard]] zx_status_t SyncSlots(uint64_t address, uint64_t length, OnFailure on_failure)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // *begun: slots have changed; from there on it throws nothing.
  [[nodiscard]] zx_status_t TrySyncSlots(uint64_t address, uint64_t length, OnFailure on_failure,
                                         bool* begun) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  [[nodiscard]] zx_status_t WantedSlots(uint64_t begin, uint64_t end,
                                        std::vector<MemorySlot>* wanted)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // After a failure: the slots are those of `before` again.
  void PutSlotsBack(const std::vector<MemorySlot>& before, const std::vector<MemorySlot>& wanted,
                    const std::vector<MemorySlot>& made) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  [[nodiscard]] zx_status_t CreateSlot(MemorySlot slot) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void DeleteSlot(const MemorySlot& slot) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  base::Mutex mutex_;
  kvm::VmFd* vm_ ABSL_GUARDED_BY(mutex_);
  VcpuSet* const vcpus_;
  const uint32_t max_slots_;
  const uint64_t host_limit_;
  std::vector<uint32_t> free_ids_ ABSL_GUARDED_BY(mutex_);
  uint32_t next_id_ ABSL_GUARDED_BY(mutex_) = 0;

  // Made for the first mapping of a VMO that can change its size.
  base::RefPtr<ResizeListener> resize_listener_ ABSL_GUARDED_BY(mutex_);

  // Changed under mutex_ with every VCPU parked; read by VCPUs inside enter.
  Regions regions_;
  absl::btree_map<uint64_t, uint64_t> reserved_;  // length by base
  std::vector<MemorySlot> slots_;                 // by gpa
  TrapMap traps_;
  uint64_t slot_version_ = 0;
};

}  // namespace zircon::guest
