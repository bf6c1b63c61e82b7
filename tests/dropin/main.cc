// dropin: a VMM as a program for Zircon would be written. See README.md. Exit status 0: all that it
// expects has happened; 77: no guest can run here.

#include <lib/zx/event.h>
#include <lib/zx/resource.h>
#include <lib/zx/time.h>
#include <zircon/assert.h>
#include <zircon/processargs.h>
#include <zircon/status.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "generation.h"
#include "guest.h"
#include "io_apic.h"
#include "layout.h"
#include "loop.h"
#include "pci.h"
#include "uart.h"

__BEGIN_CDECLS
extern const uint8_t guest_image[], guest_image_end[];
extern const uint8_t guest_trampoline[], guest_trampoline_end[];
__END_CDECLS

namespace {

constexpr size_t kMemorySize = 4 << 20;
constexpr uint32_t kOtherProcessors = 2;

#define CHECK_OK(call) CheckOk((call), #call)

void CheckOk(zx_status_t status, const char* words) {
  if (status != ZX_OK) ZX_PANIC("dropin: %s: %s\n", words, zx_status_get_string(status));
}

// What the guest says at its end.
class ExitPort : public IoHandler {
 public:
  zx_status_t Init(Guest* guest) {
    const zx_status_t status = zx::event::create(0, &done_);
    if (status != ZX_OK) return status;
    return guest->CreateMapping(ZX_GUEST_TRAP_IO, GUEST_EXIT_PORT, 4, 0, this);
  }
  const zx::event& done() const { return done_; }
  uint32_t code() const { return code_; }

 private:
  zx_status_t Read(uint64_t, IoValue*) override { return ZX_ERR_NOT_SUPPORTED; }
  zx_status_t Write(uint64_t, const IoValue& value) override {
    code_ = value.u32;
    return done_.signal(0, ZX_EVENT_SIGNALED);
  }

  zx::event done_;
  std::atomic<uint32_t> code_{0};
};

void LoadGuest(const PhysMem& memory) {
  constexpr uint64_t kTable = 3, kLargePage = 0x83;
  memory.as<uint64_t>(GUEST_PML4)[0] = GUEST_PDPT | kTable;
  for (uint64_t i = 0; i < 4; ++i) {
    const uint64_t directory = GUEST_DIRECTORIES + i * ZX_PAGE_SIZE;
    memory.as<uint64_t>(GUEST_PDPT, 4)[i] = directory | kTable;
    for (uint64_t j = 0; j < 512; ++j) {
      memory.as<uint64_t>(directory, 512)[j] = ((i * 512 + j) << 21) | kLargePage;
    }
  }
  *memory.as<uint32_t>(GUEST_BOOT_DATA) = kOtherProcessors;
  // By the calls, for what the mapping could do.
  CHECK_OK(memory.vmo().write(guest_image, GUEST_IMAGE,
                              static_cast<size_t>(guest_image_end - guest_image)));
  CHECK_OK(memory.vmo().write(guest_trampoline, GUEST_TRAMPOLINE,
                              static_cast<size_t>(guest_trampoline_end - guest_trampoline)));
}

// The stack of the boot processor, which the guest has used and the snapshot has not seen.
void CheckSnapshot(const zx::vmo& before, const PhysMem& memory) {
  uint64_t then = 1;
  constexpr uint64_t kTopOfStack = GUEST_STACKS + ZX_PAGE_SIZE - sizeof(then);
  CHECK_OK(before.read(&then, kTopOfStack, sizeof(then)));
  ZX_ASSERT(then == 0 && *memory.as<uint64_t>(kTopOfStack) != 0);
}

// False: no guest can run here.
bool RunMachine(const zx::resource& hypervisor, const zx::resource& root) {
  Guest guest;
  const zx_status_t status = guest.Init(hypervisor, root, kMemorySize);
  if (status == ZX_ERR_NOT_SUPPORTED || status == ZX_ERR_ACCESS_DENIED) return false;
  CheckOk(status, "the guest");
  Loop loop;
  CHECK_OK(loop.Init());
  IoApic io_apic(&guest);
  CHECK_OK(io_apic.Init());
  Uart uart(&io_apic);
  CHECK_OK(uart.Init(&guest));
  PciBus pci(&guest, &loop, &io_apic);
  CHECK_OK(pci.Init());
  ExitPort exit_port;
  CHECK_OK(exit_port.Init(&guest));
  LoadGuest(guest.phys_mem());
  zx::vmo before;
  CHECK_OK(Snapshot(guest.phys_mem().vmo(), kMemorySize, &before));

  // When the last processor has been started somebody types, a little later.
  Task type([](void* port) { CHECK_OK(static_cast<Uart*>(port)->Receive('!')); }, &uart);
  SignalWait started(guest.started(), ZX_USER_SIGNAL_0 << kOtherProcessors,
                     [&](zx_signals_t) { loop.PostTaskFor(&type, zx::msec(1)); });
  CHECK_OK(started.Begin(&loop));
  CHECK_OK(loop.StartThread("loop"));
  CHECK_OK(guest.StartVcpu(0, GUEST_IMAGE, GUEST_BOOT_DATA));
  CHECK_OK(exit_port.done().wait_one(ZX_EVENT_SIGNALED, zx::time::infinite(), nullptr));

  ZX_ASSERT(guest.Stop() == ZX_ERR_CANCELED);
  loop.Quit();
  ZX_ASSERT_MSG(exit_port.code() == GUEST_EXIT_GOOD, "the guest failed at line %u of guest.S",
                exit_port.code());
  ZX_ASSERT_MSG(uart.Written() == "hello\ngot !\n", "%s", uart.Written().c_str());
  ZX_ASSERT(pci.bells() == 2);
  CheckSnapshot(before, guest.phys_mem());
  return true;
}

}  // namespace

int main() {
  const zx::resource root(zx_take_startup_handle(PA_HND(PA_RESOURCE, 0)));
  ZX_ASSERT(root.is_valid());
  zx::resource hypervisor;
  CHECK_OK(GetHypervisorResource(root, &hypervisor));
  if (!RunMachine(hypervisor, root)) {
    std::printf("dropin: no guest can run here\n");
    return 77;
  }
  std::printf("dropin: all as expected\n");
  return 0;
}
