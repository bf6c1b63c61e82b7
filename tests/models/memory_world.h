// MemoryWorld: a program that plays with VMOs and with mappings of them in one child VMAR of the
// process, as its input says, and the model of every byte. After each call all pages are compared:
// what each VMO reads as, and what each page of the VMAR shows and permits.
//
// Ownership: in the end every handle is closed and the VMAR destroyed.
// Thread safety: one thread each; any number of worlds side by side.

#pragma once

#include <zircon/syscalls.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "models/input.h"

namespace zircon::models {

inline constexpr uint64_t kPageSize = 4096;

class MemoryWorld {
 public:
  MemoryWorld();
  ~MemoryWorld();
  MemoryWorld(const MemoryWorld&) = delete;
  MemoryWorld& operator=(const MemoryWorld&) = delete;

  void Do(Input& input);

 private:
  static constexpr uint64_t kMostPages = 8;  // of a VMO
  static constexpr size_t kMostVmos = 6;
  static constexpr uint64_t kSpacePages = 20;

  // Bytes that may be seen by several VMOs.
  struct Bytes {
    std::string content;  // whole pages
    bool resizable = false;
  };
  struct Vmo {
    zx_handle_t handle = ZX_HANDLE_INVALID;  // none: closed, and held by mappings
    std::shared_ptr<Bytes> bytes;
    // A slice's place in them; otherwise all.
    std::optional<std::pair<uint64_t, uint64_t>> slice;
    bool writable = true;     // the handle has WRITE
    bool may_resize = false;  // the handle has RESIZE
    std::shared_ptr<Vmo> parent;

    uint64_t size() const { return slice ? slice->second : bytes->content.size(); }
    uint64_t begin() const { return slice ? slice->first : 0; }
    char* at(uint64_t offset) const { return bytes->content.data() + begin() + offset; }
  };
  using VmoPtr = std::shared_ptr<Vmo>;
  struct Page {
    VmoPtr vmo;
    uint64_t offset = 0;
    zx_vm_option_t permissions = 0;
  };

  void Create(Input& input);
  void CreateChild(Input& input);
  void Close(Input& input);
  void Read(Input& input);
  void Write(Input& input);
  void Resize(Input& input);
  void OpRange(Input& input);
  void Map(Input& input);
  void Unmap(Input& input);
  void Protect(Input& input);
  void OpRangeOfMappings(Input& input);
  void Store(Input& input);

  VmoPtr PickVmo(Input& input);
  // A range of pages of the space, at times one that reaches beyond it.
  struct Range {
    uint64_t first;
    uint64_t count;
    bool inside() const { return first + count <= kSpacePages; }
  };
  Range PickRange(Input& input);
  uint64_t AddressOf(uint64_t page) const { return base_ + page * kPageSize; }
  bool InUse(const Vmo& vmo) const;
  uint64_t ChildrenOf(const Vmo& vmo) const;
  void Compare();
  void ComparePage(uint64_t index);
  void Add(zx_handle_t handle, Vmo vmo);

  zx_handle_t vmar_ = ZX_HANDLE_INVALID;
  zx_vaddr_t base_ = 0;
  std::vector<VmoPtr> vmos_;
  // With those that are only mapped, or only parents.
  std::vector<VmoPtr> all_;
  std::array<std::optional<Page>, kSpacePages> pages_;
};

}  // namespace zircon::models
