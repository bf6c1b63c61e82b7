// zx_vcpu_enter, zx_vcpu_read_state, zx_vcpu_write_state: what a VMM calls at each exit, and all
// that an exit takes, in one piece: the way down to KVM_RUN is inline from here.

#include <zircon/errors.h>
#include <zircon/syscalls.h>
#include <zircon/syscalls/hypervisor.h>
#include <zircon/syscalls/port.h>

#include <cstring>

#include "base/fork_guard.h"
#include "handles/handle_table.h"
#include "syscalls/layouts_2018.h"
#include "syscalls/syscall.h"
#include "syscalls/user_memory.h"
#include "syscalls/vector_registers.h"
#include "vcpu/vcpu_enter.h"

namespace {

using zircon::handles::TypedRef;
using zircon::vcpu::ThreadOwner;
using zircon::vcpu::Vcpu;
using zircon::vcpu::x86::InstructionBytes;
namespace api_2018 = zircon::syscalls::api_2018;
namespace syscalls = zircon::syscalls;
namespace user = zircon::user;

// The end of an enter, after all effects: a packet whose pointer is bad is lost.
inline zx_status_t PutPacket(const zx_port_packet_t& filled, zx_port_packet_t* packet) {
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

// By a lookup; remembers what it finds. *vcpu is null for one that is another thread's.
[[gnu::noinline]] zx_status_t LookUp(zx_handle_t handle, zx_rights_t rights, Vcpu** vcpu) {
  TypedRef<Vcpu> found;
  const zx_status_t status = found.Lookup(handle, rights);
  if (status != ZX_OK) return status;
  *vcpu = nullptr;
  if (!found->OnOwnerThread()) return ZX_OK;
  ThreadOwner::RememberVcpu(handle, found.ref());
  *vcpu = found.get();
  return ZX_OK;
}

// The calling thread's VCPU, if `handle` is one and has the rights; null for another thread's. The
// thread keeps it alive.
inline zx_status_t FindVcpu(zx_handle_t handle, zx_rights_t rights, Vcpu** vcpu) {
  *vcpu = static_cast<Vcpu*>(ThreadOwner::FindVcpu(handle, rights));
  return *vcpu != nullptr ? ZX_OK : LookUp(handle, rights, vcpu);
}

// Everything beneath it is inlined, up to what is done now and then only. Not inlined itself: see
// syscalls/vector_registers.h. `code`: as of Vcpu::Enter().
[[gnu::noinline, gnu::flatten]] zx_status_t Enter(zx_handle_t handle, zx_port_packet_t* packet,
                                                  InstructionBytes* code) noexcept {
  Vcpu* vcpu = nullptr;
  const zx_status_t status = FindVcpu(handle, ZX_RIGHT_EXECUTE, &vcpu);
  if (status != ZX_OK) [[unlikely]]
    return status;
  if (vcpu == nullptr) [[unlikely]]
    return ZX_ERR_BAD_STATE;
  zx_port_packet_t filled;
  const zx_status_t entered = vcpu->Enter(&filled, code);
  if (entered != ZX_OK) return entered;
  if (code != nullptr) TranslateTo2018(*code, &filled);
  return PutPacket(filled, packet);
}

}  // namespace

// Guarded as ZIRCON_SYSCALL does it, in one frame: nothing beneath throws.
ZIRCON_PURE_SYSCALL(zx_status_t, vcpu_enter, (zx_handle_t)handle, (zx_port_packet_t*)packet) {
  const zx_status_t status = zircon::base::EnterLibrary();
  if (status != ZX_OK) [[unlikely]]
    return status;
  const syscalls::VectorRegisters kept;
  return Enter(handle, packet, nullptr);
}

// The older name; under the current headers it is the same call.
ZIRCON_SYSCALL(zx_status_t, vcpu_resume, (zx_handle_t)handle, (zx_port_packet_t*)packet) {
  return _zx_vcpu_enter(handle, packet);
}

ZIRCON_SYSCALL(zx_status_t, vcpu_enter_2018, (zx_handle_t)handle, (zx_port_packet_t*)packet) {
  const syscalls::VectorRegisters kept;
  InstructionBytes code;
  return Enter(handle, packet, &code);
}

ZIRCON_SYSCALL(zx_status_t, vcpu_resume_2018, (zx_handle_t)handle, (zx_port_packet_t*)packet) {
  return _zx_vcpu_enter_2018(handle, packet);
}

ZIRCON_SYSCALL(zx_status_t, vcpu_read_state, (zx_handle_t)handle, (uint32_t)kind, (void*)buffer,
               (size_t)buffer_size) {
  Vcpu* vcpu = nullptr;
  const zx_status_t status = FindVcpu(handle, ZX_RIGHT_READ, &vcpu);
  if (status != ZX_OK) return status;
  if (kind != ZX_VCPU_STATE || buffer_size != sizeof(zx_vcpu_state_t)) return ZX_ERR_INVALID_ARGS;
  if (vcpu == nullptr) return ZX_ERR_BAD_STATE;
  if (!user::CanWriteCached(buffer, buffer_size)) return ZX_ERR_INVALID_ARGS;
  return vcpu->ReadState(static_cast<zx_vcpu_state_t*>(buffer));
}

ZIRCON_SYSCALL(zx_status_t, vcpu_write_state, (zx_handle_t)handle, (uint32_t)kind,
               (const void*)buffer, (size_t)buffer_size) {
  Vcpu* vcpu = nullptr;
  const zx_status_t status = FindVcpu(handle, ZX_RIGHT_WRITE, &vcpu);
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
  if (vcpu == nullptr) return ZX_ERR_BAD_STATE;
  if (kind == ZX_VCPU_STATE) return vcpu->WriteState(*static_cast<const zx_vcpu_state_t*>(buffer));
  const zx_vcpu_io_t io = *static_cast<const zx_vcpu_io_t*>(buffer);
  if (io.access_size != 1 && io.access_size != 2 && io.access_size != 4) {
    return ZX_ERR_INVALID_ARGS;
  }
  return vcpu->WriteIo(io);
}
