// Guest: a virtual machine as the VMM sees it: its physical space, its traps, its VCPUs' ids.
//
// Ownership: handles and VCPUs hold it; it holds its root VMAR, which a handle may outlive it for
// (the handle then answers ZX_ERR_BAD_STATE). Closing the VMAR handle changes nothing.
// Thread safety: all of it may be called from any thread.

#pragma once

#include <zircon/types.h>

#include <atomic>
#include <memory>

#include "base/mutex.h"
#include "base/ref_ptr.h"
#include "guest/guest_space.h"
#include "guest/vcpu_set.h"
#include "guest/vcpu_shelf.h"
#include "guest/vm_creation.h"
#include "handles/dispatcher.h"
#include "objects/port.h"
#include "objects/vmar.h"

namespace zircon::guest {

class Guest final : public handles::Dispatcher {
 public:
  static constexpr zx_obj_type_t kType = ZX_OBJ_TYPE_GUEST;

  // Opens /dev/kvm and creates the machine; what stands in the way is logged in words.
  [[nodiscard]] static zx_status_t Create(base::RefPtr<Guest>* guest,
                                          base::RefPtr<objects::Vmar>* root_vmar);
  ~Guest() override;

  // zx_guest_set_trap behind the handle checks; `port` is null for none (contract TRAP rows).
  [[nodiscard]] zx_status_t SetTrap(uint32_t kind, uint64_t address, uint64_t size,
                                    base::RefPtr<objects::Port> port, uint64_t key);

  const x86::Host& host() const { return *vm_.host; }
  kvm::VmFd& vm() { return *vm_.vm; }
  GuestSpace& space() { return *space_; }
  const GuestSpace& space() const { return *space_; }
  VcpuSet& vcpus() { return vcpus_; }
  VcpuShelf& shelf() { return shelf_; }

  // How many guests there are in the process.
  static uint64_t live_count();

 private:
  Guest(CreatedVm vm);

  [[nodiscard]] zx_status_t SetIoTrap(std::unique_ptr<Trap> trap);
  [[nodiscard]] zx_status_t SetMemoryTrap(std::unique_ptr<Trap> trap,
                                          base::RefPtr<objects::Port> port);

  // The machine outlives what refers to it: members are destroyed from the last to the first.
  CreatedVm vm_;
  VcpuSet vcpus_;
  VcpuShelf shelf_;
  base::RefPtr<GuestSpace> space_;
  base::RefPtr<objects::Vmar> root_;
};

}  // namespace zircon::guest
