// Trees of VMARs under threads: any call on any VMAR, and pairs of calls at the same moment. In the
// process and in a guest's space. The sanitizer builds run the same bodies. Rows: VMAR, VMAR-CHILD.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <zircon-kvm/host.h>
#include <zircon/syscalls.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <random>
#include <thread>
#include <vector>

#include "contract.h"
#include "guest/guest_space.h"
#include "guest/vcpu_set.h"
#include "handles/handle_table.h"
#include "objects/vmar.h"
#include "objects/vmo.h"
#include "rights/rights.h"
#include "stress/duel.h"

namespace zircon {
namespace {

using base::MakeRef;
using base::RefPtr;

constexpr int kThreads = 4;
constexpr auto kRelaxed = std::memory_order_relaxed;
constexpr uint64_t kPage = 4096;
constexpr uint64_t kArenaPages = 64;
constexpr zx_vm_option_t kReadWrite = ZX_VM_PERM_READ | ZX_VM_PERM_WRITE;
constexpr zx_vm_option_t kCanAll =
    ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_WRITE | ZX_VM_CAN_MAP_SPECIFIC;

zx_handle_t Insert(RefPtr<handles::Dispatcher> object, zx_rights_t rights) {
  zx_handle_t handle = ZX_HANDLE_INVALID;
  EXPECT_EQ(handles::HandleTable::Process().Insert(std::move(object), rights, &handle), ZX_OK);
  return handle;
}

uint64_t LiveHandles() {
  zircon_kvm_stats_t stats{};
  EXPECT_EQ(zircon_kvm_get_stats(&stats, sizeof(stats)), ZX_OK);
  return stats.live_handles;
}

// A VMAR that is the test's own, in the process or in a guest's space, and a VMO to map in it.
class VmarStress : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    static_cast<void>(zx_vmar_root_self());  // the library's own handle
    live_before_ = LiveHandles();
    if (GetParam()) {
      ASSERT_EQ(
          zx_vmar_allocate(zx_vmar_root_self(), kCanAll, 0, kArenaPages * kPage, &arena_, &base_),
          ZX_OK);
    } else {
      space_ = MakeRef<guest::GuestSpace>(nullptr, &vcpus_, 100u);
      root_ = MakeRef<objects::Vmar>(RefPtr<objects::AddressSpace>(space_));
      const zx_handle_t root = Insert(root_, rights::kRootVmar);
      ASSERT_EQ(zx_vmar_allocate(root, kCanAll, 0, kArenaPages * kPage, &arena_, &base_), ZX_OK);
      zx_handle_close(root);
    }
    RefPtr<objects::Vmo> vmo;
    ASSERT_EQ(objects::Vmo::Create(kArenaPages * kPage, false, &vmo), ZX_OK);
    vmo_fd_ = vmo->fd();
    vmo_ = Insert(std::move(vmo), rights::kVmo);
  }

  // Nothing may be left, in the tree or of objects.
  void TearDown() override {
    EXPECT_EQ(zx_vmar_unmap(arena_, base_, kArenaPages * kPage), ZX_OK);
    EXPECT_EQ(MapAt(arena_, 0, kArenaPages), ZX_OK);
    EXPECT_EQ(zx_vmar_destroy(arena_), ZX_OK);
    zx_handle_close(arena_);
    zx_handle_close(vmo_);
    EXPECT_EQ(LiveHandles(), live_before_);
    EXPECT_LT(fcntl(vmo_fd_, F_GETFD), 0) << "a mapping is left somewhere";
  }

  zx_status_t MapAt(zx_handle_t vmar, uint64_t page, uint64_t pages,
                    zx_vm_option_t specific = ZX_VM_SPECIFIC) {
    zx_vaddr_t address = 0;
    return zx_vmar_map(vmar, kReadWrite | specific, page * kPage, vmo_, 0, pages * kPage, &address);
  }
  zx_status_t AllocateAt(zx_handle_t vmar, uint64_t page, uint64_t pages, zx_handle_t* child) {
    zx_vaddr_t address = 0;
    return zx_vmar_allocate(vmar, kCanAll | ZX_VM_SPECIFIC, page * kPage, pages * kPage, child,
                            &address);
  }

