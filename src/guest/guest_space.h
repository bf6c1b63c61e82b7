// GuestSpace: a guest's physical memory. The VMAR tree says what is mapped; this turns it into KVM
// memory slots: pieces that continue each other are merged, traps are cut out (a trap always wins,
// also over a later mapping), what lies beyond the end of a VMO or is not readable gets no slot.
//
// The books (regions and traps) are the truth, and the kernel's slots follow. A change that the
// kernel refuses is undone and fails. Where it refuses the undoing too, the slots lag behind the
// books: VCPUs are held then, and every change and every enter first tries again.
//
// Ownership: the guest's root VMAR holds it; it uses the guest's VmFd until Detach().
// Thread safety: changes from any thread (they park the VCPUs); the const lookups are for VCPUs
// inside enter, which no change overtakes (guest/vcpu_set.h), and take no lock.

#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>

#include "base/mutex.h"
#include "guest/resize_listener.h"
#include "guest/slot_table.h"
#include "guest/trap_map.h"
#include "guest/vcpu_set.h"
#include "objects/address_space.h"
#include "objects/linked_list.h"

namespace zircon::guest {

class SlotChange;

class GuestSpace final : public objects::AddressSpace {
 public:
  // Bytes of guest-physical space, whatever the host's address width (contract GPAS rows).
  static constexpr uint64_t kSize = uint64_t{1} << 48;

  // `host_limit`: where the host's physical addresses end; a mapping beyond is bookkeeping only.
  GuestSpace(kvm::VmFd* vm, VcpuSet* vcpus, uint32_t max_slots,
             uint64_t host_limit = kSize) noexcept;
  ~GuestSpace() override;

  bool PicksAddresses() const override { return false; }
  // Reserved are the children of the root. That is bookkeeping, for the rules of records.
  zx_status_t Reserve(uint64_t address, uint64_t length) override;
  zx_status_t ReserveAnywhere(uint64_t length, uint64_t alignment, uint64_t limit,
                              uint64_t* address) override;
  zx_status_t Vacate(uint64_t address, uint64_t length) override;
  zx_status_t Map(uint64_t address, uint64_t length, const objects::Mapping& mapping) override;
  zx_status_t Unmap(uint64_t address, uint64_t length) override;
  zx_status_t Protect(uint64_t address, uint64_t length, objects::Permissions permissions) override;
  void Populate(uint64_t address, uint64_t length, const objects::Mapping& mapping) override;

  // Adds a trap over pages that the caller then unmaps. ZX_ERR_ALREADY_EXISTS on overlap.
  [[nodiscard]] zx_status_t AddMemoryTrap(std::unique_ptr<Trap> trap);
  // Where that cannot be done: the trap was never there. The guest waits where it cannot have its
  // memory back (GPAS-19).
  void TakeBackMemoryTrap(uint64_t base, uint64_t size);
  [[nodiscard]] zx_status_t AddIoTrap(std::unique_ptr<Trap> trap);

  // For a VCPU that is held, outside of the guest: has the slots follow what is mapped.
  [[nodiscard]] zx_status_t CatchUp();

  // The virtual machine is going: no slot is touched any more.
  void Detach();

  // VMOs that show these pages have that size from now on. Fewer are out of reach when this
  // returns, whatever it gives; it gives an error when the slots for more cannot all be had.
  [[nodiscard]] zx_status_t OnResize(const objects::VmoPages* pages, uint64_t size);

  // ---- For a VCPU inside enter ----

  const TrapMap& traps() const { return traps_; }
  // The slot that holds `gpa`, or null. `hint` is the caller's last answer.
  const MemorySlot* FindSlot(uint64_t gpa, const MemorySlot* hint) const {
    return hint != nullptr && hint->Contains(gpa) ? hint : slots_.Find(gpa);
  }
  // Changes whenever slots do: a hint from an older one must be dropped.
  uint64_t slot_version() const { return slots_.version(); }
  // Why an access that no trap covers could not be made: ZX_ERR_OUT_OF_RANGE, ZX_ERR_NOT_FOUND,
  // ZX_ERR_ACCESS_DENIED; ZX_OK when nothing is wrong with it.
  zx_status_t Explain(uint64_t gpa, bool write) const;
  // Whether a record of the para-virtual clock may lie there: inside one mapping of the root.
  // ZX_ERR_INVALID_ARGS outside of the space, ZX_ERR_WRONG_TYPE inside a child, ZX_ERR_NOT_FOUND,
  // ZX_ERR_OUT_OF_RANGE.
  zx_status_t CheckRecord(uint64_t gpa, uint64_t size) const;

