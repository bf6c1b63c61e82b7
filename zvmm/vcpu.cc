#include "vcpu.h"

#include <zircon-kvm/debug.h>
#include <zircon-kvm/host.h>

#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "crash_text.h"
#include "debug/linear_address.h"
#include "io_ports.h"
#include "mmio/mmio_decode.h"
#include "mmio/mmio_execute.h"
#include "mmio/mmio_trap.h"
#include "zx_error.h"

namespace zvmm {
namespace {

std::string RegistersText(const zx_vcpu_state_t& state) {
  return absl::StrFormat(
      "  rax %016x  rbx %016x  rcx %016x  rdx %016x\n"
      "  rsi %016x  rdi %016x  rbp %016x  rsp %016x\n"
      "  r8  %016x  r9  %016x  r10 %016x  r11 %016x\n"
      "  r12 %016x  r13 %016x  r14 %016x  r15 %016x\n"
      "  rflags %06x",
      state.rax, state.rbx, state.rcx, state.rdx, state.rsi, state.rdi, state.rbp, state.rsp,
      state.r8, state.r9, state.r10, state.r11, state.r12, state.r13, state.r14, state.r15,
      state.rflags);
}

// What a failure of zx_vcpu_enter() says about the guest.
std::string_view Explanation(zx_status_t status) {
  switch (status) {
    case ZX_ERR_NOT_FOUND:
      return "the guest used memory that is neither RAM nor a device, or I/O port 0xffff";
    case ZX_ERR_OUT_OF_RANGE:
      return "the guest used an address beyond its physical space";
    case ZX_ERR_INVALID_ARGS:
      return "the guest wrote an impossible value to a machine register";
    case ZX_ERR_NOT_SUPPORTED: {
      zircon_kvm_stats_t stats = {};
      if (zircon_kvm_get_stats(&stats, sizeof(stats)) == ZX_OK &&
          stats.exits[ZIRCON_KVM_EXIT_SHUTDOWN] > 0) {
        return "triple fault: the guest could not handle an exception";
      }
      return "the guest did something that the hypervisor does not emulate, such as string I/O";
    }
    default:
      return "the hypervisor failed";
  }
}

// What a trace says of an enter that has come back.
struct Exit {
  std::string_view word;
  std::string_view device{};
};
Exit ExitOf(zx_status_t status, const zx_port_packet_t& packet) {
  if (status == ZX_ERR_CANCELED) {
    return {.word = "kick"};
  }
  if (status != ZX_OK) {
    return {.word = "crash"};
  }
  switch (packet.type) {
    case ZX_PKT_TYPE_GUEST_IO:
      return {.word = packet.guest_io.input ? "in" : "out",
              .device = IoPorts::DeviceOf(packet.key).name()};
    case ZX_PKT_TYPE_GUEST_MEM:
      return {.word = "memory", .device = MmioDeviceOf(packet.key).name()};
    case ZX_PKT_TYPE_GUEST_VCPU:
      return {.word =
                  packet.guest_vcpu.type == ZX_PKT_GUEST_VCPU_STARTUP ? "startup" : "interrupt"};
    default:
      return {.word = "debug"};
  }
}

}  // namespace

absl::StatusOr<Vcpu> Vcpu::Create(const zx::guest& guest, uint64_t entry, const MemoryView& memory,
                                  VcpuRequests& requests, VcpuCounts& counts) {
  zx::vcpu vcpu;
  if (zx_status_t status = zx::vcpu::create(guest, 0, entry, &vcpu); status != ZX_OK) {
    return ZxError("zx_vcpu_create", status);
  }
  return Vcpu(std::move(vcpu), memory, requests, counts);
}

Vcpu::Vcpu(zx::vcpu vcpu, const MemoryView& memory, VcpuRequests& requests, VcpuCounts& counts)
    : vcpu_(std::move(vcpu)), memory_(&memory), requests_(&requests), counts_(&counts) {}

absl::Status Vcpu::SetRegisters(const CpuEntry& entry) {
  zx_vcpu_state_t state = {};
  state.rsi = entry.rsi;
  if (zx_status_t status = vcpu_.write_state(ZX_VCPU_STATE, &state, sizeof(state));
      status != ZX_OK) {
    return ZxError("zx_vcpu_write_state", status);
  }
  return absl::OkStatus();
}

bool Vcpu::IsOffLine() const {
  constexpr uint64_t kInterruptFlag = 1 << 9;
  constexpr uint8_t kHlt = 0xF4;
  zircon_kvm_general_registers_t general = {};
  zircon_kvm_system_registers_t system = {};
  if (zircon_kvm_vcpu_read_registers(vcpu_.get(), ZIRCON_KVM_REGISTERS_GENERAL, &general,
                                     sizeof(general)) != ZX_OK ||
      zircon_kvm_vcpu_read_registers(vcpu_.get(), ZIRCON_KVM_REGISTERS_SYSTEM, &system,
                                     sizeof(system)) != ZX_OK ||
      (general.rflags & kInterruptFlag) != 0) {
    return false;
  }
  const auto before = TranslateFor(*memory_, system, system.cs.base + general.rip - 1);
  const std::span<const uint8_t> code =
      before ? memory_->Range(*before, 1) : std::span<const uint8_t>();
  return !code.empty() && code[0] == kHlt;
}

absl::StatusOr<std::optional<uint64_t>> Vcpu::Run(const StopLatch& stop, PendingStartup& startup,
                                                  const Watchers& watchers) {
  DebuggedVcpu* const debugged = watchers.debugged;
  left_ = std::chrono::steady_clock::now();
  // A stop that comes after this look kicks the VCPU, and the enter is canceled.
  while (!stop.requested()) {
    if (debugged != nullptr) {
      debugged->BeforeEnter();
    }
    if (const auto entry = startup.Take(); entry && IsOffLine()) {
      return entry;
    }
    zx_port_packet_t packet;
    const zx_status_t status = Enter(packet, watchers);
    if (debugged != nullptr && debugged->TookStop(status, packet)) {
      continue;
    }
    if (status == ZX_ERR_CANCELED) {
      Count(counts_->kicks);
      continue;
    }
    absl::Status handled = status != ZX_OK ? EnterFailed(status) : HandlePacket(packet);
    if (!handled.ok()) {
      if (debugged != nullptr) {
        debugged->AtCrash();
      }
      return handled;
    }
  }
  return std::optional<uint64_t>();
}

zx_status_t Vcpu::Enter(zx_port_packet_t& packet, const Watchers& watchers) {
  if (!watchers.times && watchers.track == nullptr) {
    return vcpu_.enter(&packet);
  }
  const auto add = [](std::atomic<uint64_t>& sum, std::chrono::nanoseconds time) {
    sum.fetch_add(static_cast<uint64_t>(time.count()), std::memory_order_relaxed);
  };
  const auto entered = std::chrono::steady_clock::now();
  add(counts_->outside, entered - left_);
  if (watchers.track != nullptr) {
    watchers.track->Outside(entered);
  }
  const zx_status_t status = vcpu_.enter(&packet);
  left_ = std::chrono::steady_clock::now();
  add(counts_->inside, left_ - entered);
  if (watchers.track != nullptr) {
    const Exit exit = ExitOf(status, packet);
    watchers.track->InGuest(entered, left_, exit.word, exit.device);
  }
  return status;
}

absl::Status Vcpu::HandlePacket(const zx_port_packet_t& packet) {
  switch (packet.type) {
    case ZX_PKT_TYPE_GUEST_IO:
      Count(counts_->ports);
      return HandleIo(packet.key, packet.guest_io);
    case ZX_PKT_TYPE_GUEST_MEM:
      Count(counts_->memory);
      return HandleMemory(packet.key, packet.guest_mem);
    case ZX_PKT_TYPE_GUEST_VCPU:
      return HandleRequest(packet.guest_vcpu);
    default:
      return absl::InternalError(absl::StrFormat("packet of unknown type %d", packet.type));
  }
}

absl::Status Vcpu::HandleIo(uint64_t key, const zx_packet_guest_io_t& io) {
  IoDevice& device = IoPorts::DeviceOf(key);
  Count(io.input ? device.port_counts.reads : device.port_counts.writes);
  if (!io.input) {
    device.Write(io.port, io.access_size, io.u32);
    return absl::OkStatus();
  }
  zx_vcpu_io_t answer = {};
  answer.access_size = io.access_size;
  answer.u32 = device.Read(io.port, io.access_size);
  if (zx_status_t status = vcpu_.write_state(ZX_VCPU_IO, &answer, sizeof(answer));
      status != ZX_OK) {
    return ZxError("zx_vcpu_write_state for an IN", status);
  }
  return absl::OkStatus();
}

absl::Status Vcpu::HandleMemory(uint64_t key, const zx_packet_guest_mem_t& access) {
  const auto instruction = decoder_.Decode(access, *memory_);
  if (!instruction.ok()) {
    return absl::UnimplementedError(
        absl::StrFormat("access to the device at %#x by the code at %#x: %s", access.addr,
                        access.rip, std::string(instruction.status().message())));
  }
  zx_vcpu_state_t state;
  if (zx_status_t status = vcpu_.read_state(ZX_VCPU_STATE, &state, sizeof(state));
      status != ZX_OK) {
    return ZxError("zx_vcpu_read_state", status);
  }
  MmioDevice& device = MmioDeviceOf(key);
  const bool changed = ExecuteMmio(*instruction, access.addr, device, state);
  // One that does both is a read.
  Count(changed ? device.memory_counts.reads : device.memory_counts.writes);
  if (!changed) {
    return absl::OkStatus();
  }
  if (zx_status_t status = vcpu_.write_state(ZX_VCPU_STATE, &state, sizeof(state));
      status != ZX_OK) {
    return ZxError("zx_vcpu_write_state for a load", status);
  }
  return absl::OkStatus();
}

absl::Status Vcpu::HandleRequest(const zx_packet_guest_vcpu_t& request) {
  switch (request.type) {
    case ZX_PKT_GUEST_VCPU_INTERRUPT:
      Count(counts_->interrupts);
      requests_->Interrupt(request.interrupt.mask, request.interrupt.vector);
      return absl::OkStatus();
    case ZX_PKT_GUEST_VCPU_STARTUP:
      Count(counts_->startups);
      requests_->Startup(request.startup.id, request.startup.entry);
      return absl::OkStatus();
    default:
      return absl::InternalError(absl::StrFormat("VCPU packet of unknown type %d", request.type));
  }
}

absl::Status Vcpu::EnterFailed(zx_status_t status) const {
  std::string text = absl::StrCat("zx_vcpu_enter: ", zx_status_get_string(status), ": ",
                                  std::string(Explanation(status)));
  zx_vcpu_state_t state;
  if (vcpu_.read_state(ZX_VCPU_STATE, &state, sizeof(state)) == ZX_OK) {
    absl::StrAppend(&text, "\n", RegistersText(state));
  }
  zircon_kvm_general_registers_t general = {};
  zircon_kvm_system_registers_t system = {};
  if (zircon_kvm_vcpu_read_registers(vcpu_.get(), ZIRCON_KVM_REGISTERS_GENERAL, &general,
                                     sizeof(general)) == ZX_OK &&
      zircon_kvm_vcpu_read_registers(vcpu_.get(), ZIRCON_KVM_REGISTERS_SYSTEM, &system,
                                     sizeof(system)) == ZX_OK) {
    absl::StrAppend(&text, "\n", CrashText(general, system, *memory_));
  }
  return absl::AbortedError(text);
}

}  // namespace zvmm
