// What one more wait, timer, packet or resource costs when there are 100,000: about what it costs
// when there are few, in instructions. Rows: those of docs/SPECIFICATION.md on scale.

#include <gtest/gtest.h>
#include <zircon-kvm/host.h>
#include <zircon/syscalls.h>

#include <cstdint>
#include <vector>

#include "sanitizers.h"
#include "scale/expect_flat.h"

#if !defined(TESTS_SANITIZED)
namespace zircon {
namespace {

constexpr uint64_t kMany = 100'000;
constexpr zx_signals_t kWanted = ZX_USER_SIGNAL_0;
constexpr zx_signals_t kOther = ZX_USER_SIGNAL_1;

class WaitScale : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(zx_event_create(0, &event_), ZX_OK);
    ASSERT_EQ(zx_port_create(0, &port_), ZX_OK);
  }
  void TearDown() override {
    zx_handle_close(port_);
    zx_handle_close(event_);
  }
  void Wait(uint64_t key, uint32_t options = 0) {
    ASSERT_EQ(zx_object_wait_async(event_, port_, key, kWanted, options), ZX_OK);
  }
  void WaitAndCancel(uint64_t key) {
    Wait(key);
    ASSERT_EQ(zx_port_cancel(port_, event_, key), ZX_OK);
  }

  zx_handle_t event_ = ZX_HANDLE_INVALID;
  zx_handle_t port_ = ZX_HANDLE_INVALID;
};

TEST_F(WaitScale, Begin) {
  ExpectFlat("wait_async at one object", kMany, [&](uint64_t i) { Wait(i); });
}

TEST_F(WaitScale, SignalsNobodyWants) {
  ExpectFlatAmong(
      "a signal that nobody waits for", kMany,
      [&](uint64_t i) { Wait(i, i % 2 == 0 ? 0 : ZX_WAIT_ASYNC_EDGE); },
      [&] {
        ASSERT_EQ(zx_object_signal(event_, 0, kOther), ZX_OK);
        ASSERT_EQ(zx_object_signal(event_, kOther, 0), ZX_OK);
      });
}

// Waits for an edge, of a signal that has been there all the time.
TEST_F(WaitScale, SignalsThatHaveLongBeenThere) {
  ASSERT_EQ(zx_object_signal(event_, 0, kWanted), ZX_OK);
  ExpectFlatAmong(
      "a signal beside one that waits for edges have seen", kMany,
      [&](uint64_t i) { Wait(i, ZX_WAIT_ASYNC_EDGE); },
      [&] {
        ASSERT_EQ(zx_object_signal(event_, 0, kOther), ZX_OK);
        ASSERT_EQ(zx_object_signal(event_, kOther, 0), ZX_OK);
      });
}

TEST_F(WaitScale, SignalsThatOneWants) {
  ExpectFlatAmong(
      "a signal that one waits for", kMany, [&](uint64_t i) { Wait(i); },
      [&] {
        zx_port_packet_t packet;
        ASSERT_EQ(zx_object_wait_async(event_, port_, 1, kOther, 0), ZX_OK);
        ASSERT_EQ(zx_object_signal(event_, 0, kOther), ZX_OK);
        ASSERT_EQ(zx_object_signal(event_, kOther, 0), ZX_OK);
        ASSERT_EQ(zx_port_wait(port_, 0, &packet), ZX_OK);
      });
}

TEST_F(WaitScale, CancelOfOneOfMany) {
  ExpectFlatAmong(
      "port_cancel of a wait", kMany, [&](uint64_t i) { Wait(2 * i); }, [&] { WaitAndCancel(51); });
}

TEST_F(WaitScale, CancelByKey) {
  ExpectFlatAmong(
      "port_cancel_key of a wait", kMany, [&](uint64_t i) { Wait(2 * i); },
      [&] {
        Wait(51);
        ASSERT_EQ(zx_port_cancel_key(port_, 0, 51), ZX_OK);
      });
}

// All with one key, of one object.
TEST_F(WaitScale, ClosingAHandleOfMany) {
  std::vector<zx_handle_t> handles;
  const auto wait_through_another = [&](zx_handle_t* handle) {
    ASSERT_EQ(zx_handle_duplicate(event_, ZX_RIGHT_SAME_RIGHTS, handle), ZX_OK);
    ASSERT_EQ(zx_object_wait_async(*handle, port_, 1, kWanted, 0), ZX_OK);
  };
  ExpectFlatAmong(
      "closing a handle with a wait", kMany,
      [&](uint64_t) {
        handles.push_back(ZX_HANDLE_INVALID);
        wait_through_another(&handles.back());
      },
      [&] {
        zx_handle_t handle = ZX_HANDLE_INVALID;
        wait_through_another(&handle);
        ASSERT_EQ(zx_handle_close(handle), ZX_OK);
      });
  ASSERT_EQ(zx_handle_close_many(handles.data(), handles.size()), ZX_OK);
}

