// The calls of zircon-kvm/debug.h: handles and rights, then arguments, in the documented order.

#include <zircon-kvm/debug.h>
#include <zircon/errors.h>

#include <cstddef>

#include "handles/handle_table.h"
#include "syscalls/syscall.h"
#include "syscalls/user_memory.h"
#include "vcpu/vcpu.h"

namespace {

using zircon::handles::TypedRef;
using zircon::vcpu::Vcpu;
using zircon::vcpu::x86::Core;
namespace user = zircon::user;

template <typename T>
zx_status_t Read(Vcpu& vcpu, void* buffer, size_t size) {
  if (size < sizeof(T)) return ZX_ERR_BUFFER_TOO_SMALL;
  T registers = {};
  const zx_status_t status =
      vcpu.AtRest([&registers](Core& core) { return core.ReadRegisters(&registers); });
  if (status != ZX_OK) return status;
  return user::CopyOutGrown(buffer, size, &registers, sizeof(registers));
}

template <typename T>
zx_status_t Write(Vcpu& vcpu, const void* buffer, size_t size) {
  if (size < sizeof(T)) return ZX_ERR_BUFFER_TOO_SMALL;
  T registers;
  const zx_status_t status = user::CopyIn(&registers, buffer, sizeof(registers));
  if (status != ZX_OK) return status;
  return vcpu.AtRest([&registers](Core& core) {
    return core.can_be_written() ? core.WriteRegisters(registers) : ZX_ERR_BAD_STATE;
  });
}

}  // namespace

ZIRCON_HOST_CALL(zx_status_t, vcpu_read_registers, (zx_handle_t)handle, (uint32_t)kind,
                 (void*)buffer, (size_t)size) {
  TypedRef<Vcpu> vcpu;
  const zx_status_t status = vcpu.Lookup(handle, ZX_RIGHT_READ);
  if (status != ZX_OK) return status;
  switch (kind) {
    case ZIRCON_KVM_REGISTERS_GENERAL:
      return Read<zircon_kvm_general_registers_t>(*vcpu, buffer, size);
    case ZIRCON_KVM_REGISTERS_SYSTEM:
      return Read<zircon_kvm_system_registers_t>(*vcpu, buffer, size);
    case ZIRCON_KVM_REGISTERS_DEBUG:
      return Read<zircon_kvm_debug_registers_t>(*vcpu, buffer, size);
    case ZIRCON_KVM_REGISTERS_VECTOR:
      return Read<zircon_kvm_vector_registers_t>(*vcpu, buffer, size);
    case ZIRCON_KVM_REGISTERS_APIC:
      return Read<zircon_kvm_apic_registers_t>(*vcpu, buffer, size);
    case ZIRCON_KVM_REGISTERS_EVENTS:
      return Read<zircon_kvm_events_t>(*vcpu, buffer, size);
    default:
      return ZX_ERR_INVALID_ARGS;
  }
}

ZIRCON_HOST_CALL(zx_status_t, vcpu_write_registers, (zx_handle_t)handle, (uint32_t)kind,
                 (const void*)buffer, (size_t)size) {
  TypedRef<Vcpu> vcpu;
  const zx_status_t status = vcpu.Lookup(handle, ZX_RIGHT_WRITE);
  if (status != ZX_OK) return status;
  switch (kind) {
    case ZIRCON_KVM_REGISTERS_GENERAL:
      return Write<zircon_kvm_general_registers_t>(*vcpu, buffer, size);
    case ZIRCON_KVM_REGISTERS_SYSTEM:
      return Write<zircon_kvm_system_registers_t>(*vcpu, buffer, size);
    case ZIRCON_KVM_REGISTERS_DEBUG:
      return Write<zircon_kvm_debug_registers_t>(*vcpu, buffer, size);
    case ZIRCON_KVM_REGISTERS_VECTOR:
      return Write<zircon_kvm_vector_registers_t>(*vcpu, buffer, size);
    case ZIRCON_KVM_REGISTERS_APIC:
    case ZIRCON_KVM_REGISTERS_EVENTS:
      return ZX_ERR_NOT_SUPPORTED;
    default:
      return ZX_ERR_INVALID_ARGS;
  }
}

ZIRCON_HOST_CALL(zx_status_t, vcpu_read_msr, (zx_handle_t)handle, (uint32_t)index,
                 (uint64_t*)value) {
  TypedRef<Vcpu> vcpu;
  zx_status_t status = vcpu.Lookup(handle, ZX_RIGHT_READ);
  if (status != ZX_OK) return status;
  uint64_t read = 0;
  status =
      vcpu->AtRest([index, &read](Core& core) { return core.ReadMachineRegister(index, &read); });
  return status == ZX_OK ? user::Put(value, read) : status;
}

ZIRCON_HOST_CALL(zx_status_t, vcpu_write_msr, (zx_handle_t)handle, (uint32_t)index,
                 (uint64_t)value) {
  TypedRef<Vcpu> vcpu;
  const zx_status_t status = vcpu.Lookup(handle, ZX_RIGHT_WRITE);
  if (status != ZX_OK) return status;
  return vcpu->AtRest([index, value](Core& core) {
    return core.can_be_written() ? core.WriteMachineRegister(index, value) : ZX_ERR_BAD_STATE;
  });
}

ZIRCON_HOST_CALL(zx_status_t, vcpu_set_debug, (zx_handle_t)handle, (const zircon_kvm_debug_t*)debug,
                 (size_t)size) {
  TypedRef<Vcpu> vcpu;
  zx_status_t status = vcpu.Lookup(handle, ZX_RIGHT_WRITE);
  if (status != ZX_OK) return status;
  if (size < sizeof(zircon_kvm_debug_t)) return ZX_ERR_BUFFER_TOO_SMALL;
  zircon_kvm_debug_t wanted;
  status = user::CopyIn(&wanted, debug, sizeof(wanted));
  if (status != ZX_OK) return status;
  // What has happened since the last enter is an exit that is still to be looked at: it may stay.
  return vcpu->AtRest([&wanted](Core& core) { return core.SetDebug(wanted); });
}
