#include "models/memory_world.h"

#include <sys/uio.h>
#include <unistd.h>
#include <zircon/rights.h>
#include <zircon/syscalls/object.h>

#include <algorithm>
#include <cstring>
#include <iterator>

#include "models/require.h"

namespace zircon::models {
namespace {

constexpr zx_vm_option_t kRead = ZX_VM_PERM_READ;
constexpr zx_vm_option_t kWrite = ZX_VM_PERM_WRITE;
constexpr zx_time_t kPast = ZX_TIME_INFINITE_PAST;

uint64_t RoundUp(uint64_t size) { return (size + kPageSize - 1) / kPageSize * kPageSize; }

// Whether the range is one of the VMO's.
bool Inside(uint64_t offset, uint64_t length, uint64_t size) {
  return offset <= size && length <= size - offset;
}

// As the kernel sees the process's own memory: no signal comes of a bad address.
bool CanRead(uint64_t address, void* to, size_t size) {
  const iovec own = {to, size};
  const iovec there = {reinterpret_cast<void*>(address), size};
  return process_vm_readv(gettid(), &own, 1, &there, 1, 0) == static_cast<ssize_t>(size);
}
bool CanWrite(uint64_t address, const void* from, size_t size) {
  const iovec own = {const_cast<void*>(from), size};
  const iovec there = {reinterpret_cast<void*>(address), size};
  return process_vm_writev(gettid(), &own, 1, &there, 1, 0) == static_cast<ssize_t>(size);
}

}  // namespace

MemoryWorld::MemoryWorld() {
  REQUIRE_STATUS(zx_vmar_allocate(zx_vmar_root_self(),
                                  ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_WRITE | ZX_VM_CAN_MAP_SPECIFIC,
                                  0, kSpacePages * kPageSize, &vmar_, &base_),
                 ZX_OK);
}

MemoryWorld::~MemoryWorld() {
  step.call = "the end";
  REQUIRE_STATUS(zx_vmar_destroy(vmar_), ZX_OK);
  REQUIRE_STATUS(zx_handle_close(vmar_), ZX_OK);
  for (const VmoPtr& vmo : vmos_) REQUIRE_STATUS(zx_handle_close(vmo->handle), ZX_OK);
}

void MemoryWorld::Do(Input& input) {
  using Act = void (MemoryWorld::*)(Input&);
  static constexpr struct {
    const char* call;
    Act act;
  } kActs[] = {
      {"zx_vmo_create", &MemoryWorld::Create},
      {"zx_vmo_create_child", &MemoryWorld::CreateChild},
      {"zx_vmo_create_child", &MemoryWorld::CreateChild},
      {"zx_handle_close", &MemoryWorld::Close},
      {"zx_vmo_read", &MemoryWorld::Read},
      {"zx_vmo_write", &MemoryWorld::Write},
      {"zx_vmo_write", &MemoryWorld::Write},
      {"zx_vmo_set_size", &MemoryWorld::Resize},
      {"zx_vmo_op_range", &MemoryWorld::OpRange},
      {"zx_vmar_map", &MemoryWorld::Map},
      {"zx_vmar_map", &MemoryWorld::Map},
      {"zx_vmar_map", &MemoryWorld::Map},
      {"zx_vmar_unmap", &MemoryWorld::Unmap},
      {"zx_vmar_protect", &MemoryWorld::Protect},
      {"zx_vmar_op_range", &MemoryWorld::OpRangeOfMappings},
      {"a store", &MemoryWorld::Store},
  };
  const auto& chosen = kActs[input.Below(std::size(kActs))];
  ++step.number;
  step.call = chosen.call;
  (this->*chosen.act)(input);
  Compare();
}

// ---- Comparing ----

void MemoryWorld::Compare() {
  // Nobody refers to these any more.
  std::erase_if(all_, [](const VmoPtr& vmo) { return vmo.use_count() == 1; });
  static thread_local char buffer[kMostPages * kPageSize];
  for (const VmoPtr& vmo : vmos_) {
    uint64_t size = 0;
    REQUIRE_STATUS(zx_vmo_get_size(vmo->handle, &size), ZX_OK);
    REQUIRE(size == vmo->size());
    REQUIRE_STATUS(zx_vmo_read(vmo->handle, buffer, 0, size), ZX_OK);
    REQUIRE(size == 0 || std::memcmp(buffer, vmo->at(0), size) == 0);
    zx_info_vmo_t info = {};
    REQUIRE_STATUS(
        zx_object_get_info(vmo->handle, ZX_INFO_VMO, &info, sizeof(info), nullptr, nullptr), ZX_OK);
    REQUIRE(info.num_children == ChildrenOf(*vmo));
    zx_signals_t observed = 0;
    (void)zx_object_wait_one(vmo->handle, 0, kPast, &observed);
    REQUIRE(((observed & ZX_VMO_ZERO_CHILDREN) != 0) == (info.num_children == 0));
  }
  for (uint64_t index = 0; index < kSpacePages; ++index) ComparePage(index);
}

void MemoryWorld::ComparePage(uint64_t index) {
  const std::optional<Page>& page = pages_[index];
  const bool there = page && page->offset + kPageSize <= page->vmo->size();
  const bool readable = there && (page->permissions & kRead) != 0;
  const bool writable = there && (page->permissions & kWrite) != 0;
  char seen[kPageSize];
  REQUIRE(CanRead(AddressOf(index), seen, sizeof(seen)) == readable);
  if (readable) REQUIRE(std::memcmp(seen, page->vmo->at(page->offset), kPageSize) == 0);
  // The same bytes, so that nothing changes.
  const char* const same = there ? page->vmo->at(page->offset) : seen;
  REQUIRE(CanWrite(AddressOf(index), same, 8) == writable);
}

bool MemoryWorld::InUse(const Vmo& vmo) const {
  if (vmo.handle != ZX_HANDLE_INVALID) return true;
  return std::any_of(pages_.begin(), pages_.end(),
                     [&](const auto& page) { return page && page->vmo.get() == &vmo; });
}

uint64_t MemoryWorld::ChildrenOf(const Vmo& vmo) const {
  uint64_t count = 0;
  for (const VmoPtr& one : all_) {
    if (!InUse(*one)) continue;
    const Vmo* parent = one->parent.get();
    while (parent != nullptr && !InUse(*parent)) parent = parent->parent.get();
    if (parent == &vmo) ++count;
  }
  return count;
}

// ---- Parts ----

MemoryWorld::VmoPtr MemoryWorld::PickVmo(Input& input) {
  if (vmos_.empty()) Create(input);
  return vmos_[input.Below(static_cast<uint32_t>(vmos_.size()))];
}

MemoryWorld::Range MemoryWorld::PickRange(Input& input) {
  Range range = {input.Below(kSpacePages), 1 + input.Below(6)};
  if (!input.OneIn(16)) range.count = std::min(range.count, kSpacePages - range.first);
  return range;
}

void MemoryWorld::Add(zx_handle_t handle, Vmo vmo) {
  vmo.handle = handle;
  vmos_.push_back(std::make_shared<Vmo>(std::move(vmo)));
  all_.push_back(vmos_.back());
}

// ---- VMOs ----

void MemoryWorld::Create(Input& input) {
  if (vmos_.size() == kMostVmos) return Close(input);
  const uint64_t size = input.Below(kMostPages * kPageSize + 1);
  const bool resizable = input.OneIn(2);
  zx_handle_t handle = ZX_HANDLE_INVALID;
  REQUIRE_STATUS(zx_vmo_create(size, resizable ? ZX_VMO_RESIZABLE : 0, &handle), ZX_OK);
  Vmo vmo;
  vmo.bytes = std::make_shared<Bytes>(Bytes{std::string(RoundUp(size), '\0'), resizable});
  vmo.may_resize = resizable;
  Add(handle, std::move(vmo));
}

void MemoryWorld::CreateChild(Input& input) {
  const VmoPtr parent = PickVmo(input);
  if (vmos_.size() == kMostVmos) return Close(input);
  constexpr uint32_t kKinds[] = {ZX_VMO_CHILD_SNAPSHOT, ZX_VMO_CHILD_SLICE, ZX_VMO_CHILD_REFERENCE};
  const uint32_t kind = input.Pick(kKinds);
  uint64_t offset = input.Below(kMostPages) * kPageSize + (input.OneIn(16) ? 8 : 0);
  uint64_t size = input.Below(kMostPages * kPageSize + 1);
  uint32_t options = kind;
  const bool resizable = kind != ZX_VMO_CHILD_SLICE && input.OneIn(3);
  const bool read_only = !resizable && input.OneIn(4);
  if (resizable) options |= ZX_VMO_CHILD_RESIZABLE;
  if (read_only) options |= ZX_VMO_CHILD_NO_WRITE;
  if (kind == ZX_VMO_CHILD_REFERENCE && !input.OneIn(16)) offset = size = 0;

  const uint64_t rounded = RoundUp(size);
  zx_status_t expected = ZX_OK;
  if (kind == ZX_VMO_CHILD_REFERENCE && (offset != 0 || size != 0)) {
    expected = ZX_ERR_INVALID_ARGS;
  } else if (offset % kPageSize != 0) {
    expected = ZX_ERR_INVALID_ARGS;
  } else if (kind == ZX_VMO_CHILD_REFERENCE && resizable && !parent->may_resize) {
    expected = ZX_ERR_NOT_SUPPORTED;
  } else if (kind == ZX_VMO_CHILD_SLICE && !Inside(offset, rounded, parent->size())) {
    expected = ZX_ERR_INVALID_ARGS;
  } else if (kind == ZX_VMO_CHILD_SLICE && parent->bytes->resizable) {
    expected = ZX_ERR_NOT_SUPPORTED;
  }
  zx_handle_t handle = ZX_HANDLE_INVALID;
  REQUIRE_STATUS(zx_vmo_create_child(parent->handle, options, offset, size, &handle), expected);
  if (expected != ZX_OK) return;

  Vmo vmo;
  vmo.parent = parent;
  vmo.writable = kind == ZX_VMO_CHILD_SNAPSHOT ? !read_only : parent->writable && !read_only;
  vmo.may_resize = resizable;
  if (kind == ZX_VMO_CHILD_SNAPSHOT) {
    vmo.bytes = std::make_shared<Bytes>(Bytes{std::string(rounded, '\0'), resizable});
    if (offset < parent->size()) {
      std::memcpy(vmo.at(0), parent->at(offset), std::min(rounded, parent->size() - offset));
    }
  } else {
    vmo.bytes = parent->bytes;
    vmo.slice = parent->slice;
    if (kind == ZX_VMO_CHILD_SLICE) vmo.slice = {parent->begin() + offset, rounded};
  }
  Add(handle, std::move(vmo));
}

void MemoryWorld::Close(Input& input) {
  const VmoPtr vmo = PickVmo(input);
  REQUIRE_STATUS(zx_handle_close(vmo->handle), ZX_OK);
  vmo->handle = ZX_HANDLE_INVALID;
  vmos_.erase(std::find(vmos_.begin(), vmos_.end(), vmo));
}

void MemoryWorld::Read(Input& input) {
  const VmoPtr vmo = PickVmo(input);
  const uint64_t offset = input.Below(kMostPages * kPageSize);
  const uint64_t length = input.Below(3 * kPageSize);
  static thread_local char buffer[3 * kPageSize];
  const bool inside = Inside(offset, length, vmo->size());
  REQUIRE_STATUS(zx_vmo_read(vmo->handle, buffer, offset, length),
                 inside ? ZX_OK : ZX_ERR_OUT_OF_RANGE);
  if (inside) REQUIRE(length == 0 || std::memcmp(buffer, vmo->at(offset), length) == 0);
}

void MemoryWorld::Write(Input& input) {
  const VmoPtr vmo = PickVmo(input);
  const uint64_t offset = input.Below(kMostPages * kPageSize);
  const std::string bytes(input.Below(2 * kPageSize), static_cast<char>(input.Next<uint8_t>()));
  zx_status_t expected = ZX_OK;
  if (!vmo->writable) {
    expected = ZX_ERR_ACCESS_DENIED;
  } else if (!Inside(offset, bytes.size(), vmo->size())) {
    expected = ZX_ERR_OUT_OF_RANGE;
  }
  REQUIRE_STATUS(zx_vmo_write(vmo->handle, bytes.data(), offset, bytes.size()), expected);
  if (expected == ZX_OK && !bytes.empty()) {
    std::memcpy(vmo->at(offset), bytes.data(), bytes.size());
  }
}

void MemoryWorld::Resize(Input& input) {
  const VmoPtr vmo = PickVmo(input);
  const uint64_t size = input.Below(kMostPages * kPageSize + 1);
  zx_status_t expected = ZX_OK;
  if (!vmo->writable) {
    expected = ZX_ERR_ACCESS_DENIED;
  } else if (!vmo->may_resize) {
    expected = vmo->bytes->resizable ? ZX_ERR_ACCESS_DENIED : ZX_ERR_UNAVAILABLE;
  }
  REQUIRE_STATUS(zx_vmo_set_size(vmo->handle, size), expected);
  if (expected != ZX_OK) return;
  // What of the last page is behind the size is zero.
  vmo->bytes->content.resize(size, '\0');
  vmo->bytes->content.resize(RoundUp(size), '\0');
}

void MemoryWorld::OpRange(Input& input) {
  const VmoPtr vmo = PickVmo(input);
  constexpr uint32_t kOps[] = {ZX_VMO_OP_COMMIT, ZX_VMO_OP_DECOMMIT, ZX_VMO_OP_ZERO,
                               ZX_VMO_OP_ZERO};
  const uint32_t op = input.Pick(kOps);
  uint64_t offset = input.Below(kMostPages * kPageSize);
  uint64_t length = input.Below(4 * kPageSize);
  if (op == ZX_VMO_OP_DECOMMIT && !input.OneIn(8)) {
    offset = offset / kPageSize * kPageSize;
    length = length / kPageSize * kPageSize;
  }
  zx_status_t expected = ZX_OK;
  if (!vmo->writable) {
    expected = ZX_ERR_ACCESS_DENIED;
  } else if (op == ZX_VMO_OP_DECOMMIT && (offset % kPageSize != 0 || length % kPageSize != 0)) {
    expected = ZX_ERR_INVALID_ARGS;
  } else if (!Inside(offset, length, vmo->size())) {
    expected = ZX_ERR_OUT_OF_RANGE;
  }
  REQUIRE_STATUS(zx_vmo_op_range(vmo->handle, op, offset, length, nullptr, 0), expected);
  if (expected == ZX_OK && op != ZX_VMO_OP_COMMIT && length != 0) {
    std::memset(vmo->at(offset), 0, length);
  }
}

// ---- Mappings ----

void MemoryWorld::Map(Input& input) {
  const VmoPtr vmo = PickVmo(input);
  const Range range = PickRange(input);
  const uint64_t vmo_page = input.Below(kMostPages);
  constexpr zx_vm_option_t kPermissions[] = {0, kRead, kRead | kWrite, kRead | kWrite, kWrite};
  const zx_vm_option_t permissions = input.Pick(kPermissions);
  const bool overwrite = input.OneIn(3);
  const bool anywhere = !overwrite && input.OneIn(4);
  zx_vm_option_t options = permissions;
  if (overwrite) {
    options |= ZX_VM_SPECIFIC_OVERWRITE;
  } else if (!anywhere) {
    options |= ZX_VM_SPECIFIC;
    if (input.OneIn(4)) options |= ZX_VM_MAP_RANGE;
  }
  // Where it goes by itself: the lowest place.
  uint64_t first = range.first;
  bool busy = false;
  const auto is_busy = [&](uint64_t from) {
    for (uint64_t i = from; i < std::min(from + range.count, kSpacePages); ++i) {
      if (pages_[i]) return true;
    }
    return false;
  };
  if (anywhere) {
    for (first = 0; first + range.count <= kSpacePages && is_busy(first);) ++first;
  } else {
    busy = is_busy(first);
  }
  const bool fits = first + range.count <= kSpacePages;
  zx_status_t expected = ZX_OK;
  if (permissions == kWrite) {
    expected = ZX_ERR_INVALID_ARGS;
  } else if ((permissions & kWrite) != 0 && !vmo->writable) {
    expected = ZX_ERR_ACCESS_DENIED;
  } else if (!fits) {
    expected = anywhere ? ZX_ERR_NO_RESOURCES : ZX_ERR_INVALID_ARGS;
  } else if (busy && !overwrite) {
    expected = ZX_ERR_ALREADY_EXISTS;
  }
  zx_vaddr_t mapped = 0;
  REQUIRE_STATUS(zx_vmar_map(vmar_, options, anywhere ? 0 : first * kPageSize, vmo->handle,
                             vmo_page * kPageSize, range.count * kPageSize, &mapped),
                 expected);
  if (expected != ZX_OK) return;
  REQUIRE(mapped == AddressOf(first));
  for (uint64_t i = 0; i < range.count; ++i) {
    pages_[first + i] = Page{vmo, (vmo_page + i) * kPageSize, permissions};
  }
}

void MemoryWorld::Unmap(Input& input) {
  const Range range = PickRange(input);
  REQUIRE_STATUS(zx_vmar_unmap(vmar_, AddressOf(range.first), range.count * kPageSize),
                 range.inside() ? ZX_OK : ZX_ERR_INVALID_ARGS);
  if (!range.inside()) return;
  for (uint64_t i = 0; i < range.count; ++i) pages_[range.first + i].reset();
}

void MemoryWorld::Protect(Input& input) {
  const Range range = PickRange(input);
  constexpr zx_vm_option_t kPermissions[] = {0, kRead, kRead | kWrite};
  const zx_vm_option_t permissions = input.Pick(kPermissions);
  zx_status_t expected = range.inside() ? ZX_OK : ZX_ERR_INVALID_ARGS;
  for (uint64_t i = 0; i < range.count && expected == ZX_OK; ++i) {
    if (!pages_[range.first + i]) expected = ZX_ERR_NOT_FOUND;
  }
  for (uint64_t i = 0; i < range.count && expected == ZX_OK; ++i) {
    const Page& page = *pages_[range.first + i];
    if ((permissions & kWrite) != 0 && !page.vmo->writable) expected = ZX_ERR_ACCESS_DENIED;
  }
  REQUIRE_STATUS(
      zx_vmar_protect(vmar_, permissions, AddressOf(range.first), range.count * kPageSize),
      expected);
  if (expected != ZX_OK) return;
  for (uint64_t i = 0; i < range.count; ++i) pages_[range.first + i]->permissions = permissions;
}

void MemoryWorld::OpRangeOfMappings(Input& input) {
  const Range range = PickRange(input);
  constexpr uint32_t kOps[] = {ZX_VMAR_OP_COMMIT, ZX_VMAR_OP_DECOMMIT, ZX_VMAR_OP_ZERO,
                               ZX_VMAR_OP_MAP_RANGE};
  const uint32_t op = input.Pick(kOps);
  zx_status_t expected = range.inside() ? ZX_OK : ZX_ERR_OUT_OF_RANGE;
  for (uint64_t i = 0; i < range.count && expected == ZX_OK; ++i) {
    if (!pages_[range.first + i]) expected = ZX_ERR_BAD_STATE;
  }
  if (op != ZX_VMAR_OP_MAP_RANGE) {
    for (uint64_t i = 0; i < range.count && expected == ZX_OK; ++i) {
      const Page& page = *pages_[range.first + i];
      const bool may =
          op == ZX_VMAR_OP_DECOMMIT ? page.vmo->writable : (page.permissions & kWrite) != 0;
      if (!may) expected = ZX_ERR_ACCESS_DENIED;
    }
    for (uint64_t i = 0; i < range.count && expected == ZX_OK; ++i) {
      const Page& page = *pages_[range.first + i];
      if (page.offset + kPageSize > page.vmo->size()) expected = ZX_ERR_OUT_OF_RANGE;
    }
  }
  REQUIRE_STATUS(
      zx_vmar_op_range(vmar_, op, AddressOf(range.first), range.count * kPageSize, nullptr, 0),
      expected);
  if (expected != ZX_OK || op == ZX_VMAR_OP_COMMIT || op == ZX_VMAR_OP_MAP_RANGE) return;
  for (uint64_t i = 0; i < range.count; ++i) {
    const Page& page = *pages_[range.first + i];
    std::memset(page.vmo->at(page.offset), 0, kPageSize);
  }
}

void MemoryWorld::Store(Input& input) {
  const uint64_t index = input.Below(kSpacePages);
  const uint64_t offset = input.Below(kPageSize - 7);
  const auto value = input.Next<uint64_t>();
  const std::optional<Page>& page = pages_[index];
  if (!page || (page->permissions & kWrite) == 0) return;
  if (page->offset + kPageSize > page->vmo->size()) return;
  std::memcpy(reinterpret_cast<void*>(AddressOf(index) + offset), &value, sizeof(value));
  std::memcpy(page->vmo->at(page->offset + offset), &value, sizeof(value));
}

}  // namespace zircon::models
