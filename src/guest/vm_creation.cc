#include "guest/vm_creation.h"

#include <zircon/errors.h>

#include <cerrno>
#include <cstring>

#include "base/format.h"
#include "guest/kvm_status.h"
#include "guest/x86/vm_setup.h"
#include "kvm/system_fd.h"

namespace zircon::guest {
namespace {

std::string WhyNotOpen(int error) {
  const char* device = kvm::kDevicePath;
  switch (error) {
    case ENOENT:
      return base::Format(
          "There is no {}: the kernel has no KVM, its module (kvm_intel or kvm_amd) is not loaded, "
          "or virtualization is switched off in the firmware.",
          device);
    case ENODEV:
    case ENXIO:
      return base::Format(
          "{} is there but no KVM answers: load the module kvm_intel or kvm_amd, and switch "
          "virtualization on in the firmware.",
          device);
    case EACCES:
    case EPERM:
      return base::Format(
          "No permission to open {}: add the user to the group that owns it (usually kvm).",
          device);
    case EMFILE:
    case ENFILE:
      return base::Format("No file descriptor is left to open {}.", device);
    case ENOTSUP:
      return base::Format("{} speaks another version of the KVM interface than 12.", device);
    default:
      return base::Format("Cannot open {}: {}.", device, std::strerror(error));
  }
}

}  // namespace

zx_status_t CreateVm(CreatedVm* out, std::string* why) {
  std::unique_ptr<kvm::SystemFd> system;
  int error = kvm::SystemFd::Open(kvm::ProcessKernel(), &system);
  if (error != 0) {
    *why = WhyNotOpen(error);
    return StatusFromErrno(error);
  }
  error = x86::Host::Get(*system, &out->host, why);
  if (error != 0) return StatusFromErrno(error);
  error = system->CreateVm(&out->vm);
  if (error != 0) {
    *why = base::Format("{} is there but creates no virtual machine: {}.", kvm::kDevicePath,
                        std::strerror(error));
    return StatusFromErrno(error);
  }
  error = x86::SetUpVm(*out->vm, *out->host);
  if (error != 0) {
    *why = base::Format("KVM refuses the settings that a guest needs: {}.", std::strerror(error));
    return StatusFromErrno(error);
  }
  return ZX_OK;
}

}  // namespace zircon::guest
