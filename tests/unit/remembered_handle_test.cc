// Handles that are found without a lookup: a thread's own VCPU. Rows: HANDLE, VCPU-ENTER, STATE.

#include "handles/remembered_handle.h"

#include <gtest/gtest.h>

#include <thread>

#include "base/fork_guard.h"
#include "contract.h"
#include "fake/machine_test.h"
#include "unit/interleaved.h"

namespace zircon {
namespace {

using fake::Machine;
using fake::PioOut;
using handles::Dispatcher;
using handles::HandleRef;
using handles::HandleTable;
using handles::RememberedHandle;

class Thing final : public Dispatcher {
 public:
  Thing() noexcept : Dispatcher(ZX_OBJ_TYPE_PORT, Handles::kRemembered) {}
};

constexpr zx_rights_t kRights = ZX_RIGHT_READ | ZX_RIGHT_WRITE;

class RememberedHandleTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(base::EnterLibrary(), ZX_OK); }
  zx_handle_t Insert(const base::RefPtr<Thing>& thing) {
    zx_handle_t handle = ZX_HANDLE_INVALID;
    EXPECT_EQ(table_.Insert(thing, kRights, &handle), ZX_OK);
    return handle;
  }
  RememberedHandle Remember(zx_handle_t handle) {
    HandleRef found;
    EXPECT_EQ(table_.Lookup(handle, &found), ZX_OK);
    return {handle, found};
  }
  HandleTable table_{2};
  const base::RefPtr<Thing> thing_ = base::MakeRef<Thing>();
};

TEST_F(RememberedHandleTest, FindsWhatALookupFinds) {
  const zx_handle_t handle = Insert(thing_);
  const RememberedHandle remembered = Remember(handle);
  EXPECT_EQ(remembered.Find(handle, ZX_RIGHT_READ), thing_.get());
  EXPECT_EQ(remembered.Find(handle, kRights), thing_.get());
  EXPECT_EQ(remembered.Find(handle, kRights | ZX_RIGHT_EXECUTE), nullptr);
  EXPECT_EQ(remembered.Find(handle ^ 4, ZX_RIGHT_READ), nullptr);
  EXPECT_EQ(RememberedHandle().Find(ZX_HANDLE_INVALID, ZX_RIGHT_NONE), nullptr);
  EXPECT_EQ(RememberedHandle().Find(handle, ZX_RIGHT_READ), nullptr);
}

TEST_F(RememberedHandleTest, NoneThatIsClosedOrReplaced) {
  zx_handle_t handle = Insert(thing_);
  RememberedHandle remembered = Remember(handle);
  zx_handle_t fresh = ZX_HANDLE_INVALID;
  ASSERT_EQ(table_.Replace(handle, ZX_RIGHT_READ, &fresh), ZX_OK);
  EXPECT_EQ(remembered.Find(handle, ZX_RIGHT_READ), nullptr);
  remembered = Remember(fresh);
  EXPECT_EQ(remembered.Find(fresh, ZX_RIGHT_READ), thing_.get());
  EXPECT_EQ(remembered.Find(fresh, ZX_RIGHT_WRITE), nullptr);
  ASSERT_EQ(table_.Close(fresh), ZX_OK);
  EXPECT_EQ(remembered.Find(fresh, ZX_RIGHT_READ), nullptr);
}

TEST_F(RememberedHandleTest, NoOtherObjectUnderAValueThatHasComeBack) {
  const zx_handle_t handle = Insert(thing_);
  const RememberedHandle remembered = Remember(handle);
  ASSERT_EQ(table_.Close(handle), ZX_OK);
  const auto other = base::MakeRef<Thing>();
  constexpr int kMoreThanAllGenerations = 3 * 4096;
  int i = 0;
  for (; i < kMoreThanAllGenerations; ++i) {
    const zx_handle_t value = Insert(other);
    ASSERT_EQ(remembered.Find(value, ZX_RIGHT_READ), nullptr) << i;
    if (value == handle) break;
    ASSERT_EQ(table_.Close(value), ZX_OK);
  }
  EXPECT_LT(i, kMoreThanAllGenerations) << "the value has not come back";
}

TEST_F(RememberedHandleTest, NoneThatIsRememberedWhileItIsClosed) {
  zx_handle_t handle = ZX_HANDLE_INVALID;
  RememberedHandle remembered;
  int found = 0;
  NEEDS_SINGLE_STEPS();
  const int places = AtEachInstruction({
      .prepare =
          [&](pid_t) {
            handle = Insert(thing_);
            remembered = {};
          },
      .mine = [&] { EXPECT_EQ(table_.Close(handle), ZX_OK); },
      .theirs =
          [&] {
            HandleRef ref;
            if (table_.Lookup(handle, &ref) != ZX_OK) return;
            remembered = {handle, ref};
            if (remembered.Find(handle, ZX_RIGHT_READ) != nullptr) ++found;
          },
      .check = [&] { EXPECT_EQ(remembered.Find(handle, ZX_RIGHT_READ), nullptr); },
      .stride = 9,
  });
  EXPECT_GT(places, 5);
  EXPECT_GT(found, 0);
}

// What has begun to leave may have been seen to be gone before it has ended.
TEST_F(RememberedHandleTest, NoneWhileOneOfTheObjectsLeaves) {
  const zx_handle_t handle = Insert(thing_);
  thing_->BeginDeparture();
  EXPECT_EQ(Remember(handle).Find(handle, ZX_RIGHT_READ), nullptr);
  thing_->EndDeparture();
  EXPECT_NE(Remember(handle).Find(handle, ZX_RIGHT_READ), nullptr);
  EXPECT_EQ(table_.Close(handle), ZX_OK);
}

