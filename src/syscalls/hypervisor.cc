// zx_guest_*, zx_vcpu_*: handles and rights, then arguments, in the documented order.

#include <zircon/errors.h>
#include <zircon/syscalls.h>
#include <zircon/syscalls/hypervisor.h>
#include <zircon/syscalls/port.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "guest/guest.h"
#include "handles/handle_table.h"
#include "objects/port.h"
#include "objects/resource.h"
#include "rights/rights.h"
#include "syscalls/layouts_2018.h"
#include "syscalls/out_handle.h"
#include "syscalls/syscall.h"
#include "syscalls/user_memory.h"
#include "syscalls/vector_registers.h"
#include "vcpu/vcpu.h"

namespace {

using zircon::base::RefPtr;
using zircon::guest::Guest;
using zircon::handles::TypedRef;
using zircon::objects::Port;
using zircon::objects::Resource;
using zircon::objects::Vmar;
using zircon::vcpu::Vcpu;
using zircon::vcpu::x86::InstructionBytes;
namespace api_2018 = zircon::syscalls::api_2018;
namespace rights = zircon::rights;
namespace syscalls = zircon::syscalls;
namespace user = zircon::user;

// The end of an enter, after all effects: a packet whose pointer is bad is lost.
zx_status_t PutPacket(const zx_port_packet_t& filled, zx_port_packet_t* packet) {
  if (!user::CanWriteCached(packet, sizeof(*packet))) return ZX_ERR_INVALID_ARGS;
  *packet = filled;
  return ZX_OK;
}

void TranslateTo2018(const InstructionBytes& code, zx_port_packet_t* packet) {
  if (packet->type == ZX_PKT_TYPE_GUEST_MEM) {
    const zx_packet_guest_mem_t& from = packet->guest_mem;
    api_2018::GuestMem to{};
    to.addr = from.addr;
    to.inst_len = from.instruction_size;
    to.inst_buf = code;
    to.default_operand_size = from.default_operand_size;
    std::memcpy(&packet->user, &to, sizeof(to));
  } else if (packet->type == ZX_PKT_TYPE_GUEST_VCPU) {
    const zx_packet_guest_vcpu_t& from = packet->guest_vcpu;
    api_2018::GuestVcpu to{};
    to.type = static_cast<uint8_t>(from.type);
    // Both members have two words and no padding that could hold anything.
    std::memcpy(&to.interrupt, &from.interrupt, sizeof(to.interrupt));
    std::memcpy(&packet->user, &to, sizeof(to));
  }
}

[[gnu::noinline]] zx_status_t Enter(zx_handle_t handle, zx_port_packet_t* packet) {
  TypedRef<Vcpu> vcpu;
  zx_status_t status = vcpu.Lookup(handle, ZX_RIGHT_EXECUTE);
  if (status != ZX_OK) return status;
  zx_port_packet_t filled;
  status = vcpu->Enter(&filled);
  if (status != ZX_OK) return status;
  return PutPacket(filled, packet);
}

[[gnu::noinline]] zx_status_t Enter2018(zx_handle_t handle, zx_port_packet_t* packet) {
  TypedRef<Vcpu> vcpu;
  zx_status_t status = vcpu.Lookup(handle, ZX_RIGHT_EXECUTE);
  if (status != ZX_OK) return status;
  zx_port_packet_t filled;
  InstructionBytes code;
  status = vcpu->Enter(&filled, &code);
  if (status != ZX_OK) return status;
  TranslateTo2018(code, &filled);
  return PutPacket(filled, packet);
}

}  // namespace

ZIRCON_SYSCALL(zx_status_t, guest_create, (zx_handle_t)resource, (uint32_t)options,
               (zx_handle_t*)guest_handle, (zx_handle_t*)vmar_handle) {
  TypedRef<Resource> hypervisor;
  // The resource itself is the permission: no right on its handle is asked for.
  zx_status_t status = hypervisor.Lookup(resource, ZX_RIGHT_NONE);
  if (status != ZX_OK) return status;
  status = hypervisor->CheckSystem(ZX_RSRC_SYSTEM_HYPERVISOR_BASE);
  if (status != ZX_OK) return status;
  if (options != 0) return ZX_ERR_INVALID_ARGS;

  RefPtr<Guest> guest;
  RefPtr<Vmar> root;
  status = Guest::Create(&guest, &root);
  if (status != ZX_OK) return status;
  return syscalls::PutHandles(guest_handle, std::move(guest), rights::kGuest, vmar_handle,
                              std::move(root), rights::kRootVmar);
}

ZIRCON_SYSCALL(zx_status_t, guest_set_trap, (zx_handle_t)handle, (uint32_t)kind, (zx_vaddr_t)addr,
               (size_t)size, (zx_handle_t)port_handle, (uint64_t)key) {
  TypedRef<Guest> guest;
  zx_status_t status = guest.Lookup(handle, ZX_RIGHT_WRITE);
  if (status != ZX_OK) return status;
  RefPtr<Port> port;
  if (port_handle != ZX_HANDLE_INVALID) {
    TypedRef<Port> port_ref;
    status = port_ref.Lookup(port_handle, ZX_RIGHT_WRITE);
    if (status != ZX_OK) return status;
    port = port_ref.share();
  }
  return guest->SetTrap(kind, addr, size, std::move(port), key);
}

