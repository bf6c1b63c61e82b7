#include "endurance/seeded_guest.h"

#include <lib/zx/resource.h>
#include <sys/mman.h>
#include <zircon-kvm/host.h>

#include <cstring>
#include <string>
#include <tuple>
#include <utility>

#include "endurance/fail.h"

namespace endurance {
namespace {

constexpr size_t kFenceSize = 0x10000;
constexpr size_t kReadOnlySize = 4 * kPage;
constexpr zx_vm_option_t kReadWrite = ZX_VM_PERM_READ | ZX_VM_PERM_WRITE;

uint8_t GuardByte(size_t offset) { return static_cast<uint8_t>(0xA5 ^ offset * 31 ^ offset >> 8); }

void Fill(uint8_t* bytes, size_t size) {
  for (size_t i = 0; i < size; ++i) bytes[i] = GuardByte(i);
}

void CheckFilled(const uint8_t* bytes, size_t size, const char* what) {
  for (size_t i = 0; i < size; ++i) {
    if (bytes[i] != GuardByte(i)) Fail(std::string(what) + ", byte " + std::to_string(i));
  }
}

zx::vmo MakeVmo(size_t size) {
  zx::vmo vmo;
  Require(zx::vmo::create(size, 0, &vmo), "zx_vmo_create");
  zx::resource vmex;
  Require(zircon_kvm_vmex_resource(vmex.reset_and_get_address()), "zircon_kvm_vmex_resource");
  Require(vmo.replace_as_executable(vmex, &vmo), "zx_vmo_replace_as_executable");
  return vmo;
}

void Map(const zx::vmar& space, uint64_t gpa, const zx::vmo& vmo, uint64_t offset, size_t size,
         zx_vm_option_t permissions) {
  zx_vaddr_t address = 0;
  Require(space.map(permissions | ZX_VM_SPECIFIC, gpa, vmo, offset, size, &address), "zx_vmar_map");
}

void Trap(const zx::guest& guest, uint32_t kind, uint64_t address, size_t size,
          const zx::port& port, uint64_t key) {
  Require(guest.set_trap(kind, address, size, port, key), "zx_guest_set_trap");
}

std::pair<zx::guest, zx::vmar> MakeGuest() {
  zx::resource hypervisor;
  Require(zircon_kvm_hypervisor_resource(hypervisor.reset_and_get_address()),
          "zircon_kvm_hypervisor_resource");
  std::pair<zx::guest, zx::vmar> made;
  Require(zx::guest::create(hypervisor, 0, &made.first, &made.second), "zx_guest_create");
  return made;
}

}  // namespace

Window::Window(const zx::vmo& vmo, size_t size) : size_(size) {
  Require(zx::vmar::root_self()->map(kReadWrite, 0, vmo, 0, size, &address_),
          "zx_vmar_map into the process");
}

Window::~Window() { Require(zx::vmar::root_self()->unmap(address_, size_), "zx_vmar_unmap"); }

Fence::Fence()
    : bytes_(static_cast<uint8_t*>(
          mmap(nullptr, kFenceSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))) {
  if (bytes_ == MAP_FAILED) Fail("mmap of a fence");
  Fill(bytes_, kFenceSize);
}

Fence::~Fence() { munmap(bytes_, kFenceSize); }

void Fence::Check() const { CheckFilled(bytes_, kFenceSize, "memory of the process has changed"); }

SeededGuest::SeededGuest()
    : memory_(MakeVmo(RAM_SIZE + 2 * kGuard)),
      read_only_(MakeVmo(kReadOnlySize)),
      window_(memory_, RAM_SIZE + 2 * kGuard),
      read_only_window_(read_only_, kReadOnlySize) {
  std::tie(guest_, space_) = MakeGuest();
  Fill(window_.bytes(), kGuard);
  Fill(window_.bytes() + kGuard + RAM_SIZE, kGuard);
  Fill(read_only_window_.bytes(), kReadOnlySize);
  Map(space_, 0, memory_, kGuard, RAM_SIZE, kReadWrite | ZX_VM_PERM_EXECUTE);
  // By a handle that cannot write: no protect() of an attack makes it writable.
  zx::vmo readable;
  Require(read_only_.duplicate(ZX_RIGHT_READ | ZX_RIGHT_EXECUTE | ZX_RIGHT_MAP, &readable),
          "zx_handle_duplicate");
  Map(space_, GUEST_WINDOW, readable, 0, kReadOnlySize, ZX_VM_PERM_READ | ZX_VM_PERM_EXECUTE);
  Require(space_.unmap(INNER_READ_ONLY, kPage), "zx_vmar_unmap");
  Map(space_, INNER_READ_ONLY, readable, kPage, kPage, ZX_VM_PERM_READ);
  Require(zx::port::create(0, &bells_), "zx_port_create");
  const zx::port none;
  Trap(guest_, ZX_GUEST_TRAP_MEM, GUEST_MEM_TRAP, 4 * kPage, none, kMemKey);
  Trap(guest_, ZX_GUEST_TRAP_MEM, INNER_MEM_TRAP, kPage, none, kMemKey);
  Trap(guest_, ZX_GUEST_TRAP_BELL, GUEST_BELL_TRAP, 4 * kPage, bells_, kBellKey);
  Trap(guest_, ZX_GUEST_TRAP_BELL, INNER_BELL_TRAP, kPage, bells_, kBellKey);
  Trap(guest_, ZX_GUEST_TRAP_IO, VALUE_PORT, 16, none, kIoKey);
  WriteTables();
}

void SeededGuest::WriteTables() const {
  constexpr uint64_t kPresentWritable = 0x03;
  constexpr uint64_t kLarge = 0x80;
  constexpr uint64_t kLargePage = 0x200000;
  std::memset(ram(), 0, 5 * kPage);
  At<uint64_t>(GUEST_PML4) = GUEST_POINTER_TABLE | kPresentWritable;
  At<uint64_t>(GUEST_POINTER_TABLE) = GUEST_DIRECTORY | kPresentWritable;
  for (uint64_t i = 0; i < GUEST_IDENTITY_SIZE / kLargePage; ++i) {
    At<uint64_t>(GUEST_DIRECTORY + 8 * i) = i * kLargePage | kPresentWritable | kLarge;
  }
  At<uint64_t>(GUEST_GDT + GUEST_CODE_SELECTOR) = 0x00AF'9B00'0000'FFFF;  // 64-bit code
  At<uint64_t>(GUEST_GDT + 0x10) = 0x00CF'9300'0000'FFFF;                 // data
  At<uint64_t>(GUEST_GDT + 0x18) = 0x00CF'9B00'0000'FFFF;                 // 32-bit code
  At<uint64_t>(GUEST_GDT + 0x20) = 0x00AF'FB00'0000'FFFF;                 // 64-bit code of ring 3
  At<uint16_t>(GUEST_GDT_POINTER) = 0xFF;
  At<uint64_t>(GUEST_GDT_POINTER + 2) = GUEST_GDT;
  At<uint16_t>(GUEST_IDT_POINTER) = kPage - 1;
  At<uint64_t>(GUEST_IDT_POINTER + 2) = GUEST_IDT;
}

void SeededGuest::Write(uint64_t gpa, std::span<const uint8_t> bytes) const {
  std::memcpy(ram() + gpa, bytes.data(), bytes.size());
}

void SeededGuest::CheckGuards() const {
  before_.Check();
  behind_.Check();
  CheckFilled(window_.bytes(), kGuard, "the guard before the guest's memory has changed");
  CheckFilled(window_.bytes() + kGuard + RAM_SIZE, kGuard,
              "the guard behind the guest's memory has changed");
  CheckFilled(read_only_window_.bytes(), kReadOnlySize, "what the guest may only read has changed");
}

}  // namespace endurance
