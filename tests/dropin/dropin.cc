// dropin: a VMM as a program for Zircon would be written, against the documented API alone: the C
// headers, lib/zx, and of this library only the function that hands out the hypervisor resource.
// Compiled for either generation (ZX_API_2018) with an include path and a link line, by
// tests/scripts/dropin_test.sh. Exit status 0: all that it expects has happened.
//
// The guest's memory is a VMO with a snapshot child. A dispatch thread waits at one port for bells,
// signals and packets of its own program. The guest's handle goes through a channel to a device
// thread, which sets a trap with that port. The guest rings twice, reads a port, tells what it
// read, takes an interrupt out of HLT, tells that, and loops until it is stopped.

#include <lib/zx/channel.h>
#include <lib/zx/event.h>
#include <lib/zx/guest.h>
#include <lib/zx/port.h>
#include <lib/zx/resource.h>
#include <lib/zx/vcpu.h>
#include <lib/zx/vmar.h>
#include <lib/zx/vmo.h>
#include <zircon/status.h>
#include <zircon/syscalls.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <utility>

extern "C" zx_status_t zircon_kvm_hypervisor_resource(zx_handle_t* out);
extern "C" zx_status_t zircon_kvm_vmex_resource(zx_handle_t* out);

namespace {

#define CHECK(condition) Check((condition), #condition, __LINE__)
#define OK(call) CheckOk((call), #call, __LINE__)

void Check(bool good, const char* words, int line) {
  if (good) return;
  std::fprintf(stderr, "dropin: line %d: not so: %s\n", line, words);
  std::exit(1);
}

void CheckOk(zx_status_t status, const char* words, int line) {
  if (status == ZX_OK) return;
  std::fprintf(stderr, "dropin: line %d: %s: %s\n", line, words, zx_status_get_string(status));
  std::exit(1);
}

constexpr size_t kMemorySize = 0x200000;
constexpr uint64_t kCode = 0x8000;
constexpr uint64_t kIdt = 0x9000;
constexpr uint64_t kGdt = 0xA000;
constexpr uint64_t kHandler = 0x8100;
constexpr uint64_t kStack = 0x10000;
constexpr uint64_t kDevice = 0x40000000;
constexpr uint16_t kInPort = 0x10;
constexpr uint16_t kOutPort = 0x20;
constexpr uint8_t kVector = 0x40;
constexpr uint64_t kInKey = 1;
constexpr uint64_t kOutKey = 2;
constexpr uint64_t kBellKey = 3;
constexpr uint64_t kSignalKey = 4;
constexpr uint64_t kUserKey = 5;

// In 64-bit mode at kCode, RBX = kDevice:
const uint8_t kGuestCode[] = {
    0x0F, 0x01, 0x14, 0x25, 0x00, 0x90, 0x01, 0x00,  // lgdt [0x19000] (below)
    0x0F, 0x01, 0x1C, 0x25, 0x10, 0x90, 0x01, 0x00,  // lidt [0x19010]
    0x89, 0x43, 0x08,                                // mov [rbx+8], eax    the bell
    0x89, 0x43, 0x10,                                // mov [rbx+16], eax   and again
    0xE5, 0x10,                                      // in eax, kInPort
    0xE7, 0x20,                                      // out kOutPort, eax
    0xFB,                                            // sti
    0xF4,                                            // hlt
    0xEB, 0xFD,                                      // jmp to the hlt
};
// mov al, 'i'; out kOutPort, al; then loops with interrupts off.
const uint8_t kHandlerCode[] = {0xB0, 'i', 0xE6, 0x20, 0xEB, 0xFE};

struct Shared {
  zx::port port;
  std::atomic<int> bells{0};
  std::atomic<int> signals{0};
  std::atomic<uint64_t> addresses{0};
};

// Until the program says so by a packet of its own.
void Dispatch(Shared* shared) {
  for (;;) {
    zx_port_packet_t packet;
    OK(shared->port.wait(zx::time::infinite(), &packet));
    if (ZX_PKT_IS_GUEST_BELL(packet.type)) {
      CHECK(packet.key == kBellKey);
      shared->addresses += packet.guest_bell.addr - kDevice;
      ++shared->bells;
    } else if (ZX_PKT_IS_SIGNAL_ONE(packet.type)) {
      CHECK(packet.key == kSignalKey && (packet.signal.observed & ZX_EVENT_SIGNALED) != 0);
      ++shared->signals;
    } else {
      CHECK(ZX_PKT_IS_USER(packet.type) && packet.key == kUserKey && packet.user.u64[0] == 77);
      return;
    }
  }
}

// The device gets the guest through a channel and sets its trap itself.
void Device(zx::channel channel, Shared* shared, const zx::event* ready) {
  OK(channel.wait_one(ZX_CHANNEL_READABLE, zx::time::infinite(), nullptr));
  zx::guest guest;
  uint32_t handles = 0;
  OK(channel.read(0, nullptr, guest.reset_and_get_address(), 0, 1, nullptr, &handles));
  CHECK(handles == 1);
  OK(guest.set_trap(ZX_GUEST_TRAP_BELL, kDevice, 0x1000, shared->port, kBellKey));
  OK(ready->signal(0, ZX_EVENT_SIGNALED));
}

void FillMemory(const zx::vmo& memory) {
  const uint64_t tables[3][512] = {{0x1003}, {0x2003}, {0x83}};
  OK(memory.write(tables, 0, sizeof(tables)));
  // And 2 MiB for the device, through the second entry of the pointer table.
  const uint64_t directory = 0x3003;
  const uint64_t device = kDevice | 0x83;
  OK(memory.write(&directory, 0x1000 + 8, sizeof(directory)));
  OK(memory.write(&device, 0x3000, sizeof(device)));
  OK(memory.write(kGuestCode, kCode, sizeof(kGuestCode)));
  OK(memory.write(kHandlerCode, kHandler, sizeof(kHandlerCode)));
  const uint64_t gdt[] = {0, 0x00AF9A000000FFFF, 0x00CF92000000FFFF};
  OK(memory.write(gdt, kGdt, sizeof(gdt)));
  const uint64_t gate[] = {
      (kHandler & 0xFFFF) | 0x8ull << 16 | 0x8E00ull << 32 | (kHandler >> 16) << 48, 0};
  OK(memory.write(gate, kIdt + kVector * 16, sizeof(gate)));
  struct __attribute__((packed)) Table {
    uint16_t limit;
    uint64_t base;
  };
  const Table gdtr = {sizeof(gdt) - 1, kGdt};
  const Table idtr = {0xFFF, kIdt};
  OK(memory.write(&gdtr, 0x19000, sizeof(gdtr)));
  OK(memory.write(&idtr, 0x19010, sizeof(idtr)));
}

#if defined(ZX_API_2018)
constexpr uint32_t kFixedSize = ZX_VMO_NON_RESIZABLE;
void Snapshot(const zx::vmo& memory, zx::vmo* child) {
  OK(memory.clone(ZX_VMO_CLONE_COPY_ON_WRITE, 0, kMemorySize, child));
}
void Map(const zx::vmar& space, const zx::vmo& memory, zx_vm_option_t options, uintptr_t* where) {
  OK(space.map(0, memory, 0, kMemorySize, options, where));
}
zx_status_t Run(const zx::vcpu& vcpu, zx_port_packet_t* packet) { return vcpu.resume(packet); }
#else
constexpr uint32_t kFixedSize = 0;
void Snapshot(const zx::vmo& memory, zx::vmo* child) {
  OK(memory.create_child(ZX_VMO_CHILD_SNAPSHOT, 0, kMemorySize, child));
}
void Map(const zx::vmar& space, const zx::vmo& memory, zx_vm_option_t options, uintptr_t* where) {
  OK(space.map(options, 0, memory, 0, kMemorySize, where));
}
zx_status_t Run(const zx::vcpu& vcpu, zx_port_packet_t* packet) { return vcpu.enter(packet); }
#endif

// The thread of a VCPU, which it owns.
void RunVcpu(const zx::guest* guest, std::atomic<zx_handle_t>* handle, const zx::event* halted,
             const zx::event* interrupted) {
  zx::vcpu vcpu;
  OK(zx::vcpu::create(*guest, 0, kCode, &vcpu));
  zx_vcpu_state_t state = {};
  state.rbx = kDevice;
  state.rsp = kStack;
  OK(vcpu.write_state(ZX_VCPU_STATE, &state, sizeof(state)));
  *handle = vcpu.get();
  zx_port_packet_t packet;
  OK(Run(vcpu, &packet));
  CHECK(ZX_PKT_IS_GUEST_IO(packet.type) && packet.key == kInKey && packet.guest_io.input);
  CHECK(packet.guest_io.port == kInPort && packet.guest_io.access_size == 4);
  zx_vcpu_io_t io = {};
  io.access_size = 4;
  io.u32 = 0x12345678;
  OK(vcpu.write_state(ZX_VCPU_IO, &io, sizeof(io)));
  OK(Run(vcpu, &packet));
  CHECK(ZX_PKT_IS_GUEST_IO(packet.type) && packet.key == kOutKey && !packet.guest_io.input);
  CHECK(packet.guest_io.u32 == 0x12345678);
  OK(halted->signal(0, ZX_EVENT_SIGNALED));
  OK(Run(vcpu, &packet));
  CHECK(packet.key == kOutKey && packet.guest_io.access_size == 1 && packet.guest_io.u8 == 'i');
  OK(interrupted->signal(0, ZX_EVENT_SIGNALED));
  CHECK(Run(vcpu, &packet) == ZX_ERR_CANCELED);
}

}  // namespace

