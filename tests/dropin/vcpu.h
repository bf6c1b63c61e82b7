// Vcpu: a virtual processor and its thread, which creates it, enters it, and does what its packets
// ask for.

#pragma once

#include <lib/zx/event.h>
#include <lib/zx/vcpu.h>
#include <threads.h>
#include <zircon/syscalls/port.h>
#include <zircon/types.h>

class Guest;

class Vcpu {
 public:
  Vcpu(uint64_t id, Guest* guest) : id_(id), guest_(guest) {}

  // When it returns the VCPU exists.
  zx_status_t Start(zx_gpaddr_t entry, uint64_t boot_data);
  // Any thread.
  zx_status_t Interrupt(uint8_t vector) { return vcpu_.interrupt(vector); }
  void Kick();
  // What ended it.
  zx_status_t Join();

 private:
  static int Thread(void* vcpu);
  zx_status_t Create();
  zx_status_t Loop();
  zx_status_t OnPacket(const zx_port_packet_t& packet);
  zx_status_t OnMemory(uint64_t key, const zx_packet_guest_mem_t& packet);
  zx_status_t OnIo(uint64_t key, const zx_packet_guest_io_t& packet);
  zx_status_t OnVcpu(const zx_packet_guest_vcpu_t& packet);

  const uint64_t id_;
  Guest* const guest_;
  zx_gpaddr_t entry_ = 0;
  uint64_t boot_data_ = 0;
  zx::vcpu vcpu_;
  thrd_t thread_{};
  // Signalled by the thread: SIGNALED when the VCPU exists or cannot be, with `status_` written.
  zx::event created_;
  zx_status_t status_ = ZX_OK;
};
