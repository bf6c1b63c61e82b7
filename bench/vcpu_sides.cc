#include "vcpu_sides.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <thread>
#include <vector>

#include "poked.h"
#include "raw_guest.h"
#include "zx_guest.h"

namespace bench {
namespace {

struct ZxPair {
  explicit ZxPair(Program program) : memory(program), guest(memory) {}
  ZxMemory memory;
  ZxGuest guest;
};

struct RawPair {
  explicit RawPair(Program program) : memory(program), guest(memory) {}
  RawMemory memory;
  RawGuest guest;
};

void Enter(zx_handle_t vcpu, zx_port_packet_t* packet, uint32_t type) {
  const zx_status_t status = zx_vcpu_enter(vcpu, packet);
  if (status != ZX_OK || packet->type != type) [[unlikely]]
    Must(false, "zx_vcpu_enter");
}

void RunTo(RawGuest& guest, uint32_t reason) {
  while (guest.Run() != 0) Must(errno == EINTR, "KVM_RUN");
  if (guest.page().exit_reason != reason) [[unlikely]]
    Must(false, "the exit of KVM_RUN");
}

void MustState(zx_status_t status) {
  if (status != ZX_OK) [[unlikely]]
    Must(false, "zx_vcpu_read_state, zx_vcpu_write_state");
}

// ---- Exits ----

std::unique_ptr<Side> ZxIoOut() {
  return Loop([pair = std::make_unique<ZxPair>(Program::kIoOut)] {
    zx_port_packet_t packet;
    Enter(pair->guest.vcpu(), &packet, ZX_PKT_TYPE_GUEST_IO);
    if (packet.guest_io.u8 != 0x5A) [[unlikely]]
      Must(false, "the byte of the OUT");
  });
}

std::unique_ptr<Side> RawIoOut() {
  return Loop([pair = std::make_unique<RawPair>(Program::kIoOut)] {
    RunTo(pair->guest, KVM_EXIT_IO);
    const kvm_run& run = pair->guest.page();
    const bool good = run.io.port == kPort && run.io.size == 1 &&
                      run.io.direction == KVM_EXIT_IO_OUT &&
                      *pair->guest.io_data() == std::byte{0x5A};
    if (!good) [[unlikely]]
      Must(false, "the byte of the OUT");
  });
}

std::unique_ptr<Side> ZxIoIn() {
  return Loop([pair = std::make_unique<ZxPair>(Program::kIoIn), value = uint8_t{0}]() mutable {
    zx_port_packet_t packet;
    Enter(pair->guest.vcpu(), &packet, ZX_PKT_TYPE_GUEST_IO);
    zx_vcpu_io_t io = {};
    io.access_size = packet.guest_io.access_size;
    io.u8 = ++value;
    MustState(zx_vcpu_write_state(pair->guest.vcpu(), ZX_VCPU_IO, &io, sizeof(io)));
  });
}

std::unique_ptr<Side> RawIoIn() {
  return Loop([pair = std::make_unique<RawPair>(Program::kIoIn), value = uint8_t{0}]() mutable {
    RunTo(pair->guest, KVM_EXIT_IO);
    const kvm_run& run = pair->guest.page();
    if (run.io.direction != KVM_EXIT_IO_IN || run.io.size != 1) [[unlikely]] {
      Must(false, "the size of the IN");
    }
    *pair->guest.io_data() = std::byte{++value};
  });
}

std::unique_ptr<Side> ZxMemStore() {
  return Loop([pair = std::make_unique<ZxPair>(Program::kMemStore)] {
    zx_port_packet_t packet;
    Enter(pair->guest.vcpu(), &packet, ZX_PKT_TYPE_GUEST_MEM);
    if (packet.guest_mem.addr != kTrap) [[unlikely]]
      Must(false, "the address of the store");
  });
}

std::unique_ptr<Side> RawMemStore() {
  return Loop([pair = std::make_unique<RawPair>(Program::kMemStore)] {
    RunTo(pair->guest, KVM_EXIT_MMIO);
    const kvm_run& run = pair->guest.page();
    const bool good = run.mmio.phys_addr == kTrap && run.mmio.is_write != 0 && run.mmio.len == 4 &&
                      run.mmio.data[0] == 0x5A;
    if (!good) [[unlikely]]
      Must(false, "the bytes of the store");
  });
}

std::unique_ptr<Side> ZxMemLoad() {
  return Loop([pair = std::make_unique<ZxPair>(Program::kMemLoad), value = uint64_t{0}]() mutable {
    zx_port_packet_t packet;
    Enter(pair->guest.vcpu(), &packet, ZX_PKT_TYPE_GUEST_MEM);
    zx_vcpu_state_t state;
    MustState(zx_vcpu_read_state(pair->guest.vcpu(), ZX_VCPU_STATE, &state, sizeof(state)));
    state.rax = ++value & 0xFFFF;
    MustState(zx_vcpu_write_state(pair->guest.vcpu(), ZX_VCPU_STATE, &state, sizeof(state)));
  });
}

std::unique_ptr<Side> RawMemLoad() {
  return Loop([pair = std::make_unique<RawPair>(Program::kMemLoad), value = uint8_t{0}]() mutable {
    RunTo(pair->guest, KVM_EXIT_MMIO);
    kvm_run& run = pair->guest.page();
    if (run.mmio.phys_addr != kTrap || run.mmio.is_write != 0) [[unlikely]] {
      Must(false, "the address of the load");
    }
    run.mmio.data[0] = ++value;
  });
}

// ---- State ----

std::unique_ptr<Side> ZxReadState() {
  auto pair = std::make_unique<ZxPair>(Program::kIoOut);
  zx_port_packet_t packet;
  Enter(pair->guest.vcpu(), &packet, ZX_PKT_TYPE_GUEST_IO);
  return Loop([pair = std::move(pair)] {
    zx_vcpu_state_t state;
    MustState(zx_vcpu_read_state(pair->guest.vcpu(), ZX_VCPU_STATE, &state, sizeof(state)));
    if (state.rax != 0x5A) [[unlikely]]
      Must(false, "RAX");
  });
}

std::unique_ptr<Side> RawReadState() {
  auto pair = std::make_unique<RawPair>(Program::kIoOut);
  RunTo(pair->guest, KVM_EXIT_IO);
  return Loop([pair = std::move(pair)] {
    kvm_regs regs;
    Must(ioctl(pair->guest.vcpu(), KVM_GET_REGS, &regs) == 0, "KVM_GET_REGS");
    if (regs.rax != 0x5A) [[unlikely]]
      Must(false, "RAX");
  });
}

std::unique_ptr<Side> ZxWriteState() {
  auto pair = std::make_unique<ZxPair>(Program::kIoOut);
  zx_port_packet_t packet;
  Enter(pair->guest.vcpu(), &packet, ZX_PKT_TYPE_GUEST_IO);
  zx_vcpu_state_t state;
  MustState(zx_vcpu_read_state(pair->guest.vcpu(), ZX_VCPU_STATE, &state, sizeof(state)));
  return Loop([pair = std::move(pair), state] {
    MustState(zx_vcpu_write_state(pair->guest.vcpu(), ZX_VCPU_STATE, &state, sizeof(state)));
  });
}

std::unique_ptr<Side> RawWriteState() {
  auto pair = std::make_unique<RawPair>(Program::kIoOut);
  RunTo(pair->guest, KVM_EXIT_IO);
  kvm_regs regs;
  Must(ioctl(pair->guest.vcpu(), KVM_GET_REGS, &regs) == 0, "KVM_GET_REGS");
  return Loop([pair = std::move(pair), regs] {
    Must(ioctl(pair->guest.vcpu(), KVM_SET_REGS, &regs) == 0, "KVM_SET_REGS");
  });
}

// ---- Creation ----

template <typename Memory, typename Guest>
class CreateSide final : public Side {
 public:
  double Run(int count) override {
    double total = 0;
    for (int i = 0; i < count; ++i) {
      const int64_t start = Now();
      Guest guest(memory_);
      FirstExit(guest);
      total += static_cast<double>(Now() - start);
    }
    return total;
  }

