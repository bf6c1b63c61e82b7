// What the two generations do not share. All else is the same source.

#pragma once

#include <lib/zx/guest.h>
#include <lib/zx/resource.h>
#include <lib/zx/vcpu.h>
#include <lib/zx/vmar.h>
#include <lib/zx/vmo.h>
#include <zircon/processargs.h>

#include <utility>

#if defined(ZX_API_2018)
inline constexpr uint32_t kFixedSize = ZX_VMO_NON_RESIZABLE;

inline zx_status_t GetHypervisorResource(const zx::resource& root, zx::resource* result) {
  return zx::resource::create(root, ZX_RSRC_KIND_HYPERVISOR, 0, 0, "vmm", 3, result);
}
inline zx_status_t GetVmexResource(const zx::resource& root, zx::resource* result) {
  return zx::resource::create(root, ZX_RSRC_KIND_VMEX, 0, 0, "vmm", 3, result);
}
inline zx_status_t MakeExecutable(zx::vmo* vmo, zx::resource vmex) {
  return vmo->replace_as_executable(zx::handle(std::move(vmex)), vmo);
}
inline zx_status_t Snapshot(const zx::vmo& vmo, uint64_t size, zx::vmo* child) {
  return vmo.clone(ZX_VMO_CLONE_COPY_ON_WRITE, 0, size, child);
}
inline zx_status_t Map(const zx::vmar& vmar, zx_vm_option_t options, const zx::vmo& vmo,
                       size_t size, zx_vaddr_t* address) {
  return vmar.map(0, vmo, 0, size, options, address);
}
inline zx_status_t Run(const zx::vcpu& vcpu, zx_port_packet_t* packet) {
  return vcpu.resume(packet);
}
#else
inline constexpr uint32_t kFixedSize = 0;

inline zx_status_t GetHypervisorResource(const zx::resource& root, zx::resource* result) {
  return zx::resource::create(root, ZX_RSRC_KIND_SYSTEM, ZX_RSRC_SYSTEM_HYPERVISOR_BASE, 1, "vmm",
                              3, result);
}
inline zx_status_t GetVmexResource(const zx::resource& root, zx::resource* result) {
  return zx::resource::create(root, ZX_RSRC_KIND_SYSTEM, ZX_RSRC_SYSTEM_VMEX_BASE, 1, "vmm", 3,
                              result);
}
inline zx_status_t MakeExecutable(zx::vmo* vmo, zx::resource vmex) {
  return vmo->replace_as_executable(vmex, vmo);
}
inline zx_status_t Snapshot(const zx::vmo& vmo, uint64_t size, zx::vmo* child) {
  return vmo.create_child(ZX_VMO_CHILD_SNAPSHOT, 0, size, child);
}
inline zx_status_t Map(const zx::vmar& vmar, zx_vm_option_t options, const zx::vmo& vmo,
                       size_t size, zx_vaddr_t* address) {
  return vmar.map(options, 0, vmo, 0, size, address);
}
inline zx_status_t Run(const zx::vcpu& vcpu, zx_port_packet_t* packet) {
  return vcpu.enter(packet);
}
#endif
