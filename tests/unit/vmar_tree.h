// A VMAR tree over an address space that only keeps books: what the tests of the vmar calls stand
// on.
//
// Thread safety: one thread.

#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <zircon/syscalls.h>

#include <cstdint>
#include <map>
#include <new>
#include <set>
#include <string>
#include <tuple>

#include "objects/placement.h"
#include "objects/vmar.h"
#include "page.h"

namespace zircon::objects {

inline constexpr zx_rights_t kReadRight = ZX_RIGHT_READ;
inline constexpr zx_rights_t kReadWriteRights = ZX_RIGHT_READ | ZX_RIGHT_WRITE;
inline constexpr zx_rights_t kAllRights = ZX_RIGHT_READ | ZX_RIGHT_WRITE | ZX_RIGHT_EXECUTE;
inline constexpr uint32_t kRead = ZX_VM_PERM_READ;
inline constexpr uint32_t kReadWrite = ZX_VM_PERM_READ | ZX_VM_PERM_WRITE;
inline constexpr uint32_t kReadExecute = ZX_VM_PERM_READ | ZX_VM_PERM_EXECUTE;

struct FakePage {
  const Vmo* vmo;
  uint64_t vmo_offset;
  Permissions permissions;
  friend bool operator==(const FakePage& a, const FakePage& b) {
    return std::tie(a.vmo, a.vmo_offset, a.permissions) ==
           std::tie(b.vmo, b.vmo_offset, b.permissions);
  }
};
using FakePages = std::map<uint64_t, FakePage>;

// Keeps a book of pages and insists on what the tree promises it. As a guest's space, or, with
// `foreign` pages that the tree does not know, as the process's.
class FakeSpace final : public AddressSpace {
 public:
  FakeSpace(uint64_t base, uint64_t size, bool picks) noexcept
      : AddressSpace(base, size), picks_(picks) {}

  bool PicksAddresses() const override { return picks_; }

  zx_status_t Reserve(uint64_t address, uint64_t length) override {
    const zx_status_t status = Take(address, length);
    if (status != ZX_OK) return status;
    for (uint64_t at = address; at < address + length; at += kPage) {
      if (foreign.contains(at)) return ZX_ERR_ALREADY_EXISTS;
    }
    for (uint64_t at = address; at < address + length; at += kPage) {
      EXPECT_FALSE(pages.contains(at)) << at;
      EXPECT_TRUE(held.insert(at).second) << at;
    }
    return ZX_OK;
  }

  zx_status_t ReserveAnywhere(uint64_t length, uint64_t alignment, uint64_t limit,
                              uint64_t* address) override {
    EXPECT_TRUE(picks_) << "only a space that wants to may be asked to pick";
    *address = (next_pick + alignment - 1) / alignment * alignment;
    const zx_status_t status = Take(*address, length);
    if (status != ZX_OK) return status;
    asked_limit = limit;
    next_pick = *address + length;
    for (uint64_t at = *address; at < *address + length; at += kPage) {
      const bool was_there = pages.erase(at) != 0;
      EXPECT_TRUE(held.insert(at).second || forgets) << at << was_there;
    }
    return ZX_OK;
  }

  zx_status_t Vacate(uint64_t address, uint64_t length) override {
    if (++unmap_calls == fail_unmap_call) return ZX_ERR_NO_MEMORY;
    for (uint64_t at = address; at < address + length; at += kPage) {
      EXPECT_TRUE(held.contains(at) || !picks_) << at;
      pages.erase(at);
      held.erase(at);
    }
    return ZX_OK;
  }

  zx_status_t Map(uint64_t address, uint64_t length, const Mapping& mapping) override {
    const zx_status_t status = Take(address, length);
    if (status != ZX_OK) return status;
    for (uint64_t at = address; at < address + length; at += kPage) {
      EXPECT_FALSE(foreign.contains(at)) << "would replace what is not ours at " << at;
      EXPECT_TRUE(!picks_ || held.contains(at)) << at;
      pages[at] = {mapping.vmo.get(), mapping.vmo_offset + (at - address), mapping.permissions};
    }
    return ZX_OK;
  }

  zx_status_t Unmap(uint64_t address, uint64_t length) override {
    if (++unmap_calls == fail_unmap_call) return ZX_ERR_NO_MEMORY;
    for (uint64_t at = address; at < address + length; at += kPage) {
      EXPECT_TRUE(!picks_ || held.contains(at)) << at;
      pages.erase(at);
    }
    return ZX_OK;
  }

