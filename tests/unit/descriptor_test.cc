// Descriptors of the library, in programs that were started without standard streams. Rows:
// HOST-31.

#include "base/descriptor.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>
#include <zircon-kvm/host.h>
#include <zircon/syscalls.h>

#include <atomic>
#include <cerrno>
#include <string>
#include <thread>

#include "contract.h"
#include "sanitizers.h"

namespace zircon::base {
namespace {

bool IsOpen(int fd) { return fcntl(fd, F_GETFD) >= 0; }

// Of the standard streams, those in `mask`.
void CloseStreams(int mask) {
  for (int fd = 0; fd < 3; ++fd) {
    if ((mask >> fd & 1) != 0) close(fd);
  }
}

// 0 if the standard streams of `mask`, and no others, are closed.
int ClosedStreamsDiffer(int mask) {
  for (int fd = 0; fd < 3; ++fd) {
    // Not by comparing the two: GCC 12 that optimises leaves out one of them.
    const bool closed = (mask & 1 << fd) != 0;
    if (closed ? IsOpen(fd) : !IsOpen(fd)) return 10 + fd;
  }
  return 0;
}

// Runs `body`, which returns an exit status, in a program of its own, without the streams.
#define EXPECT_WITHOUT_STREAMS(mask, ...)                        \
  do {                                                           \
    GTEST_FLAG_SET(death_test_style, "threadsafe");              \
    EXPECT_EXIT(                                                 \
        {                                                        \
          CloseStreams(mask);                                    \
          const int ended = (__VA_ARGS__)();                     \
          _exit(ended != 0 ? ended : ClosedStreamsDiffer(mask)); \
        },                                                       \
        testing::ExitedWithCode(0), "")                          \
        << "mask " << (mask);                                    \
  } while (false)

class Descriptors : public testing::TestWithParam<int> {
 protected:
  void SetUp() override { SKIP_UNDER_THREAD_SANITIZER("it writes to the standard streams"); }
};
INSTANTIATE_TEST_SUITE_P(Closed, Descriptors, testing::Range(1, 8));

int IfAboveAndClosedOnExec(int fd) {
  if (fd < 3) return 1;
  return (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0 ? 0 : 2;
}

TEST_P(Descriptors, AreAboveTheStandardStreams) {
  Shows("HOST-31");
  EXPECT_WITHOUT_STREAMS(
      GetParam(), [] { return IfAboveAndClosedOnExec(OpenFile("/proc/self/stat", O_RDONLY)); });
  EXPECT_WITHOUT_STREAMS(GetParam(),
                         [] { return IfAboveAndClosedOnExec(CreateMemoryFile("test", 0)); });
  EXPECT_WITHOUT_STREAMS(GetParam(), [] {
    const int parent = OpenFile("/proc/self/stat", O_RDONLY);
    return IfAboveAndClosedOnExec(
        MakeDescriptorOnce(parent, [] { return eventfd(0, EFD_CLOEXEC); }));
  });
  EXPECT_WITHOUT_STREAMS(GetParam(), [] {
    return IfAboveAndClosedOnExec(AboveStreams([] { return eventfd(0, EFD_CLOEXEC); }));
  });
  EXPECT_WITHOUT_STREAMS(GetParam(), [] {
    const int folder = OpenFile("/tmp", O_RDONLY | O_DIRECTORY);
    const int file = CreateFileIn(folder);
    // Not every file system has files without names.
    return file == -EOPNOTSUPP ? 0 : IfAboveAndClosedOnExec(file);
  });
}

int CountOpen() {
  int count = 0;
  for (int fd = 0; fd < 256; ++fd) count += IsOpen(fd) ? 1 : 0;
  return count;
}

TEST_P(Descriptors, NoneIsLeftOfWhatFails) {
  Shows("HOST-31 KVM-ERR-9");
  EXPECT_WITHOUT_STREAMS(GetParam(), [] {
    const int parent = OpenFile("/proc/self/stat", O_RDONLY);
    const int before = CountOpen();
    if (MakeDescriptorOnce(parent, [] { return -EPERM; }) != -EPERM) return 1;
    if (AboveStreams([] { return -EPERM; }) != -EPERM) return 2;
    return CountOpen() == before ? 0 : 3;
  });
}

TEST_P(Descriptors, OfEveryCall) {
  Shows("HOST-31");
  EXPECT_WITHOUT_STREAMS(GetParam(), [] {
    zx_handle_t vmo = ZX_HANDLE_INVALID;
    zx_handle_t timer = ZX_HANDLE_INVALID;
    zx_vaddr_t address = 0;
    zx_info_task_stats_t stats;
    uint8_t entropy[4] = {};
    if (zx_vmo_create(65536, 0, &vmo) != ZX_OK) return 20;
    if (zx_vmar_map(zx_vmar_root_self(), ZX_VM_PERM_READ | ZX_VM_OFFSET_IS_UPPER_LIMIT,
                    size_t{1} << 40, vmo, 0, 65536, &address) != ZX_OK) {
      return 21;
    }
    if (zx_timer_create(0, ZX_CLOCK_MONOTONIC, &timer) != ZX_OK) return 22;
    if (zx_vmo_create(4 << 20, 0, &vmo) != ZX_OK) return 26;
    if (zx_object_get_info(zx_process_self(), ZX_INFO_TASK_STATS, &stats, sizeof(stats), nullptr,
                           nullptr) != ZX_OK) {
      return 23;
    }
    zx_cprng_draw(entropy, sizeof(entropy));
    if (zx_cprng_add_entropy(entropy, sizeof(entropy)) != ZX_OK) return 24;
    if (zx_system_get_num_cpus() == 0) return 25;
    char why[200];
    (void)zircon_kvm_check(why, sizeof(why));
    return 0;
  });
}

// What a program writes to a stream that it has not got stays out of VMOs made meanwhile.
TEST(DescriptorsRace, TextForAClosedStreamIsInNoVmo) {
  Shows("HOST-31");
  SKIP_UNDER_THREAD_SANITIZER("it writes to the standard streams");
  EXPECT_WITHOUT_STREAMS(2, [] {
    std::atomic<bool> stop{false};
    std::thread writer([&] {
      while (!stop.load()) {
        [[maybe_unused]] const ssize_t written = write(STDOUT_FILENO, "text", 4);
      }
    });
    int result = 0;
    for (int i = 0; i < 2000 && result == 0; ++i) {
      zx_handle_t vmo = ZX_HANDLE_INVALID;
      uint32_t word = 0;
      if (zx_vmo_create(4096, 0, &vmo) != ZX_OK) result = 20;
      if (zx_vmo_read(vmo, &word, 0, sizeof(word)) != ZX_OK) result = 21;
      if (word != 0) result = 22;
      zx_handle_close(vmo);
    }
    stop = true;
    writer.join();
    return result;
  });
}

TEST(DescriptorErrors, AreNegative) {
  EXPECT_EQ(OpenFile("/nowhere/at/all", O_RDONLY), -ENOENT);
  EXPECT_EQ(CreateMemoryFile(std::string(300, 'x').c_str(), 0), -EINVAL);
  EXPECT_EQ(MakeDescriptorOnce(0, [] { return -EPERM; }), -EPERM);
  EXPECT_EQ(AboveStreams([] { return -EPERM; }), -EPERM);
  EXPECT_EQ(CreateFileIn(-1), -EBADF);
}

// What can be made once only is not made when there is no place for it.
TEST(DescriptorErrors, NoPlaceAboveTheStreams) {
  Shows("HOST-31");
  EXPECT_WITHOUT_STREAMS(1, [] {
    const rlimit none = {3, 3};
    bool made = false;
    const int parent = STDERR_FILENO;
    if (setrlimit(RLIMIT_NOFILE, &none) != 0) return 20;
    const int result = MakeDescriptorOnce(parent, [&] {
      made = true;
      return eventfd(0, EFD_CLOEXEC);
    });
    if (result != -EINVAL && result != -EMFILE) return 21;
    if (made) return 22;
    return OpenFile("/proc/self/stat", O_RDONLY) == -EMFILE ? 0 : 23;
  });
}

}  // namespace
}  // namespace zircon::base
