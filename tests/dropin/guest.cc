#include "guest.h"

#include <zircon/assert.h>

#include <utility>

#include "generation.h"

zx_status_t Guest::Init(const zx::resource& hypervisor, const zx::resource& root,
                        size_t memory_size) {
  zx_status_t status = zx::guest::create(hypervisor, 0, &guest_, &space_);
  if (status != ZX_OK) return status;
  status = zx::event::create(0, &started_);
  if (status != ZX_OK) return status;
  zx::resource vmex;
  status = GetVmexResource(root, &vmex);
  if (status != ZX_OK) return status;
  status = phys_mem_.Init(memory_size, std::move(vmex));
  return status == ZX_OK ? phys_mem_.MapInto(space_) : status;
}

Guest::~Guest() { Stop(); }

zx_status_t Guest::CreateMapping(zx_guest_trap_t kind, uint64_t base, size_t size, uint64_t offset,
                                 IoHandler* handler) {
  mappings_.emplace_front(base, size, offset, handler);
  return guest_.set_trap(kind, base, size, zx::port(), mappings_.front().key());
}

zx_status_t Guest::StartVcpu(uint64_t id, zx_gpaddr_t entry, uint64_t boot_data) {
  if (id >= kMaxVcpus) return ZX_ERR_INVALID_ARGS;
  std::lock_guard<std::mutex> lock(mutex_);
  if (vcpus_[id] != nullptr) return ZX_OK;
  // The kernel numbers them as they are created.
  if (id != 0 && vcpus_[id - 1] == nullptr) return ZX_ERR_BAD_STATE;
  auto vcpu = std::make_unique<Vcpu>(id, this);
  const zx_status_t status = vcpu->Start(entry, boot_data);
  if (status != ZX_OK) return status;
  vcpus_[id] = std::move(vcpu);
  return started_.signal(0, ZX_USER_SIGNAL_0 << id);
}

zx_status_t Guest::Interrupt(uint64_t mask, uint8_t vector) {
  std::lock_guard<std::mutex> lock(mutex_);
  for (size_t id = 0; id < kMaxVcpus; ++id) {
    if (vcpus_[id] == nullptr || (mask & (uint64_t{1} << id)) == 0) continue;
    const zx_status_t status = vcpus_[id]->Interrupt(vector);
    if (status != ZX_OK) return status;
  }
  return ZX_OK;
}

zx_status_t Guest::Stop() {
  zx_status_t result = ZX_ERR_CANCELED;
  // Taken out first: a VCPU on its way out may still interrupt others.
  std::array<std::unique_ptr<Vcpu>, kMaxVcpus> vcpus;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    vcpus.swap(vcpus_);
  }
  for (const auto& vcpu : vcpus) {
    if (vcpu != nullptr) vcpu->Kick();
  }
  for (const auto& vcpu : vcpus) {
    if (vcpu == nullptr) continue;
    const zx_status_t status = vcpu->Join();
    if (result == ZX_ERR_CANCELED) result = status;
  }
  return result;
}
