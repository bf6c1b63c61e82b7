// As many handles and timers as there may be, and a process that has no descriptors, no memory or
// no room for mappings left.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <zircon/syscalls/port.h>

#include <fstream>
#include <vector>

#include "contract.h"
#include "limits/limit.h"
#include "sanitizers.h"

namespace zircon::limits {
namespace {

constexpr uint64_t kPage = 4096;
constexpr uint64_t kMostHandles = 262'144;
constexpr zx_time_t kPast = ZX_TIME_INFINITE_PAST;

TEST(Limits, AllHandles) {
  Shows("HANDLE-6 HANDLE-VALUE-4");
  for (int round = 0; round < 2; ++round) {
    const uint64_t before = Stats().live_handles;
    Handles handles;
    zx_handle_t event = ZX_HANDLE_INVALID;
    zx_status_t status = ZX_OK;
    while ((status = zx_event_create(0, &event)) == ZX_OK) handles.Keep(event);
    EXPECT_EQ(status, ZX_ERR_NO_MEMORY);
    EXPECT_EQ(Stats().live_handles, kMostHandles);
    EXPECT_EQ(handles.size(), kMostHandles - before);
    // Those there are work.
    for (size_t i = 0; i < handles.size(); i += 1001) {
      ASSERT_EQ(zx_object_signal(handles.at(i), 0, ZX_EVENT_SIGNALED), ZX_OK);
      ASSERT_EQ(zx_object_wait_one(handles.at(i), ZX_EVENT_SIGNALED, kPast, nullptr), ZX_OK);
    }
    handles.CloseAll();
    EXPECT_EQ(Stats().live_handles, before);
  }
}

TEST(Limits, AHundredThousandTimers) {
  Shows("TIMER-2 TIMER-7");
  const uint64_t count = Many(100'000, 10'000);
  Handles timers;
  zx_handle_t port = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_port_create(0, &port), ZX_OK);
  for (uint64_t i = 0; i < count; ++i) {
    zx_handle_t timer = ZX_HANDLE_INVALID;
    ASSERT_EQ(zx_timer_create(0, ZX_CLOCK_MONOTONIC, &timer), ZX_OK) << i;
    timers.Keep(timer);
    ASSERT_EQ(zx_timer_set(timer, zx_deadline_after(ZX_SEC(3600 + i)), 0), ZX_OK);
    ASSERT_EQ(zx_object_wait_async(timer, port, i, ZX_TIMER_SIGNALED, 0), ZX_OK);
  }
  // All at one moment, soon: each fires once.
  const zx_time_t soon = zx_deadline_after(ZX_MSEC(200));
  for (uint64_t i = 0; i < count; ++i) ASSERT_EQ(zx_timer_set(timers.at(i), soon, 0), ZX_OK);
  std::vector<bool> fired(count);
  zx_port_packet_t packet;
  for (uint64_t i = 0; i < count; ++i) {
    ASSERT_EQ(zx_port_wait(port, ZX_TIME_INFINITE, &packet), ZX_OK);
    ASSERT_FALSE(fired[packet.key]) << packet.key;
    fired[packet.key] = true;
  }
  EXPECT_GE(zx_clock_get_monotonic(), soon);
  EXPECT_EQ(zx_port_wait(port, kPast, &packet), ZX_ERR_TIMED_OUT);
  timers.CloseAll();
  zx_handle_close(port);
}

TEST(Limits, AHundredThousandWaitsAndMessages) {
  Shows("WAIT-ASYNC-9 CHANNEL-1");
  const uint64_t count = Many(100'000, 10'000);
  zx_handle_t port = ZX_HANDLE_INVALID;
  zx_handle_t event = ZX_HANDLE_INVALID;
  zx_handle_t ends[2];
  ASSERT_EQ(zx_port_create(0, &port), ZX_OK);
  ASSERT_EQ(zx_event_create(0, &event), ZX_OK);
  ASSERT_EQ(zx_channel_create(0, &ends[0], &ends[1]), ZX_OK);
  for (uint64_t i = 0; i < count; ++i) {
    ASSERT_EQ(zx_object_wait_async(event, port, i, ZX_EVENT_SIGNALED, 0), ZX_OK);
    ASSERT_EQ(zx_channel_write(ends[0], 0, &i, sizeof(i), nullptr, 0), ZX_OK);
  }
  ASSERT_EQ(zx_object_signal(event, 0, ZX_EVENT_SIGNALED), ZX_OK);
  for (uint64_t i = 0; i < count; ++i) {
    zx_port_packet_t packet;
    ASSERT_EQ(zx_port_wait(port, kPast, &packet), ZX_OK);
    uint64_t number = 0;
    ASSERT_EQ(zx_channel_read(ends[1], 0, &number, nullptr, sizeof(number), 0, nullptr, nullptr),
              ZX_OK);
    ASSERT_EQ(number, i);
  }
  // Once more, and all go unread.
  for (uint64_t i = 0; i < count; ++i) {
    ASSERT_EQ(zx_object_wait_async(event, port, i, ZX_USER_SIGNAL_0, 0), ZX_OK);
    ASSERT_EQ(zx_channel_write(ends[0], 0, &i, sizeof(i), nullptr, 0), ZX_OK);
  }
  const zx_handle_t all[] = {event, ends[0], ends[1], port};
  EXPECT_EQ(zx_handle_close_many(all, 4), ZX_OK);
}

TEST(Limits, NoDescriptorLeft) {
  Shows("VMO-CREATE-3 VMO-4 HOST-ERR-1");
  // What is open already keeps its numbers.
  int highest = 0;
  for (int fd = 0; fd < 1024; ++fd) highest = fcntl(fd, F_GETFD) >= 0 ? fd : highest;
  for (int round = 0; round < 2; ++round) {
    const Lowered limit(RLIMIT_NOFILE, static_cast<rlim_t>(highest) + 20);
    ASSERT_TRUE(limit.works());
    Handles vmos;
    zx_handle_t vmo = ZX_HANDLE_INVALID;
    zx_status_t status = ZX_OK;
    while ((status = zx_vmo_create(kPage, 0, &vmo)) == ZX_OK) vmos.Keep(vmo);
    EXPECT_EQ(status, ZX_ERR_NO_RESOURCES);
    EXPECT_GE(vmos.size(), 15u);
    // What takes none goes on, and those there are work.
    zx_handle_t ends[2];
    EXPECT_EQ(zx_channel_create(0, &ends[0], &ends[1]), ZX_OK);
    EXPECT_EQ(zx_handle_close_many(ends, 2), ZX_OK);
    EXPECT_EQ(zx_vmo_write(vmos.back(), "x", 0, 1), ZX_OK);
    EXPECT_EQ(zx_vmo_create_child(vmos.back(), ZX_VMO_CHILD_SNAPSHOT, 0, kPage, &vmo),
              ZX_ERR_NO_RESOURCES);
    vmos.CloseAll();
    EXPECT_EQ(zx_vmo_create(kPage, 0, &vmo), ZX_OK);
    EXPECT_EQ(zx_handle_close(vmo), ZX_OK);
  }
}

#if !defined(TESTS_SANITIZED)
TEST(Limits, NoAddressSpaceLeft) {
  Shows("VMAR-MAP-19 VMO-CREATE-4 CALL-4");
  const Lowered limit(RLIMIT_AS, uint64_t{4} << 30);
  ASSERT_TRUE(limit.works());
  constexpr uint64_t kSize = uint64_t{64} << 20;
  zx_handle_t vmo = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_vmo_create(kSize, 0, &vmo), ZX_OK);
  for (int round = 0; round < 2; ++round) {
    std::vector<zx_vaddr_t> mapped;
    zx_status_t status = ZX_OK;
    while (mapped.size() < 100) {
      zx_vaddr_t at = 0;
      status = zx_vmar_map(zx_vmar_root_self(), ZX_VM_PERM_READ, 0, vmo, 0, kSize, &at);
      if (status != ZX_OK) break;
      mapped.push_back(at);
    }
    EXPECT_TRUE(status == ZX_ERR_NO_MEMORY || status == ZX_ERR_NO_RESOURCES) << status;
    EXPECT_GT(mapped.size(), 10u);
    for (const zx_vaddr_t at : mapped) {
      EXPECT_EQ(zx_vmar_unmap(zx_vmar_root_self(), at, kSize), ZX_OK);
    }
  }
  zx_handle_close(vmo);
}
#endif

