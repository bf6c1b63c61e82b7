// What a process may run out of while it has VMOs and mappings: the size of its files, which may be
// lowered at any time; pieces of its address space; file descriptors; peace from signals. Rows:
// VMO-READ-7, VMO-SIZE-5, VMO-OP-14, VMAR-3, VMAR-UNMAP-9, VMAR-MAP-29, TASK-9.

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <zircon/syscalls.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "contract.h"
#include "sanitizers.h"
#include "unit/free_range.h"
#include "unit/process_memory.h"
#include "unit/vmo_handles.h"

static thread_local bool g_signals_end_allocations = false;

// In place of the C library's, for the whole program.
extern "C" __attribute__((visibility("default"))) int fallocate(int fd, int mode, off_t offset,
                                                                off_t length) {
  if (g_signals_end_allocations) {
    sigset_t blocked;
    pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
    if (sigismember(&blocked, SIGUSR1) == 0) {
      errno = EINTR;
      return -1;
    }
  }
  return static_cast<int>(syscall(SYS_fallocate, fd, mode, offset, length));
}

namespace zircon::objects {
namespace {

constexpr uint32_t kRead = ZX_VM_PERM_READ;
constexpr uint32_t kReadWrite = ZX_VM_PERM_READ | ZX_VM_PERM_WRITE;

class Limit {
 public:
  Limit(__rlimit_resource_t resource, rlim_t value) : resource_(resource) {
    EXPECT_EQ(getrlimit(resource_, &before_), 0);
    rlimit lower = before_;
    lower.rlim_cur = value;
    EXPECT_EQ(setrlimit(resource_, &lower), 0);
  }
  ~Limit() { EXPECT_EQ(setrlimit(resource_, &before_), 0); }
  Limit(const Limit&) = delete;
  Limit& operator=(const Limit&) = delete;

