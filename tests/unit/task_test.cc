// This process, its threads, properties, the system. Rows: TASK, PROPERTY, SYSTEM, TIME, GEN.

#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zircon-kvm/host.h>
#include <zircon/syscalls.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "base/log.h"
#include "contract.h"
#include "handles_in_tests.h"
#include "objects/process_memory.h"
#include "unit/in_child.h"

// Of the headers under ZX_API_2018.
extern "C" {
zx_status_t zx_object_get_info_2018(zx_handle_t handle, uint32_t topic, void* buffer,
                                    size_t buffer_size, size_t* actual, size_t* avail);
zx_time_t zx_clock_get(zx_clock_t clock);
zx_status_t zx_clock_get_new(zx_clock_t clock, zx_time_t* out);
zx_status_t zx_clock_adjust(zx_handle_t handle, zx_clock_t clock, int64_t offset);
zx_status_t zx_system_get_version(char* version, size_t size);
}

namespace zircon::test {
namespace {

std::string Name(zx_handle_t handle) {
  char name[ZX_MAX_NAME_LEN];
  std::memset(name, 0xEE, sizeof(name));
  EXPECT_EQ(zx_object_get_property(handle, ZX_PROP_NAME, name, sizeof(name)), ZX_OK);
  const size_t length = strnlen(name, sizeof(name));
  for (size_t i = length; i < sizeof(name); ++i) EXPECT_EQ(name[i], '\0');
  return std::string(name, length);
}

zx_status_t SetName(zx_handle_t handle, const std::string& name) {
  return zx_object_set_property(handle, ZX_PROP_NAME, name.data(), name.size());
}

TEST(TaskTest, SelfHandlesStayTheSame) {
  Shows("TASK-1 RIGHTS-52 RIGHTS-53");
  const zx_handle_t process = zx_process_self();
  const zx_handle_t thread = zx_thread_self();
  EXPECT_EQ(zx_process_self(), process);
  EXPECT_EQ(zx_thread_self(), thread);
  EXPECT_EQ(Basic(process).type, ZX_OBJ_TYPE_PROCESS);
  EXPECT_EQ(Basic(process).rights, 0x6D3CFu);
  EXPECT_EQ(Basic(thread).type, ZX_OBJ_TYPE_THREAD);
  EXPECT_EQ(Basic(thread).rights, 0x4D2CFu);
  std::thread other([&] {
    EXPECT_EQ(zx_process_self(), process);
    EXPECT_NE(zx_thread_self(), thread);
    EXPECT_NE(Basic(zx_thread_self()).koid, Basic(thread).koid);
  });
  other.join();
}

TEST(TaskTest, AThreadThatEnds) {
  Shows("TASK-3 TASK-5");
  const uint32_t live = LiveHandles();
  zx_handle_t copy = ZX_HANDLE_INVALID;
  zx_handle_t self = ZX_HANDLE_INVALID;
  std::thread other([&] {
    self = zx_thread_self();
    copy = WithRights(self, 0x4D2CF);
    EXPECT_EQ(Signals(copy), ZX_THREAD_RUNNING);
  });
  EXPECT_EQ((other.join(), 0), 0);
  EXPECT_FALSE(IsOpen(self));
  EXPECT_EQ(zx_object_wait_one(copy, ZX_THREAD_TERMINATED, ZX_TIME_INFINITE, nullptr), ZX_OK);
  EXPECT_EQ(Signals(copy), ZX_THREAD_TERMINATED);
  zx_info_thread_t info{};
  EXPECT_EQ(zx_object_get_info(copy, ZX_INFO_THREAD, &info, sizeof(info), nullptr, nullptr), ZX_OK);
  EXPECT_EQ(info.state, ZX_THREAD_STATE_DEAD);
  zx_handle_close(copy);
  EXPECT_EQ(LiveHandles(), live);
}

TEST(TaskTest, AForkedChildHasNone) {
  Shows("TASK-2 HANDLE-FORK-1");
  const zx_handle_t thread = zx_thread_self();
  ASSERT_NE(thread, ZX_HANDLE_INVALID);
  ASSERT_NE(zx_process_self(), ZX_HANDLE_INVALID);
  const pid_t child = fork();
  if (child == 0) {
    zx_handle_t out = 0;
    const bool none = zx_process_self() == 0 && zx_thread_self() == 0 &&
                      zx_timer_create(0, 0, &out) == ZX_ERR_BAD_STATE &&
                      zx_event_create(0, &out) == ZX_ERR_BAD_STATE;
    _exit(none ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(zx_thread_self(), thread);
}

TEST(TaskTest, InfoOfTheProcess) {
  Shows("TASK-4 RIGHTS-22 INFO-3");
  zx_info_process_t info{};
  EXPECT_EQ(
      zx_object_get_info(zx_process_self(), ZX_INFO_PROCESS, &info, sizeof(info), nullptr, nullptr),
      ZX_OK);
  EXPECT_EQ(info.return_code, 0);
  EXPECT_EQ(info.flags, ZX_INFO_PROCESS_FLAG_STARTED);
  EXPECT_LE(info.start_time, zx_clock_get_monotonic());
  EXPECT_GT(info.start_time, 0);
  // Topic 3 is another generation's.
  EXPECT_EQ(zx_object_get_info(zx_process_self(), 3, &info, sizeof(info), nullptr, nullptr),
            ZX_ERR_NOT_SUPPORTED);
}

TEST(TaskTest, InfoOfAThread) {
  Shows("TASK-5 INFO-3");
  zx_info_thread_t info{};
  EXPECT_EQ(
      zx_object_get_info(zx_thread_self(), ZX_INFO_THREAD, &info, sizeof(info), nullptr, nullptr),
      ZX_OK);
  EXPECT_EQ(info.state, ZX_THREAD_STATE_RUNNING);
  for (const uint64_t mask : info.cpu_affinity_mask) EXPECT_EQ(mask, UINT64_MAX);
}

std::vector<zx_koid_t> Threads() {
  std::vector<zx_koid_t> koids(1000);
  size_t actual = 0;
  size_t avail = 0;
  EXPECT_EQ(zx_object_get_info(zx_process_self(), ZX_INFO_PROCESS_THREADS, koids.data(),
                               koids.size() * sizeof(koids[0]), &actual, &avail),
            ZX_OK);
  EXPECT_EQ(actual, avail);
  koids.resize(actual);
  return koids;
}

TEST(TaskTest, ThreadsOfTheProcess) {
  Shows("TASK-7 TASK-15 INFO-3 INFO-13");
  const zx_koid_t self = Basic(zx_thread_self()).koid;
  zx_koid_t other_koid = 0;
  std::thread([] {
    // A thread that has not asked for itself.
    EXPECT_EQ(Threads().size(), 2u);
    EXPECT_EQ(Basic(zx_thread_self()).related_koid, Basic(zx_process_self()).koid);
  }).join();
  std::thread([&] {
    other_koid = Basic(zx_thread_self()).koid;
    std::vector<zx_koid_t> threads = Threads();
    std::sort(threads.begin(), threads.end());
    EXPECT_EQ(threads, (std::vector<zx_koid_t>{self, other_koid}));
    // Room for none, and for one.
    size_t actual = 77;
    size_t avail = 77;
    zx_koid_t koids[2] = {5, 6};
    EXPECT_EQ(
        zx_object_get_info(zx_process_self(), ZX_INFO_PROCESS_THREADS, nullptr, 0, &actual, &avail),
        ZX_OK);
    EXPECT_EQ(actual, 0u);
    EXPECT_EQ(avail, 2u);
    EXPECT_EQ(
        zx_object_get_info(zx_process_self(), ZX_INFO_PROCESS_THREADS, koids, 15, &actual, &avail),
        ZX_OK);
    EXPECT_EQ(actual, 1u);
    EXPECT_EQ(avail, 2u);
    EXPECT_EQ(koids[1], 6u);
  }).join();
  EXPECT_EQ(Threads(), std::vector<zx_koid_t>{self}) << "one that has ended is gone";
  const zx_handle_t weak = WithRights(zx_process_self(), ZX_RIGHT_INSPECT);
  EXPECT_EQ(zx_object_get_info(weak, ZX_INFO_PROCESS_THREADS, nullptr, 0, nullptr, nullptr),
            ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(
      zx_object_get_info(zx_thread_self(), ZX_INFO_PROCESS_THREADS, nullptr, 0, nullptr, nullptr),
      ZX_ERR_WRONG_TYPE);
  zx_handle_close(weak);
}

zx_info_thread_stats_t Stats(zx_handle_t thread) {
  zx_info_thread_stats_t stats{};
  EXPECT_EQ(
      zx_object_get_info(thread, ZX_INFO_THREAD_STATS, &stats, sizeof(stats), nullptr, nullptr),
      ZX_OK);
  return stats;
}

TEST(TaskTest, TimeOfThreads) {
  Shows("TASK-8 INFO-3 INFO-4");
  zx_handle_t copy = ZX_HANDLE_INVALID;
  zx_info_thread_stats_t inside{};
  std::thread([&] {
    copy = WithRights(zx_thread_self(), 0x4D2CF);
    const zx_duration_t before = Stats(copy).total_runtime;
    // Its own time: as the host's clock for it says.
    timespec now{};
    do {
      clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    } while (now.tv_sec == 0 && now.tv_nsec < before + 20'000'000);
    inside = Stats(copy);
    EXPECT_GE(inside.total_runtime, before + 20'000'000);
    EXPECT_LT(inside.last_scheduled_cpu, zx_system_get_num_cpus());
  }).join();
  const zx_info_thread_stats_t after = Stats(copy);
  EXPECT_GE(after.total_runtime, inside.total_runtime) << "as it was at its end";
  EXPECT_EQ(Stats(copy).total_runtime, after.total_runtime);
  EXPECT_LT(after.last_scheduled_cpu, zx_system_get_num_cpus());
  zx_info_thread_stats_t stats{};
  EXPECT_EQ(
      zx_object_get_info(copy, ZX_INFO_THREAD_STATS, &stats, sizeof(stats) - 1, nullptr, nullptr),
      ZX_ERR_BUFFER_TOO_SMALL);
  zx_handle_close(copy);
}

TEST(TaskTest, MemoryOfTheProcess) {
  Shows("TASK-9 INFO-3");
  const auto stats = [] {
    zx_info_task_stats_t info{};
    EXPECT_EQ(zx_object_get_info(zx_process_self(), ZX_INFO_TASK_STATS, &info, sizeof(info),
                                 nullptr, nullptr),
              ZX_OK);
    return info;
  };
  const zx_info_task_stats_t before = stats();
  EXPECT_LE(before.mem_private_bytes + before.mem_shared_bytes, before.mem_mapped_bytes);
  EXPECT_LE(before.mem_scaled_shared_bytes, before.mem_shared_bytes);
  constexpr size_t kSize = 64 << 20;
  void* const memory =
      mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(memory, MAP_FAILED);
  std::memset(memory, 1, kSize / 2);
  const zx_info_task_stats_t after = stats();
  EXPECT_GE(after.mem_mapped_bytes, before.mem_mapped_bytes + kSize / 2);
  EXPECT_GE(after.mem_private_bytes, before.mem_private_bytes + kSize / 4);
  munmap(memory, kSize);
  EXPECT_EQ(zx_object_get_info(zx_thread_self(), ZX_INFO_TASK_STATS, nullptr, 0, nullptr, nullptr),
            ZX_ERR_WRONG_TYPE);
}

// Of the process's descriptors, and of the whole host's.
TEST(TaskTest, MemoryWithoutADescriptorToReadIt) {
  Shows("TASK-9");
  const struct {
    uint32_t error;
    zx_status_t status;
  } kCases[] = {{EMFILE, ZX_ERR_NO_RESOURCES},
                {ENFILE, ZX_ERR_NO_RESOURCES},
                {ENOENT, ZX_ERR_NOT_SUPPORTED},
                {EACCES, ZX_ERR_NOT_SUPPORTED}};
  for (const auto& [error, status] : kCases) {
    const int result = InChild([error = error, status = status] {
      if (!RefuseSystemCalls({SYS_openat}, error)) return kNoFilters;
      zx_info_task_stats_t info;
      return objects::ReadProcessMemory(&info) == status ? 0 : 1;
    });
    if (result == kNoFilters) GTEST_SKIP() << "no seccomp filters here";
    EXPECT_EQ(result, 0) << "errno " << error;
  }
}

TEST(TaskTest, HandlesOfTheProcess) {
  Shows("TASK-10 INFO-3");
  const auto stats = [] {
    zx_info_process_handle_stats_t info{};
    EXPECT_EQ(zx_object_get_info(zx_process_self(), ZX_INFO_PROCESS_HANDLE_STATS, &info,
                                 sizeof(info), nullptr, nullptr),
              ZX_OK);
    return info;
  };
  (void)zx_thread_self();
  const zx_info_process_handle_stats_t before = stats();
  uint32_t sum = 0;
  for (const uint32_t count : before.handle_count) sum += count;
  EXPECT_EQ(sum, LiveHandles());
  EXPECT_EQ(before.handle_count[ZX_OBJ_TYPE_PROCESS], 1u);
  zx_handle_t events[3] = {};
  for (zx_handle_t& event : events) ASSERT_EQ(zx_event_create(0, &event), ZX_OK);
  EXPECT_EQ(stats().handle_count[ZX_OBJ_TYPE_EVENT], before.handle_count[ZX_OBJ_TYPE_EVENT] + 3);
  // In a message it is nobody's.
  zx_handle_t ends[2] = {};
  ASSERT_EQ(zx_channel_create(0, &ends[0], &ends[1]), ZX_OK);
  ASSERT_EQ(zx_channel_write(ends[0], 0, nullptr, 0, events, 1), ZX_OK);
  EXPECT_EQ(stats().handle_count[ZX_OBJ_TYPE_EVENT], before.handle_count[ZX_OBJ_TYPE_EVENT] + 2);
  EXPECT_EQ(stats().handle_count[ZX_OBJ_TYPE_CHANNEL],
            before.handle_count[ZX_OBJ_TYPE_CHANNEL] + 2);
  for (const zx_handle_t handle : {events[1], events[2], ends[0], ends[1]}) zx_handle_close(handle);
  EXPECT_EQ(stats().handle_count[ZX_OBJ_TYPE_EVENT], before.handle_count[ZX_OBJ_TYPE_EVENT]);
}

TEST(TaskTest, ExitOfTheProcess) {
  Shows("TASK-11");
  for (const int64_t retcode : {int64_t{0}, int64_t{7}, int64_t{-1024}, int64_t{1} << 40 | 9}) {
    const pid_t child = fork();
    if (child == 0) {
      atexit([] { _exit(99); });
      zx_process_exit(retcode);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), static_cast<int>(retcode & 0xFF));
  }
}

TEST(TaskTest, InfoOf2018) {
  Shows("GEN-41");
  uint8_t process[16];
  std::memset(process, 0xEE, sizeof(process));
  EXPECT_EQ(zx_object_get_info_2018(zx_process_self(), 3, process, 16, nullptr, nullptr), ZX_OK);
  const uint8_t expected[11] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0};
  EXPECT_EQ(std::memcmp(process, expected, sizeof(expected)), 0);
  uint32_t thread[2] = {77, 77};
  EXPECT_EQ(zx_object_get_info_2018(zx_thread_self(), 10, thread, 8, nullptr, nullptr), ZX_OK);
  EXPECT_EQ(thread[0], 1u);
  EXPECT_EQ(thread[1], 0u);
  int64_t runtime[2] = {-1, 77};
  EXPECT_EQ(zx_object_get_info_2018(zx_thread_self(), 15, runtime, 8, nullptr, nullptr), ZX_OK);
  EXPECT_GT(runtime[0], 0);
  EXPECT_EQ(runtime[1], 77);
}

TEST(TaskTest, HandleCount) {
  Shows("TASK-6 INFO-3 INFO-4 INFO-7");
  const zx_handle_t event = NewEvent();
  const auto count = [&] {
    zx_info_handle_count_t info{};
    EXPECT_EQ(
        zx_object_get_info(event, ZX_INFO_HANDLE_COUNT, &info, sizeof(info), nullptr, nullptr),
        ZX_OK);
    return info.handle_count;
  };
  EXPECT_EQ(count(), 1u);
  const zx_handle_t second = WithRights(event, 0xD003);
  EXPECT_EQ(count(), 2u);
  Ends channel;
  ASSERT_EQ(zx_channel_create(0, &channel.a, &channel.b), ZX_OK);
  ASSERT_EQ(zx_channel_write(channel.a, 0, nullptr, 0, &second, 1), ZX_OK);
  EXPECT_EQ(count(), 2u);
  zx_handle_close(channel.b);
  EXPECT_EQ(count(), 1u);
  const zx_handle_t without = WithRights(event, 0xD003 & ~ZX_RIGHT_INSPECT);
  zx_info_handle_count_t info{};
  EXPECT_EQ(
      zx_object_get_info(without, ZX_INFO_HANDLE_COUNT, &info, sizeof(info), nullptr, nullptr),
      ZX_ERR_ACCESS_DENIED);
  zx_handle_close(without);
  zx_handle_close(event);
}

// ---- properties ----

TEST(PropertyTest, NamesOfWhatHasThem) {
  Shows("PROPERTY-4 PROPERTY-5 PROPERTY-7");
  EXPECT_EQ(Name(zx_process_self()), program_invocation_short_name);
  std::thread other([] {
    pthread_setname_np(pthread_self(), "vcpu-0");
    EXPECT_EQ(Name(zx_thread_self()), "vcpu-0");
    EXPECT_EQ(SetName(zx_thread_self(), "vcpu-1"), ZX_OK);
    EXPECT_EQ(Name(zx_thread_self()), "vcpu-1");
  });
  other.join();
  zx_handle_t vmo = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_vmo_create(4096, 0, &vmo), ZX_OK);
  EXPECT_EQ(Name(vmo), "");
  EXPECT_EQ(SetName(vmo, "guest memory"), ZX_OK);
  EXPECT_EQ(Name(vmo), "guest memory");
  EXPECT_EQ(SetName(vmo, std::string(31, 'a')), ZX_OK);
  EXPECT_EQ(Name(vmo), std::string(31, 'a'));
  EXPECT_EQ(SetName(vmo, std::string(40, 'b')), ZX_OK);
  EXPECT_EQ(Name(vmo), std::string(31, 'b'));
  EXPECT_EQ(SetName(vmo, std::string("cut\0here", 8)), ZX_OK);
  EXPECT_EQ(Name(vmo), "cut");
  EXPECT_EQ(zx_object_set_property(vmo, ZX_PROP_NAME, "x", 0), ZX_OK);
  EXPECT_EQ(Name(vmo), "");
  zx_handle_close(vmo);
}

TEST(PropertyTest, NamesOfWhatHasNone) {
  Shows("PROPERTY-2 PROPERTY-4 PROPERTY-5");
  Ends socket;
  ASSERT_EQ(zx_socket_create(0, &socket.a, &socket.b), ZX_OK);
  EXPECT_EQ(Name(socket.a), "");
  EXPECT_EQ(SetName(socket.a, "x"), ZX_ERR_NOT_SUPPORTED);
  const zx_handle_t event = NewEvent();
  char name[32];
  EXPECT_EQ(zx_object_get_property(event, ZX_PROP_NAME, name, 32), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(SetName(event, "x"), ZX_ERR_ACCESS_DENIED);
  zx_handle_close(event);
}

TEST(PropertyTest, ChecksInOrder) {
  Shows("PROPERTY-1 PROPERTY-2 PROPERTY-3 PROPERTY-4 PROPERTY-6 RIGHTS-57");
  const zx_handle_t process = zx_process_self();
  char name[32];
  EXPECT_EQ(zx_object_get_property(0, 99, nullptr, 0), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(zx_object_set_property(0, 99, nullptr, 0), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(zx_object_get_property(0, 99, name, 0), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(zx_object_set_property(0, 99, name, 0), ZX_ERR_BAD_HANDLE);
  const zx_handle_t no_get = WithRights(process, 0x6D3CF & ~ZX_RIGHT_GET_PROPERTY);
  const zx_handle_t no_set = WithRights(process, 0x6D3CF & ~ZX_RIGHT_SET_PROPERTY);
  EXPECT_EQ(zx_object_get_property(no_get, 99, name, 0), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(zx_object_set_property(no_set, 99, name, 0), ZX_ERR_ACCESS_DENIED);
  for (const uint32_t property : {0u, 1u, 2u, 4u, 5u, 11u, 14u, 99u, UINT32_MAX}) {
    EXPECT_EQ(zx_object_get_property(process, property, name, 32), ZX_ERR_NOT_SUPPORTED);
    EXPECT_EQ(zx_object_set_property(process, property, name, 32), ZX_ERR_NOT_SUPPORTED);
  }
  EXPECT_EQ(zx_object_get_property(process, ZX_PROP_NAME, name, 31), ZX_ERR_BUFFER_TOO_SMALL);
  EXPECT_EQ(zx_object_get_property(process, ZX_PROP_NAME, Wild<char>(), 32), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(zx_object_set_property(process, ZX_PROP_NAME, Wild<char>(), 1), ZX_ERR_INVALID_ARGS);
  const zx_handle_t get_alone = WithRights(process, ZX_RIGHT_GET_PROPERTY);
  EXPECT_EQ(zx_object_get_property(get_alone, ZX_PROP_NAME, name, 32), ZX_OK);
  for (const zx_handle_t handle : {no_get, no_set, get_alone}) zx_handle_close(handle);
}

TEST(PropertyTest, Thresholds) {
  Shows("PROPERTY-8 PROPERTY-9 PROPERTY-10 PROPERTY-11 PROPERTY-12 SOCKET-6");
  Ends socket;
  ASSERT_EQ(zx_socket_create(0, &socket.a, &socket.b), ZX_OK);
  for (const uint32_t property : {ZX_PROP_SOCKET_RX_THRESHOLD, ZX_PROP_SOCKET_TX_THRESHOLD}) {
    size_t bytes = 77;
    EXPECT_EQ(zx_object_get_property(socket.a, property, &bytes, 8), ZX_OK);
    EXPECT_EQ(bytes, 0u);
    EXPECT_EQ(zx_object_get_property(zx_process_self(), property, &bytes, 7),
              ZX_ERR_BUFFER_TOO_SMALL);
    EXPECT_EQ(zx_object_set_property(zx_process_self(), property, &bytes, 7),
              ZX_ERR_BUFFER_TOO_SMALL);
    EXPECT_EQ(zx_object_get_property(zx_process_self(), property, &bytes, 8), ZX_ERR_WRONG_TYPE);
    EXPECT_EQ(zx_object_set_property(zx_process_self(), property, &bytes, 8), ZX_ERR_WRONG_TYPE);
    EXPECT_EQ(zx_object_get_property(socket.a, property, Wild<char>(), 8), ZX_ERR_INVALID_ARGS);
    EXPECT_EQ(zx_object_set_property(socket.a, property, Wild<char>(), 8), ZX_ERR_INVALID_ARGS);
    bytes = 258'049;
    EXPECT_EQ(zx_object_set_property(socket.a, property, &bytes, 8), ZX_ERR_INVALID_ARGS);
    bytes = 100;
    EXPECT_EQ(zx_object_set_property(socket.a, property, &bytes, 8), ZX_OK);
  }
  EXPECT_EQ(Signals(socket.a), ZX_SOCKET_WRITABLE | ZX_SOCKET_WRITE_THRESHOLD);
  zx_handle_close(socket.b);
  size_t bytes = 258'049;
  EXPECT_EQ(zx_object_set_property(socket.a, ZX_PROP_SOCKET_TX_THRESHOLD, &bytes, 8),
            ZX_ERR_PEER_CLOSED);
  EXPECT_EQ(zx_object_get_property(socket.a, ZX_PROP_SOCKET_TX_THRESHOLD, &bytes, 8), ZX_OK);
  EXPECT_EQ(bytes, 100u);
}

// ---- the system ----

TEST(SystemTest, ValuesOfTheHost) {
  Shows("SYSTEM-1");
  EXPECT_EQ(zx_system_get_num_cpus(), static_cast<uint32_t>(sysconf(_SC_NPROCESSORS_CONF)));
  const auto pages = static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES));
  EXPECT_EQ(zx_system_get_physmem(), pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE)));
  EXPECT_EQ(zx_system_get_page_size(), 4096u);
  const uint32_t line = zx_system_get_dcache_line_size();
  EXPECT_GE(line, 16u);
  EXPECT_EQ(line & (line - 1), 0u);
}

TEST(SystemTest, Features) {
  Shows("SYSTEM-2");
  uint32_t features = 0;
  EXPECT_EQ(zx_system_get_features(0, &features), ZX_OK);
  EXPECT_EQ(features, 1u);
  for (const uint32_t kind : {1u, 2u, 3u, 4u, 5u, UINT32_MAX}) {
    EXPECT_EQ(zx_system_get_features(kind, &features), ZX_ERR_NOT_SUPPORTED);
  }
  EXPECT_EQ(zx_system_get_features(0, nullptr), ZX_ERR_INVALID_ARGS);
}

TEST(SystemTest, Version) {
  Shows("SYSTEM-3 GEN-44");
  const zx_string_view_t view = zx_system_get_version_string();
  const std::string expected = std::string("zircon-kvm ") + zircon_kvm_version();
  EXPECT_EQ(std::string(view.c_str, view.length), expected);
  EXPECT_EQ(view.c_str[view.length], '\0');
  std::string buffer(expected.size() + 1, '?');
  EXPECT_EQ(zx_system_get_version(buffer.data(), expected.size()), ZX_ERR_BUFFER_TOO_SMALL);
  EXPECT_EQ(zx_system_get_version(buffer.data(), buffer.size()), ZX_OK);
  EXPECT_EQ(buffer.c_str(), expected);
  EXPECT_EQ(zx_system_get_version(Wild<char>(), 100), ZX_ERR_INVALID_ARGS);
}

TEST(SystemTest, DrawFillsAnyNumberOfBytes) {
  Shows("SYSTEM-4");
  for (const size_t size : {size_t{0}, size_t{1}, size_t{255}, size_t{257}, size_t{100'000}}) {
    std::vector<uint8_t> bytes(size + 1, 0);
    // Two draws, so that a byte that stays 0 in both is none of those drawn; nearly.
    std::vector<uint8_t> seen(size + 1, 0);
    for (int draw = 0; draw < 8; ++draw) {
      zx_cprng_draw(bytes.data(), size);
      for (size_t i = 0; i <= size; ++i) seen[i] |= bytes[i];
    }
    EXPECT_EQ(std::count(seen.begin(), seen.begin() + static_cast<ptrdiff_t>(size), 0), 0);
    EXPECT_EQ(seen[size], 0);
  }
  uint64_t first = 0;
  uint64_t second = 0;
  zx_cprng_draw(&first, 8);
  zx_cprng_draw(&second, 8);
  EXPECT_NE(first, second);
}

TEST(SystemTest, DrawWithABadBuffer) {
  Shows("SYSTEM-5");
  zx_cprng_draw(nullptr, 10);
  zx_cprng_draw(Wild<char>(), 10);
  // Up to where it can be written.
  void* const map = mmap(nullptr, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(map, MAP_FAILED);
  ASSERT_EQ(munmap(static_cast<char*>(map) + 4096, 4096), 0);
  zx_cprng_draw(map, 8192);
  EXPECT_NE(std::count(static_cast<char*>(map), static_cast<char*>(map) + 4096, 0), 4096);
  munmap(map, 4096);
}

TEST(SystemTest, AddEntropy) {
  Shows("SYSTEM-6");
  const std::vector<uint8_t> bytes(257, 7);
  EXPECT_EQ(zx_cprng_add_entropy(bytes.data(), 256), ZX_OK);
  EXPECT_EQ(zx_cprng_add_entropy(bytes.data(), 257), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(zx_cprng_add_entropy(nullptr, 0), ZX_OK);
  EXPECT_EQ(zx_cprng_add_entropy(nullptr, 1), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(zx_cprng_add_entropy(Wild<char>(), 1), ZX_ERR_INVALID_ARGS);
}

TEST(SystemTest, DrawOnce) {
  Shows("SYSTEM-7");
  std::vector<uint8_t> bytes(257, 0);
  EXPECT_EQ(zx_cprng_draw_once(bytes.data(), 256), ZX_OK);
  EXPECT_LT(std::count(bytes.begin(), bytes.end(), 0), 64);
  EXPECT_EQ(bytes[256], 0);
  EXPECT_EQ(zx_cprng_draw_once(bytes.data(), 257), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(zx_cprng_draw_once(Wild<char>(), 1), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(zx_cprng_draw_once(nullptr, 0), ZX_OK);
}

TEST(SystemTest, CacheFlush) {
  Shows("SYSTEM-8");
  char bytes[64] = {};
  for (uint32_t options = 0; options < 16; ++options) {
    const bool good = options == 1 || options == 2 || options == 3 || options == 6 || options == 7;
    EXPECT_EQ(zx_cache_flush(bytes, sizeof(bytes), options), good ? ZX_OK : ZX_ERR_INVALID_ARGS);
  }
  EXPECT_EQ(zx_cache_flush(Wild<char>(), SIZE_MAX, ZX_CACHE_FLUSH_DATA), ZX_OK);
}

TEST(SystemTest, DebugWrite) {
  Shows("SYSTEM-9");
  const base::LogLevel level = base::GetLogLevel();
  base::SetLogLevel(base::LogLevel::kInfo);
  testing::internal::CaptureStderr();
  EXPECT_EQ(zx_debug_write("hello\tthere\x1b[31m\n", 17), ZX_OK);
  EXPECT_EQ(zx_debug_write(std::string(300, 'x').data(), 300), ZX_OK);
  EXPECT_EQ(zx_debug_write(nullptr, 0), ZX_OK);
  EXPECT_EQ(zx_debug_write(Wild<char>(), 1), ZX_ERR_INVALID_ARGS);
  base::SetLogLevel(base::LogLevel::kWarn);
  EXPECT_EQ(zx_debug_write("not seen", 8), ZX_OK);
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "zircon-kvm: info: hello.there.[31m\nzircon-kvm: info: " + std::string(256, 'x') +
                "\nzircon-kvm: info: \n");
  base::SetLogLevel(level);
}

// ---- clocks ----

TEST(ClocksTest, TicksAndBoot) {
  Shows("TIME-8 TIME-9");
  const zx_ticks_t before = zx_ticks_get();
  const zx_time_t now = zx_clock_get_monotonic();
  EXPECT_LE(before, now);
  EXPECT_LE(now, zx_ticks_get());
  EXPECT_EQ(zx_ticks_per_second(), 1'000'000'000);
  const zx_ticks_t boot_ticks = zx_ticks_get_boot();
  const zx_instant_boot_t boot = zx_clock_get_boot();
  EXPECT_LE(boot_ticks, boot);
  EXPECT_GE(boot, now);
  EXPECT_LE(boot, zx_ticks_get_boot());
}

TEST(ClocksTest, ClocksOf2018) {
  Shows("GEN-42");
  zx_time_t time = 0;
  for (const zx_clock_t clock : {0u, 1u}) {
    const zx_time_t before = zx_clock_get_monotonic();
    EXPECT_GE(zx_clock_get(clock), before);
    EXPECT_EQ(zx_clock_get_new(clock, &time), ZX_OK);
    EXPECT_LE(time, zx_clock_get_monotonic());
  }
  const zx_time_t thread = zx_clock_get(2);
  EXPECT_GT(thread, 0);
  EXPECT_LT(thread, zx_clock_get_monotonic());
  EXPECT_EQ(zx_clock_get_new(2, &time), ZX_OK);
  EXPECT_GE(time, thread);
  // This thread's, and not the process's.
  std::thread([&time] {
    EXPECT_EQ(zx_clock_get_new(2, &time), ZX_OK);
    timespec own{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &own);
    EXPECT_LE(time, own.tv_sec * 1'000'000'000 + own.tv_nsec);
  }).join();
  for (const zx_clock_t clock : {3u, UINT32_MAX}) {
    EXPECT_EQ(zx_clock_get(clock), 0);
    EXPECT_EQ(zx_clock_get_new(clock, nullptr), ZX_ERR_INVALID_ARGS);
  }
  EXPECT_EQ(zx_clock_get_new(0, nullptr), ZX_ERR_INVALID_ARGS);
}

TEST(ClocksTest, AdjustOf2018) {
  Shows("GEN-43");
  zx_handle_t root = ZX_HANDLE_INVALID;
  ASSERT_EQ(zircon_kvm_root_resource(&root), ZX_OK);
  zx_handle_t system = ZX_HANDLE_INVALID;
  ASSERT_EQ(zircon_kvm_vmex_resource(&system), ZX_OK);
  for (const zx_clock_t clock : {0u, 1u, 2u, 7u}) {
    EXPECT_EQ(zx_clock_adjust(0, clock, 0), ZX_ERR_BAD_HANDLE);
    EXPECT_EQ(zx_clock_adjust(zx_process_self(), clock, 0), ZX_ERR_WRONG_TYPE);
    EXPECT_EQ(zx_clock_adjust(system, clock, 0), ZX_ERR_WRONG_TYPE);
  }
  EXPECT_EQ(zx_clock_adjust(root, 0, 0), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(zx_clock_adjust(root, 2, 0), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(zx_clock_adjust(root, 1, ZX_HOUR(1)), ZX_OK);
  const zx_time_t before = zx_clock_get_monotonic();
  const zx_time_t utc = zx_clock_get(1);
  EXPECT_GE(utc, before + ZX_HOUR(1));
  EXPECT_LE(utc, zx_clock_get_monotonic() + ZX_HOUR(1));
  EXPECT_EQ(zx_clock_adjust(root, 1, 0), ZX_OK);
  zx_handle_close(root);
  zx_handle_close(system);
}

}  // namespace
}  // namespace zircon::test
