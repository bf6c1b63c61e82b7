// Child VMARs and ranges of this process: real mappings, real reservations. Rows: VMAR-CHILD,
// VMAR-ALLOC, VMAR-OP.

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zircon/syscalls.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "contract.h"
#include "fake/memory_shortage.h"
#include "objects/host_gap.h"
#include "sanitizers.h"
#include "unit/free_range.h"
#include "unit/process_memory.h"

namespace zircon::objects {
namespace {

constexpr uint32_t kRead = ZX_VM_PERM_READ;
constexpr uint32_t kReadWrite = ZX_VM_PERM_READ | ZX_VM_PERM_WRITE;
constexpr uint32_t kCanAll =
    ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_WRITE | ZX_VM_CAN_MAP_EXECUTE | ZX_VM_CAN_MAP_SPECIFIC;

class ProcessVmarChildren : public testing::Test {
 protected:
  void SetUp() override {
    root_ = zx_vmar_root_self();
    ASSERT_EQ(zx_object_get_info(root_, ZX_INFO_VMAR, &info_, sizeof(info_), nullptr, nullptr),
              ZX_OK);
    ASSERT_EQ(zx_vmo_create(16 * kPage, 0, &vmo_), ZX_OK);
    for (uint64_t page = 0; page < 16; ++page) {
      const auto number = static_cast<uint8_t>(page + 1);
      ASSERT_EQ(zx_vmo_write(vmo_, &number, page * kPage, 1), ZX_OK);
    }
  }
  void TearDown() override {
    for (zx_handle_t child : children_) {
      static_cast<void>(zx_vmar_destroy(child));
      zx_handle_close(child);
    }
    zx_handle_close(vmo_);
  }
  zx_status_t TryAllocate(zx_handle_t parent, uint32_t options, uint64_t offset, uint64_t size,
                          zx_handle_t* child, zx_vaddr_t* address) {
    const zx_status_t status = zx_vmar_allocate(parent, options, offset, size, child, address);
    if (status == ZX_OK) children_.push_back(*child);
    return status;
  }
  zx_handle_t Allocate(zx_handle_t parent, uint64_t pages, zx_vaddr_t* address,
                       uint32_t options = kCanAll, uint64_t offset = 0) {
    zx_handle_t child = ZX_HANDLE_INVALID;
    EXPECT_EQ(TryAllocate(parent, options, offset, pages * kPage, &child, address), ZX_OK);
    return child;
  }
  zx_status_t MapIn(zx_handle_t vmar, uint64_t page, uint64_t pages, uint32_t options = kReadWrite,
                    uint64_t vmo_page = 0, uint32_t specific = ZX_VM_SPECIFIC) {
    zx_vaddr_t address = 0;
    return zx_vmar_map(vmar, options | specific, page * kPage, vmo_, vmo_page * kPage,
                       pages * kPage, &address);
  }

