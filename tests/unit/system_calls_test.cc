// Which calls ask the host's kernel for something, and how often: not those between threads once
// the pages are known that they are handed. Rows: docs/SPECIFICATION.md, system calls.

#include "unit/system_calls.h"

#include <gtest/gtest.h>
#include <zircon/syscalls.h>

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <utility>

#include "asleep.h"
#include "contract.h"
#include "handles_in_tests.h"
#include "sanitizers.h"
#include "unit/strict_pointers.h"

#if !defined(TESTS_SANITIZED)
namespace zircon {
namespace {

struct Operation {
  const char* name;
  std::function<void()> once;
  // In strict mode: what each pointer costs.
  int strict;
};

class SystemCalls : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(zx_event_create(0, &event_), ZX_OK);
    ASSERT_EQ(zx_object_signal(event_, 0, ZX_EVENT_SIGNALED), ZX_OK);
    ASSERT_EQ(zx_port_create(0, &port_), ZX_OK);
    ASSERT_EQ(zx_channel_create(0, &channel_[0], &channel_[1]), ZX_OK);
    ASSERT_EQ(zx_socket_create(0, &socket_[0], &socket_[1]), ZX_OK);
    ASSERT_EQ(zx_fifo_create(16, 64, 0, &fifo_[0], &fifo_[1]), ZX_OK);
  }
  void TearDown() override {
    for (const zx_handle_t handle :
         {event_, port_, channel_[0], channel_[1], socket_[0], socket_[1], fifo_[0], fifo_[1]}) {
      EXPECT_EQ(zx_handle_close(handle), ZX_OK);
    }
  }
  void Expect(zx_status_t status) { right_ = right_ && status == ZX_OK; }

  zx_handle_t event_ = ZX_HANDLE_INVALID;
  zx_handle_t port_ = ZX_HANDLE_INVALID;
  zx_handle_t channel_[2] = {};
  zx_handle_t socket_[2] = {};
  zx_handle_t fifo_[2] = {};
  uint8_t message_[64] = {1};
  bool right_ = true;
};