uint64_t MaxMapCount() {
  std::ifstream file("/proc/sys/vm/max_map_count");
  uint64_t count = 0;
  file >> count;
  return count;
}

TEST(Limits, ThirtyThousandMappingsInTheProcess) {
  Shows("VMAR-4 VMAR-5");
  const uint64_t count = Many(30'000, 3'000);
  if (MaxMapCount() < count + 10'000) GTEST_SKIP() << "vm.max_map_count is " << MaxMapCount();
  zx_handle_t vmo = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_vmo_create(kPage, 0, &vmo), ZX_OK);
  const zx_handle_t root = zx_vmar_root_self();
  std::vector<zx_vaddr_t> mapped;
  for (uint64_t i = 0; i < count; ++i) {
    zx_vaddr_t at = 0;
    ASSERT_EQ(zx_vmar_map(root, ZX_VM_PERM_READ, 0, vmo, 0, kPage, &at), ZX_OK) << i;
    mapped.push_back(at);
  }
  ASSERT_EQ(zx_vmo_write(vmo, "x", 0, 1), ZX_OK);
  for (const zx_vaddr_t at : mapped) {
    ASSERT_EQ(*reinterpret_cast<const volatile char*>(at), 'x');
    ASSERT_EQ(zx_vmar_unmap(root, at, kPage), ZX_OK);
  }
  zx_handle_close(vmo);
}

}  // namespace
}  // namespace zircon::limits
