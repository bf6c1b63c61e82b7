#include "guest/vcpu_shelf.h"

#include <zircon/errors.h>

#include <bit>

#include "guest/kvm_status.h"

namespace zircon::guest {

zx_status_t VcpuShelf::BeforeAnyId(absl::FunctionRef<zx_status_t()> work) {
  base::MutexLock lock(mutex_);
  return began_ ? ZX_ERR_BAD_STATE : work();
}

zx_status_t VcpuShelf::Fill(uint32_t end,
                            absl::FunctionRef<zx_status_t(uint32_t id, Place* place)> make) {
  base::MutexLock lock(mutex_);
  for (; filled_ < end; ++filled_) {
    const zx_status_t status = make(filled_, &places_[filled_]);
    if (status != ZX_OK) return status;
  }
  return ZX_OK;
}

zx_status_t VcpuShelf::TakeId(uint32_t* id) {
  base::MutexLock lock(mutex_);
  const uint32_t lowest_free = static_cast<uint32_t>(std::countr_one(taken_));
  if (lowest_free >= kMaxVcpus) return ZX_ERR_NO_RESOURCES;
  taken_ |= uint64_t{1} << lowest_free;
  began_ = true;
  *id = lowest_free;
  return ZX_OK;
}

zx_status_t VcpuShelf::TakeFd(kvm::VmFd& vm, uint32_t id, std::unique_ptr<kvm::VcpuFd>* fd,
                              bool* used) {
  std::unique_ptr<Tenant> tenant;
  {
    base::MutexLock lock(mutex_);
    *fd = std::move(places_[id].fd);
    *used = places_[id].used;
    tenant = std::move(places_[id].tenant);
  }
  tenant.reset();
  if (*fd == nullptr) {
    *used = false;
    const int error = vm.CreateVcpu(id, fd);
    if (error != 0) return StatusFromErrno(error);
  }
  return StatusFromErrno((*fd)->MapRun());
}

void VcpuShelf::Return(uint32_t id, std::unique_ptr<kvm::VcpuFd> fd, bool used) {
  base::MutexLock lock(mutex_);
  if (fd != nullptr) {
    places_[id].fd = std::move(fd);
    places_[id].used = used;
  }
  taken_ &= ~(uint64_t{1} << id);
}

}  // namespace zircon::guest
