// The handle table under threads, to its limits, over its generations, and across forks. The
// sanitizer builds run the same bodies. Rows: HANDLE.

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <random>
#include <thread>
#include <vector>

#include "contract.h"
#include "handles/handle_table.h"
#include "stress/duel.h"

namespace zircon::handles {
namespace {

using base::MakeRef;
using base::RefPtr;

constexpr zx_rights_t kAll = ZX_RIGHTS_BASIC | ZX_RIGHTS_IO;
constexpr int kThreads = 4;
constexpr auto kRelaxed = std::memory_order_relaxed;

// Knows whether it is alive, and how many of its kind are. Its atomics, and those that carry
// handles from thread to thread, are relaxed: what orders the threads must be the table.
class Watched final : public Dispatcher {
 public:
  static constexpr zx_obj_type_t kType = ZX_OBJ_TYPE_PORT;

  explicit Watched(std::atomic<int>* alive) noexcept : Dispatcher(kType), alive_(alive) {
    alive_->fetch_add(1, kRelaxed);
  }
  ~Watched() override {
    canary_.store(kDead, kRelaxed);
    alive_->fetch_sub(1, kRelaxed);
  }
  bool IsAlive() const { return canary_.load(kRelaxed) == kAlive; }
  // Different for different objects, so that a handle with another's rights shows.
  static zx_rights_t RightsFor(zx_koid_t koid) {
    return ZX_RIGHT_DUPLICATE | static_cast<zx_rights_t>(koid & 0xFFFFFF) << 2;
  }
  int zero_handles() const { return zero_handles_.load(kRelaxed); }

 private:
  static constexpr uint32_t kAlive = 0xA11CE5ED;
  static constexpr uint32_t kDead = 0xDEADDEAD;
  void OnZeroHandles() override { zero_handles_.fetch_add(1, kRelaxed); }

  std::atomic<int>* const alive_;
  std::atomic<uint32_t> canary_{kAlive};
  std::atomic<int> zero_handles_{0};
};

struct Counts {
  int64_t opened = 0;
  int64_t closed = 0;
  int64_t found = 0;
  int64_t refused = 0;
  int64_t wrong = 0;
};

// One thread of AnyThreadAnyHandle: does whatever to handles that all threads share.
class Worker {
 public:
  Worker(HandleTable& table, std::vector<std::atomic<zx_handle_t>>& shared, std::atomic<int>* alive,
         unsigned seed)
      : table_(table), shared_(shared), alive_(alive), random_(seed) {}

  Counts Run(int operations) {
    for (int i = 0; i < operations; ++i) Step();
    return counts_;
  }

 private:
  std::atomic<zx_handle_t>& Any() { return shared_[random_() % shared_.size()]; }

  void Step() {
    switch (random_() % 8) {
      case 0:
        return Open();
      case 1:
        return CloseShared();
      case 2:
        return Duplicate();
      case 3:
        return Replace();
      case 4:
        return Detach();
      default:
        return Look();
    }
  }

  // Whatever was at the place before is closed, so that no handle is forgotten.
  void Share(zx_handle_t handle) { Close(Any().exchange(handle, kRelaxed)); }

  void Open() {
    auto object = MakeRef<Watched>(alive_);
    const zx_rights_t rights = Watched::RightsFor(object->koid());
    zx_handle_t handle;
    const zx_status_t status = table_.Insert(std::move(object), rights, &handle);
    if (status == ZX_OK) {
      ++counts_.opened;
      Share(handle);
    } else if (status != ZX_ERR_NO_MEMORY) {
      ++counts_.wrong;
    }
  }
  void Close(zx_handle_t handle) {
    const zx_status_t status = table_.Close(handle);
    if (status == ZX_OK) {
      ++counts_.closed;
    } else if (status == ZX_ERR_BAD_HANDLE) {
      ++counts_.refused;
    } else {
      ++counts_.wrong;
    }
  }
  // The value stays where others find it, so that many close the same handle.
  void CloseShared() { Close(Any().load(kRelaxed)); }