 private:
  static void FirstExit(ZxGuest& guest) {
    zx_port_packet_t packet;
    Enter(guest.vcpu(), &packet, ZX_PKT_TYPE_GUEST_IO);
  }
  static void FirstExit(RawGuest& guest) { RunTo(guest, KVM_EXIT_IO); }

  Memory memory_{Program::kIoOut};
};

// ---- From another thread ----

class ZxKicked final : public Poked {
 public:
  ~ZxKicked() override { Stop(); }

 private:
  const std::byte* memory() const override { return pair_.memory.here(); }
  void Wait() override {
    zx_port_packet_t packet;
    Must(zx_vcpu_enter(pair_.guest.vcpu(), &packet) == ZX_ERR_CANCELED, "zx_vcpu_enter");
  }
  void Poke() override { zx_vcpu_kick(pair_.guest.vcpu()); }

  ZxPair pair_{Program::kSpin};
};

class RawKicked final : public Poked {
 public:
  ~RawKicked() override { Stop(); }

 private:
  const std::byte* memory() const override { return pair_.memory.here(); }
  void Wait() override { Must(pair_.guest.Run() != 0 && errno == EINTR, "KVM_RUN"); }
  void Poke() override { SignalOwner(); }

  RawPair pair_{Program::kSpin};
};

class ZxInterrupted final : public Poked {
 public:
  ~ZxInterrupted() override { Stop(); }

