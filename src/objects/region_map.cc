#include "objects/region_map.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace zircon::objects {

RegionMap::Map::const_iterator RegionMap::FirstAbove(uint64_t address) const {
  auto it = regions_.upper_bound(address);
  if (it != regions_.begin()) {
    const auto before = std::prev(it);
    if (before->first + before->second.length > address) return before;
  }
  return it;
}

Piece RegionMap::PieceAt(uint64_t address, uint64_t end) const {
  auto it = FirstAbove(address);
  if (it == regions_.end() || it->first > address) {
    const uint64_t next = it == regions_.end() ? end : std::min(end, it->first);
    return {.start = address, .length = next - address, .mapped = false};
  }
  uint64_t reached = it->first + it->second.length;
  for (++it; it != regions_.end() && it->first == reached && reached < end; ++it) {
    reached += it->second.length;
  }
  return {.start = address, .length = std::min(end, reached) - address, .mapped = true};
}

Permissions RegionMap::AllowedIn(uint64_t start, uint64_t length) const {
  Permissions allowed = ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_PERM_EXECUTE;
  for (auto it = FirstAbove(start); it != regions_.end() && it->first < start + length; ++it) {
    allowed &= it->second.allowed;
  }
  return allowed;
}

RegionMap::Node RegionMap::MakeNode(Region region) {
  Map map;
  const auto it = map.emplace(0, std::move(region)).first;
  return map.extract(it);
}

void RegionMap::Insert(uint64_t address, Node node, ExtentTree* taken) {
  node.key() = address;
  Region& region = node.mapped();
  region.count = MappingCount(region.mapping.vmo.get());
  taken->Insert(&region.extent, address, address + region.length);
  regions_.insert(std::move(node));
}

void RegionMap::SplitAt(uint64_t address) {
  const auto found = regions_.upper_bound(address);
  if (found == regions_.begin()) return;
  const auto it = std::prev(found);
  const uint64_t head = address - it->first;
  if (head == 0 || head >= it->second.length) return;
  Region& whole = it->second;
  const auto tail = regions_.emplace_hint(found, address, whole);
  tail->second.length -= head;
  tail->second.mapping.vmo_offset += head;
  whole.length = head;
  ExtentTree* const taken = whole.extent.tree();
  taken->Remove(&whole.extent);
  taken->Insert(&whole.extent, it->first, address);
  taken->Insert(&tail->second.extent, address, address + tail->second.length);
}

void RegionMap::SplitAtEnds(uint64_t start, uint64_t length) {
  SplitAt(start);
  SplitAt(start + length);
}

void RegionMap::SetPermissions(uint64_t start, uint64_t length, Permissions permissions) {
  for (auto it = regions_.lower_bound(start); it != regions_.end() && it->first < start + length;
       ++it) {
    it->second.mapping.permissions = permissions;
  }
}

void RegionMap::Remove(uint64_t start, uint64_t length, RegionMap* removed) {
  auto it = regions_.lower_bound(start);
  while (it != regions_.end() && it->first < start + length) {
    it->second.extent.tree()->Remove(&it->second.extent);
    removed->regions_.insert(regions_.extract(it++));
  }
}

}  // namespace zircon::objects
