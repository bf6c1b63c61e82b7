// Events, and signals that programs change. Rows: EVENT, SIGNAL.

#include <gtest/gtest.h>
#include <zircon/syscalls.h>

#include "contract.h"
#include "handles/handle_table.h"

namespace {

constexpr zx_time_t kPast = ZX_TIME_INFINITE_PAST;

class SignalTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(zx_event_create(0, &event_), ZX_OK); }
  void TearDown() override { EXPECT_EQ(zx_handle_close(event_), ZX_OK); }

  static zx_signals_t Signals(zx_handle_t handle) {
    zx_signals_t observed = 0xBAD;
    EXPECT_EQ(zx_object_wait_one(handle, 0, kPast, &observed), ZX_ERR_TIMED_OUT);
    return observed;
  }
  zx_handle_t With(zx_rights_t rights) {
    zx_handle_t reduced = ZX_HANDLE_INVALID;
    EXPECT_EQ(zx_handle_duplicate(event_, rights, &reduced), ZX_OK);
    return reduced;
  }

  zx_handle_t event_ = ZX_HANDLE_INVALID;
};

TEST_F(SignalTest, AnEventBeginsWithoutSignals) {
  Shows("EVENT-1 EVENT-CREATE-4 RIGHTS-24 SIGNAL-1");
  zx_info_handle_basic_t info{};
  ASSERT_EQ(zx_object_get_info(event_, ZX_INFO_HANDLE_BASIC, &info, sizeof(info), nullptr, nullptr),
            ZX_OK);
  EXPECT_EQ(info.type, ZX_OBJ_TYPE_EVENT);
  EXPECT_EQ(info.rights, 0xD003u);
  EXPECT_EQ(info.related_koid, 0u);
  EXPECT_EQ(Signals(event_), 0u);
}

TEST_F(SignalTest, CreateHasNoOptions) {
  Shows("EVENT-CREATE-1");
  for (uint32_t options : {1u, 2u, 0x80000000u}) {
    zx_handle_t out = 7;
    EXPECT_EQ(zx_event_create(options, &out), ZX_ERR_INVALID_ARGS);
    EXPECT_EQ(out, 7u);
    EXPECT_EQ(zx_event_create(options, nullptr), ZX_ERR_INVALID_ARGS);
  }
}

