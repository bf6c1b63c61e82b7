// RegionMap: which parts of a VMAR are mapped. Only what the rules of the calls need: the pages and
// permissions themselves are the address space's business.
//
// A region is a mapping, or part of one that was split; neighbours are never merged. The functions
// that need memory say so; all others cannot fail, so that a change which begins with those either
// happens as a whole or not at all.
//
// Ownership: a region holds its VMO. Thread safety: none; its VMAR locks.

#pragma once

#include <zircon/types.h>

#include <cstdint>
#include <map>

#include "objects/address_space.h"

namespace zircon::objects {

struct Region {
  uint64_t length = 0;
  base::RefPtr<Vmo> vmo;
  // What zx_vmar_protect may make of the mapping's permissions.
  Permissions allowed = 0;
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

  // First fit: the lowest free range of `length` bytes within [start, end).
  [[nodiscard]] bool FindFree(uint64_t length, uint64_t start, uint64_t end, uint64_t* found) const;

  // A node to be put in later. Throws std::bad_alloc.
  static Node MakeNode(Region region);
  // Puts a region in at a free place.
  void Insert(uint64_t address, Node node);

  // Makes `start` and `start + length` ends of regions, where regions lie across them. Changes
  // nothing that is mapped. Throws std::bad_alloc.
  void SplitAtEnds(uint64_t start, uint64_t length);
  // Moves the regions of a range whose ends were split at to `*removed`, which the caller destroys
  // outside of locks.
  void Remove(uint64_t start, uint64_t length, RegionMap* removed);

  bool empty() const { return regions_.empty(); }
  void swap(RegionMap& other) noexcept { regions_.swap(other.regions_); }

 private:
  // The first region that ends above `address`.
  Map::const_iterator FirstAbove(uint64_t address) const;
  void SplitAt(uint64_t address);

  Map regions_;
};

}  // namespace zircon::objects