 private:
  const std::byte* memory() const override { return pair_.memory.here(); }
  void Wait() override {
    zx_port_packet_t packet;
    Enter(pair_.guest.vcpu(), &packet, ZX_PKT_TYPE_GUEST_IO);
  }
  void Poke() override { zx_vcpu_interrupt(pair_.guest.vcpu(), kVector); }

  ZxPair pair_{Program::kInterruptible};
};

class RawInterrupted final : public Poked {
 public:
  RawInterrupted() { pair_.guest.page().kvm_valid_regs = KVM_SYNC_X86_EVENTS; }
  ~RawInterrupted() override { Stop(); }

 private:
  const std::byte* memory() const override { return pair_.memory.here(); }
  void Wait() override {
    RawGuest& guest = pair_.guest;
    kvm_run& run = guest.page();
    Must(guest.Run() != 0 && errno == EINTR, "KVM_RUN");
    if (run.ready_for_interrupt_injection == 0) {
      run.request_interrupt_window = 1;
      RunTo(guest, KVM_EXIT_IRQ_WINDOW_OPEN);
      run.request_interrupt_window = 0;
    }
    run.s.regs.events.interrupt.injected = 1;
    run.s.regs.events.interrupt.nr = kVector;
    run.s.regs.events.interrupt.soft = 0;
    run.kvm_dirty_regs = KVM_SYNC_X86_EVENTS;
    RunTo(guest, KVM_EXIT_IO);
  }
  void Poke() override { SignalOwner(); }

  RawPair pair_{Program::kInterruptible};
};

template <typename T>
std::unique_ptr<Side> Make() {
  return std::make_unique<T>();
}

}  // namespace

std::span<const Comparison> VcpuComparisons() {
  static const std::vector<Comparison> all = {
      {"EnterIoOut", ZxIoOut, RawIoOut, 0, 1000, 1, true},
      {"EnterIoIn", ZxIoIn, RawIoIn, 0, 1000, 1, true},
      {"EnterMemStore", ZxMemStore, RawMemStore, 0, 1000, 1, true},
      {"EnterMemLoad", ZxMemLoad, RawMemLoad, 0, 1000, 1, true},
      {"ReadState", ZxReadState, RawReadState, 0, 1000, 0, false},
      {"WriteState", ZxWriteState, RawWriteState, 0, 1000, 0, false},
      {"GuestCreate", Make<CreateSide<ZxMemory, ZxGuest>>, Make<CreateSide<RawMemory, RawGuest>>,
       1.1, 10, -1, false},
      {"Kick", Make<ZxKicked>, Make<RawKicked>, 1.0, 0, -1, false},
      {"Interrupt", Make<ZxInterrupted>, Make<RawInterrupted>, 1.0, 0, -1, false},
  };
  return all;
}

}  // namespace bench
