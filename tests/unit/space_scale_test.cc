// What one more trap, mapping or VMAR costs when there are very many: about what it costs when
// there are few, in instructions. Rows: those of docs/SPECIFICATION.md on scale.

#include <gtest/gtest.h>
#include <zircon/syscalls.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <numeric>
#include <random>
#include <vector>

#include "fake/machine.h"
#include "unit/free_range.h"
#include "unit/instruction_counter.h"
#include "unit/vmo_handles.h"

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
namespace zircon {
namespace {

using fake::DefaultHost;
using fake::HostModel;
using fake::Machine;

constexpr uint64_t kPage = 4096;
constexpr uint64_t kFew = 100;
constexpr uint64_t kBase = uint64_t{1} << 32;
constexpr zx_vm_option_t kReadWrite = ZX_VM_PERM_READ | ZX_VM_PERM_WRITE;

HostModel HostWithManySlots() {
  HostModel host = DefaultHost();
  host.capabilities[KVM_CAP_NR_MEMSLOTS] = 32764;
  return host;
}

// Makes things number 0, 1, 2 … with `make`, and compares what the ones after few and after many
// cost.
void ExpectFlat(uint64_t many, const std::function<void(uint64_t)>& make) {
  uint64_t next = 0;
  const auto cost_after = [&](uint64_t count) {
    while (next < count) make(next++);
    return InstructionsOf([&] { make(next++); });
  };
  const uint64_t few = cost_after(kFew);
  const uint64_t lots = cost_after(many - 1);
  std::printf("%10lu instructions at %lu, %lu at %lu: %.2f\n", few, kFew, lots, many,
              static_cast<double>(lots) / static_cast<double>(few));
  EXPECT_LE(lots, 3 * few);
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
  ExpectFlat(ports.size(), [&](uint64_t i) {
    ASSERT_EQ(machine_.TrapIo(static_cast<uint16_t>(ports[i]), 1), ZX_OK);
  });
}

TEST_F(SpaceScale, MemoryTraps) {
  const std::vector<uint64_t> pages = Shuffled(100'000);
  ExpectFlat(pages.size(), [&](uint64_t i) {
    ASSERT_EQ(machine_.TrapMemory(kBase + pages[i] * kPage, kPage), ZX_OK);
  });
}

// Each with a slot of its own.
TEST_F(SpaceScale, MappingsApart) {
  const std::vector<uint64_t> places = Shuffled(30'000);
  ExpectFlat(places.size(), [&](uint64_t i) { MapAt(kBase + places[i] * 2 * kPage, places[i]); });
}

// All of them one slot in the end; each at the lowest place that is free.
TEST_F(SpaceScale, MappingsThatContinueEachOther) {
  ExpectFlat(30'000, [&](uint64_t i) { MapAnywhere(machine_.vmar, i); });
}

TEST_F(SpaceScale, UnmapAndProtectOfOneOfMany) {
  uint64_t mapped = 0;
  ExpectFlat(15'000, [&](uint64_t i) {
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
  ExpectFlat(30'000, [&](uint64_t i) {
    for (; holes < i; ++holes) MapAt(Machine::kMemorySize + (holes * 2 + 1) * kPage, holes);
    const zx_gpaddr_t at = MapAnywhere(machine_.vmar, 0, 2);
    ASSERT_EQ(zx_vmar_unmap(machine_.vmar, at, 2 * kPage), ZX_OK);
  });
}

TEST_F(SpaceScale, Children) {
  std::vector<zx_handle_t> children;
  ExpectFlat(30'000, [&](uint64_t) {
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
  ExpectFlat(30'000, [&](uint64_t i) {
    for (; mapped < i; ++mapped) MapAt(kBase + mapped * 2 * kPage, mapped);
    ASSERT_EQ(zx_vmo_set_size(resizable, (1 + i % 64) * kPage), ZX_OK);
  });
  zx_handle_close(resizable);
}

TEST_F(SpaceScale, MappingsInTheProcess) {
  zx_handle_t child = ZX_HANDLE_INVALID;
  zx_vaddr_t base = 0;
  ASSERT_EQ(zx_vmar_allocate(zx_vmar_root_self(),
                             ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_WRITE | ZX_VM_CAN_MAP_SPECIFIC, 0,
                             100'000 * kPage, &child, &base),
            ZX_OK);
  // Neighbours that the host's kernel cannot join either.
  ExpectFlat(30'000, [&](uint64_t i) { MapAnywhere(child, i % 2 == 0 ? i : 90'000 - i); });
  const auto one_more = [&](uint64_t) {
    ASSERT_EQ(
        zx_vmar_op_range(child, ZX_VMAR_OP_DONT_NEED, base + 5'000 * kPage, kPage, nullptr, 0),
        ZX_OK);
    ASSERT_EQ(zx_vmar_protect(child, ZX_VM_PERM_READ, base + 5'000 * kPage, kPage), ZX_OK);
  };
  const uint64_t among_many = InstructionsOf([&] { one_more(0); });
  ASSERT_EQ(zx_vmar_unmap(child, base, 4'950 * kPage), ZX_OK);
  ASSERT_EQ(zx_vmar_unmap(child, base + 5'050 * kPage, 24'000 * kPage), ZX_OK);
  EXPECT_LE(among_many, 3 * InstructionsOf([&] { one_more(0); }));
  ASSERT_EQ(zx_vmar_destroy(child), ZX_OK);
  zx_handle_close(child);
}

}  // namespace
}  // namespace zircon
#endif
