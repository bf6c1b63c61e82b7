#include "guest/vcpu_shelf.h"

#include <zircon/errors.h>

#include <bit>

#include "guest/kvm_status.h"

namespace zircon::guest {

zx_status_t VcpuShelf::TakeId(uint32_t* id) {
  base::MutexLock lock(mutex_);
  const uint32_t lowest_free = static_cast<uint32_t>(std::countr_one(taken_));
  if (lowest_free >= kMaxVcpus) return ZX_ERR_NO_RESOURCES;
  taken_ |= uint64_t{1} << lowest_free;
  *id = lowest_free;
  return ZX_OK;
}

zx_status_t VcpuShelf::TakeFd(kvm::VmFd& vm, uint32_t id, std::unique_ptr<kvm::VcpuFd>* fd,
                              bool* used) {
  {
    base::MutexLock lock(mutex_);
    *fd = std::move(idle_[id].fd);
    *used = idle_[id].used;
  }
  if (*fd == nullptr) {
    *used = false;
    const int error = vm.CreateVcpu(id, fd);
    if (error != 0) return StatusFromErrno(error);
  }
  return StatusFromErrno((*fd)->MapRun());
}

void VcpuShelf::Return(uint32_t id, std::unique_ptr<kvm::VcpuFd> fd, bool used) {
  base::MutexLock lock(mutex_);
  if (fd != nullptr) idle_[id] = {std::move(fd), used};
  taken_ &= ~(uint64_t{1} << id);
}

}  // namespace zircon::guest
