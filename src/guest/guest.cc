#include "guest/guest.h"

#include <zircon/errors.h>
#include <zircon/syscalls/hypervisor.h>

#include <cerrno>
#include <new>
#include <string>

#include "base/log.h"
#include "guest/kvm_status.h"

namespace zircon::guest {
namespace {

constexpr uint64_t kPageMask = 4095;
// The largest address + size of an IO trap: port 0xFFFF itself cannot be trapped.
constexpr uint64_t kIoLimit = 0xFFFF;

std::atomic<uint64_t> g_live_guests{0};

// MEM and IO traps answer on the VCPU's thread and take no port; a BELL is nothing but its port.
bool KindGoesWithPort(uint32_t kind, bool has_port) {
  switch (kind) {
    case ZX_GUEST_TRAP_BELL:
      return has_port;
    case ZX_GUEST_TRAP_MEM:
    case ZX_GUEST_TRAP_IO:
      return !has_port;
    default:
      return false;
  }
}

}  // namespace

Guest::Guest(CreatedVm vm) : Dispatcher(kType), vm_(std::move(vm)) {
  g_live_guests.fetch_add(1, std::memory_order_relaxed);
}

Guest::~Guest() {
  if (space_) space_->Detach();
  if (root_) root_->Destroy();
  g_live_guests.fetch_sub(1, std::memory_order_relaxed);
}

uint64_t Guest::live_count() { return g_live_guests.load(std::memory_order_relaxed); }

zx_status_t Guest::Create(base::RefPtr<Guest>* guest, base::RefPtr<objects::Vmar>* root_vmar) {
  CreatedVm vm;
  std::string why;
  const zx_status_t status = CreateVm(&vm, &why);
  if (status != ZX_OK) {
    LOG_WARN("no guest can be created: {}", why);
    return status;
  }
  const x86::Host& host = *vm.host;
  auto made = base::RefPtr<Guest>::Adopt(new (std::nothrow) Guest(std::move(vm)));
  if (!made) return ZX_ERR_NO_MEMORY;
  made->space_ = base::MakeRef<GuestSpace>(made->vm_.vm.get(), &made->vcpus_, host.max_slots,
                                           host.physical_limit);
  if (!made->space_) return ZX_ERR_NO_MEMORY;
  made->root_ = base::MakeRef<objects::Vmar>(base::RefPtr<objects::AddressSpace>(made->space_));
  if (!made->root_) return ZX_ERR_NO_MEMORY;
  *root_vmar = made->root_;
  *guest = std::move(made);
  return ZX_OK;
}

zx_status_t Guest::UseKernelApics(uint32_t processors) {
  return shelf_.BeforeAnyId([&] {
    // Both of these before the guest has them: what cannot be taken back is the last to be done.
    int error = processors > 1 ? x86::EnableTripleFaultEvents(vm()) : 0;
    if (error == EINVAL) {
      LOG_WARN(
          "a guest cannot have several processors with the kernel's local APICs: the KVM of "
          "this host lacks KVM_CAP_X86_TRIPLE_FAULT_EVENT (Linux 6.1)");
      return ZX_ERR_NOT_SUPPORTED;
    }
    if (error == 0 && apics_ == x86::Apics::kLibrary) error = x86::UseKernelApics(vm());
    if (error == EINVAL) {
      LOG_WARN(
          "a guest cannot have the kernel's local APICs: the KVM of this host lacks "
          "KVM_CAP_SPLIT_IRQCHIP");
      return ZX_ERR_NOT_SUPPORTED;
    }
    if (error != 0) return StatusFromErrno(error);
    apics_ = x86::Apics::kKernel;
    processors_ = processors;
    return ZX_OK;
  });
}

zx_status_t Guest::UseLibraryApics() {
  return shelf_.BeforeAnyId(
      [&] { return apics_ == x86::Apics::kLibrary ? ZX_OK : ZX_ERR_BAD_STATE; });
}

void Guest::AnnounceStartup(const StartupQueue::Startup& startup) {
  startups_.Add(startup);
  vcpus_.AnnounceStartup();
}

zx_status_t Guest::SetTrap(uint32_t kind, uint64_t address, uint64_t size,
                           base::RefPtr<objects::Port> port, uint64_t key) {
  if (!KindGoesWithPort(kind, static_cast<bool>(port))) return ZX_ERR_INVALID_ARGS;
  std::unique_ptr<Trap> trap(new (std::nothrow) Trap);
  if (trap == nullptr) return ZX_ERR_NO_MEMORY;
  trap->base = address;
  trap->size = size;
  trap->kind = kind;
  trap->key = key;
  if (kind == ZX_GUEST_TRAP_IO) return SetIoTrap(std::move(trap));
  return SetMemoryTrap(std::move(trap), std::move(port));
}

zx_status_t Guest::SetIoTrap(std::unique_ptr<Trap> trap) {
  uint64_t end = 0;
  if (trap->size == 0 || __builtin_add_overflow(trap->base, trap->size, &end) || end > kIoLimit) {
    return ZX_ERR_OUT_OF_RANGE;
  }
  return space_->AddIoTrap(std::move(trap));
}

zx_status_t Guest::SetMemoryTrap(std::unique_ptr<Trap> trap, base::RefPtr<objects::Port> port) {
  if (((trap->base | trap->size) & kPageMask) != 0) return ZX_ERR_INVALID_ARGS;
  uint64_t end = 0;
  if (trap->size == 0 || __builtin_add_overflow(trap->base, trap->size, &end) ||
      end > GuestSpace::kSize) {
    return ZX_ERR_INVALID_ARGS;
  }
  const uint64_t base = trap->base;
  const uint64_t size = trap->size;
  if (trap->kind == ZX_GUEST_TRAP_BELL) {
    trap->bell = objects::PacketReserve::Create(std::move(port), trap->key,
                                                objects::PacketReserve::kBellPackets);
    if (trap->bell == nullptr) return ZX_ERR_NO_MEMORY;
  }
  // The trap first: it takes the pages from the guest at one stroke, so that a running VCPU finds
  // the memory or the trap, never nothing. As in Zircon the pages are unmapped in every outcome,
  // also when the call ends in ALREADY_EXISTS.
  const zx_status_t status = space_->AddMemoryTrap(std::move(trap));
  const zx_status_t unmapped = root_->UnmapForTrap(base, size);
  if (status != ZX_OK) return status;
  if (unmapped != ZX_OK) space_->TakeBackMemoryTrap(base, size);
  return unmapped;
}

}  // namespace zircon::guest
