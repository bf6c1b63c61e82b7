#include "models/exits_world.h"

#include <zircon/syscalls/hypervisor.h>
#include <zircon/syscalls/port.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>

#include "fake/exits.h"
#include "models/require.h"

namespace zircon::models {
namespace {

using fake::FakeVcpu;
using fake::kExit;
using fake::kGoOn;
using fake::Machine;

constexpr uint16_t kPort = 0x60;
constexpr uint16_t kPorts = 8;
constexpr uint64_t kDevice = Machine::kDeviceAddress;
constexpr uint64_t kDeviceSize = 0x2000;
constexpr uint64_t kBell = 0x300000;
constexpr uint64_t kKey = 5;

uint64_t PickAddress(Input& input) {
  const uint64_t choices[] = {kDevice + input.Below(0x2000),
                              kBell + input.Below(0x1000),
                              kBell + 0xFFC,
                              Machine::kMemorySize - input.Below(16),
                              0x400000,
                              input.Below(Machine::kMemorySize),
                              uint64_t{1} << 48,
                              input.Next<uint64_t>()};
  return input.Pick(choices);
}

uint32_t PickMsr(Input& input) {
  const uint32_t choices[] = {0x10,
                              0x1B,
                              0x6E0,
                              0x802,
                              0x808,
                              0x80B,
                              0x830,
                              0x832,
                              0x838,
                              0x839,
                              0x83E,
                              0x83F,
                              0x4B564D00,
                              0x4B564D01,
                              0x11,
                              0xC0000080,
                              0xC0000083,
                              0x800 + input.Below(0x40),
                              input.Next<uint32_t>()};
  return input.Pick(choices);
}

// The run page as KVM leaves it for that exit.
void FillExit(FakeVcpu& vcpu, uint32_t reason, Input& input) {
  kvm_run& run = vcpu.run();
  // Of the union everything first: of most kinds nothing else is known.
  for (char& byte : run.padding) byte = static_cast<char>(input.Next<uint8_t>());
  run.exit_reason = reason;
  switch (reason) {
    case KVM_EXIT_IO: {
      run.io.direction = input.Below(2) != 0 ? KVM_EXIT_IO_OUT : KVM_EXIT_IO_IN;
      run.io.size = static_cast<uint8_t>(1u << input.Below(3));
      run.io.port = static_cast<uint16_t>(input.OneIn(3) ? input.Next<uint16_t>()
                                                         : kPort + input.Below(kPorts));
      run.io.count = input.OneIn(4) ? 1 + input.Below(4096 / run.io.size) : 1;
      run.io.data_offset = FakeVcpu::kPortDataOffset;
      break;
    }
    case KVM_EXIT_MMIO:
      run.mmio.phys_addr = PickAddress(input);
      run.mmio.len = 1 + input.Below(8);
      run.mmio.is_write = static_cast<uint8_t>(input.Below(2));
      break;
    case KVM_EXIT_X86_RDMSR:
    case KVM_EXIT_X86_WRMSR:
      run.msr.error = 0;
      run.msr.index = PickMsr(input);
      if (input.OneIn(2)) run.msr.data = input.Below(0x10000);
      break;
    default:
      break;
  }
}

bool IsStatusOfEnter(zx_status_t status) {
  constexpr zx_status_t kStatuses[] = {ZX_OK,
                                       ZX_ERR_CANCELED,
                                       ZX_ERR_BAD_STATE,
                                       ZX_ERR_NOT_FOUND,
                                       ZX_ERR_INTERNAL,
                                       ZX_ERR_OUT_OF_RANGE,
                                       ZX_ERR_ACCESS_DENIED,
                                       ZX_ERR_NOT_SUPPORTED,
                                       ZX_ERR_NO_MEMORY,
                                       ZX_ERR_INVALID_ARGS,
                                       ZX_ERR_WRONG_TYPE};
  return std::find(std::begin(kStatuses), std::end(kStatuses), status) != std::end(kStatuses);
}

}  // namespace

ExitsWorld::ExitsWorld() {
  REQUIRE_STATUS(machine_.status(), ZX_OK);
  REQUIRE_STATUS(machine_.TrapIo(kPort, kPorts, kKey), ZX_OK);
  REQUIRE_STATUS(machine_.TrapMemory(kDevice, kDeviceSize, kKey), ZX_OK);
  REQUIRE_STATUS(machine_.TrapBell(kBell, 0x1000, kKey), ZX_OK);
  memory_.assign(reinterpret_cast<const char*>(machine_.memory()), Machine::kMemorySize);
  Renew();
}

ExitsWorld::~ExitsWorld() {
  step.call = "the end";
  machine_.Close();
  REQUIRE(machine_.kernel.open_descriptors() == 0);
  REQUIRE(machine_.kernel.mapped_pages() == 0);
  REQUIRE(machine_.kernel.misuses() == 0);
}

void ExitsWorld::Renew() {
  REQUIRE_STATUS(zx_handle_close(machine_.vcpu), ZX_OK);
  REQUIRE_STATUS(zx_vcpu_create(machine_.guest, 0, Machine::kEntry, &machine_.vcpu), ZX_OK);
  FakeVcpu& cpu = machine_.cpu();
  // Nothing of the old one is left, whatever it was in the middle of.
  REQUIRE(cpu.regs.rip == Machine::kEntry && cpu.regs.rax == 0 && cpu.sregs.cr3 == 0);
  cpu.ForgetDeliveries();
  cpu.ForgetScript();
  memory_[Machine::kEntry] = '\xEE';  // out %al, (%dx)
  *machine_.memory(Machine::kEntry) = 0xEE;
  cpu.Push([](FakeVcpu& vcpu) {
    vcpu.regs.rip = Machine::kEntry;
    return fake::PioOut(kPort, 1)(vcpu);
  });
  REQUIRE_STATUS(machine_.Enter(), ZX_OK);
  REQUIRE(machine_.packet.type == ZX_PKT_TYPE_GUEST_IO && machine_.packet.guest_io.port == kPort);
  // A script that has been used up ends the enter.
  cpu.Always([vcpu_handle = machine_.vcpu](FakeVcpu& vcpu) {
    REQUIRE_STATUS(zx_vcpu_kick(vcpu_handle), ZX_OK);
    vcpu.run().exit_reason = KVM_EXIT_INTR;
    return -EINTR;
  });
}

void ExitsWorld::PickRegisters(Input& input) {
  kvm_regs& regs = machine_.cpu().regs;
  for (uint8_t i = 0; i < 16; ++i) {
    uint64_t value = input.Next<uint8_t>();
    if (input.OneIn(3)) value = PickAddress(input);
    *fake::Register(regs, i) = value;
  }
  regs.rflags = 0x2 | (input.Next<uint32_t>() & 0x240FD5);
  regs.rip = input.OneIn(6) ? input.Next<uint64_t>() : Machine::kEntry + input.Below(40);
}

void ExitsWorld::PickMode(Input& input) {
  kvm_sregs& sregs = machine_.cpu().sregs;
  const uint64_t crs[] = {0x80010011, 0x11, 0x10, 0x80000011};
  sregs.cr0 = input.Pick(crs);
  const uint64_t tables[] = {0, 0x1000, Machine::kMemorySize, input.Next<uint64_t>()};
  sregs.cr3 = input.Pick(tables);
  sregs.cr4 = input.OneIn(2) ? 0x20 : input.Next<uint32_t>();
  sregs.efer = input.OneIn(2) ? 0x500 : input.Next<uint16_t>();
  for (kvm_segment* segment : {&sregs.cs, &sregs.ds, &sregs.es, &sregs.ss, &sregs.fs, &sregs.gs}) {
    segment->base = input.OneIn(4) ? input.Next<uint32_t>() : 0;
    segment->l = input.OneIn(2) ? 1 : 0;
    segment->db = input.OneIn(2) ? 1 : 0;
    segment->dpl = static_cast<uint8_t>(input.OneIn(4) ? 3 : 0);
  }
}

void ExitsWorld::PickCode(Input& input) {
  char code[48];
  for (char& byte : code) byte = static_cast<char>(input.Next<uint8_t>());
  std::memcpy(memory_.data() + Machine::kEntry, code, sizeof(code));
  std::memcpy(machine_.memory(Machine::kEntry), code, sizeof(code));
}

// The input is read now, the exit is made when the guest runs.
void ExitsWorld::PushExit(Input& input) {
  constexpr uint32_t kReasons[] = {KVM_EXIT_IO,
                                   KVM_EXIT_IO,
                                   KVM_EXIT_MMIO,
                                   KVM_EXIT_MMIO,
                                   KVM_EXIT_MMIO,
                                   KVM_EXIT_X86_RDMSR,
                                   KVM_EXIT_X86_WRMSR,
                                   KVM_EXIT_X86_WRMSR,
                                   KVM_EXIT_HLT,
                                   KVM_EXIT_SET_TPR,
                                   KVM_EXIT_IRQ_WINDOW_OPEN,
                                   KVM_EXIT_INTERNAL_ERROR,
                                   KVM_EXIT_INTERNAL_ERROR,
                                   KVM_EXIT_FAIL_ENTRY,
                                   KVM_EXIT_SHUTDOWN,
                                   KVM_EXIT_UNKNOWN};
  uint32_t reason = input.Pick(kReasons);
  if (reason == KVM_EXIT_UNKNOWN) reason = input.Next<uint32_t>();
  constexpr int kErrors[] = {EINTR, EAGAIN, ENOMEM, EFAULT, EINVAL, EIO};
  const int error = input.OneIn(10) ? input.Pick(kErrors) : 0;
  uint8_t bytes[300];
  for (uint8_t& byte : bytes) byte = input.Next<uint8_t>();
  const std::string page(reinterpret_cast<const char*>(bytes), sizeof(bytes));
  const bool kicked = input.OneIn(6);
  const uint32_t vector = input.OneIn(5) ? input.Below(256) : 256;
  const uint32_t returns = input.OneIn(6) ? input.Below(60) : 0;
  const uint8_t shadow = static_cast<uint8_t>(input.OneIn(6) ? 1 : 0);
  machine_.cpu().Push([=, handle = machine_.vcpu](FakeVcpu& vcpu) {
    Input rest({reinterpret_cast<const uint8_t*>(page.data()), page.size()});
    // Others do things while the guest runs.
    if (kicked || reason == KVM_EXIT_HLT) REQUIRE_STATUS(zx_vcpu_kick(handle), ZX_OK);
    if (vector < 256) REQUIRE_STATUS(zx_vcpu_interrupt(handle, vector), ZX_OK);
    vcpu.events.interrupt.shadow = shadow;
    if (error != 0) return -error;
    FillExit(vcpu, reason, rest);
    const uint64_t rip = vcpu.regs.rip;
    const bool owes = reason == KVM_EXIT_IO || reason == KVM_EXIT_MMIO ||
                      reason == KVM_EXIT_X86_RDMSR || reason == KVM_EXIT_X86_WRMSR;
    if (!owes) return kExit;
    // What was owed moves on, or the same comes again, so and so often.
    struct Again {
      uint32_t left;
      uint64_t rip;
      int operator()(FakeVcpu& later) {
        if (left == 0) {
          later.regs.rip = rip + 2;
          if (later.run().msr.error != 0) later.RaiseException(13, true);
          return kGoOn;
        }
        later.CompleteWith(Again{left - 1, rip});
        return kExit;
      }
    };
    vcpu.CompleteWith(Again{returns, rip});
    return kExit;
  });
}

void ExitsWorld::Do(Input& input) {
  ++step.number;
  step.call = "zx_vcpu_enter";
  if (input.OneIn(3)) PickMode(input);
  if (input.OneIn(2)) PickCode(input);
  PickRegisters(input);
  for (uint32_t i = 1 + input.Below(3); i != 0; --i) PushExit(input);
  if (input.OneIn(8)) REQUIRE_STATUS(zx_vcpu_kick(machine_.vcpu), ZX_OK);
  const zx_status_t status = machine_.Enter();
  REQUIRE(IsStatusOfEnter(status));
  if (status == ZX_OK) CheckPacket();
  CheckMemory();
  AnswerLikeAVmm(input);
  // Bells that have come.
  zx_port_packet_t bell;
  while (zx_port_wait(machine_.port, ZX_TIME_INFINITE_PAST, &bell) == ZX_OK) {
    REQUIRE(bell.type == ZX_PKT_TYPE_GUEST_BELL && bell.key == kKey);
    REQUIRE(bell.guest_bell.addr - kBell < 0x1000);
  }
  const bool past_running = status == ZX_ERR_INTERNAL || status == ZX_ERR_NOT_SUPPORTED;
  if (past_running || input.OneIn(16)) {
    step.call = "zx_vcpu_create";
    Renew();
  }
}

void ExitsWorld::CheckPacket() const {
  const zx_port_packet_t& packet = machine_.packet;
  switch (packet.type) {
    case ZX_PKT_TYPE_GUEST_IO:
      REQUIRE(packet.key == kKey && packet.guest_io.port - kPort < kPorts);
      REQUIRE(packet.guest_io.access_size == 1 || packet.guest_io.access_size == 2 ||
              packet.guest_io.access_size == 4);
      break;
    case ZX_PKT_TYPE_GUEST_MEM:
      REQUIRE(packet.key == kKey && packet.guest_mem.addr - kDevice < kDeviceSize);
      REQUIRE(packet.guest_mem.instruction_size <= 15);
      break;
    case ZX_PKT_TYPE_GUEST_VCPU:
      REQUIRE(packet.key == 0);
      break;
    default:
      REQUIRE(!"a packet of another type");
  }
}

void ExitsWorld::CheckMemory() const {
  REQUIRE(std::memcmp(machine_.memory(), memory_.data(), memory_.size()) == 0);
}

void ExitsWorld::AnswerLikeAVmm(Input& input) {
  if (input.OneIn(3)) {
    zx_vcpu_io_t io = {};
    const uint8_t sizes[] = {1, 2, 4};
    io.access_size = input.Pick(sizes);
    io.u32 = input.Next<uint32_t>();
    REQUIRE_STATUS(zx_vcpu_write_state(machine_.vcpu, ZX_VCPU_IO, &io, sizeof(io)), ZX_OK);
  }
  if (input.OneIn(3)) {
    zx_vcpu_state_t state = machine_.State();
    state.rax = input.Next<uint64_t>();
    state.rcx = input.Next<uint16_t>();
    if (input.OneIn(4)) state.rflags ^= 0x40;
    REQUIRE_STATUS(machine_.SetState(state), ZX_OK);
  }
  if (input.OneIn(8)) {
    REQUIRE_STATUS(zx_vcpu_interrupt(machine_.vcpu, input.Below(256)), ZX_OK);
  }
}

}  // namespace zircon::models
