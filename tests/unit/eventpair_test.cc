// Event pairs, and signals of a peer. Rows: EVENTPAIR, SIGNAL-PEER.

#include <gtest/gtest.h>
#include <zircon/syscalls.h>

#include "contract.h"
#include "handles_in_tests.h"

namespace zircon::test {
namespace {

constexpr zx_signals_t kSignaled = ZX_EVENTPAIR_SIGNALED;
constexpr zx_signals_t kPeerClosed = ZX_EVENTPAIR_PEER_CLOSED;

class EventpairTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(zx_eventpair_create(0, &ends_.a, &ends_.b), ZX_OK); }
  Ends ends_;
};

TEST_F(EventpairTest, TwoEndsThatKnowEachOther) {
  Shows("EVENTPAIR-1 EVENTPAIR-CREATE-4 RIGHTS-35");
  const auto a = Basic(ends_.a);
  const auto b = Basic(ends_.b);
  EXPECT_EQ(a.type, ZX_OBJ_TYPE_EVENTPAIR);
  EXPECT_EQ(a.rights, 0xF003u);
  EXPECT_EQ(b.rights, 0xF003u);
  EXPECT_NE(a.koid, b.koid);
  EXPECT_EQ(a.related_koid, b.koid);
  EXPECT_EQ(b.related_koid, a.koid);
  zx_handle_close(ends_.a);
  EXPECT_EQ(Basic(ends_.b).related_koid, a.koid);
}

TEST_F(EventpairTest, CreateChecksInOrder) {
  Shows("EVENTPAIR-CREATE-1 EVENTPAIR-CREATE-3 PTR-5");
  zx_handle_t out = 7;
  for (const uint32_t options : {1u, 2u, 0x80000000u}) {
    EXPECT_EQ(zx_eventpair_create(options, nullptr, nullptr), ZX_ERR_NOT_SUPPORTED);
  }
  const uint32_t live = LiveHandles();
  EXPECT_EQ(zx_eventpair_create(0, nullptr, &out), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(zx_eventpair_create(0, &out, Wild<zx_handle_t>()), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(LiveHandles(), live);
}

TEST_F(EventpairTest, EachEndHasSignalsOfItsOwn) {
  Shows("EVENTPAIR-2 SIGNAL-PEER-6");
  EXPECT_EQ(Signals(ends_.a), 0u);
  EXPECT_EQ(Signals(ends_.b), 0u);
  EXPECT_EQ(zx_object_signal(ends_.a, 0, kSignaled), ZX_OK);
  EXPECT_EQ(zx_object_signal_peer(ends_.a, 0, ZX_USER_SIGNAL_0), ZX_OK);
  EXPECT_EQ(Signals(ends_.a), kSignaled);
  EXPECT_EQ(Signals(ends_.b), ZX_USER_SIGNAL_0);
  EXPECT_EQ(zx_object_signal_peer(ends_.b, kSignaled, ZX_USER_SIGNAL_7), ZX_OK);
  EXPECT_EQ(Signals(ends_.a), ZX_USER_SIGNAL_7);
}

TEST_F(EventpairTest, EachBitThatIsNotTheProgramsIsRefused) {
  Shows("EVENTPAIR-2 SIGNAL-SET-4 SIGNAL-PEER-4");
  for (int bit = 0; bit < 32; ++bit) {
    const zx_signals_t mask = zx_signals_t{1} << bit;
    const zx_status_t expected = bit == 3 || bit >= 24 ? ZX_OK : ZX_ERR_INVALID_ARGS;
    EXPECT_EQ(zx_object_signal(ends_.a, 0, mask), expected) << bit;
    EXPECT_EQ(zx_object_signal(ends_.a, mask, 0), expected) << bit;
    EXPECT_EQ(zx_object_signal_peer(ends_.a, 0, mask), expected) << bit;
    EXPECT_EQ(zx_object_signal_peer(ends_.a, mask, 0), expected) << bit;
  }
}

TEST_F(EventpairTest, ThePeerIsClosed) {
  Shows("EVENTPAIR-3 SIGNAL-PEER-4 SIGNAL-PEER-5");
  EXPECT_EQ(zx_object_signal(ends_.b, 0, ZX_USER_SIGNAL_1), ZX_OK);
  const zx_handle_t second = WithRights(ends_.a, 0xF003);
  zx_handle_close(second);
  EXPECT_EQ(Signals(ends_.b), ZX_USER_SIGNAL_1);
  zx_handle_close(ends_.a);
  EXPECT_EQ(Signals(ends_.b), kPeerClosed | ZX_USER_SIGNAL_1);
  EXPECT_EQ(zx_object_signal_peer(ends_.b, 0, 1), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(zx_object_signal_peer(ends_.b, 0, kSignaled), ZX_ERR_PEER_CLOSED);
  EXPECT_EQ(zx_object_signal(ends_.b, 0, kSignaled), ZX_OK);
  EXPECT_EQ(Signals(ends_.b), kPeerClosed | kSignaled | ZX_USER_SIGNAL_1);
}

TEST_F(EventpairTest, TakesTheRights) {
  Shows("SIGNAL-PEER-2 RIGHTS-25");
  const zx_handle_t without = WithRights(ends_.a, 0xF003 & ~ZX_RIGHT_SIGNAL_PEER);
  EXPECT_EQ(zx_object_signal_peer(without, 0, 1), ZX_ERR_ACCESS_DENIED);
  const zx_handle_t alone = WithRights(ends_.a, ZX_RIGHT_SIGNAL_PEER);
  EXPECT_EQ(zx_object_signal_peer(alone, 0, kSignaled), ZX_OK);
  EXPECT_EQ(zx_object_signal(alone, 0, kSignaled), ZX_ERR_ACCESS_DENIED);
  zx_handle_close(without);
  zx_handle_close(alone);
}

}  // namespace
}  // namespace zircon::test
