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
#include "guest/startup_queue.h"
#include "guest/vcpu_set.h"
#include "guest/vcpu_shelf.h"
#include "guest/vm_creation.h"
#include "guest/x86/vm_setup.h"
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

  // Gives it local APICs of the kernel's, and room for that many processors. ZX_ERR_BAD_STATE when
  // a VCPU has been created, ZX_ERR_NOT_SUPPORTED where the kernel cannot; else as KVM-ERR.
  [[nodiscard]] zx_status_t UseKernelApics(uint32_t processors);
  // Whether it may have those of the library: ZX_OK, or ZX_ERR_BAD_STATE.
  [[nodiscard]] zx_status_t UseLibraryApics();
  // What these two have come to. Not before an id has been taken.
  x86::Apics apics() const { return apics_; }
  uint32_t processors() const { return processors_; }
  // The processor `id`, which has no VCPU yet, has been started.
  void AnnounceStartup(const StartupQueue::Startup& startup);

  const x86::Host& host() const { return *vm_.host; }
  kvm::VmFd& vm() { return *vm_.vm; }
  GuestSpace& space() { return *space_; }
  const GuestSpace& space() const { return *space_; }
  VcpuSet& vcpus() { return vcpus_; }
  VcpuShelf& shelf() { return shelf_; }
  StartupQueue& startups() { return startups_; }

  // How many guests there are in the process.
  static uint64_t live_count();

 private:
  Guest(CreatedVm vm);

  [[nodiscard]] zx_status_t SetIoTrap(std::unique_ptr<Trap> trap);
  [[nodiscard]] zx_status_t SetMemoryTrap(std::unique_ptr<Trap> trap,
                                          base::RefPtr<objects::Port> port);

  // The machine outlives what refers to it: members are destroyed from the last to the first.
  CreatedVm vm_;
  // Both change before an id is taken only, under the shelf's lock.
  x86::Apics apics_ = x86::Apics::kLibrary;
  uint32_t processors_ = 1;
  VcpuSet vcpus_;
  StartupQueue startups_;
  VcpuShelf shelf_;  // Its tenants use what stands above.
  base::RefPtr<GuestSpace> space_;
  base::RefPtr<objects::Vmar> root_;
};

}  // namespace zircon::guest
