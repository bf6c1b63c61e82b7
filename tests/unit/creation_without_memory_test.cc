// Calls that make something while no memory is to be had: NO_MEMORY, no handle, and nothing thrown.
// Rows: CALL-6.

#include <gtest/gtest.h>
#include <zircon/syscalls.h>

#include <cstdlib>

#include "contract.h"
#include "fake/memory_shortage.h"
#include "handles_in_tests.h"
#include "objects/size_queue.h"

namespace zircon::test {
namespace {

template <typename Call>
zx_status_t WithoutMemory(Call call) {
  const fake::MemoryShortage shortage;
  return call();
}

TEST(CreationWithoutMemory, EveryObject) {
  Shows("CALL-6 SOCKET-CREATE-2 TIMER-CREATE-4 PORT-CREATE-2 WAIT-ASYNC-4");
  zx_handle_t first = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_event_create(0, &first), ZX_OK);  // there is a table
  zx_handle_t port = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_port_create(0, &port), ZX_OK);
  const uint32_t live = LiveHandles();
  zx_handle_t a = 77;
  zx_handle_t b = 77;
  const auto expect_none = [&](zx_status_t status) {
    EXPECT_EQ(status, ZX_ERR_NO_MEMORY);
    EXPECT_EQ(a, 77u);
    EXPECT_EQ(b, 77u);
    EXPECT_EQ(LiveHandles(), live);
  };
  expect_none(WithoutMemory([&] { return zx_event_create(0, &a); }));
  expect_none(WithoutMemory([&] { return zx_eventpair_create(0, &a, &b); }));
  expect_none(WithoutMemory([&] { return zx_channel_create(0, &a, &b); }));
  expect_none(WithoutMemory([&] { return zx_fifo_create(4, 8, 0, &a, &b); }));
  expect_none(WithoutMemory([&] { return zx_socket_create(0, &a, &b); }));
  expect_none(WithoutMemory([&] { return zx_socket_create(ZX_SOCKET_DATAGRAM, &a, &b); }));
  expect_none(WithoutMemory([&] { return zx_port_create(0, &a); }));
  expect_none(WithoutMemory([&] { return zx_timer_create(0, ZX_CLOCK_MONOTONIC, &a); }));
  expect_none(WithoutMemory([&] { return zx_vmo_create(4096, 0, &a); }));
  expect_none(WithoutMemory(
      [&] { return zx_interrupt_create(ZX_HANDLE_INVALID, 0, ZX_INTERRUPT_VIRTUAL, &a); }));
  expect_none(
      WithoutMemory([&] { return zx_object_wait_async(first, port, 1, ZX_EVENT_SIGNALED, 0); }));
  const zx_port_packet_t packet{};
  expect_none(WithoutMemory([&] { return zx_port_queue(port, &packet); }));
  zx_handle_close(port);
  zx_handle_close(first);
}

// In a process that has had no timer.
TEST(CreationWithoutMemoryDeathTest, TheFirstTimer) {
  Shows("TIMER-CREATE-4 CALL-6");
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        zx_handle_t event = ZX_HANDLE_INVALID;
        zx_handle_t timer = ZX_HANDLE_INVALID;
        bool right = zx_event_create(0, &event) == ZX_OK;
        right = right && WithoutMemory([&] {
                           return zx_timer_create(0, ZX_CLOCK_MONOTONIC, &timer);
                         }) == ZX_ERR_NO_MEMORY;
        right = right && zx_timer_create(0, ZX_CLOCK_MONOTONIC, &timer) == ZX_OK;
        right = right && zx_timer_set(timer, zx_deadline_after(1), 0) == ZX_OK;
        right = right &&
                zx_object_wait_one(timer, ZX_TIMER_SIGNALED, ZX_TIME_INFINITE, nullptr) == ZX_OK;
        std::_Exit(right ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
}

// A datagram for which there is no memory is not written, and those before it are whole.
TEST(CreationWithoutMemory, Datagrams) {
  Shows("CALL-4 CALL-6");
  zx_handle_t ends[2];
  ASSERT_EQ(zx_socket_create(ZX_SOCKET_DATAGRAM, &ends[0], &ends[1]), ZX_OK);
  const auto write = [&] { return zx_socket_write(ends[0], 0, "x", 1, nullptr); };
  EXPECT_EQ(WithoutMemory(write), ZX_ERR_NO_MEMORY);
  ASSERT_EQ(write(), ZX_OK);
  int written = 1;
  zx_status_t status = ZX_OK;
  while ((status = WithoutMemory(write)) == ZX_OK) ++written;
  EXPECT_EQ(status, ZX_ERR_NO_MEMORY);
  for (int i = 0; i < written; ++i) {
    char buffer[2];
    size_t actual = 0;
    ASSERT_EQ(zx_socket_read(ends[1], 0, buffer, sizeof(buffer), &actual), ZX_OK);
    ASSERT_EQ(actual, 1u);
  }
  EXPECT_EQ(zx_socket_read(ends[1], 0, nullptr, 0, nullptr), ZX_ERR_SHOULD_WAIT);
  for (const zx_handle_t end : ends) zx_handle_close(end);
}

// Grows in the middle of going round.
TEST(SizeQueue, KeepsTheOrder) {
  Shows("SOCKET-2");
  objects::SizeQueue queue;
  uint32_t next_in = 0;
  uint32_t next_out = 0;
  for (int round = 0; round < 200; ++round) {
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(queue.PushBack(next_in++));
    ASSERT_TRUE(queue.PushBack(99999));
    queue.PopBack();
    for (int i = 0; i < 4; ++i) {
      ASSERT_EQ(queue.front(), next_out++);
      queue.PopFront();
    }
  }
  while (!queue.empty()) {
    ASSERT_EQ(queue.front(), next_out++);
    queue.PopFront();
  }
  EXPECT_EQ(next_out, next_in);
}

}  // namespace
}  // namespace zircon::test
