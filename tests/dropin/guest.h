// Guest: the virtual machine: its memory, where its devices are, and its VCPUs, which come into
// being as the guest starts them.

#pragma once

#include <lib/zx/event.h>
#include <lib/zx/guest.h>
#include <lib/zx/vmar.h>
#include <zircon/types.h>

#include <array>
#include <forward_list>
#include <memory>
#include <mutex>

#include "io.h"
#include "phys_mem.h"
#include "vcpu.h"

class Guest {
 public:
  static constexpr size_t kMaxVcpus = 4;

  // ZX_ERR_NOT_SUPPORTED, ZX_ERR_ACCESS_DENIED: no guest can run here.
  zx_status_t Init(const zx::resource& hypervisor, const zx::resource& root, size_t memory_size);
  ~Guest();

  const zx::guest& object() const { return guest_; }
  const PhysMem& phys_mem() const { return phys_mem_; }

  // `kind`: ZX_GUEST_TRAP_MEM or ZX_GUEST_TRAP_IO.
  zx_status_t CreateMapping(zx_guest_trap_t kind, uint64_t base, size_t size, uint64_t offset,
                            IoHandler* handler);

  // One that is there already is left as it is.
  zx_status_t StartVcpu(uint64_t id, zx_gpaddr_t entry, uint64_t boot_data);
  // Those of the mask that are there; the guest may name others.
  zx_status_t Interrupt(uint64_t mask, uint8_t vector);
  // Ends all, and waits for them. The first status that is not ZX_ERR_CANCELED.
  zx_status_t Stop();

  // Signalled with ZX_USER_SIGNAL_0 << id when VCPU `id` has been created.
  const zx::event& started() const { return started_; }

 private:
  zx::guest guest_;
  zx::vmar space_;
  zx::event started_;
  PhysMem phys_mem_;
  std::forward_list<IoMapping> mappings_;

  std::mutex mutex_;
  std::array<std::unique_ptr<Vcpu>, kMaxVcpus> vcpus_ __TA_GUARDED(mutex_);
};