TEST_F(SystemCalls, CallsBetweenThreadsMakeNone) {
  Shows("PTR-12");
  // What calls are handed lives here, not in the operations: how deep these are called differs, and
  // a page boundary may lie between. What is probed in strict mode is aligned to lie in one page.
  uint8_t got[64];
  uint32_t bytes = 0;
  uint32_t handles = 0;
  zx_signals_t observed = 0;
  zx_handle_t other = ZX_HANDLE_INVALID;
  zx_handle_t pair[2] = {};
  zx_info_handle_basic_t basic = {};
  alignas(64) zx_wait_item_t item = {event_, ZX_EVENT_SIGNALED, 0};
  alignas(64) zx_port_packet_t packet = {};
  size_t actual = 0;
  const Operation operations[] = {
      {"channel write + read",
       [&] {
         Expect(zx_channel_write(channel_[0], 0, message_, 64, nullptr, 0));
         Expect(zx_channel_read(channel_[1], 0, got, nullptr, 64, 0, &bytes, &handles));
       },
       4},
      {"channel write + read of a handle",
       [&] {
         Expect(zx_event_create(0, &other));
         Expect(zx_channel_write(channel_[0], 0, message_, 64, &other, 1));
         Expect(zx_channel_read(channel_[1], 0, got, &other, 64, 1, &bytes, &handles));
         Expect(zx_handle_close(other));
       },
       7},
      {"socket write + read",
       [&] {
         Expect(zx_socket_write(socket_[0], 0, message_, 64, &actual));
         Expect(zx_socket_read(socket_[1], 0, got, 64, &actual));
       },
       4},
      {"FIFO write + read",
       [&] {
         Expect(zx_fifo_write(fifo_[0], 64, message_, 1, &actual));
         Expect(zx_fifo_read(fifo_[1], 64, got, 1, &actual));
       },
       4},
      {"duplicate + close",
       [&] {
         Expect(zx_handle_duplicate(event_, ZX_RIGHT_SAME_RIGHTS, &other));
         Expect(zx_handle_close(other));
       },
       1},
      {"replace",
       [&] {
         Expect(zx_handle_duplicate(event_, ZX_RIGHT_SAME_RIGHTS, &other));
         Expect(zx_handle_replace(other, ZX_RIGHT_SAME_RIGHTS, &other));
         Expect(zx_handle_close(other));
       },
       2},
      {"get_info",
       [&] {
         Expect(zx_object_get_info(event_, ZX_INFO_HANDLE_BASIC, &basic, sizeof(basic), nullptr,
                                   nullptr));
       },
       1},
      {"event create + close",
       [&] {
         Expect(zx_event_create(0, &other));
         Expect(zx_handle_close(other));
       },
       1},
      {"eventpair create + close_many",
       [&] {
         Expect(zx_eventpair_create(0, &pair[0], &pair[1]));
         Expect(zx_handle_close_many(pair, 2));
       },
       3},
      {"wait_one on what is signalled",
       [&] { Expect(zx_object_wait_one(event_, ZX_EVENT_SIGNALED, 0, &observed)); }, 1},
      {"wait_many", [&] { Expect(zx_object_wait_many(&item, 1, 0)); }, 2},
      {"object signal", [&] { Expect(zx_object_signal(event_, 0, ZX_EVENT_SIGNALED)); }, 0},
      {"port queue + wait",
       [&] {
         packet.type = ZX_PKT_TYPE_USER;
         Expect(zx_port_queue(port_, &packet));
         Expect(zx_port_wait(port_, 0, &packet));
       },
       2},
      {"wait_async + port wait",
       [&] {
         Expect(zx_object_wait_async(event_, port_, 1, ZX_EVENT_SIGNALED, 0));
         Expect(zx_port_wait(port_, 0, &packet));
       },
       1},
  };
  for (const Operation& operation : operations) {
    // What is taken from the heap, and which pages these are.
    for (int i = 0; i < 3; ++i) operation.once();
    EXPECT_EQ(SystemCallsOf(operation.once), 0) << operation.name;
    const StrictPointers strict;
    for (int i = 0; i < 3; ++i) operation.once();
    const int counted = SystemCallsOf(operation.once);
    std::printf("%-40s 0, strict %d\n", operation.name, counted);
    EXPECT_EQ(counted, operation.strict) << operation.name;
    EXPECT_TRUE(right_) << operation.name;
  }
}

// A message of more than a page is copied by the kernel, with one call however many its pieces are.
TEST_F(SystemCalls, OneForTheBytesOfALargeMessage) {
  Shows("CHANNEL-WRITE-11");
  static uint8_t bytes[65536];
  static uint8_t got[65536];
  std::array<zx_channel_iovec_t, 500> pieces;
  for (size_t i = 0; i < pieces.size(); ++i) {
    const uint32_t size = i % 7 == 0 ? 0 : 100;
    pieces[i] = {size == 0 ? nullptr : &bytes[i * 131], size, 0};
  }
  uint32_t size = 0;
  const auto read = [&] {
    Expect(zx_channel_read(channel_[1], 0, got, nullptr, sizeof(got), 0, &size, nullptr));
  };
  const auto write_all = [&] {
    Expect(zx_channel_write(channel_[0], 0, bytes, sizeof(bytes), nullptr, 0));
  };
  const auto write_pieces = [&] {
    Expect(zx_channel_write(channel_[0], ZX_CHANNEL_WRITE_USE_IOVEC, pieces.data(), pieces.size(),
                            nullptr, 0));
  };
  for (const auto& [write, of_description] :
       {std::pair<std::function<void()>, int>{write_all, 0}, {write_pieces, 1}}) {
    // What is taken from the heap, and which pages these are.
    for (int i = 0; i < 3; ++i) {
      write();
      read();
    }
    // The description of the pieces is larger than a page too.
    EXPECT_EQ(SystemCallsOf(write), 1 + of_description);
    read();
    EXPECT_TRUE(right_);
  }
}

}  // namespace
}  // namespace zircon
#endif
