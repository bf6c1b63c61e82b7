// The handle table under threads, to its limits, over its generations, and across forks. The
// sanitizer builds run the same bodies. Expectations: contract api.md §4; README decisions 9, 10.

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <barrier>
#include <cstdlib>
#include <random>
#include <thread>
#include <vector>

#include "handles/handle_table.h"

namespace zircon::handles {
namespace {

using base::MakeRef;
using base::RefPtr;

constexpr zx_rights_t kAll = ZX_RIGHTS_BASIC | ZX_RIGHTS_IO;
constexpr int kThreads = 4;

// Knows whether it is alive, and how many of its kind are.
class Watched final : public Dispatcher {
 public:
  static constexpr zx_obj_type_t kType = ZX_OBJ_TYPE_PORT;

  explicit Watched(std::atomic<int>* alive) : Dispatcher(kType), alive_(alive) {
    alive_->fetch_add(1);
  }
  ~Watched() override {
    canary_.store(kDead);
    alive_->fetch_sub(1);
  }
  bool IsAlive() const { return canary_.load() == kAlive; }
  // Different for different objects, so that a handle with another's rights shows.
  static zx_rights_t RightsFor(zx_koid_t koid) {
    return ZX_RIGHT_DUPLICATE | static_cast<zx_rights_t>(koid & 0xFFFFFF) << 2;
  }
  int zero_handles() const { return zero_handles_.load(); }

 private:
  static constexpr uint32_t kAlive = 0xA11CE5ED;
  static constexpr uint32_t kDead = 0xDEADDEAD;
  void OnZeroHandles() override { zero_handles_.fetch_add(1); }

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
  Worker(HandleTable& table, std::vector<std::atomic<zx_handle_t>>& shared,
         std::atomic<int>* alive, unsigned seed)
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
        return Remove();
      default:
        return Look();
    }
  }

  // Whatever was at the place before is closed, so that no handle is forgotten.
  void Share(zx_handle_t handle) { Close(Any().exchange(handle)); }

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
  void CloseShared() { Close(Any().load()); }

  void Duplicate() {
    zx_handle_t handle;
    const zx_status_t status = table_.Duplicate(Any().load(), ZX_RIGHT_SAME_RIGHTS, &handle);
    if (status == ZX_OK) {
      ++counts_.opened;
      Share(handle);
    } else if (status != ZX_ERR_BAD_HANDLE && status != ZX_ERR_NO_MEMORY) {
      ++counts_.wrong;
    }
  }
  void Replace() {
    zx_handle_t handle;
    const zx_status_t status = table_.Replace(Any().load(), ZX_RIGHT_SAME_RIGHTS, &handle);
    if (status == ZX_OK) {
      Share(handle);
    } else if (status == ZX_ERR_NO_MEMORY) {
      ++counts_.closed;
    } else if (status != ZX_ERR_BAD_HANDLE) {
      ++counts_.wrong;
    }
  }
  void Remove() {
    RefPtr<Dispatcher> object;
    zx_rights_t rights;
    if (table_.Remove(Any().load(), &object, &rights) != ZX_OK) return;
    ++counts_.closed;
    if (!static_cast<Watched*>(object.get())->IsAlive()) ++counts_.wrong;
    if (rights != Watched::RightsFor(object->koid())) ++counts_.wrong;
  }
  void Look() {
    HandleRef ref;
    const zx_status_t status = table_.Lookup(Any().load(), &ref);
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
        threads.emplace_back([&, i] {
          counts[i] = Worker(table, shared, &alive, 1 + i).Run(100'000);
        });
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
  constexpr int kRounds = 3000;
  std::atomic<int> alive{0};
  HandleTable table(2);
  std::atomic<zx_handle_t> handle{ZX_HANDLE_INVALID};
  std::atomic<int> winners{0};
  RefPtr<Watched> object;
  int bad_rounds = 0;
  bool begins = true;
  // Runs in one thread between the rounds.
  const auto turn = [&]() noexcept {
    if (begins) {
      object = MakeRef<Watched>(&alive);
      zx_handle_t value = ZX_HANDLE_INVALID;
      if (table.Insert(object, kAll, &value) != ZX_OK) ++bad_rounds;
      handle = value;
      winners = 0;
    } else if (winners != 1 || object->zero_handles() != 1 || object->handle_count() != 0 ||
               table.live() != 0) {
      ++bad_rounds;
    }
    begins = !begins;
  };
  std::barrier barrier(kThreads, turn);
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      for (int round = 0; round < kRounds; ++round) {
        barrier.arrive_and_wait();
        const zx_handle_t value = handle;
        HandleRef ref;
        if ((round + i) % 2 == 0) static_cast<void>(table.Lookup(value, &ref));
        RefPtr<Dispatcher> removed;
        zx_rights_t rights;
        const zx_status_t status =
            (round + i) % 3 == 0 ? table.Remove(value, &removed, &rights) : table.Close(value);
        if (status == ZX_OK) ++winners;
        barrier.arrive_and_wait();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(bad_rounds, 0);
  object.reset();
  EXPECT_EQ(alive.load(), 0);
}

// Close and Duplicate of an object's only handle: either there is a second handle and the object did
// not see its end, or there is none and it did, once.
TEST(HandleStress, TheLastHandleAgainstADuplicate) {
  constexpr int kRounds = 5000;
  std::atomic<int> alive{0};
  HandleTable table(8);
  std::atomic<zx_handle_t> handle{ZX_HANDLE_INVALID};
  zx_handle_t duplicate = ZX_HANDLE_INVALID;
  zx_status_t status = ZX_OK;
  RefPtr<Watched> object;
  int bad_rounds = 0;
  bool begins = true;
  const auto turn = [&]() noexcept {
    if (begins) {
      object = MakeRef<Watched>(&alive);
      zx_handle_t value = ZX_HANDLE_INVALID;
      if (table.Insert(object, kAll, &value) != ZX_OK) ++bad_rounds;
      handle = value;
    } else if (status == ZX_OK) {
      if (object->zero_handles() != 0 || object->handle_count() != 1) ++bad_rounds;
      if (table.Close(duplicate) != ZX_OK || object->zero_handles() != 1) ++bad_rounds;
    } else if (status != ZX_ERR_BAD_HANDLE || object->zero_handles() != 1 ||
               object->handle_count() != 0) {
      ++bad_rounds;
    }
    begins = !begins;
  };
  std::barrier barrier(2, turn);
  std::thread closer([&] {
    for (int round = 0; round < kRounds; ++round) {
      barrier.arrive_and_wait();
      if (table.Close(handle) != ZX_OK) std::abort();
      barrier.arrive_and_wait();
    }
  });
  std::thread duplicator([&] {
    for (int round = 0; round < kRounds; ++round) {
      barrier.arrive_and_wait();
      status = table.Duplicate(handle, ZX_RIGHT_SAME_RIGHTS, &duplicate);
      barrier.arrive_and_wait();
    }
  });
  closer.join();
  duplicator.join();
  EXPECT_EQ(bad_rounds, 0);
  object.reset();
  EXPECT_EQ(alive.load(), 0);
}

TEST(HandleStress, TheWholeTable) {
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