TEST_F(RememberedHandleTest, NoneThatIsSeenToHaveGone) {
  zx_handle_t handle = ZX_HANDLE_INVALID;
  RememberedHandle remembered;
  bool gone = false;
  bool found = false;
  NEEDS_SINGLE_STEPS();
  const int places = AtEachInstruction({
      .prepare =
          [&](pid_t) {
            handle = Insert(thing_);
            remembered = Remember(handle);
          },
      .mine = [&] { EXPECT_EQ(table_.Close(handle), ZX_OK); },
      .theirs =
          [&] {
            HandleRef ref;
            gone = table_.Lookup(handle, &ref) != ZX_OK;
            found = remembered.Find(handle, ZX_RIGHT_READ) != nullptr;
          },
      .check =
          [&] {
            EXPECT_FALSE(gone && found);
            EXPECT_EQ(remembered.Find(handle, ZX_RIGHT_READ), nullptr);
          },
      .stride = 9,
  });
  EXPECT_GT(places, 5);
}

class OwnVcpu : public fake::OnMachine {
 protected:
  void SetUp() override {
    OnMachine::SetUp();
    ASSERT_EQ(machine().TrapIo(0x60, 1), ZX_OK);
    zx_vcpu_state_t state = {};
    state.rdx = 0x60;
    ASSERT_EQ(machine().SetState(state), ZX_OK);
    machine().Code({0xEE, 0xEE, 0xEE, 0xEE, 0xEE, 0xEE, 0xEE, 0xEE});
    ASSERT_EQ(EnterBy(machine().vcpu), ZX_OK);
  }
  zx_status_t EnterBy(zx_handle_t handle) {
    cpu().Push(PioOut(0x60, 1));
    return zx_vcpu_enter(handle, &machine().packet);
  }
  zx_status_t RefusedBy(zx_handle_t handle) { return zx_vcpu_enter(handle, &machine().packet); }
  zx_vcpu_state_t state_ = {};
};

TEST_F(OwnVcpu, AHandleThatWasClosedIsNone) {
  Shows("VCPU-ENTER-1 STATE-1 STATE-5");
  zx_handle_t copy = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_handle_duplicate(machine().vcpu, ZX_RIGHT_SAME_RIGHTS, &copy), ZX_OK);
  ASSERT_EQ(EnterBy(copy), ZX_OK);
  ASSERT_EQ(zx_handle_close(copy), ZX_OK);
  EXPECT_EQ(RefusedBy(copy), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(zx_vcpu_read_state(copy, ZX_VCPU_STATE, &state_, sizeof(state_)), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(zx_vcpu_write_state(copy, ZX_VCPU_STATE, &state_, sizeof(state_)), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(EnterBy(machine().vcpu), ZX_OK);
  EXPECT_EQ(RefusedBy(ZX_HANDLE_INVALID), ZX_ERR_BAD_HANDLE);
}

TEST_F(OwnVcpu, AHandleHasTheRightsThatItHas) {
  Shows("VCPU-ENTER-1 STATE-1 STATE-5");
  zx_handle_t weak = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_handle_duplicate(machine().vcpu, ZX_RIGHT_EXECUTE, &weak), ZX_OK);
  EXPECT_EQ(EnterBy(weak), ZX_OK);
  EXPECT_EQ(zx_vcpu_read_state(weak, ZX_VCPU_STATE, &state_, sizeof(state_)), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(zx_vcpu_write_state(weak, ZX_VCPU_STATE, &state_, sizeof(state_)),
            ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(EnterBy(weak), ZX_OK);
  EXPECT_EQ(zx_handle_close(weak), ZX_OK);
}

TEST_F(OwnVcpu, AnotherThreadHasAnother) {
  Shows("VCPU-ENTER-2 STATE-3 STATE-8");
  zx_status_t entered = ZX_OK, read = ZX_OK, written = ZX_OK;
  std::thread([&] {
    zx_port_packet_t packet;
    entered = zx_vcpu_enter(machine().vcpu, &packet);
    read = zx_vcpu_read_state(machine().vcpu, ZX_VCPU_STATE, &state_, sizeof(state_));
    written = zx_vcpu_write_state(machine().vcpu, ZX_VCPU_STATE, &state_, sizeof(state_));
  }).join();
  EXPECT_EQ(entered, ZX_ERR_BAD_STATE);
  EXPECT_EQ(read, ZX_ERR_BAD_STATE);
  EXPECT_EQ(written, ZX_ERR_BAD_STATE);
  EXPECT_EQ(EnterBy(machine().vcpu), ZX_OK);
}

TEST_F(OwnVcpu, OneThatAnotherThreadHasClosedIsGone) {
  Shows("VCPU-ENTER-1");
  const zx_handle_t old = machine().vcpu;
  std::thread([&] { EXPECT_EQ(zx_handle_close(old), ZX_OK); }).join();
  zx_port_packet_t packet;
  EXPECT_EQ(zx_vcpu_enter(old, &packet), ZX_ERR_BAD_HANDLE);
  ASSERT_EQ(zx_vcpu_create(machine().guest, 0, Machine::kEntry, &machine().vcpu), ZX_OK);
  EXPECT_EQ(zx_vcpu_enter(old, &packet), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(zx_vcpu_read_state(machine().vcpu, ZX_VCPU_STATE, &state_, sizeof(state_)), ZX_OK);
}

}  // namespace
}  // namespace zircon