  zx_status_t Protect(uint64_t address, uint64_t length, Permissions permissions) override {
    ++protect_calls;
    for (uint64_t at = address; at < address + length; at += kPage) {
      EXPECT_TRUE(pages.contains(at)) << at;
    }
    if (fail_protect) return ZX_ERR_NO_MEMORY;
    for (uint64_t at = address; at < address + length; at += kPage) {
      pages[at].permissions = permissions;
    }
    return ZX_OK;
  }

  void Populate(uint64_t address, uint64_t length, const Mapping& mapping) override {
    for (uint64_t at = address; at < address + length; at += kPage) {
      EXPECT_TRUE(pages.contains(at)) << at;
      EXPECT_EQ(pages[at].vmo_offset, mapping.vmo_offset + (at - address)) << at;
      populated.insert(at);
    }
  }

  int calls() const { return map_calls + unmap_calls + protect_calls; }

  FakePages pages;
  std::set<uint64_t> held;  // reserved, mapped or not; in a guest's space the children only
  std::set<uint64_t> populated;
  std::map<uint64_t, bool> foreign;
  uint64_t next_pick = 0;
  uint64_t asked_limit = 0;
  int fail_map_call = 0;    // which call fails; 0: none
  int fail_unmap_call = 0;  // likewise
  bool fail_protect = false;
  bool throw_in_map = false;
  bool forgets = false;  // the program unmaps behind the tree's back
  int map_calls = 0;     // Reserve() and ReserveAnywhere() as well
  int unmap_calls = 0;   // Vacate() as well
  int protect_calls = 0;

 private:
  // What all have in common that take pages.
  zx_status_t Take(uint64_t address, uint64_t length) {
    ++map_calls;
    EXPECT_EQ(address % kPage, 0u);
    EXPECT_NE(length, 0u);
    EXPECT_EQ(length % kPage, 0u);
    if (throw_in_map) throw std::bad_alloc();
    return fail_map_call == map_calls ? ZX_ERR_NO_MEMORY : ZX_OK;
  }
  const bool picks_;
};

inline base::RefPtr<Vmo> MakeVmo(uint64_t size, bool resizable = false) {
  base::RefPtr<Vmo> vmo;
  EXPECT_EQ(Vmo::Create(size, resizable, &vmo), ZX_OK);
  return vmo;
}

inline bool IsOpen(int fd) { return fcntl(fd, F_GETFD) >= 0; }

class VmarTest : public testing::Test {
 protected:
  static constexpr uint64_t kSize = 64 * kPage;

  void Use(uint64_t base, uint64_t size, bool picks) {
    space_ = base::MakeRef<FakeSpace>(base, size, picks);
    vmar_ = base::MakeRef<Vmar>(space_);
  }
  void SetUp() override { Use(0, kSize, false); }
  // As the process's space: elsewhere, picking addresses.
  void UseProcessLike(uint64_t next_pick = 16 * kPage) {
    Use(16 * kPage, kSize, true);
    space_->next_pick = next_pick;
  }

  struct MapArguments {
    uint32_t options = kRead;
    uint64_t offset = 0;
    zx_rights_t vmo_rights = kAllRights;
    zx_rights_t vmar_rights = kAllRights;
    uint64_t vmo_offset = 0;
    uint64_t length = kPage;
  };
  zx_status_t Map(const MapArguments& arguments) {
    return vmar_->Map(arguments.options, arguments.offset, vmo_, arguments.vmo_rights,
                      arguments.vmar_rights, arguments.vmo_offset, arguments.length, &mapped_);
  }
  zx_status_t MapAt(uint64_t page, uint64_t pages, uint32_t permissions = kRead,
                    uint64_t vmo_page = 0, uint32_t specific = ZX_VM_SPECIFIC) {
    return Map({.options = permissions | specific,
                .offset = page * kPage,
                .vmo_offset = vmo_page * kPage,
                .length = pages * kPage});
  }
  zx_status_t Overwrite(uint64_t page, uint64_t pages, uint32_t permissions, uint64_t vmo_page) {
    return MapAt(page, pages, permissions, vmo_page, ZX_VM_SPECIFIC_OVERWRITE);
  }
  zx_status_t Unmap(uint64_t page, uint64_t pages) {
    return vmar_->Unmap(vmar_->base() + page * kPage, pages * kPage, kAllRights);
  }
  zx_status_t Protect(uint64_t page, uint64_t pages, uint32_t permissions,
                      zx_rights_t rights = kAllRights) {
    return vmar_->Protect(permissions, vmar_->base() + page * kPage, pages * kPage, rights);
  }
  // What is mapped: for each page of the space a letter for its permissions, '.' for none mapped.
  std::string Picture(uint64_t pages = 16) {
    std::string picture;
    for (uint64_t page = 0; page < pages; ++page) {
      const auto it = space_->pages.find(vmar_->base() + page * kPage);
      if (it == space_->pages.end()) {
        picture += '.';
        continue;
      }
      switch (it->second.permissions) {
        case 0:
          picture += '0';
          break;
        case kRead:
          picture += 'r';
          break;
        case kReadWrite:
          picture += 'w';
          break;
        case kReadExecute:
          picture += 'x';
          break;
        case kAllPermissions:
          picture += 'a';
          break;
        default:
          picture += '?';
      }
    }
    return picture;
  }
  uint64_t VmoPageAt(uint64_t page) {
    const auto it = space_->pages.find(vmar_->base() + page * kPage);
    return it == space_->pages.end() ? UINT64_MAX : it->second.vmo_offset / kPage;
  }

