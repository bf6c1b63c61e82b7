// Default rights and how rights are reduced. Rows: RIGHTS.

#include "rights/rights.h"

#include <gtest/gtest.h>

#include "contract.h"

namespace zircon::rights {
namespace {

TEST(Rights, DefaultsAreTheDocumentedMasks) {
  Shows("RIGHTS-4 RIGHTS-5 RIGHTS-6 RIGHTS-7 RIGHTS-8 RIGHTS-9 RIGHTS-10");
  EXPECT_EQ(kGuest, ZX_RIGHT_TRANSFER | ZX_RIGHT_DUPLICATE | ZX_RIGHT_WRITE | ZX_RIGHT_INSPECT |
                        ZX_RIGHT_MANAGE_PROCESS | ZX_RIGHT_MANAGE_THREAD);
  EXPECT_EQ(kVcpu, ZX_RIGHTS_BASIC | ZX_RIGHTS_IO | ZX_RIGHT_EXECUTE | ZX_RIGHT_SIGNAL);
  EXPECT_EQ(kRootVmar, ZX_RIGHT_TRANSFER | ZX_RIGHT_DUPLICATE | ZX_RIGHT_INSPECT | ZX_RIGHTS_IO |
                           ZX_RIGHT_EXECUTE | ZX_RIGHT_OP_CHILDREN);
  EXPECT_EQ(kVmo,
            ZX_RIGHTS_BASIC | ZX_RIGHTS_IO | ZX_RIGHTS_PROPERTY | ZX_RIGHT_MAP | ZX_RIGHT_SIGNAL);
  EXPECT_EQ(kVmoResizable, kVmo | ZX_RIGHT_RESIZE);
  EXPECT_EQ(kPort, ZX_RIGHT_TRANSFER | ZX_RIGHT_DUPLICATE | ZX_RIGHT_INSPECT | ZX_RIGHTS_IO);
  EXPECT_EQ(kResource, ZX_RIGHT_TRANSFER | ZX_RIGHT_DUPLICATE | ZX_RIGHT_WRITE | ZX_RIGHT_INSPECT);
  EXPECT_EQ(kGuest, 0x6800Bu);
  EXPECT_EQ(kVcpu, 0xD01Fu);
  EXPECT_EQ(kRootVmar, 0x20801Fu);
  EXPECT_EQ(kVmo, 0xD0EFu);
  EXPECT_EQ(kPort, 0x800Fu);
  EXPECT_EQ(kResource, 0x800Bu);
}

// Programs rely on these six, whatever else there is (RIGHTS-5).
TEST(Rights, AVcpuHasTheSixOfThePage) {
  EXPECT_TRUE(IsSubset(ZX_RIGHT_DUPLICATE | ZX_RIGHT_TRANSFER | ZX_RIGHT_EXECUTE | ZX_RIGHT_SIGNAL |
                           ZX_RIGHT_READ | ZX_RIGHT_WRITE,
                       kVcpu));
}

TEST(Rights, OnlyWaitableObjectsHaveWait) {
  EXPECT_NE(kVcpu & ZX_RIGHT_WAIT, 0u);
  EXPECT_NE(kVmo & ZX_RIGHT_WAIT, 0u);
  for (const zx_rights_t rights : {kGuest, kRootVmar, kPort, kResource}) {
    EXPECT_EQ(rights & ZX_RIGHT_WAIT, 0u);
  }
}

TEST(Rights, Subset) {
  EXPECT_TRUE(IsSubset(ZX_RIGHT_NONE, ZX_RIGHT_NONE));
  EXPECT_TRUE(IsSubset(ZX_RIGHT_NONE, kPort));
  EXPECT_TRUE(IsSubset(kPort, kPort));
  EXPECT_TRUE(IsSubset(ZX_RIGHT_READ, kPort));
  EXPECT_FALSE(IsSubset(ZX_RIGHT_WAIT, kPort));
  EXPECT_FALSE(IsSubset(ZX_RIGHT_READ | ZX_RIGHT_WAIT, kPort));
}

TEST(Rights, Reduce) {
  Shows("RIGHTS-1 RIGHTS-2");
  zx_rights_t reduced = 77;
  EXPECT_TRUE(Reduce(ZX_RIGHT_SAME_RIGHTS, kPort, &reduced));
  EXPECT_EQ(reduced, kPort);
  EXPECT_TRUE(Reduce(ZX_RIGHT_READ, kPort, &reduced));
  EXPECT_EQ(reduced, ZX_RIGHT_READ);
  EXPECT_TRUE(Reduce(ZX_RIGHT_NONE, kPort, &reduced));
  EXPECT_EQ(reduced, ZX_RIGHT_NONE);
  reduced = 77;
  EXPECT_FALSE(Reduce(ZX_RIGHT_WAIT, kPort, &reduced));
  EXPECT_FALSE(Reduce(kPort | ZX_RIGHT_EXECUTE, kPort, &reduced));
  // The request stands alone; it is not a right.
  EXPECT_FALSE(Reduce(ZX_RIGHT_SAME_RIGHTS | ZX_RIGHT_READ, kPort, &reduced));
  EXPECT_FALSE(Reduce(1u << 30, kPort, &reduced));
  EXPECT_EQ(reduced, 77u);
}

}  // namespace
}  // namespace zircon::rights