 private:
  // A mapping, or part of one. In the list of those whose pages can change their size, if its can.
  struct Region : objects::Linked<Region> {
    uint64_t address = 0;
    uint64_t length = 0;
    objects::Mapping mapping;
    // The VMO's size as its slots have it.
    uint64_t vmo_size = 0;
    // While permissions are changed: those before.
    objects::Permissions previous = 0;

    uint64_t end() const { return address + length; }
  };
  // By address. Nodes are made before a change and moved by it, so that it needs no memory.
  using Regions = std::map<uint64_t, Region>;
  using ResizableRegions = std::map<const objects::VmoPages*, objects::LinkedList<Region>>;

  // The space while it is changed: locked, with every VCPU parked; they go on when it ends, or are
  // held if the slots lag.
  class ABSL_SCOPED_LOCKABLE Changing {
   public:
    explicit Changing(GuestSpace* space) ABSL_EXCLUSIVE_LOCK_FUNCTION(space->mutex_);
    ~Changing() ABSL_UNLOCK_FUNCTION();
    Changing(const Changing&) = delete;
    Changing& operator=(const Changing&) = delete;

   private:
    GuestSpace* const space_;
    base::MutexLock lock_;
    // The VCPUs go with the machine; a handle may keep the space longer.
    std::optional<ParkedScope> parked_;
  };

  // The mapped region that holds `gpa`, or end().
  Regions::const_iterator FindRegion(uint64_t gpa) const;
  // A region to be put in or dropped. Throws std::bad_alloc.
  Regions::node_type MakeRegion(uint64_t address, uint64_t length, const objects::Mapping& mapping)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Asks to be told when the size of a mapping's VMO changes, if it can. Throws std::bad_alloc.
  void Watch(const objects::Mapping& mapping) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Cuts a region in two where `address` falls inside one. Throws std::bad_alloc.
  void SplitAt(uint64_t address) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // At whose ends was split.
  void TakeOut(uint64_t address, uint64_t length, Regions* removed)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void PutIn(Regions* regions) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // They are out, and stay out.
  void Drop(Regions* removed) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Replaces what is mapped in a range, by nothing (null) or by a mapping. Throws std::bad_alloc,
  // with nothing changed.
  [[nodiscard]] zx_status_t Replace(uint64_t address, uint64_t length, const objects::Mapping* by)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // Makes the kernel's slots in the range what regions and traps ask for: as a whole or not at all,
  // or they lag.
  [[nodiscard]] zx_status_t SyncSlots(uint64_t begin, uint64_t end)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Says what regions and traps ask for in the range. Throws std::bad_alloc.
  [[nodiscard]] zx_status_t WantSlots(uint64_t begin, uint64_t end, SlotChange* change)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Before a change, and for a VCPU that is held.
  [[nodiscard]] zx_status_t CatchUpParked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool lags() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return lag_begin_ < lag_end_; }
  void Lag(uint64_t begin, uint64_t end) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  base::Mutex mutex_;
  VcpuSet* const vcpus_;
  const uint64_t host_limit_;

  // Made for the first mapping of a VMO that can change its size.
  base::RefPtr<ResizeListener> resize_listener_ ABSL_GUARDED_BY(mutex_);
  // Where the slots may not be what regions and traps ask for; empty as a rule.
  uint64_t lag_begin_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t lag_end_ ABSL_GUARDED_BY(mutex_) = 0;

  // Changed under mutex_ with every VCPU parked; read by VCPUs inside enter.
  SlotTable slots_;
  ResizableRegions resizable_;
  Regions regions_;
  std::map<uint64_t, uint64_t> reserved_;  // length by base
  TrapMap traps_;
};

}  // namespace zircon::guest
