// GuestMemory: a guest's physical space on a fake kernel, without handles and VCPUs: what tests of
// the page walk and of the decoders stand on. 4 MiB at 0, all zero; the test writes tables and
// code.
//
// Thread safety: one thread.

#pragma once

#include <zircon/types.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "fake/fake_kernel.h"
#include "guest/guest_space.h"
#include "kvm/system_fd.h"
#include "kvm/vm_fd.h"
#include "objects/vmo.h"

namespace zircon::fake {

class GuestMemory {
 public:
  static constexpr uint64_t kSize = 4 << 20;

  GuestMemory() {
    std::unique_ptr<kvm::SystemFd> system;
    if (kvm::SystemFd::Open(kernel_, &system) != 0 || system->CreateVm(&vm_) != 0) return;
    space_ = base::MakeRef<guest::GuestSpace>(vm_.get(), &vcpus_, 100u);
    Map(0, kSize, ZX_VM_PERM_READ | ZX_VM_PERM_WRITE);
  }
  ~GuestMemory() {
    if (space_) space_->Detach();
  }
  GuestMemory(const GuestMemory&) = delete;
  GuestMemory& operator=(const GuestMemory&) = delete;

  // Zeroed memory of its own.
  bool Map(uint64_t gpa, uint64_t size, objects::Permissions permissions) {
    base::RefPtr<objects::Vmo> vmo;
    if (objects::Vmo::Create(size, false, &vmo) != ZX_OK) return false;
    return space_->Map(gpa, size, objects::Mapping{vmo, 0, permissions}) == ZX_OK;
  }
  guest::GuestSpace& space() { return *space_; }
  FakeKernel& kernel() { return kernel_; }
  kvm::VmFd& vm() { return *vm_; }
  uint8_t* at(uint64_t gpa) { return kernel_.vm()->Host(gpa, 1); }
  void Put64(uint64_t gpa, uint64_t value) { std::memcpy(at(gpa), &value, sizeof(value)); }
  void Put32(uint64_t gpa, uint32_t value) { std::memcpy(at(gpa), &value, sizeof(value)); }
  void Put(uint64_t gpa, const std::vector<uint8_t>& bytes) {
    std::memcpy(at(gpa), bytes.data(), bytes.size());
  }
  // Tables at `root` that map the lowest 4 GiB onto themselves, for 64-bit mode.
  void PutIdentityTables(uint64_t root) {
    Put64(root, (root + 0x1000) | 3);
    for (uint64_t i = 0; i < 4; ++i) Put64(root + 0x1000 + 8 * i, i << 30 | 0x83);
  }

 private:
  FakeKernel kernel_;
  std::unique_ptr<kvm::VmFd> vm_;
  guest::VcpuSet vcpus_;
  base::RefPtr<guest::GuestSpace> space_;
};

// Segment state of the modes, flat, without paging but for 64-bit mode (CR3 is the caller's).
inline kvm_sregs LongModeSregs(uint64_t cr3) {
  kvm_sregs sregs = {};
  sregs.cr0 = 0x80000011;
  sregs.cr3 = cr3;
  sregs.cr4 = 0x20;
  sregs.efer = 0x500;
  sregs.cs.l = 1;
  return sregs;
}
inline kvm_sregs ProtectedModeSregs() {
  kvm_sregs sregs = {};
  sregs.cr0 = 0x11;
  sregs.cs.db = 1;
  return sregs;
}
inline kvm_sregs RealModeSregs() {
  kvm_sregs sregs = {};
  sregs.cr0 = 0x10;
  return sregs;
}

}  // namespace zircon::fake
