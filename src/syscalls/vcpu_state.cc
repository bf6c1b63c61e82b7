// zx_vcpu_read_state, zx_vcpu_write_state.

#include <zircon/errors.h>
#include <zircon/syscalls.h>
#include <zircon/syscalls/hypervisor.h>

#include "syscalls/own_vcpu.h"
#include "syscalls/syscall.h"
#include "syscalls/user_memory.h"
#include "vcpu/vcpu_state.h"

using zircon::syscalls::FindVcpu;
using zircon::vcpu::Vcpu;
namespace user = zircon::user;

namespace {

zx_status_t WriteState(Vcpu* vcpu, const void* buffer, size_t size) {
  if (size != sizeof(zx_vcpu_state_t)) return ZX_ERR_INVALID_ARGS;
  if (!user::CanReadCached(buffer, sizeof(zx_vcpu_state_t))) return ZX_ERR_INVALID_ARGS;
  if (vcpu == nullptr) return ZX_ERR_BAD_STATE;
  return vcpu->WriteState(*static_cast<const zx_vcpu_state_t*>(buffer));
}

zx_status_t WriteIo(Vcpu* vcpu, const void* buffer, size_t size) {
  if (size != sizeof(zx_vcpu_io_t)) return ZX_ERR_INVALID_ARGS;
  if (!user::CanReadCached(buffer, sizeof(zx_vcpu_io_t))) return ZX_ERR_INVALID_ARGS;
  if (vcpu == nullptr) return ZX_ERR_BAD_STATE;
  const zx_vcpu_io_t io = *static_cast<const zx_vcpu_io_t*>(buffer);
  if (io.access_size != 1 && io.access_size != 2 && io.access_size != 4) {
    return ZX_ERR_INVALID_ARGS;
  }
  return vcpu->WriteIo(io);
}

}  // namespace

ZIRCON_SYSCALL(zx_status_t, vcpu_read_state, (zx_handle_t)handle, (uint32_t)kind, (void*)buffer,
               (size_t)buffer_size) {
  const auto [status, vcpu] = FindVcpu(handle, ZX_RIGHT_READ);
  if (status != ZX_OK) return status;
  if (kind != ZX_VCPU_STATE || buffer_size != sizeof(zx_vcpu_state_t)) return ZX_ERR_INVALID_ARGS;
  if (vcpu == nullptr) return ZX_ERR_BAD_STATE;
  if (!user::CanWriteCached(buffer, sizeof(zx_vcpu_state_t))) return ZX_ERR_INVALID_ARGS;
  return vcpu->ReadState(static_cast<zx_vcpu_state_t*>(buffer));
}

ZIRCON_SYSCALL(zx_status_t, vcpu_write_state, (zx_handle_t)handle, (uint32_t)kind,
               (const void*)buffer, (size_t)buffer_size) {
  const auto [status, vcpu] = FindVcpu(handle, ZX_RIGHT_WRITE);
  if (status != ZX_OK) return status;
  switch (kind) {
    case ZX_VCPU_STATE:
      return WriteState(vcpu, buffer, buffer_size);
    case ZX_VCPU_IO:
      return WriteIo(vcpu, buffer, buffer_size);
    default:
      return ZX_ERR_INVALID_ARGS;
  }
}
