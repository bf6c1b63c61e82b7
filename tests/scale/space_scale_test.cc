// What one more trap, mapping or VMAR costs when there are very many: about what it costs when
// there are few, in instructions. Rows: those of docs/SPECIFICATION.md on scale.

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <zircon/syscalls.h>

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <random>
#include <vector>

#include "fake/machine.h"
#include "objects/host_gap.h"
#include "sanitizers.h"
#include "scale/expect_flat.h"
#include "unit/free_range.h"
#include "unit/vmo_handles.h"

#if !defined(TESTS_SANITIZED)
namespace zircon {
namespace {

using fake::DefaultHost;
using fake::HostModel;
using fake::Machine;

constexpr uint64_t kPage = 4096;
constexpr uint64_t kBase = uint64_t{1} << 32;
constexpr zx_vm_option_t kReadWrite = ZX_VM_PERM_READ | ZX_VM_PERM_WRITE;

HostModel HostWithManySlots() {
  HostModel host = DefaultHost();
  host.capabilities[KVM_CAP_NR_MEMSLOTS] = 32764;
  return host;
}

// 0 to count - 1 in an order that is neither.
std::vector<uint64_t> Shuffled(uint64_t count) {
  std::vector<uint64_t> order(count);
  std::iota(order.begin(), order.end(), 0);
  std::shuffle(order.begin(), order.end(), std::mt19937_64(1));
  return order;
}

class SpaceScale : public testing::Test {
 protected:
  SpaceScale() { EXPECT_EQ(machine_.status(), ZX_OK); }
  ~SpaceScale() override { zx_handle_close(vmo_); }

  void MapAt(zx_gpaddr_t gpa, uint64_t page, uint64_t pages = 1) {
    zx_gpaddr_t at = 0;
    ASSERT_EQ(zx_vmar_map(machine_.vmar, kReadWrite | ZX_VM_SPECIFIC, gpa, vmo_, page * kPage,
                          pages * kPage, &at),
              ZX_OK);
  }
  zx_gpaddr_t MapAnywhere(zx_handle_t vmar, uint64_t page, uint64_t pages = 1) {
    zx_gpaddr_t at = 0;
    EXPECT_EQ(zx_vmar_map(vmar, kReadWrite, 0, vmo_, page * kPage, pages * kPage, &at), ZX_OK);
    return at;
  }

