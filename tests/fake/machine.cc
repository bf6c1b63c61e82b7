#include "fake/machine.h"

#include <zircon-kvm/host.h>

#include <cstring>

#include "guest/x86/host.h"

namespace zircon::fake {

KernelScope::KernelScope(FakeKernel& kernel) : kernel_(kernel), previous_(kvm::ProcessKernel()) {
  kvm::SetProcessKernelForTest(&kernel);
}

KernelScope::~KernelScope() {
  kvm::SetProcessKernelForTest(&previous_);
  guest::x86::Host::ForgetForTest(kernel_);
}

Machine::Machine(HostModel host, bool with_vcpu)
    : kernel(std::move(host)), scope_(kernel), status_(Build(with_vcpu)) {}

Machine::~Machine() { Close(); }

void Machine::Close() {
  for (zx_handle_t* handle : {&vcpu, &guest, &vmar, &vmo, &port, &resource}) {
    zx_handle_close(*handle);
    *handle = ZX_HANDLE_INVALID;
  }
}

zx_status_t Machine::Build(bool with_vcpu) {
  zx_status_t status = zircon_kvm_hypervisor_resource(&resource);
  if (status != ZX_OK) return status;
  status = zx_guest_create(resource, 0, &guest, &vmar);
  if (status != ZX_OK) return status;
  vm_ = kernel.vm();
  status = zx_vmo_create(kMemorySize, 0, &vmo);
  if (status != ZX_OK) return status;
  zx_gpaddr_t at = 0;
  status = zx_vmar_map(vmar, ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_SPECIFIC, 0, vmo, 0,
                       kMemorySize, &at);
  if (status != ZX_OK) return status;
  status = zx_port_create(0, &port);
  if (status != ZX_OK) return status;

  auto* tables = reinterpret_cast<uint64_t*>(vm_->Host(0, 0x3000));
  constexpr uint64_t kPresent = 0x3;
  constexpr uint64_t kLarge = 0x80;
  tables[0] = 0x1000 | kPresent;
  tables[512] = 0x2000 | kPresent;
  for (uint64_t i = 1; i < 4; ++i) tables[512 + i] = i << 30 | kLarge | kPresent;
  for (uint64_t i = 0; i < 512; ++i) tables[1024 + i] = i << 21 | kLarge | kPresent;

  if (!with_vcpu) return ZX_OK;
  status = zx_vcpu_create(guest, 0, kEntry, &vcpu);
  if (status == ZX_OK) cpu_ = kernel.vcpu();
  return status;
}

void Machine::Code(std::initializer_list<uint8_t> bytes) {
  CodeAt(cpu_ != nullptr ? cpu_->sregs.cs.base + cpu_->regs.rip : kEntry, bytes);
}

void Machine::CodeAt(uint64_t gpa, const std::vector<uint8_t>& bytes) {
  std::memcpy(vm_->Host(gpa, bytes.size()), bytes.data(), bytes.size());
}

zx_vcpu_state_t Machine::State() const {
  zx_vcpu_state_t state = {};
  zx_vcpu_read_state(vcpu, ZX_VCPU_STATE, &state, sizeof(state));
  return state;
}

zx_status_t Machine::SetState(const zx_vcpu_state_t& state) const {
  return zx_vcpu_write_state(vcpu, ZX_VCPU_STATE, &state, sizeof(state));
}

zx_status_t Machine::WriteIo(uint8_t size, uint32_t value) const {
  zx_vcpu_io_t io = {};
  io.access_size = size;
  io.u32 = value;
  return zx_vcpu_write_state(vcpu, ZX_VCPU_IO, &io, sizeof(io));
}

zx_status_t Machine::TrapIo(uint16_t io_port, uint16_t count, uint64_t key) const {
  return zx_guest_set_trap(guest, ZX_GUEST_TRAP_IO, io_port, count, ZX_HANDLE_INVALID, key);
}

zx_status_t Machine::TrapMemory(uint64_t gpa, uint64_t size, uint64_t key) const {
  return zx_guest_set_trap(guest, ZX_GUEST_TRAP_MEM, gpa, size, ZX_HANDLE_INVALID, key);
}

zx_status_t Machine::TrapBell(uint64_t gpa, uint64_t size, uint64_t key) const {
  return zx_guest_set_trap(guest, ZX_GUEST_TRAP_BELL, gpa, size, port, key);
}

zx_status_t Machine::Map(uint64_t gpa, uint64_t size, zx_vm_option_t permissions) const {
  zx_handle_t memory_object = ZX_HANDLE_INVALID;
  zx_status_t status = zx_vmo_create(size, 0, &memory_object);
  if (status != ZX_OK) return status;
  zx_gpaddr_t at = 0;
  status = zx_vmar_map(vmar, permissions | ZX_VM_SPECIFIC, gpa, memory_object, 0, size, &at);
  zx_handle_close(memory_object);
  return status;
}

}  // namespace zircon::fake