 private:
  const __rlimit_resource_t resource_;
  rlimit before_;
};

// ---- The size of files ----

std::atomic<int> g_signals{0};

class FileSizeLimit : public testing::Test {
 protected:
  void SetUp() override {
    g_signals = 0;
    struct sigaction count {};
    count.sa_handler = [](int) { ++g_signals; };
    ASSERT_EQ(sigaction(SIGXFSZ, &count, &before_), 0);
    vmo_ = CreateVmo(8 * kPage, ZX_VMO_RESIZABLE);
  }
  void TearDown() override {
    EXPECT_EQ(g_signals, 0);
    sigset_t pending;
    ASSERT_EQ(sigpending(&pending), 0);
    EXPECT_EQ(sigismember(&pending, SIGXFSZ), 0);
    sigaction(SIGXFSZ, &before_, nullptr);
    zx_handle_close(vmo_);
  }
  zx_handle_t vmo_ = ZX_HANDLE_INVALID;
  struct sigaction before_ {};
};

TEST_F(FileSizeLimit, LoweredLaterItBindsNoWrite) {
  Shows("VMO-READ-7 CALL-6");
  const zx_handle_t fixed = CreateVmo(8 * kPage);
  std::vector<uint8_t> bytes(8 * kPage);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(i * 31 + i / kPage);
  for (const rlim_t limit : {rlim_t{0}, rlim_t{1}, rlim_t{2 * kPage}, rlim_t{3 * kPage + 5}}) {
    for (const zx_handle_t vmo : {vmo_, fixed}) {
      std::vector<uint8_t> back(bytes.size());
      {
        Limit lowered(RLIMIT_FSIZE, limit);
        EXPECT_EQ(Op(vmo, ZX_VMO_OP_ZERO, 0, 8 * kPage), ZX_OK);
        EXPECT_EQ(zx_vmo_write(vmo, bytes.data() + 7, 7, bytes.size() - 7), ZX_OK) << limit;
        EXPECT_EQ(zx_vmo_write(vmo, bytes.data(), 0, 7), ZX_OK) << limit;
        EXPECT_EQ(zx_vmo_read(vmo, back.data(), 0, back.size()), ZX_OK);
        EXPECT_EQ(Op(vmo, ZX_VMO_OP_COMMIT, 0, 8 * kPage), ZX_OK);
      }
      EXPECT_EQ(back, bytes) << limit;
    }
  }
  zx_handle_close(fixed);
}

TEST_F(FileSizeLimit, BadBuffersAreFoundAllTheSame) {
  Shows("VMO-READ-3");
  Limit lowered(RLIMIT_FSIZE, kPage);
  EXPECT_EQ(zx_vmo_write(vmo_, nullptr, 0, kPage), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(zx_vmo_write(vmo_, nullptr, kPage, kPage), ZX_ERR_INVALID_ARGS);
  const std::vector<uint8_t> bytes(kPage);
  EXPECT_EQ(zx_vmo_write(vmo_, bytes.data(), 7 * kPage + 1, kPage), ZX_ERR_OUT_OF_RANGE);
}

TEST_F(FileSizeLimit, ForNewSizesItIsAStatus) {
  Shows("VMO-CREATE-3 VMO-SIZE-5 VMO-CHILD-8");
  Store(vmo_, 5 * kPage, 5);
  Limit lowered(RLIMIT_FSIZE, 4 * kPage);
  EXPECT_EQ(zx_vmo_set_size(vmo_, 9 * kPage), ZX_ERR_NO_RESOURCES);
  EXPECT_EQ(SizeOf(vmo_), 8 * kPage);
  zx_handle_t out = 77;
  EXPECT_EQ(zx_vmo_create(5 * kPage, 0, &out), ZX_ERR_NO_RESOURCES);
  EXPECT_EQ(zx_vmo_create_child(vmo_, ZX_VMO_CHILD_SNAPSHOT, 0, 5 * kPage, &out),
            ZX_ERR_NO_RESOURCES);
  EXPECT_EQ(out, 77u);
  EXPECT_EQ(zx_vmo_create_child(vmo_, ZX_VMO_CHILD_SNAPSHOT, 4 * kPage, 4 * kPage, &out), ZX_OK);
  EXPECT_EQ(Load(out, kPage), 5);
  zx_handle_close(out);
  EXPECT_EQ(zx_vmo_set_size(vmo_, 6 * kPage), ZX_OK);
  EXPECT_EQ(Load(vmo_, 5 * kPage), 5);
}

// What the program does about the signal itself is left as it is.
TEST_F(FileSizeLimit, ASignalOfTheProgramsOwnStays) {
  Shows("CALL-7");
  sigset_t file_size;
  sigemptyset(&file_size);
  sigaddset(&file_size, SIGXFSZ);
  const auto pending = [&] {
    sigset_t set;
    sigpending(&set);
    return sigismember(&set, SIGXFSZ);
  };
  sigset_t before;
  pthread_sigmask(SIG_BLOCK, &file_size, &before);
  Limit lowered(RLIMIT_FSIZE, 0);
  Store(vmo_, kPage, 1);
  EXPECT_EQ(pending(), 0);
  raise(SIGXFSZ);
  Store(vmo_, kPage, 2);
  EXPECT_EQ(pending(), 1);
  sigset_t now;
  pthread_sigmask(SIG_BLOCK, nullptr, &now);
  EXPECT_EQ(sigismember(&now, SIGXFSZ), 1);
  siginfo_t info;
  EXPECT_EQ(sigwaitinfo(&file_size, &info), SIGXFSZ);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

TEST_F(FileSizeLimit, LoweredAtAnyMoment) {
  Shows("VMO-READ-7 VMO-SIZE-5");
  std::atomic<bool> stop{false};
  rlimit whole;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &whole), 0);
  std::thread lowers([&] {
    rlimit none = whole;
    none.rlim_cur = 0;
    while (!stop) {
      setrlimit(RLIMIT_FSIZE, &none);
      setrlimit(RLIMIT_FSIZE, &whole);
    }
  });
  for (uint64_t round = 0; round < 3000; ++round) {
    Store(vmo_, round % (6 * kPage), 1);
    const zx_status_t status = zx_vmo_set_size(vmo_, (6 + round % 3) * kPage);
    EXPECT_TRUE(status == ZX_OK || status == ZX_ERR_NO_RESOURCES) << status;
  }
  stop = true;
  lowers.join();
  setrlimit(RLIMIT_FSIZE, &whole);
}

// ---- Signals without end ----

TEST(CommitAmongSignals, EndsAllTheSame) {
  Shows("VMO-OP-14");
  constexpr uint64_t kSize = uint64_t{64} << 20;
  static std::atomic<uint64_t> taken;
  taken = 0;
  struct sigaction before {};
  struct sigaction count {};
  count.sa_handler = [](int) { ++taken; };
  count.sa_flags = SA_RESTART;
  ASSERT_EQ(sigaction(SIGUSR1, &count, &before), 0);
  // The next one as soon as one has been taken.
  std::atomic<bool> stop{false};
  std::thread sender([&, target = pthread_self()] {
    while (!stop) {
      const uint64_t seen = taken;
      pthread_kill(target, SIGUSR1);
      while (taken == seen && !stop) std::this_thread::yield();
    }
  });
  for (const uint32_t options : {0u, static_cast<uint32_t>(ZX_VMO_RESIZABLE)}) {
    const zx_handle_t vmo = CreateVmo(kSize, options);
    EXPECT_EQ(Op(vmo, ZX_VMO_OP_COMMIT, kPage, kSize - kPage), ZX_OK);
    EXPECT_GE(InfoOf(vmo).committed_bytes, kSize - kPage);
    zx_handle_close(vmo);
  }
  stop = true;
  sender.join();
  sigaction(SIGUSR1, &before, nullptr);
  EXPECT_GT(taken, 0u);
}

// Kernels that begin anew whenever a signal comes, which Linux did up to 6.9, however fast this one
// is: below.
TEST(CommitAmongSignals, EndsWhereTheKernelAlwaysBeginsAnew) {
  Shows("VMO-OP-14");
  const zx_handle_t vmo = CreateVmo(16 * kPage);
  g_signals_end_allocations = true;
  EXPECT_EQ(Op(vmo, ZX_VMO_OP_COMMIT, 0, 16 * kPage), ZX_OK);
  g_signals_end_allocations = false;
  EXPECT_EQ(InfoOf(vmo).committed_bytes, 16 * kPage);
  zx_handle_close(vmo);
}

// ---- Pieces of the address space ----

// Takes the pieces that the process may still have (vm.max_map_count) but for `left`.
class NoPieces {
 public:
  explicit NoPieces(int left = 0) {
    long most = 0;
    std::FILE* file = std::fopen("/proc/sys/vm/max_map_count", "re");
    if (file == nullptr) return;
    const int read = std::fscanf(file, "%ld", &most);
    std::fclose(file);
    if (read != 1 || most > 300'000) return;
    length_ = 2 * static_cast<size_t>(most) * kPage;
    start_ = static_cast<uint8_t*>(
        mmap(nullptr, length_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
    if (start_ == MAP_FAILED) return;
    // Each page that is readable, between two that are not, is two pieces more.
    size_t page = 1;
    while (mprotect(start_ + page * kPage, kPage, PROT_READ) == 0) page += 2;
    // At the end of a piece it is one.
    mprotect(start_ + length_ - kPage, kPage, PROT_READ);
    full_ = true;
    // Going back makes room again.
    for (int i = 1; i < left; i += 2) {
      page -= 2;
      mprotect(start_ + page * kPage, kPage, PROT_NONE);
    }
    if (left % 2 != 0) munmap(start_, kPage);
  }
  ~NoPieces() {
    if (start_ != MAP_FAILED) munmap(start_, length_);
  }
  NoPieces(const NoPieces&) = delete;
  NoPieces& operator=(const NoPieces&) = delete;

  // False where the limit is too high to be reached here.
  bool full() const { return full_; }

 private:
  uint8_t* start_ = static_cast<uint8_t*>(MAP_FAILED);
  size_t length_ = 0;
  bool full_ = false;
};

class MapCount : public testing::Test {
 protected:
  void SetUp() override {
    for (zx_handle_t& vmo : vmos_) {
      vmo = CreateVmo(16 * kPage);
      for (uint64_t page = 0; page < 16; ++page) {
        Store(vmo, page * kPage, static_cast<uint8_t>(page + (&vmo - vmos_) * 16));
      }
    }
    base_ = FreeRange(64 * kPage);
    zx_info_vmar_t info;
    ASSERT_EQ(zx_object_get_info(root_, ZX_INFO_VMAR, &info, sizeof(info), nullptr, nullptr),
              ZX_OK);
    root_base_ = info.base;
  }
  void TearDown() override {
    EXPECT_EQ(zx_vmar_unmap(root_, base_, 64 * kPage), ZX_OK);
    for (const zx_handle_t vmo : vmos_) zx_handle_close(vmo);
  }
  zx_status_t Map(zx_handle_t vmo, uint64_t at, uint64_t page, uint64_t pages,
                  zx_vm_option_t options = kReadWrite | ZX_VM_SPECIFIC) {
    zx_vaddr_t address = 0;
    return zx_vmar_map(root_, options, base_ + at * kPage - root_base_, vmo, page * kPage,
                       pages * kPage, &address);
  }
  // For each page its first byte, with 'w' behind it if it can be written; '.' for none.
  std::string Picture(uint64_t pages) {
    std::string picture;
    for (uint64_t page = 0; page < pages; ++page) {
      const zx_vaddr_t address = base_ + page * kPage;
      if (!IsMapped(address) || !pipe_.CanRead(address)) {
        picture += " .";
        continue;
      }
      picture += ' ' + std::to_string(*At(address));
      if (pipe_.CanWrite(address + 1)) picture += 'w';
    }
    return picture;
  }

  const zx_handle_t root_ = zx_vmar_root_self();
  zx_handle_t vmos_[2] = {};
  uint64_t base_ = 0;
  uint64_t root_base_ = 0;
  Pipe pipe_;
};

TEST_F(MapCount, AHoleThatCannotBeMadeIsNotMade) {
  Shows("VMAR-UNMAP-9 CALL-4");
  SKIP_UNDER_THREAD_SANITIZER("it needs maps of its own");
  ASSERT_EQ(Map(vmos_[0], 0, 0, 6), ZX_OK);
  {
    NoPieces none;
    if (!none.full()) GTEST_SKIP() << "vm.max_map_count is too high to be reached";
    EXPECT_EQ(zx_vmar_unmap(root_, base_ + 2 * kPage, kPage), ZX_ERR_NO_MEMORY);
  }
  EXPECT_EQ(Picture(7), " 0w 1w 2w 3w 4w 5w .");
  {
    NoPieces none;
    // Where nothing is to be cut in two it works.
    EXPECT_EQ(zx_vmar_unmap(root_, base_ + 4 * kPage, 2 * kPage), ZX_OK);
  }
  EXPECT_EQ(zx_vmar_unmap(root_, base_ + 2 * kPage, kPage), ZX_OK);
  EXPECT_EQ(Picture(7), " 0w 1w . 3w . . .");
}

TEST_F(MapCount, ProtectIsWholeOrNotAtAll) {
  Shows("VMAR-3 VMAR-PROTECT-11 CALL-4");
  SKIP_UNDER_THREAD_SANITIZER("it needs maps of its own");
  ASSERT_EQ(Map(vmos_[0], 0, 0, 4), ZX_OK);
  ASSERT_EQ(Map(vmos_[1], 4, 8, 4), ZX_OK);
  const std::string before = Picture(8);
  for (int left = 0; left < 4; ++left) {
    zx_status_t status = ZX_OK;
    {
      NoPieces none(left);
      if (!none.full()) GTEST_SKIP() << "vm.max_map_count is too high to be reached";
      status = zx_vmar_protect(root_, kRead, base_ + kPage, 6 * kPage);
    }
    EXPECT_TRUE(status == ZX_OK || status == ZX_ERR_NO_MEMORY) << left;
    if (left == 0) {
      EXPECT_EQ(status, ZX_ERR_NO_MEMORY);
    } else if (left == 3) {
      EXPECT_EQ(status, ZX_OK);
    }
    EXPECT_EQ(Picture(8), status == ZX_OK ? " 0w 1 2 3 24 25 26 27w" : before) << left;
    ASSERT_EQ(zx_vmar_protect(root_, kReadWrite, base_, 8 * kPage), ZX_OK);
  }
}

TEST_F(MapCount, AnOverwriteIsWholeOrNotAtAll) {
  Shows("VMAR-MAP-25 VMAR-3");
  SKIP_UNDER_THREAD_SANITIZER("it needs maps of its own");
  const zx_handle_t slice = CreateChild(vmos_[1], ZX_VMO_CHILD_SLICE, kPage, 2 * kPage);
  ASSERT_EQ(Map(vmos_[0], 0, 0, 8), ZX_OK);
  const std::string before = Picture(8);
  for (int left = 0; left < 6; ++left) {
    zx_status_t status = ZX_OK;
    {
      NoPieces none(left);
      if (!none.full()) GTEST_SKIP() << "vm.max_map_count is too high to be reached";
      // Two mappings of the host: the slice's pages, and what is behind its end.
      status = Map(slice, 2, 0, 4, kReadWrite | ZX_VM_SPECIFIC_OVERWRITE);
    }
    EXPECT_TRUE(status == ZX_OK || status == ZX_ERR_NO_MEMORY) << left;
    EXPECT_EQ(Picture(8), status == ZX_OK ? " 0w 1w 17w 18w . . 6w 7w" : before) << left;
    ASSERT_EQ(Map(vmos_[0], 0, 0, 8, kReadWrite | ZX_VM_SPECIFIC_OVERWRITE), ZX_OK);
  }
  zx_handle_close(slice);
}

TEST_F(MapCount, AChildThatCannotGoStays) {
  Shows("VMAR-DESTROY-5 CALL-4");
  SKIP_UNDER_THREAD_SANITIZER("it needs maps of its own");
  // Three neighbours, whose reservations the kernel holds as one piece.
  zx_handle_t children[3];
  for (uint64_t i = 0; i < 3; ++i) {
    zx_vaddr_t at = 0;
    ASSERT_EQ(zx_vmar_allocate(root_, ZX_VM_CAN_MAP_READ | ZX_VM_SPECIFIC | ZX_VM_CAN_MAP_SPECIFIC,
                               base_ + i * 4 * kPage - root_base_, 4 * kPage, &children[i], &at),
              ZX_OK);
  }
  zx_vaddr_t address = 0;
  {
    NoPieces none;
    if (!none.full()) GTEST_SKIP() << "vm.max_map_count is too high to be reached";
    EXPECT_EQ(zx_vmar_destroy(children[1]), ZX_ERR_NO_MEMORY);
  }
  EXPECT_EQ(zx_vmar_map(children[1], kRead | ZX_VM_SPECIFIC, kPage, vmos_[0], 0, kPage, &address),
            ZX_OK);
  EXPECT_EQ(zx_vmar_destroy(children[1]), ZX_OK);
  EXPECT_FALSE(IsMapped(base_ + 5 * kPage));
  for (const zx_handle_t child : children) zx_handle_close(child);
}

// ---- File descriptors ----

TEST(TaskStats, SayThatTheyNeedADescriptor) {
  Shows("TASK-9");
  zx_info_task_stats_t stats;
  const auto get = [&] {
    return zx_object_get_info(zx_process_self(), ZX_INFO_TASK_STATS, &stats, sizeof(stats), nullptr,
                              nullptr);
  };
  EXPECT_EQ(get(), ZX_OK);
  Limit none(RLIMIT_NOFILE, 0);
  EXPECT_EQ(get(), ZX_ERR_NO_RESOURCES);
}

TEST_F(MapCount, APlaceBelowALimitTakesNoDescriptor) {
  Shows("VMAR-MAP-29");
  SKIP_UNDER_THREAD_SANITIZER("it needs maps of its own");
  HostPage host(base_ + 40 * kPage);
  zx_vaddr_t address = 0;
  zx_status_t status = ZX_OK;
  {
    Limit none(RLIMIT_NOFILE, 0);
    status = zx_vmar_map(root_, kRead | ZX_VM_OFFSET_IS_UPPER_LIMIT,
                         base_ + 42 * kPage - root_base_, vmos_[0], 0, 2 * kPage, &address);
  }
  EXPECT_EQ(status, ZX_OK);
  EXPECT_EQ(address, base_ + 38 * kPage);
}

}  // namespace
}  // namespace zircon::objects
