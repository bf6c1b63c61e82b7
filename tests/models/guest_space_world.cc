#include "models/guest_space_world.h"

#include <zircon-kvm/host.h>
#include <zircon/rights.h>
#include <zircon/syscalls/hypervisor.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>

#include "models/require.h"

namespace zircon::models {
namespace {

constexpr zx_vm_option_t kRead = ZX_VM_PERM_READ;
constexpr zx_vm_option_t kReadWrite = ZX_VM_PERM_READ | ZX_VM_PERM_WRITE;

}  // namespace

GuestSpaceWorld::GuestSpaceWorld() {
  REQUIRE_STATUS(zircon_kvm_hypervisor_resource(&resource_), ZX_OK);
  REQUIRE_STATUS(zx_guest_create(resource_, 0, &guest_, &space_), ZX_OK);
  REQUIRE_STATUS(zx_port_create(0, &port_), ZX_OK);
  for (size_t i = 0; i < kVmos; ++i) {
    Vmo& vmo = vmos_[i];
    vmo.resizable = i != 0;
    vmo.pages = kVmoPages / (i + 1);
    REQUIRE_STATUS(
        zx_vmo_create(vmo.pages * kPage, vmo.resizable ? ZX_VMO_RESIZABLE : 0, &vmo.handle), ZX_OK);
  }
}

GuestSpaceWorld::~GuestSpaceWorld() {
  step.call = "the end";
  for (const Child& child : children_) REQUIRE_STATUS(zx_handle_close(child.handle), ZX_OK);
  for (const Vmo& vmo : vmos_) REQUIRE_STATUS(zx_handle_close(vmo.handle), ZX_OK);
  for (const zx_handle_t handle : {space_, guest_, resource_, port_}) {
    REQUIRE_STATUS(zx_handle_close(handle), ZX_OK);
  }
  REQUIRE(kernel_.open_descriptors() == 0);
  REQUIRE(kernel_.misuses() == 0);
}

void GuestSpaceWorld::Do(Input& input) {
  using Act = void (GuestSpaceWorld::*)(Input&);
  static constexpr struct {
    const char* call;
    Act act;
  } kActs[] = {
      {"zx_vmar_map", &GuestSpaceWorld::Map},
      {"zx_vmar_map", &GuestSpaceWorld::Map},
      {"zx_vmar_map", &GuestSpaceWorld::Map},
      {"zx_vmar_unmap", &GuestSpaceWorld::Unmap},
      {"zx_vmar_protect", &GuestSpaceWorld::Protect},
      {"zx_guest_set_trap", &GuestSpaceWorld::SetTrap},
      {"zx_vmo_set_size", &GuestSpaceWorld::Resize},
      {"zx_vmar_allocate", &GuestSpaceWorld::Allocate},
      {"zx_vmar_destroy", &GuestSpaceWorld::Destroy},
      {"zx_vmo_write", &GuestSpaceWorld::StoreStamp},
  };
  const auto& chosen = kActs[input.Below(std::size(kActs))];
  ++step.number;
  step.call = chosen.call;
  (this->*chosen.act)(input);
  Compare();
}

void GuestSpaceWorld::Compare() {
  uint64_t pages = 0;
  const std::shared_ptr<fake::FakeVm> vm = kernel_.vm();
  const std::vector<fake::Slot> slots = vm->slots();
  for (uint64_t i = 0; i < kPages; ++i) {
    const uint64_t gpa = i * kPage;
    const auto slot = std::find_if(slots.begin(), slots.end(), [&](const fake::Slot& one) {
      return gpa >= one.gpa && gpa < one.gpa + one.size;
    });
    const std::optional<Page>& page = places_[i].page;
    const bool there = page && !places_[i].trapped && page->permissions != 0 &&
                       page->vmo_page < vmos_[page->vmo].pages;
    REQUIRE((slot != slots.end()) == there);
    if (!there) continue;
    ++pages;
    REQUIRE(slot->read_only == ((page->permissions & ZX_VM_PERM_WRITE) == 0));
    uint64_t stamp = 0;
    std::memcpy(&stamp, reinterpret_cast<const void*>(slot->host + (gpa - slot->gpa)),
                sizeof(stamp));
    REQUIRE(stamp == Stamp(page->vmo, page->vmo_page));
  }
  uint64_t in_slots = 0;
  for (const fake::Slot& slot : slots) in_slots += slot.size / kPage;
  REQUIRE(in_slots == pages);
}

GuestSpaceWorld::Range GuestSpaceWorld::PickRange(Input& input) {
  Range range = {input.Below(kPages), 1 + input.Below(8)};
  range.count = std::min(range.count, kPages - range.first);
  return range;
}

bool GuestSpaceWorld::MayRefuse(Input& input) {
  if (!input.OneIn(12)) return false;
  kernel_.Fail(fake::kCallCreateSlot, ENOMEM, 1 + static_cast<int>(input.Below(3)));
  return true;
}

bool GuestSpaceWorld::Settle(zx_status_t status, zx_status_t wanted, bool may_refuse) {
  const bool refused = may_refuse && status == ZX_ERR_NO_MEMORY;
  if (may_refuse) kernel_.FailNothing();
  if (refused) return false;
  REQUIRE_STATUS(status, wanted);
  return wanted == ZX_OK;
}

void GuestSpaceWorld::Map(Input& input) {
  const Range range = PickRange(input);
  const size_t vmo = input.Below(kVmos);
  const uint64_t vmo_page = input.Below(kVmoPages);
  constexpr zx_vm_option_t kPermissions[] = {0, kRead, kReadWrite, kReadWrite, kReadWrite};
  const zx_vm_option_t permissions = input.Pick(kPermissions);
  const bool overwrite = input.OneIn(3);
  const Child* const child = children_.empty() || input.OneIn(2)
                                 ? nullptr
                                 : &children_[input.Below(static_cast<uint32_t>(children_.size()))];
  const uint32_t number = child != nullptr ? child->number : kNoChild;
  zx_status_t expected = ZX_OK;
  uint64_t base = 0;
  if (child != nullptr) {
    while (places_[base].child != number) ++base;
    uint64_t end = base;
    while (end < kPages && places_[end].child == number) ++end;
    if (range.first < base || range.first + range.count > end) expected = ZX_ERR_INVALID_ARGS;
  }
  for (uint64_t i = 0; i < range.count && expected == ZX_OK; ++i) {
    const Place& place = places_[range.first + i];
    if (place.child != number) expected = overwrite ? ZX_ERR_INVALID_ARGS : ZX_ERR_ALREADY_EXISTS;
    if (expected == ZX_OK && place.page && !overwrite) expected = ZX_ERR_ALREADY_EXISTS;
  }
  if (range.first < base) return;  // no offset says that
  const bool may_refuse = MayRefuse(input);
  zx_vaddr_t mapped = 0;
  const zx_status_t status =
      zx_vmar_map(child != nullptr ? child->handle : space_,
                  permissions | (overwrite ? ZX_VM_SPECIFIC_OVERWRITE : ZX_VM_SPECIFIC),
                  (range.first - base) * kPage, vmos_[vmo].handle, vmo_page * kPage,
                  range.count * kPage, &mapped);
  if (!Settle(status, expected, may_refuse)) return;
  REQUIRE(mapped == range.first * kPage);
  for (uint64_t i = 0; i < range.count; ++i) {
    places_[range.first + i].page = Page{vmo, vmo_page + i, permissions};
  }
}

void GuestSpaceWorld::Unmap(Input& input) {
  const Range range = PickRange(input);
  const auto inside = [&](uint64_t i) { return i >= range.first && i < range.first + range.count; };
  zx_status_t expected = ZX_OK;
  std::vector<uint32_t> gone;
  for (const Child& child : children_) {
    bool some = false;
    bool all = true;
    for (uint64_t i = 0; i < kPages; ++i) {
      if (places_[i].child != child.number) continue;
      some = some || inside(i);
      all = all && inside(i);
    }
    if (some && !all) expected = ZX_ERR_INVALID_ARGS;
    if (some && all) gone.push_back(child.number);
  }
  REQUIRE_STATUS(zx_vmar_unmap(space_, range.first * kPage, range.count * kPage), expected);
  if (expected != ZX_OK) return;
  for (const uint32_t number : gone) KillChild(number);
  for (uint64_t i = 0; i < range.count; ++i) places_[range.first + i].page.reset();
}

void GuestSpaceWorld::Protect(Input& input) {
  const Range range = PickRange(input);
  constexpr zx_vm_option_t kPermissions[] = {0, kRead, kReadWrite};
  const zx_vm_option_t permissions = input.Pick(kPermissions);
  zx_status_t expected = ZX_OK;
  for (uint64_t i = 0; i < range.count && expected == ZX_OK; ++i) {
    if (!places_[range.first + i].page) expected = ZX_ERR_NOT_FOUND;
  }
  // What is a child's only loses permissions.
  for (uint64_t i = 0; i < range.count && expected == ZX_OK; ++i) {
    const auto& place = places_[range.first + i];
    if (place.child != kNoChild && (permissions & ~place.page->permissions) != 0) {
      expected = ZX_ERR_ACCESS_DENIED;
    }
  }
  const bool may_refuse = MayRefuse(input);
  const zx_status_t status =
      zx_vmar_protect(space_, permissions, range.first * kPage, range.count * kPage);
  if (!Settle(status, expected, may_refuse)) return;
  for (uint64_t i = 0; i < range.count; ++i) {
    places_[range.first + i].page->permissions = permissions;
  }
}

void GuestSpaceWorld::SetTrap(Input& input) {
  Range range = PickRange(input);
  range.count = std::min<uint64_t>(range.count, 2);
  // Few, or all is trapped in the end.
  const auto trapped = std::count_if(places_.begin(), places_.end(),
                                     [](const Place& place) { return place.trapped; });
  if (trapped > 6) return;
  const bool bell = input.OneIn(2);
  zx_status_t expected = ZX_OK;
  for (uint64_t i = 0; i < range.count; ++i) {
    if (places_[range.first + i].trapped) expected = ZX_ERR_ALREADY_EXISTS;
  }
  REQUIRE_STATUS(
      zx_guest_set_trap(guest_, bell ? ZX_GUEST_TRAP_BELL : ZX_GUEST_TRAP_MEM, range.first * kPage,
                        range.count * kPage, bell ? port_ : ZX_HANDLE_INVALID, 1),
      expected);
  for (uint64_t i = 0; i < range.count; ++i) {
    Place& place = places_[range.first + i];
    if (expected == ZX_OK) place.trapped = true;
    // Whatever came of it.
    place.page.reset();
  }
}

void GuestSpaceWorld::Resize(Input& input) {
  const size_t index = input.Below(kVmos);
  Vmo& vmo = vmos_[index];
  const uint64_t pages = input.Below(kVmoPages + 1);
  REQUIRE_STATUS(zx_vmo_set_size(vmo.handle, pages * kPage),
                 vmo.resizable ? ZX_OK : ZX_ERR_UNAVAILABLE);
  if (!vmo.resizable) return;
  vmo.pages = pages;
  for (uint64_t page = pages; page < kVmoPages; ++page) stamps_[index][page] = 0;
}

void GuestSpaceWorld::Allocate(Input& input) {
  const Range range = PickRange(input);
  if (children_.size() >= 4) return Destroy(input);
  zx_status_t expected = ZX_OK;
  for (uint64_t i = 0; i < range.count; ++i) {
    const Place& place = places_[range.first + i];
    if (place.page || place.child != kNoChild) expected = ZX_ERR_ALREADY_EXISTS;
  }
  zx_handle_t child = ZX_HANDLE_INVALID;
  zx_vaddr_t base = 0;
  REQUIRE_STATUS(zx_vmar_allocate(space_,
                                  ZX_VM_SPECIFIC | ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_WRITE |
                                      ZX_VM_CAN_MAP_SPECIFIC,
                                  range.first * kPage, range.count * kPage, &child, &base),
                 expected);
  if (expected != ZX_OK) return;
  children_.push_back({child, ++last_child_});
  for (uint64_t i = 0; i < range.count; ++i) places_[range.first + i].child = last_child_;
}

void GuestSpaceWorld::Destroy(Input& input) {
  if (children_.empty()) return;
  const Child child = children_[input.Below(static_cast<uint32_t>(children_.size()))];
  REQUIRE_STATUS(zx_vmar_destroy(child.handle), ZX_OK);
  REQUIRE_STATUS(zx_vmar_destroy(child.handle), ZX_ERR_BAD_STATE);
  KillChild(child.number);
}

void GuestSpaceWorld::KillChild(uint32_t number) {
  for (Place& place : places_) {
    if (place.child != number) continue;
    place.child = kNoChild;
    place.page.reset();
  }
  const auto child = std::find_if(children_.begin(), children_.end(),
                                  [&](const Child& one) { return one.number == number; });
  REQUIRE_STATUS(zx_handle_close(child->handle), ZX_OK);
  children_.erase(child);
}

void GuestSpaceWorld::StoreStamp(Input& input) {
  const size_t index = input.Below(kVmos);
  if (vmos_[index].pages == 0) return;
  const uint64_t page = input.Below(static_cast<uint32_t>(vmos_[index].pages));
  ++last_stamp_;
  REQUIRE_STATUS(zx_vmo_write(vmos_[index].handle, &last_stamp_, page * kPage, sizeof(uint64_t)),
                 ZX_OK);
  stamps_[index][page] = last_stamp_;
}

}  // namespace zircon::models
