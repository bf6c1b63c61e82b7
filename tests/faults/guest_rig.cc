#include "faults/guest_rig.h"

#include <zircon-kvm/host.h>
#include <zircon/syscalls/hypervisor.h>
#include <zircon/syscalls/port.h>

#include <cstring>
#include <utility>
#include <vector>

namespace zircon::faults {

bool GuestRig::MakeGuest() {
  if (!DO(run_, ZX_OK, zircon_kvm_hypervisor_resource(resource.put()))) return false;
  if (!DO(run_, ZX_OK, zx_guest_create(resource.get(), 0, guest.put(), vmar.put()))) return false;
  vm_ = run_.kernel().vm();
  return true;
}

bool GuestRig::MakeMemory() {
  if (!DO(run_, ZX_OK, zx_vmo_create(kMemorySize, 0, memory.put()))) return false;
  zx_gpaddr_t at = 0;
  if (!DO(run_, ZX_OK,
          zx_vmar_map(vmar.get(), kReadWrite | ZX_VM_SPECIFIC, 0, memory.get(), 0, kMemorySize,
                      &at))) {
    return false;
  }
  CHECK_THAT(run_, HasPage(0));
  auto* const tables = reinterpret_cast<uint64_t*>(page(0));
  constexpr uint64_t kPresent = 0x3;
  constexpr uint64_t kLarge = 0x80;
  tables[0] = 0x1000 | kPresent;
  tables[512] = 0x2000 | kPresent;
  for (uint64_t i = 0; i < 512; ++i) tables[1024 + i] = i << 21 | kLarge | kPresent;
  return true;
}

bool GuestRig::MakeVcpu() {
  if (!DO(run_, ZX_OK, zx_vcpu_create(guest.get(), 0, kEntry, vcpu.put()))) return false;
  // The kernel's VCPU of an id that was used before is there already.
  if (cpu_ == nullptr) cpu_ = run_.kernel().vcpu();
  return true;
}

bool GuestRig::EnterToPacket(uint32_t type, uint64_t address) {
  packet = {};
  if (!DO(run_, ZX_OK, zx_vcpu_enter(vcpu.get(), &packet))) return false;
  CHECK_THAT(run_, packet.type == type);
  if (type == ZX_PKT_TYPE_GUEST_IO) CHECK_THAT(run_, packet.guest_io.port == address);
  if (type == ZX_PKT_TYPE_GUEST_MEM) CHECK_THAT(run_, packet.guest_mem.addr == address);
  return true;
}

bool GuestRig::EnterToStatus(zx_status_t status) {
  return DO(run_, status, zx_vcpu_enter(vcpu.get(), &packet));
}

fake::Step GuestRig::Placed(std::initializer_list<uint8_t> code, fake::Step step) {
  std::memcpy(page(0) + kEntry, code.begin(), code.size());
  return [step = std::move(step)](fake::FakeVcpu& running) {
    running.regs.rip = kEntry;
    return step(running);
  };
}

void GuestRig::At(std::initializer_list<uint8_t> code, fake::Step step) {
  cpu_->Push(Placed(code, std::move(step)));
}

void GuestRig::StaysAt(std::initializer_list<uint8_t> code, fake::Step step) {
  cpu_->Always(Placed(code, std::move(step)));
}

}  // namespace zircon::faults