  guest::VcpuSet vcpus_;
  RefPtr<guest::GuestSpace> space_;
  RefPtr<objects::Vmar> root_;
  uint64_t live_before_ = 0;
  zx_handle_t arena_ = ZX_HANDLE_INVALID;
  zx_vaddr_t base_ = 0;
  zx_handle_t vmo_ = ZX_HANDLE_INVALID;
  int vmo_fd_ = -1;
};

// One thread of AnyCallAnyVmar: does whatever to VMARs whose handles all threads share.
class Worker {
 public:
  // The first of `shared` is the arena; nobody closes or destroys it.
  Worker(std::vector<std::atomic<zx_handle_t>>& shared, zx_vaddr_t base, zx_handle_t vmo,
         unsigned seed)
      : shared_(shared), base_(base), vmo_(vmo), random_(seed) {}

  void Run(int operations) {
    for (int i = 0; i < operations; ++i) Step();
  }
  uint64_t done(int what) const { return done_[what]; }
  uint64_t wrong() const { return wrong_; }

  static constexpr int kKinds = 8;

 private:
  std::atomic<zx_handle_t>& Any() { return shared_[random_() % shared_.size()]; }
  std::atomic<zx_handle_t>& AnyChild() { return shared_[1 + random_() % (shared_.size() - 1)]; }

  void Step() {
    const uint64_t page = random_() % kArenaPages;
    const uint64_t size = (1 + random_() % 8) * kPage;
    const zx_handle_t vmar = Any().load(kRelaxed);
    zx_vaddr_t address = 0;
    const int kind = static_cast<int>(random_() % kKinds);
    switch (kind) {
      case 0: {
        zx_handle_t child = ZX_HANDLE_INVALID;
        const bool specific = random_() % 2 == 0;
        const zx_vm_option_t options = kCanAll | (specific ? ZX_VM_SPECIFIC : ZX_VM_COMPACT);
        Count(kind,
              zx_vmar_allocate(vmar, options, specific ? page * kPage : 0, size, &child, &address));
        if (child != ZX_HANDLE_INVALID) Close(AnyChild().exchange(child, kRelaxed));
        return;
      }
      case 1: {
        const bool specific = random_() % 2 == 0;
        const zx_vm_option_t options = kReadWrite | (specific ? ZX_VM_SPECIFIC_OVERWRITE : 0);
        return Count(kind, zx_vmar_map(vmar, options, specific ? page * kPage : 0, vmo_,
                                       page * kPage, size, &address));
      }
      case 2:
        return Count(kind, zx_vmar_map(vmar, kReadWrite | ZX_VM_SPECIFIC | ZX_VM_MAP_RANGE,
                                       page * kPage, vmo_, 0, size, &address));
      case 3:
        return Count(kind, zx_vmar_unmap(vmar, base_ + page * kPage, size));
      case 4:
        return Count(kind, zx_vmar_protect(vmar, ZX_VM_PERM_READ, base_ + page * kPage, kPage));
      case 5: {
        const uint32_t op = random_() % 2 == 0 ? ZX_VMAR_OP_ZERO : ZX_VMAR_OP_MAP_RANGE;
        return Count(kind, zx_vmar_op_range(vmar, op, base_ + page * kPage, kPage, nullptr, 0));
      }
      case 6:
        return Count(kind, zx_vmar_destroy(AnyChild().load(kRelaxed)));
      default:
        // The value stays where others find it.
        return Close(AnyChild().load(kRelaxed));
    }
  }
  void Close(zx_handle_t handle) {
    if (handle != ZX_HANDLE_INVALID) Count(7, zx_handle_close(handle));
  }
  void Count(int kind, zx_status_t status) {
    switch (status) {
      case ZX_OK:
        ++done_[kind];
        break;
      case ZX_ERR_BAD_HANDLE:      // closed
      case ZX_ERR_BAD_STATE:       // destroyed
      case ZX_ERR_INVALID_ARGS:    // not inside, or around a part of a child
      case ZX_ERR_OUT_OF_RANGE:    // not inside; beyond the end of the VMO
      case ZX_ERR_ALREADY_EXISTS:  // taken
      case ZX_ERR_NO_RESOURCES:    // full
      case ZX_ERR_NOT_FOUND:       // a hole
      case ZX_ERR_ACCESS_DENIED:   // protected
        break;
      default:
        ++wrong_;
    }
  }

