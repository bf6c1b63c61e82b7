// ProcessSpace: the address space of this process, as the VMAR tree sees it: mappings are shared
// mappings of the VMOs' files, and the kernel picks their addresses. What is reserved is mapped
// with no access, so that the kernel gives it to nobody.
//
// The program's own mappings (heap, libraries, stacks) lie in the same space. The tree does not
// know them, and nothing here ever unmaps, protects or replaces one. A forked child inherits none
// of the mappings made here.
//
// Thread safety: the tree's lock.

#pragma once

#include <cstdint>

#include "objects/address_space.h"
#include "objects/vmar.h"

namespace zircon::objects {

class ProcessSpace final : public AddressSpace {
 public:
  // From 64 KiB to the end of what user programs can address.
  ProcessSpace() noexcept;

  bool PicksAddresses() const override { return true; }
  zx_status_t Reserve(uint64_t address, uint64_t length) override;
  zx_status_t ReserveAnywhere(uint64_t length, uint64_t alignment, uint64_t limit,
                              uint64_t* address) override;
  zx_status_t Vacate(uint64_t address, uint64_t length) override;
  zx_status_t Map(uint64_t address, uint64_t length, const Mapping& mapping) override;
  zx_status_t Unmap(uint64_t address, uint64_t length) override;
  zx_status_t Protect(uint64_t address, uint64_t length, Permissions permissions) override;
  void Populate(uint64_t address, uint64_t length, const Mapping& mapping) override;

 private:
  // Maps part of the VMO's file, which may go beyond its end.
  static zx_status_t MapFile(uint64_t address, uint64_t length, Permissions permissions,
                             const Vmo& vmo, uint64_t offset);
};

// The root VMAR of this process: made on first use, never destroyed. Null when memory is short.
Vmar* ProcessRoot();

}  // namespace zircon::objects
