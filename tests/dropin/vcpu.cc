#include "vcpu.h"

#include <lib/zx/event.h>
#include <zircon/assert.h>
#include <zircon/status.h>
#include <zircon/threads.h>

#include <cstdio>

#include "generation.h"
#include "guest.h"
#include "instruction.h"

zx_status_t Vcpu::Start(zx_gpaddr_t entry, uint64_t boot_data) {
  entry_ = entry;
  boot_data_ = boot_data;
  zx_status_t status = zx::event::create(0, &created_);
  if (status != ZX_OK) return status;
  char name[ZX_MAX_NAME_LEN];
  std::snprintf(name, sizeof(name), "vcpu-%lu", id_);
  const int result = thrd_create_with_name(&thread_, &Vcpu::Thread, this, name);
  if (result != thrd_success) return thrd_status_to_zx_status(result);
  status = created_.wait_one(ZX_EVENT_SIGNALED, zx::time::infinite(), nullptr);
  if (status == ZX_OK && !vcpu_) status = Join();
  return status;
}

int Vcpu::Thread(void* argument) {
  Vcpu* const vcpu = static_cast<Vcpu*>(argument);
  vcpu->status_ = vcpu->Create();
  vcpu->created_.signal(0, ZX_EVENT_SIGNALED);
  if (vcpu->status_ == ZX_OK) vcpu->status_ = vcpu->Loop();
  return 0;
}

zx_status_t Vcpu::Create() {
  zx::vcpu vcpu;
  zx_status_t status = zx::vcpu::create(guest_->object(), 0, entry_, &vcpu);
  if (status != ZX_OK) return status;
  if (id_ == 0) {
    zx_vcpu_state_t state = {};
    state.rsi = boot_data_;
    status = vcpu.write_state(ZX_VCPU_STATE, &state, sizeof(state));
    if (status != ZX_OK) return status;
  }
  vcpu_ = std::move(vcpu);
  return ZX_OK;
}

zx_status_t Vcpu::Loop() {
  for (;;) {
    zx_port_packet_t packet;
    zx_status_t status = Run(vcpu_, &packet);
    if (status == ZX_OK) status = OnPacket(packet);
    if (status == ZX_ERR_CANCELED) return status;
    if (status != ZX_OK) {
      std::fprintf(stderr, "dropin: vcpu-%lu: %s\n", id_, zx_status_get_string(status));
      return status;
    }
  }
}

zx_status_t Vcpu::OnPacket(const zx_port_packet_t& packet) {
  switch (packet.type) {
    case ZX_PKT_TYPE_GUEST_MEM:
      return OnMemory(packet.key, packet.guest_mem);
    case ZX_PKT_TYPE_GUEST_IO:
      return OnIo(packet.key, packet.guest_io);
    case ZX_PKT_TYPE_GUEST_VCPU:
      return OnVcpu(packet.guest_vcpu);
    default:
      return ZX_ERR_NOT_SUPPORTED;
  }
}

zx_status_t Vcpu::OnMemory(uint64_t key, const zx_packet_guest_mem_t& packet) {
  zx_vcpu_state_t state;
  zx_status_t status = vcpu_.read_state(ZX_VCPU_STATE, &state, sizeof(state));
  if (status != ZX_OK) return status;
  Instruction instruction;
  status = Decode(guest_->phys_mem(), packet, &state, &instruction);
  if (status != ZX_OK) return status;
  IoValue value;
  value.access_size = instruction.access_size;
  if (!instruction.is_load) {
    value.u32 = instruction.Stored();
    return IoMapping::FromKey(key)->Write(packet.addr, value);
  }
  status = IoMapping::FromKey(key)->Read(packet.addr, &value);
  if (status != ZX_OK) return status;
  instruction.Load(value.u32);
  return vcpu_.write_state(ZX_VCPU_STATE, &state, sizeof(state));
}

zx_status_t Vcpu::OnIo(uint64_t key, const zx_packet_guest_io_t& packet) {
  IoValue value;
  value.access_size = packet.access_size;
  if (!packet.input) {
    value.u32 = packet.u32;
    return IoMapping::FromKey(key)->Write(packet.port, value);
  }
  const zx_status_t status = IoMapping::FromKey(key)->Read(packet.port, &value);
  if (status != ZX_OK) return status;
  if (value.access_size != packet.access_size) return ZX_ERR_IO_DATA_INTEGRITY;
  zx_vcpu_io_t io = {};
  io.access_size = value.access_size;
  io.u32 = value.u32;
  return vcpu_.write_state(ZX_VCPU_IO, &io, sizeof(io));
}

zx_status_t Vcpu::OnVcpu(const zx_packet_guest_vcpu_t& packet) {
  switch (packet.type) {
    case ZX_PKT_GUEST_VCPU_INTERRUPT:
      return guest_->Interrupt(packet.interrupt.mask, packet.interrupt.vector);
    case ZX_PKT_GUEST_VCPU_STARTUP:
      return guest_->StartVcpu(packet.startup.id, packet.startup.entry, 0);
    default:
      return ZX_ERR_NOT_SUPPORTED;
  }
}

void Vcpu::Kick() { zx_vcpu_kick(vcpu_.get()); }

zx_status_t Vcpu::Join() {
  int result = 0;
  ZX_ASSERT(thrd_join(thread_, &result) == thrd_success);
  return status_;
}
