// Channels, sockets and FIFOs under load, and closed under use. Nothing is lost, doubled or
// reordered, nobody waits for ever, no handle is left. Also meant for the thread sanitizer.
// Rows: CHANNEL, SOCKET, FIFO, EVENTPAIR.

#include <gtest/gtest.h>
#include <zircon/syscalls.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "contract.h"
#include "handles/handle_table.h"

namespace {

struct Ends {
  zx_handle_t a = ZX_HANDLE_INVALID;
  zx_handle_t b = ZX_HANDLE_INVALID;
};

Ends NewChannel() {
  Ends ends;
  EXPECT_EQ(zx_channel_create(0, &ends.a, &ends.b), ZX_OK);
  return ends;
}

template <typename... Bodies>
void Together(Bodies... bodies) {
  std::vector<std::thread> threads;
  (threads.emplace_back(bodies), ...);
  for (std::thread& thread : threads) thread.join();
}

uint32_t LiveHandles() { return zircon::handles::HandleTable::Process().live(); }

TEST(IpcStress, TwoReadersShareTheMessages) {
  Shows("CHANNEL-1");
  constexpr uint64_t kMessages = 20'000;
  const Ends ends = NewChannel();
  std::mutex mutex;
  std::set<uint64_t> seen;
  const auto read = [&] {
    uint64_t last = 0;
    for (;;) {
      uint64_t number = 0;
      const zx_status_t status =
          zx_channel_read(ends.b, 0, &number, nullptr, sizeof(number), 0, nullptr, nullptr);
      if (status == ZX_ERR_PEER_CLOSED) return;
      if (status == ZX_ERR_SHOULD_WAIT) {
        (void)zx_object_wait_one(ends.b, ZX_CHANNEL_READABLE | ZX_CHANNEL_PEER_CLOSED,
                                 ZX_TIME_INFINITE, nullptr);
        continue;
      }
      ASSERT_EQ(status, ZX_OK);
      ASSERT_GT(number, last);  // each reader sees them in order
      last = number;
      std::lock_guard<std::mutex> lock(mutex);
      ASSERT_TRUE(seen.insert(number).second);
    }
  };
  Together(read, read, [&] {
    for (uint64_t number = 1; number <= kMessages; ++number) {
      ASSERT_EQ(zx_channel_write(ends.a, 0, &number, sizeof(number), nullptr, 0), ZX_OK);
    }
    EXPECT_EQ(zx_handle_close(ends.a), ZX_OK);
  });
  EXPECT_EQ(seen.size(), kMessages);
  zx_handle_close(ends.b);
}

TEST(IpcStress, ManyCallersAndAReplier) {
  Shows("CHANNEL-CALL-11 CHANNEL-CALL-13");
  constexpr uint32_t kCalls = 3000;
  const Ends ends = NewChannel();
  const auto call = [&](uint32_t who) {
    for (uint32_t i = 0; i < kCalls; ++i) {
      const uint32_t request[] = {0, who, i};
      uint32_t reply[3] = {};
      const zx_channel_call_args_t args = {request, nullptr, reply, nullptr, 12, 0, 12, 0};
      uint32_t bytes = 0;
      uint32_t handles = 0;
      ASSERT_EQ(zx_channel_call(ends.a, 0, ZX_TIME_INFINITE, &args, &bytes, &handles), ZX_OK);
      ASSERT_EQ(reply[1], who);
      ASSERT_EQ(reply[2], i);
    }
  };
  Together([&] { call(1); }, [&] { call(2); }, [&] { call(3); },
           [&] {
             for (uint32_t left = 3 * kCalls; left != 0; --left) {
               uint32_t message[3];
               ASSERT_EQ(zx_object_wait_one(ends.b, ZX_CHANNEL_READABLE, ZX_TIME_INFINITE, nullptr),
                         ZX_OK);
               ASSERT_EQ(zx_channel_read(ends.b, 0, message, nullptr, 12, 0, nullptr, nullptr),
                         ZX_OK);
               ASSERT_EQ(zx_channel_write(ends.b, 0, message, 12, nullptr, 0), ZX_OK);
             }
           });
  zx_handle_close(ends.a);
  zx_handle_close(ends.b);
}

// A call ends by its reply, or by the end that is closed: and each of its handles goes.
TEST(IpcStress, CallAgainstCloseOfEitherEnd) {
  Shows("CHANNEL-CALL-7 CHANNEL-HANDLES-1");
  const uint32_t live = LiveHandles();
  for (int round = 0; round < 2000; ++round) {
    const Ends ends = NewChannel();
    zx_status_t status = ZX_OK;
    Together(
        [&] {
          zx_handle_t event = ZX_HANDLE_INVALID;
          ASSERT_EQ(zx_event_create(0, &event), ZX_OK);
          const uint32_t request = 0;
          const zx_channel_call_args_t args = {&request, &event, nullptr, nullptr, 4, 1, 0, 0};
          uint32_t bytes = 0;
          uint32_t handles = 0;
          status = zx_channel_call(ends.a, 0, ZX_TIME_INFINITE, &args, &bytes, &handles);
        },
        [&] { EXPECT_EQ(zx_handle_close(round % 2 == 0 ? ends.a : ends.b), ZX_OK); });
    if (round % 2 == 0) {
      EXPECT_TRUE(status == ZX_ERR_CANCELED || status == ZX_ERR_BAD_HANDLE) << status;
    } else {
      EXPECT_EQ(status, ZX_ERR_PEER_CLOSED);
    }
    zx_handle_close(round % 2 == 0 ? ends.b : ends.a);
  }
  EXPECT_EQ(LiveHandles(), live);
}

TEST(IpcStress, WriteAgainstClose) {
  Shows("CHANNEL-6 CHANNEL-HANDLES-1 CHANNEL-WRITE-7");
  const uint32_t live = LiveHandles();
  for (int round = 0; round < 2000; ++round) {
    const Ends ends = NewChannel();
    Ends pair;
    ASSERT_EQ(zx_eventpair_create(0, &pair.a, &pair.b), ZX_OK);
    Together(
        [&] {
          const zx_status_t status = zx_channel_write(ends.a, 0, "x", 1, &pair.a, 1);
          EXPECT_TRUE(status == ZX_OK || status == ZX_ERR_PEER_CLOSED) << status;
        },
        [&] { EXPECT_EQ(zx_handle_close(ends.b), ZX_OK); });
    // However they met, the handle in the message is closed.
    zx_signals_t observed = 0;
    EXPECT_EQ(zx_object_wait_one(pair.b, ZX_EVENTPAIR_PEER_CLOSED, ZX_TIME_INFINITE, &observed),
              ZX_OK);
    zx_handle_close(pair.b);
    zx_handle_close(ends.a);
  }
  EXPECT_EQ(LiveHandles(), live);
}

// A handle goes round in circles between threads, each of which waits for it.
TEST(IpcStress, AHandleOnItsWayRoundAndRound) {
  Shows("CHANNEL-4 CHANNEL-5");
  constexpr int kRounds = 3000;
  const Ends there = NewChannel();
  const Ends back = NewChannel();
  const auto pass = [&](zx_handle_t from, zx_handle_t to, int rounds) {
    for (int round = 0; round < rounds; ++round) {
      ASSERT_EQ(zx_object_wait_one(from, ZX_CHANNEL_READABLE, ZX_TIME_INFINITE, nullptr), ZX_OK);
      zx_handle_t handle = ZX_HANDLE_INVALID;
      ASSERT_EQ(zx_channel_read(from, 0, nullptr, &handle, 0, 1, nullptr, nullptr), ZX_OK);
      ASSERT_EQ(zx_object_signal(handle, 0, ZX_USER_SIGNAL_0), ZX_OK);
      ASSERT_EQ(zx_channel_write(to, 0, nullptr, 0, &handle, 1), ZX_OK);
    }
  };
  zx_handle_t event = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_event_create(0, &event), ZX_OK);
  ASSERT_EQ(zx_channel_write(there.a, 0, nullptr, 0, &event, 1), ZX_OK);
  Together([&] { pass(there.b, back.a, kRounds); }, [&] { pass(back.b, there.a, kRounds); });
  for (const zx_handle_t handle : {there.a, there.b, back.a, back.b}) zx_handle_close(handle);
}

