// The owners of include/lib/zx as a program of the 2018 generation has them: argument orders that
// differ. Rows: ZX-5.

#define ZX_API_2018

#include <gtest/gtest.h>
#include <lib/zx/channel.h>
#include <lib/zx/interrupt.h>
#include <lib/zx/socket.h>
#include <lib/zx/time.h>
#include <lib/zx/vcpu.h>
#include <lib/zx/vmar.h>
#include <lib/zx/vmo.h>

#include <cstring>

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
