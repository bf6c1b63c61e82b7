// The calling thread's VCPU by its handle: for the calls that its owner makes at each exit.
//
// Thread safety: any thread.

#pragma once

#include <zircon/errors.h>
#include <zircon/types.h>

#include "vcpu/thread_owner.h"
#include "vcpu/vcpu.h"

namespace zircon::syscalls {

// Where the thread remembers that the handle is its VCPU's and has the rights; else null, which
// says nothing. The thread keeps it alive.
inline vcpu::Vcpu* KnownVcpu(zx_handle_t handle, zx_rights_t rights) {
  return static_cast<vcpu::Vcpu*>(vcpu::ThreadOwner::FindVcpu(handle, rights));
}

// By a lookup; remembers what it finds. *vcpu is null for one that is another thread's.
[[nodiscard]] zx_status_t LookUpVcpu(zx_handle_t handle, zx_rights_t rights, vcpu::Vcpu** vcpu);

// By either. `vcpu` as of LookUpVcpu().
struct FoundVcpu {
  zx_status_t status;
  vcpu::Vcpu* vcpu;
};
[[nodiscard]] inline FoundVcpu FindVcpu(zx_handle_t handle, zx_rights_t rights) {
  vcpu::Vcpu* const known = KnownVcpu(handle, rights);
  if (known != nullptr) [[likely]]
    return {ZX_OK, known};
  vcpu::Vcpu* found = nullptr;
  const zx_status_t status = LookUpVcpu(handle, rights, &found);
  return {status, found};
}

}  // namespace zircon::syscalls