TEST(IpcStress, ASocketsBytesArriveInOrder) {
  Shows("SOCKET-2 SOCKET-4 SOCKET-5");
  constexpr size_t kBytes = 20'000'000;
  Ends ends;
  ASSERT_EQ(zx_socket_create(ZX_SOCKET_STREAM, &ends.a, &ends.b), ZX_OK);
  Together(
      [&] {
        std::vector<uint8_t> bytes(100'000);
        for (size_t sent = 0; sent < kBytes;) {
          const size_t size = std::min(bytes.size() - sent % 977, kBytes - sent);
          for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<uint8_t>((sent + i) % 251);
          size_t actual = 0;
          const zx_status_t status = zx_socket_write(ends.a, 0, bytes.data(), size, &actual);
          if (status == ZX_ERR_SHOULD_WAIT) {
            ASSERT_EQ(zx_object_wait_one(ends.a, ZX_SOCKET_WRITABLE, ZX_TIME_INFINITE, nullptr),
                      ZX_OK);
          } else {
            ASSERT_EQ(status, ZX_OK);
            sent += actual;
          }
        }
        EXPECT_EQ(zx_handle_close(ends.a), ZX_OK);
      },
      [&] {
        std::vector<uint8_t> bytes(65'536);
        size_t received = 0;
        for (;;) {
          size_t actual = 0;
          const zx_status_t status =
              zx_socket_read(ends.b, 0, bytes.data(), bytes.size() - received % 1013, &actual);
          if (status == ZX_ERR_PEER_CLOSED) break;
          if (status == ZX_ERR_SHOULD_WAIT) {
            ASSERT_EQ(zx_object_wait_one(ends.b, ZX_SOCKET_READABLE | ZX_SOCKET_PEER_CLOSED,
                                         ZX_TIME_INFINITE, nullptr),
                      ZX_OK);
            continue;
          }
          ASSERT_EQ(status, ZX_OK);
          for (size_t i = 0; i < actual; ++i) ASSERT_EQ(bytes[i], (received + i) % 251);
          received += actual;
        }
        EXPECT_EQ(received, kBytes);
      });
  zx_handle_close(ends.b);
}

TEST(IpcStress, AFifosElementsArriveInOrder) {
  Shows("FIFO-1 FIFO-2");
  constexpr uint64_t kElements = 200'000;
  Ends ends;
  ASSERT_EQ(zx_fifo_create(7, 8, 0, &ends.a, &ends.b), ZX_OK);
  Together(
      [&] {
        for (uint64_t next = 0; next < kElements;) {
          const uint64_t data[] = {next, next + 1, next + 2};
          const size_t count = static_cast<size_t>(std::min<uint64_t>(3, kElements - next));
          size_t actual = 0;
          const zx_status_t status = zx_fifo_write(ends.a, 8, data, count, &actual);
          if (status == ZX_ERR_SHOULD_WAIT) {
            ASSERT_EQ(zx_object_wait_one(ends.a, ZX_FIFO_WRITABLE, ZX_TIME_INFINITE, nullptr),
                      ZX_OK);
            continue;
          }
          ASSERT_EQ(status, ZX_OK);
          next += actual;
        }
      },
      [&] {
        for (uint64_t next = 0; next < kElements;) {
          uint64_t data[5];
          size_t actual = 0;
          const zx_status_t status = zx_fifo_read(ends.b, 8, data, 5, &actual);
          if (status == ZX_ERR_SHOULD_WAIT) {
            ASSERT_EQ(zx_object_wait_one(ends.b, ZX_FIFO_READABLE, ZX_TIME_INFINITE, nullptr),
                      ZX_OK);
            continue;
          }
          ASSERT_EQ(status, ZX_OK);
          for (size_t i = 0; i < actual; ++i) ASSERT_EQ(data[i], next++);
        }
      });
  zx_handle_close(ends.a);
  zx_handle_close(ends.b);
}

// Both ends closed at once while a third thread signals from one to the other.
TEST(IpcStress, BothEndsCloseAtOnce) {
  Shows("EVENTPAIR-3 SIGNAL-PEER-5");
  const uint32_t live = LiveHandles();
  for (int round = 0; round < 3000; ++round) {
    Ends ends;
    ASSERT_EQ(zx_eventpair_create(0, &ends.a, &ends.b), ZX_OK);
    Together([&] { EXPECT_EQ(zx_handle_close(ends.a), ZX_OK); },
             [&] { EXPECT_EQ(zx_handle_close(ends.b), ZX_OK); },
             [&] { (void)zx_object_signal_peer(ends.a, 0, ZX_USER_SIGNAL_0); });
  }
  EXPECT_EQ(LiveHandles(), live);
}

}  // namespace
