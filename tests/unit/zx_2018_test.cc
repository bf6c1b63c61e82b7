// The owners of include/lib/zx as a program of the 2018 generation has them: argument orders that
// differ. Rows: ZX-5.

#define ZX_API_2018

#include <gtest/gtest.h>
#include <lib/zx/channel.h>
#include <lib/zx/event.h>
#include <lib/zx/interrupt.h>
#include <lib/zx/log.h>
#include <lib/zx/port.h>
#include <lib/zx/process.h>
#include <lib/zx/socket.h>
#include <lib/zx/time.h>
#include <lib/zx/vcpu.h>
#include <lib/zx/vmar.h>
#include <lib/zx/vmo.h>

#include <cstring>
#include <utility>

#include "contract.h"

namespace {

TEST(Zx2018Test, TheOrdersOf2018) {
  Shows("ZX-5");
  zx::vmo vmo;
  ASSERT_EQ(zx::vmo::create(8192, 0, &vmo), ZX_OK);
  EXPECT_EQ(vmo.set_size(4096), ZX_OK);  // 0 is resizable
  ASSERT_EQ(vmo.write("hello", 0, 5), ZX_OK);
  zx::vmo clone;
  EXPECT_EQ(vmo.clone(ZX_VMO_CLONE_COPY_ON_WRITE, 0, 4096, &clone), ZX_OK);
  char bytes[5];
  EXPECT_EQ(clone.read(bytes, 0, 5), ZX_OK);
  EXPECT_EQ(std::memcmp(bytes, "hello", 5), 0);

  const auto root = zx::vmar::root_self();
  zx::vmar region;
  uintptr_t start = 0;
  ASSERT_EQ(
      root->allocate(0, 65536, ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_WRITE | ZX_VM_CAN_MAP_SPECIFIC,
                     &region, &start),
      ZX_OK);
  uintptr_t address = 0;
  EXPECT_EQ(region.map(4096, vmo, 0, 4096, ZX_VM_PERM_READ | ZX_VM_SPECIFIC, &address), ZX_OK);
  EXPECT_EQ(address, start + 4096);
  EXPECT_EQ(region.protect(address, 4096, ZX_VM_PERM_READ), ZX_OK);
  EXPECT_EQ(region.destroy(), ZX_OK);
}

TEST(Zx2018Test, OtherNamesOfThatYear) {
  Shows("ZX-5 ZX-10");
  zx::vmo vmo;
  ASSERT_EQ(zx::vmo::create(8192, 0, &vmo), ZX_OK);
  zx::vmo child;
  EXPECT_EQ(vmo.create_child(ZX_VMO_CHILD_COPY_ON_WRITE, 0, 4096, &child), ZX_OK);
  EXPECT_EQ(child.replace_as_executable(zx::handle(), &child), ZX_OK);
  zx::vmar region;
  uintptr_t start = 0;
  ASSERT_EQ(zx::vmar::root_self()->allocate2(ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_SPECIFIC, 0, 8192,
                                             &region, &start),
            ZX_OK);
  EXPECT_EQ(region.map(ZX_VM_PERM_READ | ZX_VM_SPECIFIC, 0, vmo, 0, 4096, &start), ZX_OK);
  EXPECT_EQ(region.protect2(ZX_VM_PERM_READ, start, 4096), ZX_OK);
  EXPECT_EQ(region.destroy(), ZX_OK);

  zx::port port;
  ASSERT_EQ(zx::port::create(0, &port), ZX_OK);
  zx::event event;
  ASSERT_EQ(zx::event::create(0, &event), ZX_OK);
  EXPECT_EQ(event.wait_async(port, 3, ZX_EVENT_SIGNALED, ZX_WAIT_ASYNC_REPEATING), ZX_OK);
  EXPECT_EQ(port.cancel(event.get(), 3), ZX_OK);
  EXPECT_EQ(zx::unowned_event::wrap(event.get()), event);
  zx::event empty;
  *empty.get_address() = event.release();
  EXPECT_TRUE(empty);
  zx::log log;
  EXPECT_FALSE(log);
  EXPECT_EQ(zx::log::TYPE, ZX_OBJ_TYPE_LOG);
  EXPECT_EQ(zx::process::self()->get(), zx_process_self());
}

TEST(Zx2018Test, MessagesInThatYearsOrder) {
  Shows("ZX-5");
  zx::channel a, b;
  ASSERT_EQ(zx::channel::create(0, &a, &b), ZX_OK);
  zx::event event;
  ASSERT_EQ(zx::event::create(0, &event), ZX_OK);
  zx_handle_t sent = event.release();
  ASSERT_EQ(a.write(0, "hello", 5, &sent, 1), ZX_OK);
  char bytes[8];
  uint32_t num_bytes = 0;
  uint32_t num_handles = 0;
  EXPECT_EQ(b.read(0, bytes, 4, &num_bytes, &sent, 1, &num_handles), ZX_ERR_BUFFER_TOO_SMALL);
  EXPECT_EQ(num_bytes, 5u);
  EXPECT_EQ(b.read(0, bytes, 8, &num_bytes, &sent, 1, &num_handles), ZX_OK);
  EXPECT_EQ(num_bytes, 5u);
  EXPECT_EQ(num_handles, 1u);
  ASSERT_EQ(b.write(0, "x", 1, &sent, 1), ZX_OK);
  zx_handle_info_t info{};
  EXPECT_EQ(a.read_etc(0, bytes, 8, &num_bytes, &info, 1, &num_handles), ZX_OK);
  EXPECT_EQ(info.type, zx::event::TYPE);
  event.reset(info.handle);
}

TEST(Zx2018Test, ClocksOfThatYear) {
  Shows("ZX-5 ZX-TIME-2");
  zx::time monotonic;
  zx::time_utc utc;
  zx::time_thread thread;
  EXPECT_EQ(zx::clock::get(&monotonic), ZX_OK);
  EXPECT_EQ(zx::clock::get(&utc), ZX_OK);
  EXPECT_EQ(zx::clock::get(&thread), ZX_OK);
  EXPECT_LE(monotonic, zx::clock::get_monotonic());
  EXPECT_GT(utc, zx::time_utc());
  EXPECT_LT(thread.get(), monotonic.get());
  const zx::duration second = (utc + zx::sec(1)) - utc;
  EXPECT_EQ(second, zx::sec(1));
  static_assert(zx::ticks(3) - zx::ticks(5) == zx::ticks(0));
  static_assert(zx::ticks(UINT64_MAX) + zx::ticks(1) == zx::ticks::infinite());
  static_assert(zx::ticks(7) * -1 == zx::ticks(0) && zx::ticks(7) / -2 == zx::ticks(0));
  static_assert(zx::ticks(UINT64_MAX) / 2 == zx::ticks(INT64_MAX));
}

TEST(Zx2018Test, WhatThereOnlyWasThen) {
  Shows("ZX-5");
  EXPECT_GT(zx::clock::get(ZX_CLOCK_MONOTONIC).get(), 0);
  zx::time now;
  EXPECT_EQ(zx::clock::get_new(ZX_CLOCK_UTC, &now), ZX_OK);
  EXPECT_GT(now.get(), 0);
  zx::socket a, b;
  ASSERT_EQ(zx::socket::create(ZX_SOCKET_STREAM, &a, &b), ZX_OK);
  EXPECT_EQ(a.shutdown(ZX_SOCKET_SHUTDOWN_WRITE), ZX_OK);
  EXPECT_EQ(a.write(0, "x", 1, nullptr), ZX_ERR_BAD_STATE);
  EXPECT_EQ(zx::vcpu().resume(nullptr), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(zx::interrupt().bind_vcpu(zx::vcpu(), 0), ZX_ERR_BAD_HANDLE);
}

}  // namespace