  void Duplicate() {
    zx_handle_t handle;
    const zx_status_t status =
        table_.Duplicate(Any().load(kRelaxed), ZX_RIGHT_SAME_RIGHTS, &handle);
    if (status == ZX_OK) {
      ++counts_.opened;
      Share(handle);
    } else if (status != ZX_ERR_BAD_HANDLE && status != ZX_ERR_NO_MEMORY) {
      ++counts_.wrong;
    }
  }
  void Replace() {
    zx_handle_t handle;
    const zx_status_t status = table_.Replace(Any().load(kRelaxed), ZX_RIGHT_SAME_RIGHTS, &handle);
    if (status == ZX_OK) {
      Share(handle);
    } else if (status == ZX_ERR_NO_MEMORY) {
      ++counts_.closed;
    } else if (status != ZX_ERR_BAD_HANDLE) {
      ++counts_.wrong;
    }
  }
  void Detach() {
    DetachedHandle detached;
    if (table_.Detach(Any().load(kRelaxed), &detached) != ZX_OK) return;
    ++counts_.closed;
    if (!static_cast<Watched*>(detached.object())->IsAlive()) ++counts_.wrong;
    if (detached.rights() != Watched::RightsFor(detached.object()->koid())) ++counts_.wrong;
  }
  void Look() {
    HandleRef ref;
    const zx_status_t status = table_.Lookup(Any().load(kRelaxed), &ref);
    if (status == ZX_ERR_BAD_HANDLE) {
      ++counts_.refused;
      return;
    }
    if (status != ZX_OK || ref.object()->type() != Watched::kType) {
      ++counts_.wrong;
      return;
    }
    ++counts_.found;
    auto* object = static_cast<Watched*>(ref.object());
    const bool good = object->IsAlive() && ref.rights() == Watched::RightsFor(object->koid());
    RefPtr<Dispatcher> kept;
    if (random_() % 4 == 0) kept = ref.share();
    if (random_() % 16 == 0) std::this_thread::yield();
    if (!good || !object->IsAlive()) ++counts_.wrong;
  }