ZIRCON_SYSCALL(zx_status_t, vcpu_create, (zx_handle_t)guest_handle, (uint32_t)options,
               (zx_vaddr_t)entry, (zx_handle_t*)out) {
  if (options != 0) return ZX_ERR_INVALID_ARGS;
  TypedRef<Guest> guest;
  // WRITE, as the seed page has it; later generations ask for other rights.
  zx_status_t status = guest.Lookup(guest_handle, ZX_RIGHT_WRITE);
  if (status != ZX_OK) return status;
  RefPtr<Vcpu> vcpu;
  status = Vcpu::Create(guest.share(), entry, &vcpu);
  if (status != ZX_OK) return status;
  return syscalls::PutHandle(out, std::move(vcpu), rights::kVcpu);
}

ZIRCON_SYSCALL(zx_status_t, vcpu_enter, (zx_handle_t)handle, (zx_port_packet_t*)packet) {
  const syscalls::VectorRegisters kept;
  return Enter(handle, packet);
}

// The older name; under the current headers it is the same call.
ZIRCON_SYSCALL(zx_status_t, vcpu_resume, (zx_handle_t)handle, (zx_port_packet_t*)packet) {
  return _zx_vcpu_enter(handle, packet);
}

ZIRCON_SYSCALL(zx_status_t, vcpu_enter_2018, (zx_handle_t)handle, (zx_port_packet_t*)packet) {
  const syscalls::VectorRegisters kept;
  return Enter2018(handle, packet);
}

ZIRCON_SYSCALL(zx_status_t, vcpu_resume_2018, (zx_handle_t)handle, (zx_port_packet_t*)packet) {
  return _zx_vcpu_enter_2018(handle, packet);
}

ZIRCON_SYSCALL(zx_status_t, vcpu_kick, (zx_handle_t)handle) {
  TypedRef<Vcpu> vcpu;
  const zx_status_t status = vcpu.Lookup(handle, ZX_RIGHT_EXECUTE);
  if (status != ZX_OK) return status;
  // For signal handlers.
  const int saved_errno = errno;
  vcpu->Kick();
  errno = saved_errno;
  return ZX_OK;
}

ZIRCON_SYSCALL(zx_status_t, vcpu_interrupt, (zx_handle_t)handle, (uint32_t)vector) {
  TypedRef<Vcpu> vcpu;
  const zx_status_t status = vcpu.Lookup(handle, ZX_RIGHT_SIGNAL);
  if (status != ZX_OK) return status;
  return vcpu->Interrupt(vector);
}

ZIRCON_SYSCALL(zx_status_t, vcpu_read_state, (zx_handle_t)handle, (uint32_t)kind, (void*)buffer,
               (size_t)buffer_size) {
  TypedRef<Vcpu> vcpu;
  const zx_status_t status = vcpu.Lookup(handle, ZX_RIGHT_READ);
  if (status != ZX_OK) return status;
  if (kind != ZX_VCPU_STATE || buffer_size != sizeof(zx_vcpu_state_t)) return ZX_ERR_INVALID_ARGS;
  if (!vcpu->OnOwnerThread()) return ZX_ERR_BAD_STATE;
  if (!user::CanWriteCached(buffer, buffer_size)) return ZX_ERR_INVALID_ARGS;
  return vcpu->ReadState(static_cast<zx_vcpu_state_t*>(buffer));
}

ZIRCON_SYSCALL(zx_status_t, vcpu_write_state, (zx_handle_t)handle, (uint32_t)kind,
               (const void*)buffer, (size_t)buffer_size) {
  TypedRef<Vcpu> vcpu;
  const zx_status_t status = vcpu.Lookup(handle, ZX_RIGHT_WRITE);
  if (status != ZX_OK) return status;
  size_t wanted_size = 0;
  switch (kind) {
    case ZX_VCPU_STATE:
      wanted_size = sizeof(zx_vcpu_state_t);
      break;
    case ZX_VCPU_IO:
      wanted_size = sizeof(zx_vcpu_io_t);
      break;
    default:
      return ZX_ERR_INVALID_ARGS;
  }
  if (buffer_size != wanted_size) return ZX_ERR_INVALID_ARGS;
  if (!user::CanReadCached(buffer, buffer_size)) return ZX_ERR_INVALID_ARGS;
  if (!vcpu->OnOwnerThread()) return ZX_ERR_BAD_STATE;
  if (kind == ZX_VCPU_STATE) return vcpu->WriteState(*static_cast<const zx_vcpu_state_t*>(buffer));
  const zx_vcpu_io_t io = *static_cast<const zx_vcpu_io_t*>(buffer);
  if (io.access_size != 1 && io.access_size != 2 && io.access_size != 4) {
    return ZX_ERR_INVALID_ARGS;
  }
  return vcpu->WriteIo(io);
}