// Whose waits are at an object that has many of other ports.
TEST_F(WaitScale, ClosingAPort) {
  ExpectFlatAmong(
      "closing a port with a wait", kMany, [&](uint64_t i) { Wait(i); },
      [&] {
        zx_handle_t port = ZX_HANDLE_INVALID;
        ASSERT_EQ(zx_port_create(0, &port), ZX_OK);
        ASSERT_EQ(zx_object_wait_async(event_, port, 1, kWanted, 0), ZX_OK);
        ASSERT_EQ(zx_handle_close(port), ZX_OK);
      });
}

TEST_F(WaitScale, PacketsByKey) {
  ASSERT_EQ(zx_object_signal(event_, 0, kWanted), ZX_OK);
  ExpectFlatAmong(
      "port_cancel_key and port_cancel of a wait's packet", kMany, [&](uint64_t i) { Wait(2 * i); },
      [&] {
        Wait(51);
        ASSERT_EQ(zx_port_cancel_key(port_, 0, 51), ZX_OK);
        Wait(53);
        ASSERT_EQ(zx_port_cancel(port_, event_, 53), ZX_OK);
      });
}

TEST_F(WaitScale, Timers) {
  std::vector<zx_handle_t> timers(kMany);
  for (zx_handle_t& timer : timers) {
    ASSERT_EQ(zx_timer_create(0, ZX_CLOCK_MONOTONIC, &timer), ZX_OK);
  }
  // None that comes before all others, which the thread of the timers has to be told.
  zx_handle_t first = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_timer_create(0, ZX_CLOCK_MONOTONIC, &first), ZX_OK);
  const zx_time_t far = zx_deadline_after(ZX_HOUR(1));
  ASSERT_EQ(zx_timer_set(first, far - 1, 0), ZX_OK);
  ExpectFlatAmong(
      "timer_set and timer_cancel", kMany - 1,
      [&](uint64_t i) {
        const zx_time_t deadline = far + static_cast<zx_time_t>(i * 7919 % kMany);
        ASSERT_EQ(zx_timer_set(timers[i], deadline, 0), ZX_OK);
      },
      [&] {
        const zx_handle_t timer = timers.back();
        ASSERT_EQ(zx_timer_set(timer, far + 50, 0), ZX_OK);
        ASSERT_EQ(zx_timer_cancel(timer), ZX_OK);
      });
  ASSERT_EQ(zx_handle_close_many(timers.data(), timers.size()), ZX_OK);
  ASSERT_EQ(zx_handle_close(first), ZX_OK);
}

TEST_F(WaitScale, Resources) {
  zx_handle_t root = ZX_HANDLE_INVALID;
  ASSERT_EQ(zircon_kvm_root_resource(&root), ZX_OK);
  std::vector<zx_handle_t> resources;
  const auto create = [&](uint64_t base, uint64_t size, uint32_t flags) {
    zx_handle_t resource = ZX_HANDLE_INVALID;
    const zx_status_t status =
        zx_resource_create(root, ZX_RSRC_KIND_MMIO | flags, base, size, nullptr, 0, &resource);
    if (status == ZX_OK) resources.push_back(resource);
    return status;
  };
  // Shared ranges over one another, and exclusive ones apart.
  constexpr uint64_t kLowest = uint64_t{1} << 32;
  ExpectFlatAmong(
      "resource_create", kMany,
      [&](uint64_t i) {
        const bool shared = i % 2 == 0;
        const uint64_t base = kLowest + i * 7919 % kMany * 4 + (shared ? 0 : 2);
        ASSERT_EQ(create(base, 2, shared ? 0 : ZX_RSRC_FLAG_EXCLUSIVE), ZX_OK);
      },
      [&] {
        ASSERT_EQ(create(kLowest, 1, 0), ZX_OK);
        ASSERT_EQ(create(kLowest, kMany * 4, ZX_RSRC_FLAG_EXCLUSIVE), ZX_ERR_NOT_FOUND);
        ASSERT_EQ(zx_handle_close(resources.back()), ZX_OK);
        resources.pop_back();
      });
  ASSERT_EQ(zx_handle_close_many(resources.data(), resources.size()), ZX_OK);
  ASSERT_EQ(zx_handle_close(root), ZX_OK);
}

}  // namespace
}  // namespace zircon
#endif