  HandleTable& table_;
  std::vector<std::atomic<zx_handle_t>>& shared_;
  std::atomic<int>* const alive_;
  std::minstd_rand random_;
  Counts counts_;
};

TEST(HandleStress, AnyThreadAnyHandle) {
  Shows("CALL-5 HANDLE-2 HANDLE-3");
  // Few slots, so that they go round quickly and stale values meet new tenants; many, so that the
  // list of free ones is long.
  for (const uint32_t capacity : {3u, 40u, 1024u}) {
    std::atomic<int> alive{0};
    {
      HandleTable table(capacity);
      std::vector<std::atomic<zx_handle_t>> shared(16);
      std::array<Counts, kThreads> counts;
      std::vector<std::thread> threads;
      for (int i = 0; i < kThreads; ++i) {
        threads.emplace_back(
            [&, i] { counts[i] = Worker(table, shared, &alive, 1 + i).Run(100'000); });
      }
      for (std::thread& thread : threads) thread.join();
      Counts sum;
      for (const Counts& each : counts) {
        sum.opened += each.opened;
        sum.closed += each.closed;
        sum.found += each.found;
        sum.refused += each.refused;
        sum.wrong += each.wrong;
      }
      EXPECT_EQ(sum.wrong, 0);
      EXPECT_GT(sum.found, 0);
      EXPECT_GT(sum.refused, 0);
      EXPECT_EQ(sum.opened - sum.closed, table.live());
      EXPECT_LE(table.live(), capacity);
      // All that is not live is free again: exactly the rest can be opened.
      const uint32_t rest = capacity - table.live();
      for (uint32_t i = 0; i < rest; ++i) {
        zx_handle_t handle;
        ASSERT_EQ(table.Insert(MakeRef<Watched>(&alive), kAll, &handle), ZX_OK) << i;
      }
      zx_handle_t handle;
      EXPECT_EQ(table.Insert(MakeRef<Watched>(&alive), kAll, &handle), ZX_ERR_NO_MEMORY);
    }
    EXPECT_EQ(alive.load(), 0) << "objects leaked, or destroyed twice";
  }
}

TEST(HandleStress, ExactlyOneCloserWins) {
  Shows("HANDLE-4");
  std::atomic<int> alive{0};
  HandleTable table(2);
  RefPtr<Watched> object;
  zx_handle_t handle = ZX_HANDLE_INVALID;
  zx_status_t closed = ZX_OK;
  zx_status_t removed = ZX_OK;
  int one_first = 0;
  int bad_rounds = 0;
  Duel(
      [&] {
        object = MakeRef<Watched>(&alive);
        if (table.Insert(object, kAll, &handle) != ZX_OK) ++bad_rounds;
      },
      [&] { closed = table.Close(handle); },
      [&] {
        DetachedHandle taken;
        removed = table.Detach(handle, &taken);
      },
      [&] {
        if ((closed == ZX_OK) == (removed == ZX_OK) || closed + removed != ZX_ERR_BAD_HANDLE ||
            object->zero_handles() != 1 || object->handle_count() != 0 || table.live() != 0) {
          ++bad_rounds;
        }
        one_first += closed == ZX_OK;
        return closed == ZX_OK;
      });
  EXPECT_EQ(bad_rounds, 0);
  RecordProperty("one_first", one_first);
  object.reset();
  EXPECT_EQ(alive.load(), 0);
}

// Close and Duplicate of an object's only handle: either there is a second handle and the object
// did not see its end, or there is none and it did, once.
TEST(HandleStress, TheLastHandleAgainstADuplicate) {
  Shows("HANDLE-3 HANDLE-5");
  std::atomic<int> alive{0};
  HandleTable table(8);
  RefPtr<Watched> object;
  zx_handle_t handle = ZX_HANDLE_INVALID;
  zx_handle_t duplicate = ZX_HANDLE_INVALID;
  zx_status_t status = ZX_OK;
  int duplicated = 0;
  int bad_rounds = 0;
  Duel(
      [&] {
        object = MakeRef<Watched>(&alive);
        if (table.Insert(object, kAll, &handle) != ZX_OK) ++bad_rounds;
      },
      [&] { status = table.Duplicate(handle, ZX_RIGHT_SAME_RIGHTS, &duplicate); },
      [&] {
        if (table.Close(handle) != ZX_OK) std::abort();
      },
      [&] {
        if (status == ZX_OK) {
          ++duplicated;
          if (object->zero_handles() != 0 || object->handle_count() != 1) ++bad_rounds;
          if (table.Close(duplicate) != ZX_OK) ++bad_rounds;
        } else if (status != ZX_ERR_BAD_HANDLE) {
          ++bad_rounds;
        }
        if (object->zero_handles() != 1 || object->handle_count() != 0) ++bad_rounds;
        return status == ZX_OK;
      });
  EXPECT_EQ(bad_rounds, 0);
  RecordProperty("duplicated", duplicated);
  object.reset();
  EXPECT_EQ(alive.load(), 0);
}

// A lookup that pins what is being closed: the object goes exactly once, and not under the pin.
TEST(HandleStress, TheLastPinAgainstTheCloser) {
  Shows("HANDLE-3");
  std::atomic<int> alive{0};
  HandleTable table(1);
  zx_handle_t handle = ZX_HANDLE_INVALID;
  zx_status_t status = ZX_OK;
  int found = 0;
  int bad_rounds = 0;
  Duel(
      [&] {
        // The only slot is free again: somebody finalised it.
        if (table.Insert(MakeRef<Watched>(&alive), kAll, &handle) != ZX_OK) ++bad_rounds;
      },
      [&] {
        HandleRef ref;
        status = table.Lookup(handle, &ref);
        if (ref && !static_cast<Watched*>(ref.object())->IsAlive()) ++bad_rounds;
      },
      [&] {
        if (table.Close(handle) != ZX_OK) std::abort();
      },
      [&] {
        if (alive.load() != 0) ++bad_rounds;
        found += status == ZX_OK;
        return status == ZX_OK;
      });
  EXPECT_EQ(bad_rounds, 0);
  RecordProperty("found", found);
}

// A full table: the place of the handle that is replaced is nobody else's.
TEST(HandleStress, ReplaceInAFullTableAgainstInsert) {
  Shows("HANDLE-REPLACE-5 HANDLE-REPLACE-6");
  std::atomic<int> alive{0};
  HandleTable table(1);
  auto object = MakeRef<Watched>(&alive);
  const auto other = MakeRef<Watched>(&alive);
  zx_handle_t handle = ZX_HANDLE_INVALID;
  ASSERT_EQ(table.Insert(object, kAll, &handle), ZX_OK);
  zx_handle_t replaced = ZX_HANDLE_INVALID;
  zx_status_t status = ZX_OK;
  int bad_rounds = 0;
  int calls = 0;
  Duel([] {}, [&] { status = table.Replace(handle, ZX_RIGHT_SAME_RIGHTS, &replaced); },
       [&] {
         for (int i = 0; i < 20; ++i) {
           zx_handle_t stolen = ZX_HANDLE_INVALID;
           bad_rounds += table.Insert(other, kAll, &stolen) != ZX_ERR_NO_MEMORY;
           if (stolen != ZX_HANDLE_INVALID) (void)table.Close(stolen);
         }
       },
       [&] {
         bad_rounds += status != ZX_OK || table.Close(handle) != ZX_ERR_BAD_HANDLE;
         bad_rounds += table.live() != 1 || object->zero_handles() != 0;
         if (status == ZX_OK) handle = replaced;
         return ++calls % 2 == 0;
       });
  EXPECT_EQ(bad_rounds, 0);
  EXPECT_EQ(table.Close(handle), ZX_OK);
  object.reset();
}

// Who looks a handle up while it is replaced in its place finds it with the rights that it had, or
// not at all; and of two who replace it one does.
TEST(HandleStress, ReplaceInPlaceAgainstLookup) {
  Shows("HANDLE-1 HANDLE-REPLACE-6");
  std::atomic<int> alive{0};
  HandleTable table(1);
  zx_handle_t handle = ZX_HANDLE_INVALID;
  zx_handle_t replaced = ZX_HANDLE_INVALID;
  zx_status_t status = ZX_OK;
  zx_status_t found = ZX_OK;
  zx_rights_t rights = 0;
  bool open = true;
  int bad_rounds = 0;
  Duel([&] { bad_rounds += table.Insert(MakeRef<Watched>(&alive), kAll, &handle) != ZX_OK; },
       [&] { status = table.Replace(handle, ZX_RIGHT_READ, &replaced); },
       [&] {
         HandleRef ref;
         found = table.Lookup(handle, &ref);
         if (found != ZX_OK) return;
         rights = ref.rights();
         open = ref.still_open();
       },
       [&] {
         bad_rounds += status != ZX_OK || (found == ZX_OK && rights != kAll);
         bad_rounds += found != ZX_OK && found != ZX_ERR_BAD_HANDLE;
         HandleRef ref;
         bad_rounds += table.Lookup(replaced, &ref) != ZX_OK || ref.rights() != ZX_RIGHT_READ;
         ref.reset();
         bad_rounds += table.Close(replaced) != ZX_OK || alive.load() != 0;
         return found != ZX_OK || !open;
       });
  EXPECT_EQ(bad_rounds, 0);
}

TEST(HandleStress, TheWholeTable) {
  Shows("HANDLE-6");
  std::atomic<int> alive{0};
  HandleTable table;
  const auto object = MakeRef<Watched>(&alive);
  object->AddHandle();
  std::vector<zx_handle_t> handles;
  handles.reserve(HandleTable::kCapacity);
  for (int round = 0; round < 2; ++round) {
    zx_handle_t handle;
    zx_status_t status;
    while ((status = table.Insert(object, kAll, &handle)) == ZX_OK) handles.push_back(handle);
    EXPECT_EQ(status, ZX_ERR_NO_MEMORY);
    EXPECT_EQ(handles.size(), 262144u);
    EXPECT_EQ(table.live(), 262144u);
    EXPECT_EQ(object->handle_count(), 262145u);
    std::vector<zx_handle_t> sorted = handles;
    std::sort(sorted.begin(), sorted.end());
    EXPECT_EQ(std::adjacent_find(sorted.begin(), sorted.end()), sorted.end());
    // One at a time there is room again.
    for (int i = 0; i < 1000; ++i) {
      ASSERT_EQ(table.Close(handles[i]), ZX_OK);
      const zx_handle_t closed = std::exchange(handles[i], ZX_HANDLE_INVALID);
      ASSERT_EQ(table.Insert(object, kAll, &handles[i]), ZX_OK);
      ASSERT_NE(handles[i], closed);
      ASSERT_EQ(table.Insert(object, kAll, &handle), ZX_ERR_NO_MEMORY);
    }
    for (const zx_handle_t each : handles) ASSERT_EQ(table.Close(each), ZX_OK);
    EXPECT_EQ(table.live(), 0u);
    EXPECT_EQ(object->handle_count(), 1u);
    handles.clear();
  }
}

// Set ZIRCON_HANDLE_REUSE_OPERATIONS to 100000000 for the long run (400 MB, about a minute).
TEST(HandleStress, NoValueComesBackSoon) {
  Shows("HANDLE-VALUE-1 HANDLE-VALUE-4");
  size_t operations = 3'000'000;
  if (const char* wanted = std::getenv("ZIRCON_HANDLE_REUSE_OPERATIONS")) {
    operations = std::strtoull(wanted, nullptr, 10);
  }
  std::atomic<int> alive{0};
  HandleTable table;
  const auto object = MakeRef<Watched>(&alive);
  object->AddHandle();
  std::vector<zx_handle_t> values(operations);
  for (zx_handle_t& value : values) {
    ASSERT_EQ(table.Insert(object, kAll, &value), ZX_OK);
    ASSERT_EQ(table.Close(value), ZX_OK);
  }
  std::sort(values.begin(), values.end());
  EXPECT_EQ(std::adjacent_find(values.begin(), values.end()), values.end());
  EXPECT_TRUE(std::all_of(values.begin(), values.end(), [](zx_handle_t value) {
    return (value & ZX_HANDLE_FIXED_BITS_MASK) == ZX_HANDLE_FIXED_BITS_MASK;
  }));
}

// The child is refused, and does not hang on a lock that some thread held when it was made.
TEST(HandleStress, ForksWhileOthersWork) {
  Shows("HANDLE-FORK-1 HANDLE-FORK-2");
  std::atomic<int> alive{0};
  HandleTable table(64);
  const auto object = MakeRef<Watched>(&alive);
  object->AddHandle();
  zx_handle_t handle;
  ASSERT_EQ(table.Insert(object, kAll, &handle), ZX_OK);
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      while (!stop) {
        zx_handle_t mine;
        if (table.Insert(object, kAll, &mine) != ZX_OK || table.Close(mine) != ZX_OK) std::abort();
      }
    });
  }
  for (int round = 0; round < 30; ++round) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      alarm(20);
      HandleRef ref;
      zx_handle_t out;
      if (table.Lookup(handle, &ref) != ZX_ERR_BAD_STATE) _exit(1);
      if (table.Close(handle) != ZX_ERR_BAD_STATE) _exit(2);
      if (table.Insert(object, kAll, &out) != ZX_ERR_BAD_STATE) _exit(3);
      if (table.Duplicate(handle, kAll, &out) != ZX_ERR_BAD_STATE) _exit(4);
      if (table.Replace(handle, kAll, &out) != ZX_ERR_BAD_STATE) _exit(5);
      _exit(0);
    }
    int status = -1;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status)) << status;
    EXPECT_EQ(WEXITSTATUS(status), 0);
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(table.Close(handle), ZX_OK);
  EXPECT_EQ(table.live(), 0u);
}

}  // namespace
}  // namespace zircon::handles
