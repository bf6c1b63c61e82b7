// zx_vcpu_enter and its other names: all that an exit takes, in one piece: the way down to KVM_RUN
// is inline from here. This file is compiled for general registers alone (CMakeLists.txt), so that
// the caller's vector registers, which Zircon's call preserves, need not be kept at each exit: only
// around what is a call from here, and made now and then only.

#include <zircon/errors.h>
#include <zircon/syscalls.h>
#include <zircon/syscalls/hypervisor.h>
#include <zircon/syscalls/port.h>

#include <cstring>

#include "base/fork_guard.h"
#include "base/vector_registers.h"
#include "syscalls/layouts_2018.h"
#include "syscalls/own_vcpu.h"
#include "syscalls/syscall.h"
#include "syscalls/user_memory.h"
#include "vcpu/vcpu_enter.h"

namespace {

using zircon::vcpu::Vcpu;
using zircon::vcpu::x86::InstructionBytes;
namespace api_2018 = zircon::syscalls::api_2018;
namespace base = zircon::base;
namespace syscalls = zircon::syscalls;
namespace user = zircon::user;

// Whether calls that may be inlined are: else they may be to code that other files have compiled
// for all registers. And whether this file is compiled for general registers at all.
#if defined(__OPTIMIZE__) && !defined(__SSE__)
constexpr bool kAllIsInline = true;
#else
constexpr bool kAllIsInline = false;
#endif

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

// `vcpu` is the calling thread's where the status is ZX_OK.
struct Found {
  zx_status_t status;
  Vcpu* vcpu;
};

Found FindSlowly(zx_handle_t handle) {
  Found found = {base::EnterLibrary(), nullptr};
  if (found.status != ZX_OK) return found;
  found.status = syscalls::LookUpVcpu(handle, ZX_RIGHT_EXECUTE, &found.vcpu);
  if (found.status == ZX_OK && found.vcpu == nullptr) found.status = ZX_ERR_BAD_STATE;
  return found;
}

// Everything beneath it is inlined, up to what is done now and then only. Guarded as ZIRCON_SYSCALL
// does it: nothing beneath throws.
[[gnu::flatten]] inline zx_status_t Enter(zx_handle_t handle, zx_port_packet_t* packet) noexcept {
  Vcpu* vcpu = base::HasEnteredLibrary() ? syscalls::KnownVcpu(handle, ZX_RIGHT_EXECUTE) : nullptr;
  if (vcpu == nullptr) [[unlikely]] {
    const Found found = base::KeepingVectors([handle] { return FindSlowly(handle); });
    if (found.status != ZX_OK) return found.status;
    vcpu = found.vcpu;
  }
  // Where the packet's pages are known it is written where it is to be.
  zx_port_packet_t apart;
  const auto place = [packet] {
    return user::IsKnownWritable(packet, sizeof(*packet)) ? packet : nullptr;
  };
  bool is_apart = false;
  const zx_status_t status = vcpu->EnterPlainly(place, &apart, &is_apart);
  if (status != ZX_OK || !is_apart) [[likely]]
    return status;
  return base::KeepingVectors([filled = &apart, packet] { return PutPacket(*filled, packet); });
}

zx_status_t Enter2018(zx_handle_t handle, zx_port_packet_t* packet) noexcept {
  const Found found = FindSlowly(handle);
  if (found.status != ZX_OK) return found.status;
  InstructionBytes code;
  zx_port_packet_t filled;
  const zx_status_t status = found.vcpu->Enter(&filled, &code);
  if (status != ZX_OK) return status;
  TranslateTo2018(code, &filled);
  return PutPacket(filled, packet);
}

}  // namespace

ZIRCON_PURE_SYSCALL(zx_status_t, vcpu_enter, (zx_handle_t)handle, (zx_port_packet_t*)packet) {
  if constexpr (kAllIsInline) {
    return Enter(handle, packet);
  } else {
    return base::KeepingVectors([=] { return Enter(handle, packet); });
  }
}

// The older name; under the current headers it is the same call.
ZIRCON_SYSCALL(zx_status_t, vcpu_resume, (zx_handle_t)handle, (zx_port_packet_t*)packet) {
  return _zx_vcpu_enter(handle, packet);
}

ZIRCON_PURE_SYSCALL(zx_status_t, vcpu_enter_2018, (zx_handle_t)handle, (zx_port_packet_t*)packet) {
  return base::KeepingVectors([=] { return Enter2018(handle, packet); });
}

ZIRCON_PURE_SYSCALL(zx_status_t, vcpu_resume_2018, (zx_handle_t)handle, (zx_port_packet_t*)packet) {
  return _zx_vcpu_enter_2018(handle, packet);
}
