// Who may use the library, and what its calls give to who may not. Rows: HANDLE-FORK.

#include "base/fork_guard.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>

#include "contract.h"
#include "every_call.h"
#include "unit/in_child.h"
#include "unit/strict_pointers.h"

namespace zircon::base {
namespace {

// Runs `body` in a program that has not used the library yet; 0 is good.
#define EXPECT_GOOD_IN_A_NEW_PROGRAM(...)                                \
  do {                                                                   \
    GTEST_FLAG_SET(death_test_style, "threadsafe");                      \
    EXPECT_EXIT(_exit((__VA_ARGS__)()), testing::ExitedWithCode(0), ""); \
  } while (false)

bool IsOwn() {
  zx_handle_t event = ZX_HANDLE_INVALID;
  return zx_event_create(0, &event) == ZX_OK && zx_handle_close(event) == ZX_OK;
}

bool IsRefused() {
  zx_handle_t event = 77;
  return zx_event_create(0, &event) == ZX_ERR_BAD_STATE && event == 77 &&
         zx_thread_self() == ZX_HANDLE_INVALID && InForkedChild();
}

TEST(ForkGuardStates, ChildrenOfAnUnusedLibraryAreTheirOwn) {
  Shows("HANDLE-FORK-4");
  EXPECT_GOOD_IN_A_NEW_PROGRAM([] {
    if (InForkedChild()) return 1;
    // Pure calls are no use of it.
    if (zx_clock_get_monotonic() == 0 || zx_handle_close(ZX_HANDLE_INVALID) != ZX_OK) return 2;
    zircon_kvm_set_log_level(ZIRCON_KVM_LOG_OFF);
    if (InChild([] { return IsOwn() ? 0 : 3; }) != 0) return 4;
    return IsOwn() ? 0 : 5;
  });
}

TEST(ForkGuardStates, ChecksLeaveNothingBehind) {
  Shows("HANDLE-FORK-4");
  EXPECT_GOOD_IN_A_NEW_PROGRAM([] {
    char why[200];
    const zx_status_t checked = zircon_kvm_check(why, sizeof(why));
    zircon_kvm_stats_t stats;
    if (zircon_kvm_get_stats(&stats, sizeof(stats)) != ZX_OK) return 1;
    const int result = InChild([&] {
      if (zircon_kvm_check(why, sizeof(why)) != checked) return 2;
      if (!IsOwn()) return 3;
      // And a child of its own is not.
      return InChild([] { return IsRefused() ? 0 : 4; });
    });
    if (result != 0) return result;
    return IsOwn() ? 0 : 5;
  });
}

TEST(ForkGuardStates, AChildOfACheckInProgressIsRefused) {
  Shows("HANDLE-FORK-1");
  EXPECT_GOOD_IN_A_NEW_PROGRAM([] {
    {
      const PassingUse use;
      if (use.status() != ZX_OK) return 1;
      if (InChild([] { return IsRefused() ? 0 : 2; }) != 0) return 3;
    }
    return InChild([] { return IsOwn() ? 0 : 4; });
  });
}

TEST(ForkGuardStates, ChildrenOfAUsedLibraryAreRefused) {
  Shows("HANDLE-FORK-1 HANDLE-FORK-2");
  EXPECT_GOOD_IN_A_NEW_PROGRAM([] {
    // It failed, but it was a use.
    if (zx_event_create(1, nullptr) != ZX_ERR_INVALID_ARGS) return 1;
    if (InChild([] { return IsRefused() ? 0 : 2; }) != 0) return 3;
    if (InChild([] { return InChild([] { return IsRefused() ? 0 : 4; }); }) != 0) return 5;
    return IsOwn() ? 0 : 6;
  });
}

TEST(ForkGuardCalls, WhatNeedsNothingOfTheProcessWorksInAChild) {
  Shows("HANDLE-FORK-6");
  ASSERT_TRUE(IsOwn());
  EXPECT_EQ(InChild([] {
              uint8_t bytes[64] = {};
              zx_cprng_draw(bytes, sizeof(bytes));
              uint32_t features = 0;
              if (bytes[0] == 0 && bytes[1] == 0 && bytes[2] == 0 && bytes[3] == 0) return 1;
              if (zx_clock_get_monotonic() <= 0 || zx_ticks_get() <= 0) return 2;
              if (zx_nanosleep(1) != ZX_OK) return 3;
              if (zx_system_get_num_cpus() == 0 || zx_system_get_physmem() == 0) return 4;
              if (zx_system_get_version_string().length == 0) return 5;
              if (zx_system_get_features(ZX_FEATURE_KIND_CPU, &features) != ZX_OK) return 6;
              if (zx_status_get_string(ZX_OK)[0] != 'Z') return 7;
              zircon_kvm_set_log_level(ZIRCON_KVM_LOG_OFF);
              return zircon_kvm_version()[0] != 0 ? 0 : 8;
            }),
            0);
}

// With pointers that the kernel copies by, which knows processes by their threads.
TEST(ForkGuardCalls, WhatComesBackInAChildDoesNotComeToItsParent) {
  Shows("HANDLE-FORK-2 HANDLE-FORK-6");
  const StrictPointers strict;
  uint8_t bytes[64] = {};
  zx_cprng_draw(bytes, sizeof(bytes));  // the thread is known from here on
  std::fill(std::begin(bytes), std::end(bytes), uint8_t{0});
  const auto is_empty = [&bytes] {
    return std::all_of(std::begin(bytes), std::end(bytes), [](uint8_t byte) { return byte == 0; });
  };
  EXPECT_EQ(InChild([&] {
              zx_cprng_draw(bytes, sizeof(bytes));
              return is_empty() ? 1 : 0;
            }),
            0);
  EXPECT_TRUE(is_empty());
}

TEST(ForkGuardCalls, AllAreRefusedInAChild) {
  Shows("HANDLE-FORK-1");
  ASSERT_TRUE(IsOwn());
  EXPECT_EQ(InChild(CallsThatAreNotRefused), 0);
}

}  // namespace
}  // namespace zircon::base
