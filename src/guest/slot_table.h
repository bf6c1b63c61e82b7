// SlotTable: the memory slots of a virtual machine, as the kernel has them. A slot owns the pages
// that it shows, with the window in this process that it points into, and its number: a slot leaves
// the table when the kernel has let it go, or with the machine, and there is no other way out. So
// memory that a guest could reach is never anybody else's.
//
// Ownership: the guest's space. Thread safety: changes are made with the space's lock held and
// every VCPU parked; lookups are for VCPUs inside enter and take no lock (guest/vcpu_set.h).

#pragma once

#include <zircon/types.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "base/ref_ptr.h"
#include "kvm/vm_fd.h"
#include "objects/vmo_pages.h"

namespace zircon::guest {

struct MemorySlot {
  uint64_t gpa = 0;
  uint64_t size = 0;
  uint8_t* host = nullptr;
  bool read_only = false;
  // Whose bytes they are. Neighbours of different pages stay apart, even where their windows in
  // this process touch: one of the windows may go before the other.
  base::RefPtr<objects::VmoPages> pages;
  uint32_t id = 0;  // of one in the table

  uint64_t end() const { return gpa + size; }
  bool Contains(uint64_t address) const { return address - gpa < size; }
};

using Slots = std::map<uint64_t, MemorySlot>;  // by gpa

class SlotTable {
 public:
  // For at most `most` slots. Without a machine (null) there are none.
  SlotTable(kvm::VmFd* vm, uint32_t most) : vm_(vm), most_(most) {}
  ~SlotTable() { Abandon(); }
  SlotTable(const SlotTable&) = delete;
  SlotTable& operator=(const SlotTable&) = delete;

  bool has_machine() const { return vm_ != nullptr; }
  const Slots& slots() const { return slots_; }
  size_t most() const { return most_; }
  // The first slot that ends at or behind `address`.
  Slots::const_iterator FirstEndingFrom(uint64_t address) const;
  // The slot that holds `gpa`, or null.
  const MemorySlot* Find(uint64_t gpa) const;
  // Changes whenever slots do.
  uint64_t version() const { return version_; }

  // Makes room for the numbers of `count` further slots. Throws std::bad_alloc; nothing below does.
  void Prepare(size_t count);
  // Takes *slot over if the kernel does. There is room in the table.
  [[nodiscard]] zx_status_t Create(Slots::node_type* slot);
  // Moves the slot at `gpa` to *deleted if the kernel lets it go; else it stays.
  [[nodiscard]] zx_status_t Delete(uint64_t gpa, Slots* deleted);
  // The machine is going, and no VCPU of it runs any more: its slots go with it.
  void Abandon();

 private:
  // Says once in a row of refusals what the kernel refuses.
  void TellOnce(const char* what, const MemorySlot& slot, int error);

  kvm::VmFd* vm_;
  const uint32_t most_;
  Slots slots_;
  uint64_t version_ = 0;
  std::vector<uint32_t> free_ids_;
  uint32_t next_id_ = 0;
  bool told_ = false;
};

}  // namespace zircon::guest