  base::RefPtr<FakeSpace> space_;
  base::RefPtr<Vmar> vmar_;
  base::RefPtr<Vmo> vmo_ = MakeVmo(16 * kPage);
  uint64_t mapped_ = UINT64_MAX;
};

inline constexpr uint32_t kCanReadWrite = ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_WRITE;
inline constexpr uint32_t kCanSpecific = kCanReadWrite | ZX_VM_CAN_MAP_SPECIFIC;

// With children, in a guest's space.
class VmarChildrenTest : public VmarTest {
 protected:
  // All is gone in the end, whatever the test left.
  void TearDown() override {
    vmar_->Destroy();
    EXPECT_TRUE(space_->pages.empty());
    EXPECT_TRUE(space_->held.empty());
  }

  zx_status_t Allocate(Vmar& parent, uint32_t options, uint64_t offset, uint64_t size,
                       base::RefPtr<Vmar>* child) {
    return parent.Allocate(options, offset, size, child);
  }
  base::RefPtr<Vmar> ChildAt(Vmar& parent, uint64_t page, uint64_t pages,
                             uint32_t options = kCanSpecific) {
    base::RefPtr<Vmar> child;
    EXPECT_EQ(parent.Allocate(options | ZX_VM_SPECIFIC, page * kPage, pages * kPage, &child),
              ZX_OK);
    return child;
  }
  base::RefPtr<Vmar> ChildAt(uint64_t page, uint64_t pages, uint32_t options = kCanSpecific) {
    return ChildAt(*vmar_, page, pages, options);
  }
  zx_status_t TryAt(Vmar& parent, uint64_t page, uint64_t pages) {
    base::RefPtr<Vmar> child;
    return parent.Allocate(kCanSpecific | ZX_VM_SPECIFIC, page * kPage, pages * kPage, &child);
  }
  // `page` from the start of `vmar`.
  zx_status_t MapIn(Vmar& vmar, uint64_t page, uint64_t pages, uint32_t options = kReadWrite,
                    uint64_t vmo_page = 0, uint32_t specific = ZX_VM_SPECIFIC) {
    return vmar.Map(options | specific, page * kPage, vmo_, kAllRights, kAllRights,
                    vmo_page * kPage, pages * kPage, &mapped_);
  }
  zx_status_t MapAnywhere(Vmar& vmar, uint64_t pages, uint32_t options = kReadWrite,
                          uint64_t offset = 0) {
    return vmar.Map(options, offset, vmo_, kAllRights, kAllRights, 0, pages * kPage, &mapped_);
  }
  zx_status_t UnmapIn(Vmar& vmar, uint64_t page, uint64_t pages,
                      zx_rights_t rights = kAllRights | ZX_RIGHT_OP_CHILDREN) {
    return vmar.Unmap(vmar.base() + page * kPage, pages * kPage, rights);
  }
  zx_status_t ProtectIn(Vmar& vmar, uint64_t page, uint64_t pages, uint32_t permissions) {
    return vmar.Protect(permissions, vmar.base() + page * kPage, pages * kPage, kAllRights);
  }
  uint64_t PageOf(uint64_t address) const { return (address - vmar_->base()) / kPage; }
};

// In one like the process's. What it picks lies behind what the tests place.
class VmarProcessChildrenTest : public VmarChildrenTest {
 protected:
  static constexpr uint64_t kPick = 60 * kPage;
  void SetUp() override { UseProcessLike(kPick); }
};

// In both.
class VmarChildren : public VmarProcessChildrenTest, public testing::WithParamInterface<bool> {
 protected:
  void SetUp() override {
    if (GetParam()) {
      VmarProcessChildrenTest::SetUp();
    } else {
      VmarTest::SetUp();
    }
  }
};

}  // namespace zircon::objects
