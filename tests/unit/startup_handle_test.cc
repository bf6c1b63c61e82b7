// zx_take_startup_handle: the resources of a process. Rows: STARTUP.

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zircon/processargs.h>
#include <zircon/syscalls.h>

#include <atomic>
#include <thread>
#include <vector>

#include "contract.h"
#include "handles_in_tests.h"

namespace zircon::test {
namespace {

zx_info_resource_t Info(zx_handle_t handle) {
  zx_info_resource_t info{};
  EXPECT_EQ(zx_object_get_info(handle, ZX_INFO_RESOURCE, &info, sizeof(info), nullptr, nullptr),
            ZX_OK);
  return info;
}

// In one test, since a process hands each out once.
TEST(StartupHandleTest, EachResourceOnce) {
  Shows("STARTUP-1 STARTUP-2 STARTUP-3");
  EXPECT_EQ(zx_take_startup_handle(PA_HND(PA_RESOURCE, 1)), ZX_HANDLE_INVALID);
  EXPECT_EQ(zx_take_startup_handle(PA_HND(PA_PROC_SELF, 0)), ZX_HANDLE_INVALID);
  EXPECT_EQ(zx_take_startup_handle(PA_HND(PA_USER0, 0)), ZX_HANDLE_INVALID);
  struct Expected {
    uint32_t type;
    zx_rsrc_kind_t kind;
    uint64_t size;
  };
  const Expected all[] = {{PA_RESOURCE, ZX_RSRC_KIND_ROOT, 0},
                          {PA_MMIO_RESOURCE, ZX_RSRC_KIND_MMIO, UINT64_MAX},
                          {PA_IRQ_RESOURCE, ZX_RSRC_KIND_IRQ, UINT64_C(1) << 32},
                          {PA_IOPORT_RESOURCE, ZX_RSRC_KIND_IOPORT, 1u << 16},
                          {PA_SMC_RESOURCE, ZX_RSRC_KIND_SMC, UINT64_MAX},
                          {PA_SYSTEM_RESOURCE, ZX_RSRC_KIND_SYSTEM, ZX_RSRC_SYSTEM_COUNT}};
  for (const Expected& expected : all) {
    SCOPED_TRACE(expected.type);
    // Many ask, one gets it.
    std::atomic<int> got{0};
    std::atomic<zx_handle_t> handle{ZX_HANDLE_INVALID};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        const zx_handle_t taken = zx_take_startup_handle(PA_HND(expected.type, 0));
        if (taken == ZX_HANDLE_INVALID) return;
        ++got;
        handle = taken;
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(got, 1);
    EXPECT_EQ(Basic(handle).rights, ZX_DEFAULT_RESOURCE_RIGHTS);
    EXPECT_EQ(Info(handle).kind, expected.kind);
    EXPECT_EQ(Info(handle).base, 0u);
    EXPECT_EQ(Info(handle).size, expected.size);
    EXPECT_EQ(zx_handle_close(handle), ZX_OK);
    EXPECT_EQ(zx_take_startup_handle(PA_HND(expected.type, 0)), ZX_HANDLE_INVALID);
  }
}

TEST(StartupHandleTest, NoneInAForkedChild) {
  Shows("STARTUP-3");
  EXPECT_NE(zx_process_self(), ZX_HANDLE_INVALID);
  const pid_t child = fork();
  if (child == 0) _exit(zx_take_startup_handle(PA_HND(PA_RESOURCE, 0)) == 0 ? 0 : 1);
  int status = -1;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST(StartupHandleTest, AFullTableTakesNothing) {
  Shows("STARTUP-4");
  const pid_t child = fork();
  if (child == 0) {
    execl("/proc/self/exe", "unit_tests", "--gtest_also_run_disabled_tests",
          "--gtest_filter=StartupHandleTest.DISABLED_WithAFullTable", nullptr);
    _exit(99);
  }
  int status = -1;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

// In a process of its own: of AFullTableTakesNothing.
TEST(StartupHandleTest, DISABLED_WithAFullTable) {
  std::vector<zx_handle_t> handles;
  zx_handle_t event = NewEvent();
  zx_handle_t copy = ZX_HANDLE_INVALID;
  while (zx_handle_duplicate(event, ZX_RIGHT_SAME_RIGHTS, &copy) == ZX_OK) handles.push_back(copy);
  EXPECT_EQ(zx_take_startup_handle(PA_HND(PA_RESOURCE, 0)), ZX_HANDLE_INVALID);
  EXPECT_EQ(zx_handle_close(event), ZX_OK);
  EXPECT_NE(zx_take_startup_handle(PA_HND(PA_RESOURCE, 0)), ZX_HANDLE_INVALID);
}

}  // namespace
}  // namespace zircon::test
