// GuestSpaceWorld: a VMM that plays with the memory and the traps of a guest on the fake kernel, as
// its input says, and a naive map of what each guest page must lead to. After each call KVM's slots
// are compared with it page by page. Now and then KVM refuses a slot: then nothing has changed.
//
// Ownership: owns the guest and its fake kernel. Thread safety: one world at a time.

#pragma once

#include <zircon/syscalls.h>

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "fake/fake_kernel.h"
#include "fake/machine.h"
#include "models/input.h"

namespace zircon::models {

class GuestSpaceWorld {
 public:
  GuestSpaceWorld();
  ~GuestSpaceWorld();
  GuestSpaceWorld(const GuestSpaceWorld&) = delete;
  GuestSpaceWorld& operator=(const GuestSpaceWorld&) = delete;

  void Do(Input& input);

 private:
  static constexpr uint64_t kPage = 4096;
  static constexpr uint64_t kPages = 24;     // of the guest that are played with
  static constexpr uint64_t kVmoPages = 12;  // of each VMO at most
  static constexpr size_t kVmos = 3;
  static constexpr uint32_t kNoChild = 0;

  struct Vmo {
    zx_handle_t handle = ZX_HANDLE_INVALID;
    bool resizable = false;
    uint64_t pages = 0;
  };
  struct Page {
    size_t vmo;
    uint64_t vmo_page;
    zx_vm_option_t permissions;
  };
  struct Child {
    zx_handle_t handle;
    uint32_t number;
  };
  struct Place {
    std::optional<Page> page;
    bool trapped = false;
    uint32_t child = kNoChild;
  };
  using Places = std::array<Place, kPages>;
  struct Range {
    uint64_t first;
    uint64_t count;
  };

  void Map(Input& input);
  void Unmap(Input& input);
  void Protect(Input& input);
  void SetTrap(Input& input);
  void Resize(Input& input);
  void Allocate(Input& input);
  void Destroy(Input& input);
  void StoreStamp(Input& input);

  Range PickRange(Input& input);
  // KVM refuses one of the next slots, perhaps.
  bool MayRefuse(Input& input);
  // What the call gives: `wanted`, or NO_MEMORY where a slot was refused, and then the places are
  // those of before. True if they change.
  bool Settle(zx_status_t status, zx_status_t wanted, bool may_refuse);
  void KillChild(uint32_t number);
  void Compare();
  uint64_t Stamp(size_t vmo, uint64_t page) const { return stamps_[vmo][page]; }

  fake::FakeKernel kernel_;
  fake::KernelScope scope_{kernel_};
  zx_handle_t resource_ = ZX_HANDLE_INVALID;
  zx_handle_t guest_ = ZX_HANDLE_INVALID;
  zx_handle_t space_ = ZX_HANDLE_INVALID;
  zx_handle_t port_ = ZX_HANDLE_INVALID;
  std::array<Vmo, kVmos> vmos_;
  // The first word of each page that a VMO has.
  std::array<std::array<uint64_t, kVmoPages>, kVmos> stamps_ = {};
  uint64_t last_stamp_ = 0;
  std::vector<Child> children_;
  uint32_t last_child_ = kNoChild;
  Places places_;
};

}  // namespace zircon::models