  std::vector<std::atomic<zx_handle_t>>& shared_;
  const zx_vaddr_t base_;
  const zx_handle_t vmo_;
  std::minstd_rand random_;
  std::array<uint64_t, kKinds> done_{};
  uint64_t wrong_ = 0;
};

TEST_P(VmarStress, AnyCallAnyVmar) {
  Shows("CALL-5 VMAR-4 VMAR-CHILD-5");
  std::vector<std::atomic<zx_handle_t>> shared(12);
  shared[0] = arena_;
  std::vector<Worker> workers;
  for (unsigned i = 0; i < kThreads; ++i) workers.emplace_back(shared, base_, vmo_, 1 + i);
  std::vector<std::thread> threads;
  for (Worker& worker : workers) threads.emplace_back([&worker] { worker.Run(20'000); });
  for (std::thread& thread : threads) thread.join();
  for (int kind = 0; kind < Worker::kKinds; ++kind) {
    uint64_t done = 0;
    for (const Worker& worker : workers) done += worker.done(kind);
    EXPECT_GT(done, 0u) << kind;
  }
  for (const Worker& worker : workers) EXPECT_EQ(worker.wrong(), 0u);
  for (size_t i = 1; i < shared.size(); ++i) static_cast<void>(zx_handle_close(shared[i]));
}

TEST_P(VmarStress, DestroyAgainstMap) {
  Shows("VMAR-4 VMAR-CHILD-5");
  zx_handle_t child = ZX_HANDLE_INVALID;
  zx_status_t destroyed = ZX_OK;
  zx_status_t mapped = ZX_OK;
  uint64_t wrong = 0;
  Duel([&] { wrong += AllocateAt(arena_, 8, 4, &child) != ZX_OK; },
       [&] { destroyed = zx_vmar_destroy(child); }, [&] { mapped = MapAt(child, 1, 2); },
       [&] {
         wrong += destroyed != ZX_OK;
         wrong += mapped != ZX_OK && mapped != ZX_ERR_BAD_STATE;
         zx_handle_close(child);
         // Whoever was first, the place is free.
         wrong += MapAt(arena_, 8, 4) != ZX_OK;
         wrong += zx_vmar_unmap(arena_, base_ + 8 * kPage, 4 * kPage) != ZX_OK;
         return mapped == ZX_ERR_BAD_STATE;
       });
  EXPECT_EQ(wrong, 0u);
}

TEST_P(VmarStress, UnmapOfAChildAgainstAllocateInIt) {
  Shows("VMAR-4 VMAR-UNMAP-8");
  zx_handle_t child = ZX_HANDLE_INVALID;
  zx_handle_t inner = ZX_HANDLE_INVALID;
  zx_status_t unmapped = ZX_OK;
  zx_status_t allocated = ZX_OK;
  uint64_t wrong = 0;
  Duel([&] { wrong += AllocateAt(arena_, 8, 4, &child) != ZX_OK; },
       [&] { unmapped = zx_vmar_unmap(arena_, base_ + 4 * kPage, 8 * kPage); },
       [&] { allocated = AllocateAt(child, 1, 2, &inner); },
       [&] {
         wrong += unmapped != ZX_OK;
         wrong += allocated != ZX_OK && allocated != ZX_ERR_BAD_STATE;
         zx_handle_close(child);
         if (allocated == ZX_OK) {
           // It came into being in time to go with its parent.
           wrong += MapAt(inner, 0, 1) != ZX_ERR_BAD_STATE;
           zx_handle_close(inner);
         }
         return allocated == ZX_ERR_BAD_STATE;
       });
  EXPECT_EQ(wrong, 0u);
}

TEST_P(VmarStress, DestroyAgainstDestroy) {
  Shows("VMAR-4 VMAR-DESTROY-2");
  zx_handle_t child = ZX_HANDLE_INVALID;
  zx_handle_t inner = ZX_HANDLE_INVALID;
  zx_status_t outer_status = ZX_OK;
  zx_status_t inner_status = ZX_OK;
  uint64_t wrong = 0;
  Duel(
      [&] {
        wrong += AllocateAt(arena_, 8, 4, &child) != ZX_OK;
        wrong += AllocateAt(child, 0, 4, &inner) != ZX_OK;
        wrong += MapAt(inner, 0, 4) != ZX_OK;
      },
      [&] { outer_status = zx_vmar_destroy(child); },
      [&] { inner_status = zx_vmar_destroy(inner); },
      [&] {
        wrong += outer_status != ZX_OK;
        wrong += inner_status != ZX_OK && inner_status != ZX_ERR_BAD_STATE;
        zx_handle_close(child);
        zx_handle_close(inner);
        return inner_status == ZX_ERR_BAD_STATE;
      });
  EXPECT_EQ(wrong, 0u);
}

TEST_P(VmarStress, CloseAgainstEveryCall) {
  Shows("CALL-5 VMAR-CHILD-6");
  zx_handle_t child = ZX_HANDLE_INVALID;
  zx_status_t closed = ZX_OK;
  zx_status_t used = ZX_OK;
  uint64_t wrong = 0;
  int call = 0;
  Duel(
      [&] {
        wrong += AllocateAt(arena_, 8, 4, &child) != ZX_OK;
        wrong += MapAt(child, 0, 1) != ZX_OK;
        call = (call + 1) % 6;
      },
      [&] { closed = zx_handle_close(child); },
      [&] {
        zx_handle_t inner = ZX_HANDLE_INVALID;
        const zx_vaddr_t at = base_ + 8 * kPage;
        switch (call) {
          case 0:
            used = MapAt(child, 1, 2);
            break;
          case 1:
            used = zx_vmar_unmap(child, at, kPage);
            break;
          case 2:
            used = zx_vmar_protect(child, ZX_VM_PERM_READ, at, kPage);
            break;
          case 3:
            used = zx_vmar_op_range(child, ZX_VMAR_OP_COMMIT, at, kPage, nullptr, 0);
            break;
          case 4:
            used = zx_vmar_destroy(child);
            break;
          default:
            used = AllocateAt(child, 2, 1, &inner);
            if (used == ZX_OK) zx_handle_close(inner);
        }
      },
      [&] {
        wrong += closed != ZX_OK;
        wrong += used != ZX_OK && used != ZX_ERR_BAD_HANDLE;
        // What the handle's end leaves goes by the parent.
        wrong += zx_vmar_unmap(arena_, base_ + 8 * kPage, 4 * kPage) != ZX_OK;
        return used == ZX_ERR_BAD_HANDLE;
      });
  EXPECT_EQ(wrong, 0u);
}

INSTANTIATE_TEST_SUITE_P(Spaces, VmarStress, testing::Bool(),
                         [](const auto& tested) { return tested.param ? "Process" : "Guest"; });

// The guest goes while its VMARs are used.
TEST(VmarStressGuest, TheEndOfTheRootAgainstMap) {
  Shows("GPAS-17 VMAR-CHILD-7");
  guest::VcpuSet vcpus;
  RefPtr<guest::GuestSpace> space;
  RefPtr<objects::Vmar> root;
  zx_handle_t vmo = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_vmo_create(4 * kPage, 0, &vmo), ZX_OK);
  zx_handle_t child = ZX_HANDLE_INVALID;
  zx_status_t mapped = ZX_OK;
  uint64_t wrong = 0;
  Duel(
      [&] {
        space = MakeRef<guest::GuestSpace>(nullptr, &vcpus, 100u);
        root = MakeRef<objects::Vmar>(RefPtr<objects::AddressSpace>(space));
        RefPtr<objects::Vmar> made;
        wrong += root->Allocate(kCanAll, 0, 4 * kPage, &made) != ZX_OK;
        child = Insert(std::move(made), rights::kRootVmar);
      },
      [&] { root->Destroy(); },
      [&] {
        zx_vaddr_t address = 0;
        mapped = zx_vmar_map(child, kReadWrite, 0, vmo, 0, kPage, &address);
      },
      [&] {
        wrong += mapped != ZX_OK && mapped != ZX_ERR_BAD_STATE;
        wrong += space->Explain(0, false) != ZX_ERR_NOT_FOUND;
        wrong += zx_vmar_destroy(child) != ZX_ERR_BAD_STATE;
        zx_handle_close(child);
        return mapped == ZX_ERR_BAD_STATE;
      });
  EXPECT_EQ(wrong, 0u);
  zx_handle_close(vmo);
}

}  // namespace
}  // namespace zircon