int main() {
  zx::resource hypervisor, vmex;
  OK(zircon_kvm_hypervisor_resource(hypervisor.reset_and_get_address()));
  OK(zircon_kvm_vmex_resource(vmex.reset_and_get_address()));
  zx::guest guest;
  zx::vmar space;
  const zx_status_t status = zx::guest::create(hypervisor, 0, &guest, &space);
  if (status == ZX_ERR_NOT_SUPPORTED || status == ZX_ERR_ACCESS_DENIED) {
    std::printf("dropin: no guest can run here\n");
    return 77;
  }
  OK(status);

  zx::vmo memory;
  OK(zx::vmo::create(kMemorySize, kFixedSize, &memory));
  OK(memory.set_property(ZX_PROP_NAME, "guest memory", 12));
  OK(memory.replace_as_executable(vmex, &memory));
  FillMemory(memory);
  zx::vmo before;
  Snapshot(memory, &before);
  uintptr_t address = 0;
  Map(space, memory, ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_PERM_EXECUTE | ZX_VM_SPECIFIC,
      &address);
  CHECK(address == 0);
  uintptr_t host = 0;
  Map(*zx::vmar::root_self(), memory, ZX_VM_PERM_READ | ZX_VM_PERM_WRITE, &host);

  OK(guest.set_trap(ZX_GUEST_TRAP_IO, kInPort, 4, zx::port(), kInKey));
  OK(guest.set_trap(ZX_GUEST_TRAP_IO, kOutPort, 4, zx::port(), kOutKey));

  Shared shared;
  OK(zx::port::create(0, &shared.port));
  zx::event ready, halted, interrupted;
  OK(zx::event::create(0, &ready));
  OK(zx::event::create(0, &halted));
  OK(zx::event::create(0, &interrupted));
  OK(halted.wait_async(shared.port, kSignalKey, ZX_EVENT_SIGNALED, ZX_WAIT_ASYNC_ONCE));
  std::thread dispatcher(Dispatch, &shared);

  zx::channel ours, theirs;
  OK(zx::channel::create(0, &ours, &theirs));
  std::thread device(Device, std::move(theirs), &shared, &ready);
  zx::guest copy;
  OK(guest.duplicate(ZX_RIGHT_WRITE | ZX_RIGHT_TRANSFER, &copy));
  zx_handle_t sent = copy.release();
  OK(ours.write(0, nullptr, 0, &sent, 1));
  OK(ready.wait_one(ZX_EVENT_SIGNALED, zx::time::infinite(), nullptr));
  device.join();

  std::atomic<zx_handle_t> vcpu{ZX_HANDLE_INVALID};
  std::thread runner(RunVcpu, &guest, &vcpu, &halted, &interrupted);
  OK(halted.wait_one(ZX_EVENT_SIGNALED, zx::time::infinite(), nullptr));
  OK(zx_vcpu_interrupt(vcpu, kVector));
  OK(interrupted.wait_one(ZX_EVENT_SIGNALED, zx::time::infinite(), nullptr));
  OK(zx_vcpu_kick(vcpu));
  runner.join();

  zx_port_packet_t stop = {};
  stop.key = kUserKey;
  stop.user.u64[0] = 77;
  OK(shared.port.queue(&stop));
  dispatcher.join();
  CHECK(shared.bells == 2);
  CHECK(shared.addresses == 8 + 16);
  CHECK(shared.signals == 1);

  // The guest's stack was written by the interrupt; the snapshot has it as it was.
  uint64_t pushed = 0;
  std::memcpy(&pushed, reinterpret_cast<const void*>(host + kStack - 16), sizeof(pushed));
  uint64_t snapshot = 1;
  OK(before.read(&snapshot, kStack - 16, sizeof(snapshot)));
  CHECK(pushed != 0);
  CHECK(snapshot == 0);
  OK(zx::vmar::root_self()->unmap(host, kMemorySize));
  std::printf("dropin: all as expected\n");
  return 0;
}