TEST_F(SignalTest, CreateLeavesNoHandleThatCannotBeGiven) {
  Shows("EVENT-CREATE-3 PTR-5");
  const uint32_t before = zircon::handles::HandleTable::Process().live();
  EXPECT_EQ(zx_event_create(0, nullptr), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(zx_event_create(0, reinterpret_cast<zx_handle_t*>(16)), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(zircon::handles::HandleTable::Process().live(), before);
}

TEST_F(SignalTest, ClearsThenSets) {
  Shows("SIGNAL-SET-5 EVENT-1");
  EXPECT_EQ(zx_object_signal(event_, 0, ZX_EVENT_SIGNALED | ZX_USER_SIGNAL_0), ZX_OK);
  EXPECT_EQ(Signals(event_), ZX_EVENT_SIGNALED | ZX_USER_SIGNAL_0);
  EXPECT_EQ(zx_object_signal(event_, ZX_USER_SIGNAL_0, ZX_USER_SIGNAL_7), ZX_OK);
  EXPECT_EQ(Signals(event_), ZX_EVENT_SIGNALED | ZX_USER_SIGNAL_7);
  EXPECT_EQ(zx_object_signal(event_, ZX_EVENT_SIGNAL_MASK, ZX_USER_SIGNAL_7), ZX_OK);
  EXPECT_EQ(Signals(event_), ZX_USER_SIGNAL_7);
  EXPECT_EQ(zx_object_signal(event_, ZX_EVENT_SIGNAL_MASK, 0), ZX_OK);
  EXPECT_EQ(Signals(event_), 0u);
}

TEST_F(SignalTest, EachBitThatIsNotTheProgramsIsRefused) {
  Shows("SIGNAL-SET-4 EVENT-1");
  for (int bit = 0; bit < 32; ++bit) {
    const zx_signals_t mask = zx_signals_t{1} << bit;
    const bool ours = bit == 3 || bit >= 24;
    const zx_status_t expected = ours ? ZX_OK : ZX_ERR_INVALID_ARGS;
    EXPECT_EQ(zx_object_signal(event_, 0, mask), expected) << bit;
    EXPECT_EQ(Signals(event_), ours ? mask : 0u) << bit;
    EXPECT_EQ(zx_object_signal(event_, mask, 0), expected) << bit;
    EXPECT_EQ(zx_object_signal(event_, mask, ZX_USER_SIGNAL_1), expected) << bit;
    EXPECT_EQ(zx_object_signal(event_, ZX_EVENT_SIGNAL_MASK, 0), ZX_OK);
  }
}

TEST_F(SignalTest, AVmoHasUserSignalsOnly) {
  Shows("SIGNAL-1 SIGNAL-SET-4");
  zx_handle_t vmo = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_vmo_create(4096, 0, &vmo), ZX_OK);
  EXPECT_EQ(zx_object_signal(vmo, 0, ZX_EVENT_SIGNALED), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(zx_object_signal(vmo, ZX_VMO_ZERO_CHILDREN, 0), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(zx_object_signal(vmo, 0, ZX_USER_SIGNAL_3), ZX_OK);
  EXPECT_EQ(Signals(vmo), ZX_VMO_ZERO_CHILDREN | ZX_USER_SIGNAL_3);
  zx_handle_close(vmo);
}

TEST_F(SignalTest, TakesTheSignalRight) {
  Shows("SIGNAL-SET-1 SIGNAL-SET-2 RIGHTS-25");
  EXPECT_EQ(zx_object_signal(ZX_HANDLE_INVALID, 0, 0), ZX_ERR_BAD_HANDLE);
  const zx_handle_t alone = With(ZX_RIGHT_SIGNAL);
  EXPECT_EQ(zx_object_signal(alone, 0, ZX_USER_SIGNAL_0), ZX_OK);
  const zx_handle_t without = With(0xD003u & ~ZX_RIGHT_SIGNAL);
  EXPECT_EQ(zx_object_signal(without, 0, 1), ZX_ERR_ACCESS_DENIED);  // before the mask
  zx_handle_close(alone);
  EXPECT_EQ(zx_object_signal(alone, 0, 0), ZX_ERR_BAD_HANDLE);
  zx_handle_close(without);
}

// No handle to an object without signals can have SIGNAL by its creation; the table does not care.
TEST_F(SignalTest, AnObjectWithoutSignals) {
  Shows("SIGNAL-SET-2 SIGNAL-SET-3 SIGNAL-PEER-3");
  zx_handle_t port = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_port_create(0, &port), ZX_OK);
  EXPECT_EQ(zx_object_signal(port, 0, ZX_USER_SIGNAL_0), ZX_ERR_ACCESS_DENIED);
  auto& table = zircon::handles::HandleTable::Process();
  zircon::handles::HandleRef ref;
  ASSERT_EQ(table.Lookup(port, &ref), ZX_OK);
  zx_handle_t with = ZX_HANDLE_INVALID;
  ASSERT_EQ(table.Insert(ref.share(), ZX_RIGHT_SIGNAL | ZX_RIGHT_SIGNAL_PEER, &with), ZX_OK);
  EXPECT_EQ(zx_object_signal(with, 1, ZX_USER_SIGNAL_0), ZX_ERR_NOT_SUPPORTED);  // before the mask
  EXPECT_EQ(zx_object_signal_peer(with, 1, 0), ZX_ERR_NOT_SUPPORTED);
  zx_handle_close(with);
  zx_handle_close(port);
}

TEST_F(SignalTest, AnEventHasNoPeer) {
  Shows("SIGNAL-PEER-1 SIGNAL-PEER-2 SIGNAL-PEER-3 RIGHTS-25");
  EXPECT_EQ(zx_object_signal_peer(ZX_HANDLE_INVALID, 0, 0), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(zx_object_signal_peer(event_, 0, ZX_USER_SIGNAL_0), ZX_ERR_ACCESS_DENIED);
  auto& table = zircon::handles::HandleTable::Process();
  zircon::handles::HandleRef ref;
  ASSERT_EQ(table.Lookup(event_, &ref), ZX_OK);
  zx_handle_t with = ZX_HANDLE_INVALID;
  ASSERT_EQ(table.Insert(ref.share(), ZX_RIGHT_SIGNAL_PEER, &with), ZX_OK);
  EXPECT_EQ(zx_object_signal_peer(with, 1, 0), ZX_ERR_NOT_SUPPORTED);  // before the mask
  zx_handle_close(with);
}

}  // namespace
