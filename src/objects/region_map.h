// RegionMap: what is mapped in an address space, whichever of its VMARs it belongs to: mappings
// never overlap, so the innermost VMAR around one is its own.
//
// A region is a mapping, or part of one that was split; neighbours are never merged. It takes its
// place in its VMAR's tree of extents, too, and gives it back when it is removed. The functions
// that need memory say so; all others cannot fail, so that a change which begins with those either
// happens as a whole or not at all.
//
// Ownership: a region holds its VMO. Thread safety: none; the VMAR tree locks.

#pragma once

#include <zircon/types.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>

#include "objects/extent_tree.h"
#include "objects/mapping.h"

namespace zircon::objects {

struct Region {
  uint64_t length = 0;
  Mapping mapping;
  // What zx_vmar_protect may make of the mapping's permissions.
  Permissions allowed = 0;
  // Of a region that is in a map.
  MappingCount count = MappingCount();
  Extent extent = Extent();
};

// A range that is either wholly mapped or wholly free.
struct Piece {
  uint64_t start = 0;
  uint64_t length = 0;
  bool mapped = false;
};

class RegionMap {
  // A node map: a region's node can be made before a change and put in without needing memory.
  using Map = std::map<uint64_t, Region>;

 public:
  using Node = Map::node_type;

  // The longest piece that begins at `address`, cut at `end`.
  Piece PieceAt(uint64_t address, uint64_t end) const;

  // The permissions that every region in the range allows. The range is wholly mapped.
  Permissions AllowedIn(uint64_t start, uint64_t length) const;

  // Calls visit(address, length, mapping, allowed) for each part of a region in the range, from
  // below.
  template <typename Visit>
  void VisitIn(uint64_t start, uint64_t length, Visit visit) const;

  // A node to be put in later. Throws std::bad_alloc.
  static Node MakeNode(Region region);
  // Puts a region in at a free place, which is also one of `taken`, its VMAR's.
  void Insert(uint64_t address, Node node, ExtentTree* taken);

  // Makes `start` and `start + length` ends of regions, where regions lie across them. Changes
  // nothing that is mapped. Throws std::bad_alloc.
  void SplitAtEnds(uint64_t start, uint64_t length);
  // Both for a range whose ends were split at. Remove() moves the regions to `*removed`, which the
  // caller destroys outside of locks.
  void SetPermissions(uint64_t start, uint64_t length, Permissions permissions);
  void Remove(uint64_t start, uint64_t length, RegionMap* removed);

  bool empty() const { return regions_.empty(); }

 private:
  // The first region that ends above `address`.
  Map::const_iterator FirstAbove(uint64_t address) const;
  void SplitAt(uint64_t address);

  Map regions_;
};

template <typename Visit>
void RegionMap::VisitIn(uint64_t start, uint64_t length, Visit visit) const {
  const uint64_t end = start + length;
  for (auto it = FirstAbove(start); it != regions_.end() && it->first < end; ++it) {
    const uint64_t from = std::max(start, it->first);
    const uint64_t to = std::min(end, it->first + it->second.length);
    Mapping mapping = it->second.mapping;
    mapping.vmo_offset += from - it->first;
    visit(from, to - from, std::move(mapping), it->second.allowed);
  }
}

}  // namespace zircon::objects
