// Making a virtual machine, or saying in words why there can be none.
// Thread safety: any thread.

#pragma once

#include <zircon/types.h>

#include <memory>
#include <string>

#include "guest/x86/host.h"
#include "kvm/vm_fd.h"

namespace zircon::guest {

struct CreatedVm {
  std::unique_ptr<kvm::VmFd> vm;
  const x86::Host* host = nullptr;
};

// Opens /dev/kvm, looks at what it can do, creates and sets up a machine. On failure *why tells a
// person what is missing and what to do (contract KVM-ERR rows).
[[nodiscard]] zx_status_t CreateVm(CreatedVm* out, std::string* why);

}  // namespace zircon::guest