  Machine machine_{HostWithManySlots()};
  zx_handle_t vmo_ = objects::CreateVmo(100'000 * kPage);
};

TEST_F(SpaceScale, IoTraps) {
  const std::vector<uint64_t> ports = Shuffled(0xFFFF);
  ExpectFlat("set_trap on I/O", ports.size(), [&](uint64_t i) {
    ASSERT_EQ(machine_.TrapIo(static_cast<uint16_t>(ports[i]), 1), ZX_OK);
  });
}

TEST_F(SpaceScale, MemoryTraps) {
  const std::vector<uint64_t> pages = Shuffled(100'000);
  ExpectFlat("set_trap on memory", pages.size(), [&](uint64_t i) {
    ASSERT_EQ(machine_.TrapMemory(kBase + pages[i] * kPage, kPage), ZX_OK);
  });
}

// Each with a slot of its own.
TEST_F(SpaceScale, MappingsApart) {
  const std::vector<uint64_t> places = Shuffled(30'000);
  ExpectFlat("vmar_map in a guest, apart", places.size(),
             [&](uint64_t i) { MapAt(kBase + places[i] * 2 * kPage, places[i]); });
}

// All of them one slot in the end; each at the lowest place that is free.
TEST_F(SpaceScale, MappingsThatContinueEachOther) {
  ExpectFlat("vmar_map in a guest, continuing each other", 30'000,
             [&](uint64_t i) { MapAnywhere(machine_.vmar, i); });
}

TEST_F(SpaceScale, UnmapAndProtectOfOneOfMany) {
  uint64_t mapped = 0;
  ExpectFlat("vmar_protect, unmap and map among others", 15'000, [&](uint64_t i) {
    for (; mapped < i + 64; ++mapped) MapAt(kBase + mapped * 2 * kPage, mapped);
    const uint64_t at = kBase + i * 2 * kPage;
    ASSERT_EQ(zx_vmar_protect(machine_.vmar, ZX_VM_PERM_READ, at, kPage), ZX_OK);
    ASSERT_EQ(zx_vmar_unmap(machine_.vmar, at, kPage), ZX_OK);
    MapAt(at, i);
  });
}

// Where every hole below is too small.
TEST_F(SpaceScale, APlaceBehindManyHoles) {
  uint64_t holes = 0;
  ExpectFlat("vmar_map where all holes before are too small", 30'000, [&](uint64_t i) {
    for (; holes < i; ++holes) MapAt(Machine::kMemorySize + (holes * 2 + 1) * kPage, holes);
    const zx_gpaddr_t at = MapAnywhere(machine_.vmar, 0, 2);
    ASSERT_EQ(zx_vmar_unmap(machine_.vmar, at, 2 * kPage), ZX_OK);
  });
}

// Of a child's address space: what is there first, and the hole behind that, is as long as it
// likes.
TEST_F(SpaceScale, APlaceBehindLongThings) {
  constexpr zx_vm_option_t kCan = ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_WRITE | ZX_VM_CAN_MAP_SPECIFIC;
  const auto cost_behind = [&](uint64_t pages) {
    zx_handle_t child = ZX_HANDLE_INVALID;
    zx_vaddr_t base = 0;
    EXPECT_EQ(zx_vmar_allocate(machine_.vmar, kCan, 0, 200'000 * kPage, &child, &base), ZX_OK);
    zx_gpaddr_t at = 0;
    for (const uint64_t first : {uint64_t{0}, 2 * pages}) {
      EXPECT_EQ(zx_vmar_map(child, kReadWrite | ZX_VM_SPECIFIC, first * kPage, vmo_, 0,
                            pages * kPage, &at),
                ZX_OK);
    }
    const uint64_t cost = InstructionsOf([&] { at = MapAnywhere(child, 0, pages + 1); });
    EXPECT_EQ(at, base + 3 * pages * kPage);
    EXPECT_EQ(zx_vmar_destroy(child), ZX_OK);
    zx_handle_close(child);
    return cost;
  };
  const uint64_t few = cost_behind(2);
  const uint64_t lots = cost_behind(40'000);
  ExpectFlat("vmar_map behind mappings of so many pages", {2, few}, {40'000, lots});
}

TEST_F(SpaceScale, Children) {
  std::vector<zx_handle_t> children;
  ExpectFlat("vmar_allocate", 30'000, [&](uint64_t) {
    zx_handle_t child = ZX_HANDLE_INVALID;
    zx_vaddr_t base = 0;
    ASSERT_EQ(zx_vmar_allocate(machine_.vmar, ZX_VM_CAN_MAP_READ, 0, kPage, &child, &base), ZX_OK);
    children.push_back(child);
  });
  zx_handle_close_many(children.data(), children.size());
}

// One VMO that changes its size among mappings of others.
TEST_F(SpaceScale, ResizeAmongMany) {
  const zx_handle_t resizable = objects::CreateVmo(kPage, ZX_VMO_RESIZABLE);
  zx_gpaddr_t at = 0;
  ASSERT_EQ(zx_vmar_map(machine_.vmar, kReadWrite | ZX_VM_SPECIFIC, kBase / 2, resizable, 0,
                        64 * kPage, &at),
            ZX_OK);
  uint64_t mapped = 0;
  ExpectFlat("vmo_set_size of a mapped VMO among other mappings", 30'000, [&](uint64_t i) {
    for (; mapped < i; ++mapped) MapAt(kBase + mapped * 2 * kPage, mapped);
    ASSERT_EQ(zx_vmo_set_size(resizable, (1 + i % 64) * kPage), ZX_OK);
  });
  zx_handle_close(resizable);
}

// A place in this process below something long, and one that something far inside is in the way of.
TEST(HostGapScale, LongThingsCostALogarithm) {
  const auto cost = [](uint64_t pages) {
    const zx_vaddr_t range = FreeRange(4 * pages * kPage);
    const auto page = [range](uint64_t number) { return range + number * kPage; };
    EXPECT_EQ(objects::ReserveHostRange(page(2 * pages), pages * kPage), ZX_OK);
    uint64_t below = 0;
    uint64_t nowhere = 0;
    const uint64_t counted = InstructionsOf([&] {
      EXPECT_EQ(objects::ReserveHostGap(range, page(3 * pages), kPage, kPage, &below), ZX_OK);
      EXPECT_EQ(
          objects::ReserveHostGap(page(pages), page(3 * pages), 2 * pages * kPage, kPage, &nowhere),
          ZX_ERR_NO_RESOURCES);
    });
    EXPECT_EQ(below, page(2 * pages - 1));
    munmap(reinterpret_cast<void*>(below), (pages + 1) * kPage);
    return counted;
  };
  const uint64_t few = cost(8);
  const uint64_t lots = cost(1 << 13);
  std::printf("%10lu instructions with 8 pages, %lu with 8192\n", few, lots);
  // Of ten halves more each.
  EXPECT_LE(lots, 10 * few);
}

class ProcessScale : public SpaceScale {
 protected:
  ProcessScale() {
    EXPECT_EQ(zx_vmar_allocate(zx_vmar_root_self(),
                               ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_WRITE | ZX_VM_CAN_MAP_SPECIFIC, 0,
                               100'000 * kPage, &child_, &base_),
              ZX_OK);
  }
  ~ProcessScale() override {
    EXPECT_EQ(zx_vmar_destroy(child_), ZX_OK);
    zx_handle_close(child_);
  }

  // Neighbours that the host's kernel cannot join either.
  void MapOneMore(uint64_t i) { MapAnywhere(child_, i % 2 == 0 ? i : 90'000 - i); }

  zx_handle_t child_ = ZX_HANDLE_INVALID;
  zx_vaddr_t base_ = 0;
};

TEST_F(ProcessScale, Mappings) {
  ExpectFlat("vmar_map in the process", 30'000, [&](uint64_t i) { MapOneMore(i); });
}

TEST_F(ProcessScale, OneOfMany) {
  for (uint64_t i = 0; i < 30'000; ++i) MapOneMore(i);
  const auto one = [&] {
    const zx_vaddr_t at = base_ + 5'000 * kPage;
    ASSERT_EQ(zx_vmar_op_range(child_, ZX_VMAR_OP_DONT_NEED, at, kPage, nullptr, 0), ZX_OK);
    ASSERT_EQ(zx_vmar_protect(child_, ZX_VM_PERM_READ, at, kPage), ZX_OK);
  };
  const uint64_t among_many = InstructionsOf(one);
  ASSERT_EQ(zx_vmar_unmap(child_, base_, 4'950 * kPage), ZX_OK);
  ASSERT_EQ(zx_vmar_unmap(child_, base_ + 5'050 * kPage, 24'000 * kPage), ZX_OK);
  const uint64_t among_few = InstructionsOf(one);
  ExpectFlat("vmar_op_range and protect in the process, among others", {kFew, among_few},
             {30'000, among_many});
}

}  // namespace
}  // namespace zircon
#endif