  zx_handle_t root_ = ZX_HANDLE_INVALID;
  zx_handle_t vmo_ = ZX_HANDLE_INVALID;
  zx_info_vmar_t info_{};
  std::vector<zx_handle_t> children_;
  Pipe pipe_;
};

TEST_F(ProcessVmarChildren, ARangeThatNobodyElseGets) {
  Shows("VMAR-CHILD-1 VMAR-CHILD-4 VMAR-ALLOC-13");
  zx_vaddr_t base = 0;
  const zx_handle_t child = Allocate(root_, 8, &base);
  EXPECT_EQ(base % kPage, 0u);
  for (uint64_t page = 0; page < 8; ++page) {
    EXPECT_TRUE(IsMapped(base + page * kPage));
    EXPECT_FALSE(pipe_.CanRead(base + page * kPage));
  }
  // Not by a hint, nor by another child or mapping of the root.
  void* const hinted =
      mmap(reinterpret_cast<void*>(base), kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  EXPECT_NE(reinterpret_cast<zx_vaddr_t>(hinted), base);
  munmap(hinted, kPage);
  zx_handle_t other = ZX_HANDLE_INVALID;
  zx_vaddr_t address = 0;
  EXPECT_EQ(
      TryAllocate(root_, kCanAll | ZX_VM_SPECIFIC, base - info_.base, kPage, &other, &address),
      ZX_ERR_ALREADY_EXISTS);
  EXPECT_EQ(MapIn(root_, (base - info_.base) / kPage, 1), ZX_ERR_ALREADY_EXISTS);
  // Mapped, unmapped: the range stays whole.
  ASSERT_EQ(MapIn(child, 2, 3, kReadWrite, 4), ZX_OK);
  EXPECT_EQ(*At(base + 2 * kPage), 5);
  *At(base + 3 * kPage) = 77;
  uint8_t byte = 0;
  EXPECT_EQ(zx_vmo_read(vmo_, &byte, 5 * kPage, 1), ZX_OK);
  EXPECT_EQ(byte, 77);
  EXPECT_EQ(zx_vmar_unmap(child, base + 3 * kPage, 5 * kPage), ZX_OK);
  EXPECT_EQ(*At(base + 2 * kPage), 5);
  for (uint64_t page = 3; page < 8; ++page) {
    EXPECT_TRUE(IsMapped(base + page * kPage));
    EXPECT_FALSE(pipe_.CanRead(base + page * kPage));
  }
  EXPECT_EQ(zx_vmar_destroy(child), ZX_OK);
  for (uint64_t page = 0; page < 8; ++page) EXPECT_FALSE(IsMapped(base + page * kPage));
}

TEST_F(ProcessVmarChildren, SpecificMeetsHostMemory) {
  Shows("VMAR-ALLOC-10 VMAR-ROOT-4");
  const zx_vaddr_t range = FreeRange(4 * kPage);
  zx_vaddr_t base = 0;
  zx_handle_t child = ZX_HANDLE_INVALID;
  {
    HostPage host(range + 2 * kPage);
    EXPECT_EQ(
        TryAllocate(root_, kCanAll | ZX_VM_SPECIFIC, range - info_.base, 4 * kPage, &child, &base),
        ZX_ERR_ALREADY_EXISTS);
    EXPECT_FALSE(IsMapped(range));
    host.ExpectUntouched();
  }
  child = Allocate(root_, 4, &base, kCanAll | ZX_VM_SPECIFIC, range - info_.base);
  EXPECT_EQ(base, range);
}

TEST_F(ProcessVmarChildren, ChildrenOfChildren) {
  Shows("VMAR-CHILD-2 VMAR-CHILD-3 VMAR-UNMAP-6 VMAR-UNMAP-8 VMAR-DESTROY-4 VMAR-MAP-34");
  zx_vaddr_t base = 0;
  zx_vaddr_t inner_base = 0;
  const zx_handle_t child = Allocate(root_, 8, &base);
  const zx_handle_t inner = Allocate(child, 4, &inner_base, kCanAll | ZX_VM_SPECIFIC, 2 * kPage);
  EXPECT_EQ(inner_base, base + 2 * kPage);
  ASSERT_EQ(MapIn(child, 0, 2, kReadWrite, 0), ZX_OK);
  ASSERT_EQ(MapIn(inner, 1, 2, kReadWrite, 8), ZX_OK);
  EXPECT_EQ(*At(base + 3 * kPage), 9);
  // Around it: overwriting is refused, unmapping a part too; protecting finds the hole in it.
  EXPECT_EQ(MapIn(child, 1, 2, kRead, 0, ZX_VM_SPECIFIC_OVERWRITE), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(zx_vmar_protect(child, kRead, base + kPage, 2 * kPage), ZX_ERR_NOT_FOUND);
  EXPECT_EQ(zx_vmar_unmap(child, base, 4 * kPage), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(*At(base), 1);
  // Without SPECIFIC: the lowest free page.
  zx_vaddr_t address = 0;
  ASSERT_EQ(zx_vmar_map(child, kRead, 0, vmo_, 12 * kPage, kPage, &address), ZX_OK);
  EXPECT_EQ(address, base + 6 * kPage);
  // Overwritten inside.
  ASSERT_EQ(MapIn(inner, 0, 2, kRead, 3, ZX_VM_SPECIFIC_OVERWRITE), ZX_OK);
  EXPECT_EQ(*At(base + 3 * kPage), 5);
  EXPECT_FALSE(pipe_.CanWrite(base + 3 * kPage));
  EXPECT_TRUE(pipe_.CanWrite(base + 4 * kPage));
  // As a whole it goes.
  EXPECT_EQ(zx_vmar_unmap(child, base + kPage, 5 * kPage), ZX_OK);
  EXPECT_EQ(zx_vmar_destroy(inner), ZX_ERR_BAD_STATE);
  EXPECT_EQ(*At(base), 1);
  EXPECT_FALSE(pipe_.CanRead(base + 3 * kPage));
  EXPECT_TRUE(IsMapped(base + 3 * kPage));
  ASSERT_EQ(MapIn(child, 1, 5, kRead, 0), ZX_OK);
  // The root's unmap takes all of it.
  const zx_status_t unmapped = zx_vmar_unmap(root_, base - kPage, 10 * kPage);
  // At once: the place is free, and an allocator, a sanitizer's for one, may take it.
  const bool still_mapped = IsMapped(base);
  EXPECT_EQ(unmapped, ZX_OK);
  EXPECT_FALSE(still_mapped);
  EXPECT_EQ(zx_vmar_destroy(child), ZX_ERR_BAD_STATE);
}

// What the kernel finds above the limit is not kept.
TEST_F(ProcessVmarChildren, APlaceBelowALimitCostsNoOther) {
  const auto lines = [] {
    std::ifstream maps("/proc/self/maps");
    return std::count(std::istreambuf_iterator<char>(maps), {}, '\n');
  };
  constexpr size_t kLimit = size_t{1} << 32;
  const auto once = [&] {
    zx_vaddr_t address = 0;
    EXPECT_EQ(
        zx_vmar_map(root_, kRead | ZX_VM_OFFSET_IS_UPPER_LIMIT, kLimit, vmo_, 0, kPage, &address),
        ZX_OK);
    EXPECT_LT(address, kLimit + info_.base);
    EXPECT_EQ(zx_vmar_unmap(root_, address, kPage), ZX_OK);
  };
  once();
  // Each a hole's width from the next, so that they would not join.
  const auto before = lines();
  std::vector<void*> apart;
  for (int i = 0; i < 8; ++i) {
    once();
    apart.push_back(mmap(nullptr, kPage, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  }
  for (void* page : apart) munmap(page, kPage);
  EXPECT_LE(lines(), before + 4);
}

// A program that unmaps a mapping of ours by itself, and gets its place again.
TEST_F(ProcessVmarChildren, APlaceThatTheProgramHasUnmappedIsForgotten) {
  bool met = false;
  for (int i = 0; i < 10 && !met; ++i) {
    zx_handle_t lost = ZX_HANDLE_INVALID;
    ASSERT_EQ(zx_vmo_create(kPage, 0, &lost), ZX_OK);
    zx_vaddr_t first = 0;
    ASSERT_EQ(zx_vmar_map(root_, kRead, 0, lost, 0, kPage, &first), ZX_OK);
    ASSERT_EQ(munmap(reinterpret_cast<void*>(first), kPage), 0);
    zx_vaddr_t second = 0;
    const zx_handle_t child = Allocate(root_, 1, &second);
    met = first == second;
    if (met) {
      zx_info_vmo_t info{};
      EXPECT_EQ(zx_object_get_info(lost, ZX_INFO_VMO, &info, sizeof(info), nullptr, nullptr),
                ZX_OK);
      EXPECT_EQ(info.num_mappings, 0u);
    }
    EXPECT_EQ(zx_vmar_destroy(child), ZX_OK);
    zx_handle_close(child);
    if (!met) (void)zx_vmar_unmap(root_, first, kPage);
    zx_handle_close(lost);
  }
  EXPECT_TRUE(met);
}

TEST_F(ProcessVmarChildren, AlignmentInTheRoot) {
  Shows("VMAR-MAP-30 VMAR-ALLOC-14");
  for (uint32_t shift = 12; shift <= 32; ++shift) {
    const uint64_t alignment = uint64_t{1} << shift;
    zx_vaddr_t address = 0;
    ASSERT_EQ(
        zx_vmar_map(root_, kRead | shift << ZX_VM_ALIGN_BASE, 0, vmo_, 0, 3 * kPage, &address),
        ZX_OK);
    EXPECT_EQ(address % alignment, 0u) << shift;
    EXPECT_EQ(*At(address + kPage), 2);
    // What was looked at for the alignment is free again.
    EXPECT_FALSE(IsMapped(address + 3 * kPage) && IsMapped(address - kPage)) << shift;
    EXPECT_EQ(zx_vmar_unmap(root_, address, 3 * kPage), ZX_OK);
  }
  zx_vaddr_t base = 0;
  Allocate(root_, 2, &base, kCanAll | ZX_VM_ALIGN_2MB);
  EXPECT_EQ(base % (2 << 20), 0u);
}

TEST_F(ProcessVmarChildren, UpperLimitInTheRoot) {
  Shows("VMAR-MAP-29 VMAR-ALLOC-14");
  // Far below where the kernel goes by itself, above a place that is taken.
  const zx_vaddr_t range = FreeRange(64 * kPage);
  HostPage host(range + 10 * kPage);
  const uint32_t limited = ZX_VM_OFFSET_IS_UPPER_LIMIT;
  const uint64_t limit = range + 12 * kPage - info_.base;
  zx_vaddr_t address = 0;
  ASSERT_EQ(zx_vmar_map(root_, kRead | limited, limit, vmo_, 0, kPage, &address), ZX_OK);
  EXPECT_EQ(address, range + 11 * kPage);
  zx_vaddr_t next = 0;
  ASSERT_EQ(zx_vmar_map(root_, kRead | limited, limit, vmo_, 0, 2 * kPage, &next), ZX_OK);
  EXPECT_EQ(next, range + 8 * kPage);
  zx_vaddr_t base = 0;
  Allocate(root_, 4, &base, kCanAll | limited | ZX_VM_ALIGN_16KB, limit);
  EXPECT_EQ(base, range + 4 * kPage);
  host.ExpectUntouched();
  // Where the kernel goes by itself it is left to the kernel.
  ASSERT_EQ(zx_vmar_map(root_, kRead | limited, info_.len, vmo_, 0, kPage, &address), ZX_OK);
  EXPECT_EQ(zx_vmar_unmap(root_, address, kPage), ZX_OK);
  // Below the lowest page there is nothing.
  EXPECT_EQ(zx_vmar_map(root_, kRead | limited, 0, vmo_, 0, kPage, &address), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(zx_vmar_unmap(root_, range, 64 * kPage), ZX_OK);
  EXPECT_FALSE(IsMapped(range + 11 * kPage));
}

TEST_F(ProcessVmarChildren, NoRoomBelowALimit) {
  Shows("VMAR-MAP-18 VMAR-MAP-29");
  // All below the limit is taken.
  zx_vaddr_t base = 0;
  const uint64_t size = uint64_t{1} << 20;
  zx_handle_t child = ZX_HANDLE_INVALID;
  ASSERT_EQ(TryAllocate(root_, kCanAll | ZX_VM_SPECIFIC, 0, size, &child, &base), ZX_OK);
  zx_vaddr_t address = 0;
  EXPECT_EQ(zx_vmar_map(root_, kRead | ZX_VM_OFFSET_IS_UPPER_LIMIT, size, vmo_, 0, kPage, &address),
            ZX_ERR_NO_RESOURCES);
}

TEST(HostGap, TakesTheHighest) {
  const zx_vaddr_t range = FreeRange(64 * kPage);
  HostPage low(range + 4 * kPage);
  HostPage high(range + 20 * kPage);
  const auto find = [&](uint64_t from, uint64_t to, uint64_t pages, uint64_t alignment = 1) {
    uint64_t found = 0;
    const zx_status_t status = ReserveHostGap(range + from * kPage, range + to * kPage,
                                              pages * kPage, alignment * kPage, &found);
    if (status != ZX_OK) {
      EXPECT_EQ(status, ZX_ERR_NO_RESOURCES);
      return uint64_t{999};
    }
    for (uint64_t page = 0; page < pages; ++page) EXPECT_TRUE(IsMapped(found + page * kPage));
    EXPECT_EQ(munmap(reinterpret_cast<void*>(found), pages * kPage), 0);
    return (found - range) / kPage;
  };
  EXPECT_EQ(find(0, 30, 9), 21u);
  EXPECT_EQ(find(0, 30, 10), 10u);
  EXPECT_EQ(find(0, 30, 15), 5u);
  EXPECT_EQ(find(0, 30, 16), 999u);
  EXPECT_EQ(find(0, 20, 15), 5u);
  EXPECT_EQ(find(0, 5, 4), 0u);
  EXPECT_EQ(find(1, 5, 4), 999u);
  EXPECT_EQ(find(0, 20, 4, 8), 16u);
  EXPECT_EQ(find(0, 20, 5, 8), 8u);
  EXPECT_EQ(find(4, 5, 1), 999u);
}

TEST_F(ProcessVmarChildren, AForkedChildHasNoReservations) {
  Shows("HANDLE-FORK-3 VMAR-CHILD-9");
  zx_vaddr_t base = 0;
  const zx_handle_t child = Allocate(root_, 4, &base);
  ASSERT_EQ(MapIn(child, 1, 2), ZX_OK);
  ASSERT_EQ(zx_vmar_unmap(child, base + kPage, kPage), ZX_OK);
  const pid_t pid = fork();
  if (pid == 0) {
    for (uint64_t page = 0; page < 4; ++page) {
      if (IsMapped(base + page * kPage)) _exit(1);
    }
    _exit(zx_vmar_destroy(child) == ZX_ERR_BAD_STATE ? 0 : 2);
  }
  int status = -1;
  ASSERT_EQ(waitpid(pid, &status, 0), pid);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(*At(base + 2 * kPage), 2);
}

// ---- Ranges ----

TEST_F(ProcessVmarChildren, MapRangeBringsInWhatExists) {
  Shows("VMAR-MAP-33 VMAR-OP-14");
  if (madvise(nullptr, 0, /*MADV_POPULATE_READ=*/22) != 0) {
    GTEST_SKIP() << "this kernel cannot populate a mapping";
  }
  zx_handle_t sparse = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_vmo_create(8 * kPage, 0, &sparse), ZX_OK);
  const uint8_t byte = 1;
  for (uint64_t page : {1, 2, 5}) {
    ASSERT_EQ(zx_vmo_write(sparse, &byte, page * kPage, 1), ZX_OK);
  }
  const auto present = [](zx_vaddr_t address) {
    std::string text;
    for (uint64_t page = 0; page < 8; ++page) {
      text += IsPresent(address + page * kPage) ? 'p' : '.';
    }
    return text;
  };
  zx_vaddr_t plain = 0;
  ASSERT_EQ(zx_vmar_map(root_, kReadWrite, 0, sparse, 0, 8 * kPage, &plain), ZX_OK);
  EXPECT_EQ(present(plain), "........");
  zx_vaddr_t populated = 0;
  ASSERT_EQ(zx_vmar_map(root_, kReadWrite | ZX_VM_MAP_RANGE, 0, sparse, 0, 8 * kPage, &populated),
            ZX_OK);
  EXPECT_EQ(present(populated), ".pp..p..");
  EXPECT_EQ(zx_vmar_op_range(root_, ZX_VMAR_OP_MAP_RANGE, plain + 2 * kPage, 6 * kPage, nullptr, 0),
            ZX_OK);
  // The kernel may add neighbours that exist.
  EXPECT_EQ(present(plain).substr(2), "p..p..");
  EXPECT_EQ(zx_vmar_unmap(root_, populated, 8 * kPage), ZX_OK);
  // Beyond the end, and where nothing is permitted.
  EXPECT_EQ(zx_vmar_protect(root_, 0, plain, 8 * kPage), ZX_OK);
  EXPECT_EQ(zx_vmar_op_range(root_, ZX_VMAR_OP_MAP_RANGE, plain, 8 * kPage, nullptr, 0), ZX_OK);
  EXPECT_EQ(zx_vmar_unmap(root_, plain, 8 * kPage), ZX_OK);
  ASSERT_EQ(zx_vmar_map(root_, kRead | ZX_VM_MAP_RANGE, 0, sparse, 5 * kPage, 8 * kPage, &plain),
            ZX_OK);
  EXPECT_EQ(present(plain), "p.......");
  EXPECT_EQ(zx_vmar_unmap(root_, plain, 8 * kPage), ZX_OK);
  zx_handle_close(sparse);
}

TEST_F(ProcessVmarChildren, ZeroIsSeenEverywhere) {
  Shows("VMAR-OP-12 VMAR-OP-13 VMAR-OP-16");
  zx_vaddr_t base = 0;
  zx_vaddr_t other = 0;
  const zx_handle_t child = Allocate(root_, 4, &base);
  ASSERT_EQ(MapIn(child, 0, 4, kReadWrite, 2), ZX_OK);
  ASSERT_EQ(zx_vmar_map(root_, kRead, 0, vmo_, 0, 8 * kPage, &other), ZX_OK);
  EXPECT_EQ(*At(other + 3 * kPage), 4);
  EXPECT_EQ(zx_vmar_op_range(root_, ZX_VMAR_OP_ZERO, base + kPage, kPage, nullptr, 0), ZX_OK);
  EXPECT_EQ(*At(base + kPage), 0);
  EXPECT_EQ(*At(other + 3 * kPage), 0);
  EXPECT_EQ(*At(other + 4 * kPage), 5);
  EXPECT_EQ(zx_vmar_op_range(child, ZX_VMAR_OP_DECOMMIT, base + 2 * kPage, kPage, nullptr, 0),
            ZX_OK);
  EXPECT_EQ(*At(other + 4 * kPage), 0);
  EXPECT_EQ(zx_vmar_op_range(child, ZX_VMAR_OP_COMMIT, base, 4 * kPage, nullptr, 0), ZX_OK);
  EXPECT_EQ(*At(base), 3);
  EXPECT_EQ(zx_vmar_unmap(root_, other, 8 * kPage), ZX_OK);
}

// Wherever memory ends, the place is free again.
TEST_F(ProcessVmarChildren, AChildThatCannotBeMadeLeavesItsPlace) {
  Shows("VMAR-ALLOC-12 CALL-6");
  const zx_vaddr_t range = FreeRange(4 * kPage);
  zx_handle_t child = ZX_HANDLE_INVALID;
  zx_vaddr_t address = 0;
  zx_status_t status = ZX_ERR_NO_MEMORY;
  for (int allocations = 0; status != ZX_OK; ++allocations) {
    std::optional<fake::MemoryShortage> shortage;
    {
      const auto begin = [&shortage] { shortage.emplace(); };
      const fake::AtAllocation hook(allocations, begin);
      status = zx_vmar_allocate(root_, kCanAll | ZX_VM_SPECIFIC, range - info_.base, 4 * kPage,
                                &child, &address);
      shortage.reset();
    }
    if (status == ZX_OK) break;
    ASSERT_EQ(status, ZX_ERR_NO_MEMORY);
    for (uint64_t page = 0; page < 4; ++page) {
      ASSERT_FALSE(IsMapped(range + page * kPage)) << allocations;
    }
  }
  children_.push_back(child);
  EXPECT_EQ(address, range);
}

TEST_F(ProcessVmarChildren, ALargeOneGoesAlsoWhereNoLargePageFits) {
  Shows("VMAR-MAP-29 VMAR-ALLOC-14");
  constexpr uint64_t kLarge = uint64_t{2} << 20;
  SKIP_UNDER_THREAD_SANITIZER("it has its own idea of the lowest addresses");
  // The lowest two megabytes of all, which begin in the middle of a large page.
  const uint64_t limit = kLarge + 2 * kPage;
  zx_handle_t vmo = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_vmo_create(kLarge, 0, &vmo), ZX_OK);
  zx_vaddr_t address = 0;
  const uint32_t limited = ZX_VM_OFFSET_IS_UPPER_LIMIT;
  ASSERT_EQ(zx_vmar_map(root_, kRead | limited, limit, vmo, 0, kLarge, &address), ZX_OK);
  EXPECT_LE(address + kLarge, info_.base + limit);
  EXPECT_NE(address % kLarge, 0u);
  EXPECT_EQ(zx_vmar_unmap(root_, address, kLarge), ZX_OK);
  zx_handle_close(vmo);
}

}  // namespace
}  // namespace zircon::objects
