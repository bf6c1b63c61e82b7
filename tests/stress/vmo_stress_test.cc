// VMOs under load: sizes change while others read, write, map and run on them; children come and
// go while their relatives do. Also meant for the thread sanitizer. Rows: VMO-SIZE, VMO-CHILD.

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <zircon/syscalls.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>

#include <thread>
#include <vector>

#include "contract.h"
#include "fake/machine.h"
#include "handles/handle_table.h"
#include "objects/vmo.h"
#include "unit/vmo_handles.h"

namespace zircon::objects {
namespace {

constexpr uint64_t kPage = 4096;

template <typename... Bodies>
void Together(Bodies... bodies) {
  std::vector<std::thread> threads;
  (threads.emplace_back(bodies), ...);
  for (std::thread& thread : threads) thread.join();
}

// Runs `body` until `stop`.
template <typename Body>
auto Until(const std::atomic<bool>& stop, Body body) {
  return [&stop, body] {
    while (!stop.load()) body();
  };
}

bool IsOkOrOutOfRange(zx_status_t status) {
  return status == ZX_OK || status == ZX_ERR_OUT_OF_RANGE;
}

// No store brings back what was cut off: the file is never longer than the object.
TEST(VmoStress, ResizeDuringEverything) {
  Shows("VMO-SIZE-8");
  const zx_handle_t vmo = CreateVmo(kPage, ZX_VMO_RESIZABLE);
  handles::TypedRef<Vmo> object;
  ASSERT_EQ(object.Lookup(vmo, ZX_RIGHT_NONE), ZX_OK);
  const std::vector<uint8_t> bytes(16 * kPage, 0xAB);
  std::atomic<bool> stop{false};
  Together(
      [&] {
        for (int round = 0; round < 3000; ++round) {
          const uint64_t pages = round % 2 == 0 ? 1 : 16;
          EXPECT_EQ(zx_vmo_set_size(vmo, pages * kPage), ZX_OK);
          struct stat file;
          EXPECT_EQ(fstat(object->fd(), &file), 0);
          EXPECT_EQ(static_cast<uint64_t>(file.st_size), pages * kPage);
        }
        stop = true;
      },
      Until(stop,
            [&] {
              EXPECT_PRED1(IsOkOrOutOfRange, zx_vmo_write(vmo, bytes.data(), 0, 16 * kPage));
              EXPECT_PRED1(IsOkOrOutOfRange, zx_vmo_write(vmo, bytes.data(), 15 * kPage, kPage));
            }),
      Until(stop,
            [&] {
              std::array<uint8_t, 16 * kPage> read;
              EXPECT_PRED1(IsOkOrOutOfRange, zx_vmo_read(vmo, read.data(), 0, read.size()));
              EXPECT_PRED1(IsOkOrOutOfRange, Op(vmo, ZX_VMO_OP_COMMIT, 8 * kPage, 8 * kPage));
              EXPECT_PRED1(IsOkOrOutOfRange, Op(vmo, ZX_VMO_OP_ZERO, 100, 9 * kPage));
            }),
      Until(stop, [&] {
        zx_handle_close(CreateChild(vmo, ZX_VMO_CHILD_SNAPSHOT, 0, 16 * kPage));
        (void)InfoOf(vmo);
      }));
  ASSERT_EQ(zx_vmo_set_size(vmo, kPage), ZX_OK);
  EXPECT_LE(InfoOf(vmo).committed_bytes, kPage);
  ASSERT_EQ(zx_vmo_set_size(vmo, 16 * kPage), ZX_OK);
  for (uint64_t page = 1; page < 16; ++page) EXPECT_EQ(Load(vmo, page * kPage), 0);
  object = {};
  zx_handle_close(vmo);
}

// When everybody is done, a guest's slots are what mapping and size say, and no slot has ever
// reached behind the window that it points into.
TEST(VmoStress, ResizeDuringMapInGuests) {
  Shows("VMO-SIZE-8 VMO-SIZE-9");
  fake::Machine machine;
  ASSERT_EQ(machine.status(), ZX_OK);
  const zx_handle_t vmo = CreateVmo(kPage, ZX_VMO_RESIZABLE);
  constexpr uint64_t kPlace = 0x200000;
  const auto map = [&](uint64_t gpa) {
    zx_gpaddr_t at = 0;
    EXPECT_EQ(zx_vmar_map(machine.vmar, ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_SPECIFIC, gpa,
                          vmo, 0, 64 * kPage, &at),
              ZX_OK);
  };
  const auto map_and_unmap = [&](uint64_t gpa) {
    map(gpa);
    EXPECT_EQ(zx_vmar_unmap(machine.vmar, gpa, 64 * kPage), ZX_OK);
  };
  std::atomic<bool> stop{false};
  const auto resize = [&](uint64_t step) {
    for (uint64_t round = 0; round < 1000; ++round) {
      EXPECT_EQ(zx_vmo_set_size(vmo, round * step % 48 * kPage), ZX_OK);
    }
  };
  Together(
      [&] {
        Together([&] { resize(7); }, [&] { resize(13); });
        stop = true;
      },
      Until(stop, [&] { map_and_unmap(kPlace); }), Until(stop, [&] { map_and_unmap(2 * kPlace); }));
  map(kPlace);
  map(2 * kPlace);
  for (uint64_t pages : {5, 63}) {
    ASSERT_EQ(zx_vmo_set_size(vmo, pages * kPage), ZX_OK);
    size_t found = 0;
    for (const fake::Slot& slot : machine.vm().slots()) {
      if (slot.gpa < kPlace) continue;
      EXPECT_EQ(slot.size, pages * kPage);
      ++found;
    }
    EXPECT_EQ(found, 2u);
  }
  zx_handle_close(vmo);
  machine.Close();
  EXPECT_EQ(machine.kernel.misuses(), 0);
}

// A guest goes while the VMO that it maps changes its size.
TEST(VmoStress, ResizeWhileGuestsGo) {
  Shows("VMO-SIZE-9 GPAS-17");
  const zx_handle_t vmo = CreateVmo(kPage, ZX_VMO_RESIZABLE);
  std::atomic<bool> stop{false};
  Together(
      [&] {
        for (int round = 0; round < 150; ++round) {
          fake::Machine machine(fake::DefaultHost(), /*with_vcpu=*/false);
          ASSERT_EQ(machine.status(), ZX_OK);
          zx_gpaddr_t at = 0;
          EXPECT_EQ(zx_vmar_map(machine.vmar, ZX_VM_PERM_READ | ZX_VM_SPECIFIC, 0x200000, vmo, 0,
                                4 * kPage, &at),
                    ZX_OK);
          machine.Close();
        }
        stop = true;
      },
      Until(stop, [&] { EXPECT_EQ(zx_vmo_set_size(vmo, 4 * kPage), ZX_OK); }),
      Until(stop, [&] { EXPECT_EQ(zx_vmo_set_size(vmo, kPage), ZX_OK); }));
  zx_handle_close(vmo);
}

// Each thread makes children of whatever VMO stands in a place, puts them there and closes what
// stood there before. In the end the ancestor has none.
TEST(VmoStress, ChildrenOfThoseThatGo) {
  Shows("VMO-CHILD-16 VMO-CHILD-17 VMO-CHILD-18");
  const zx_handle_t ancestor = CreateVmo(4 * kPage);
  std::array<std::atomic<zx_handle_t>, 4> places;
  for (auto& place : places) place = CreateChild(ancestor, ZX_VMO_CHILD_SLICE, 0, 4 * kPage);
  const auto family = [&](uint32_t seed) {
    uint32_t random = seed;
    for (int round = 0; round < 4000; ++round) {
      random = random * 1664525 + 1013904223;
      const zx_handle_t parent = places[random >> 8 & 3].load();
      const uint32_t kind = (random >> 12 & 1) != 0 ? ZX_VMO_CHILD_SLICE : ZX_VMO_CHILD_SNAPSHOT;
      zx_handle_t child = ZX_HANDLE_INVALID;
      const zx_status_t status = zx_vmo_create_child(parent, kind, 0, 4 * kPage, &child);
      if (status == ZX_ERR_BAD_HANDLE) continue;  // another has closed it
      ASSERT_EQ(status, ZX_OK);
      EXPECT_EQ(zx_handle_close(places[random >> 16 & 3].exchange(child)), ZX_OK);
    }
  };
  Together([&] { family(1); }, [&] { family(2); }, [&] { family(3); });
  EXPECT_GE(InfoOf(ancestor).num_children, 1u);
  EXPECT_EQ(SignalsOf(ancestor) & ZX_VMO_ZERO_CHILDREN, 0u);
  for (auto& place : places) EXPECT_EQ(zx_handle_close(place.load()), ZX_OK);
  EXPECT_EQ(InfoOf(ancestor).num_children, 0u);
  EXPECT_EQ(SignalsOf(ancestor) & ZX_VMO_ZERO_CHILDREN, ZX_VMO_ZERO_CHILDREN);
  zx_handle_close(ancestor);
}

// Each byte of a snapshot is one that was there while it was made, and stays.
TEST(VmoStress, SnapshotsWhileOthersStore) {
  Shows("VMO-CHILD-11 VMO-CHILD-12");
  constexpr uint64_t kSize = 64 * kPage;
  const zx_handle_t vmo = CreateVmo(kSize);
  std::atomic<uint32_t> begun{0};
  std::atomic<uint32_t> done{0};
  std::atomic<bool> stop{false};
  Together(
      [&] {
        std::vector<uint32_t> words(kSize / sizeof(uint32_t));
        for (uint32_t turn = 1; !stop.load(); ++turn) {
          std::fill(words.begin(), words.end(), turn);
          begun = turn;
          EXPECT_EQ(zx_vmo_write(vmo, words.data(), 0, kSize), ZX_OK);
          done = turn;
        }
      },
      [&] {
        std::vector<uint32_t> seen(kSize / sizeof(uint32_t));
        std::vector<uint32_t> again(seen.size());
        for (int round = 0; round < 200; ++round) {
          const uint32_t least = done;
          const zx_handle_t child = CreateChild(vmo, ZX_VMO_CHILD_SNAPSHOT, 0, kSize);
          const uint32_t most = begun;
          ASSERT_EQ(zx_vmo_read(child, seen.data(), 0, kSize), ZX_OK);
          for (uint32_t word : seen) {
            ASSERT_GE(word, least);
            ASSERT_LE(word, most);
          }
          ASSERT_EQ(zx_vmo_read(child, again.data(), 0, kSize), ZX_OK);
          EXPECT_EQ(seen, again);
          zx_handle_close(child);
        }
        stop = true;
      });
  zx_handle_close(vmo);
}

}  // namespace
}  // namespace zircon::objects
