// zx_handle_close, _close_many, _duplicate, _replace, and how new handles reach the caller.
// Rows: HANDLE-CLOSE, HANDLE-CLOSE-MANY, HANDLE-DUP, HANDLE-REPLACE, PTR.

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zircon/syscalls.h>

#include <array>
#include <vector>

#include "contract.h"
#include "handles/handle_table.h"
#include "syscalls/out_handle.h"

namespace zircon {
namespace {

using base::MakeRef;
using base::RefPtr;
using handles::HandleRef;
using handles::HandleTable;

constexpr zx_rights_t kRights = ZX_RIGHTS_BASIC | ZX_RIGHTS_IO;

class Thing final : public handles::Dispatcher {
 public:
  Thing() noexcept : Dispatcher(ZX_OBJ_TYPE_PORT) {}
};

// Every test leaves the process's table as it found it.
class HandleCalls : public testing::Test {
 protected:
  HandleCalls() : live_before_(HandleTable::Process().live()) {
    // The second page cannot be touched.
    pages_ = static_cast<char*>(
        mmap(nullptr, 2 * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    mprotect(pages_ + kPage, kPage, PROT_NONE);
  }
  ~HandleCalls() override {
    munmap(pages_, 2 * kPage);
    EXPECT_EQ(HandleTable::Process().live(), live_before_);
  }

  static zx_handle_t New(RefPtr<Thing> thing = MakeRef<Thing>(), zx_rights_t rights = kRights) {
    zx_handle_t handle = ZX_HANDLE_INVALID;
    EXPECT_EQ(syscalls::PutHandle(&handle, std::move(thing), rights), ZX_OK);
    return handle;
  }
  static bool IsLive(zx_handle_t handle) {
    HandleRef ref;
    return HandleTable::Process().Lookup(handle, &ref) == ZX_OK;
  }
  static zx_rights_t RightsOf(zx_handle_t handle) {
    HandleRef ref;
    EXPECT_EQ(HandleTable::Process().Lookup(handle, &ref), ZX_OK);
    return ref ? ref.rights() : 0;
  }
  template <typename T = zx_handle_t>
  T* Untouchable() {
    return reinterpret_cast<T*>(pages_ + kPage);
  }
  zx_handle_t* HandlesBeforeTheEnd(size_t count) {
    return reinterpret_cast<zx_handle_t*>(pages_ + kPage) - count;
  }
  // NULL, wild, inaccessible, the kernel's, and one that straddles into what cannot be touched.
  std::vector<zx_handle_t*> BadPointers() {
    return {nullptr,
            reinterpret_cast<zx_handle_t*>(1),
            reinterpret_cast<zx_handle_t*>(0xFFFF'8000'0000'0000),
            reinterpret_cast<zx_handle_t*>(0x1234'5678'9ABC'DEF0),
            Untouchable(),
            reinterpret_cast<zx_handle_t*>(pages_ + kPage - 2)};
  }

  static constexpr size_t kPage = 65536;
  const uint32_t live_before_;
  char* pages_ = nullptr;
};

TEST_F(HandleCalls, Close) {
  Shows("HANDLE-CLOSE-2 HANDLE-CLOSE-3");
  const auto thing = MakeRef<Thing>();
  const zx_handle_t handle = New(thing, ZX_RIGHT_NONE);
  EXPECT_EQ(thing->handle_count(), 1u);
  EXPECT_EQ(zx_handle_close(handle), ZX_OK);
  EXPECT_EQ(thing->handle_count(), 0u);
  EXPECT_EQ(zx_handle_close(handle), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(_zx_handle_close(handle), ZX_ERR_BAD_HANDLE);
}

TEST_F(HandleCalls, CloseIgnoresInvalid) {
  Shows("HANDLE-7 HANDLE-CLOSE-1");
  EXPECT_EQ(zx_handle_close(ZX_HANDLE_INVALID), ZX_OK);
  EXPECT_EQ(_zx_handle_close(ZX_HANDLE_INVALID), ZX_OK);
}

TEST_F(HandleCalls, CloseRefusesValuesWithoutTheFixedBits) {
  Shows("HANDLE-CLOSE-2 HANDLE-VALUE-2");
  const zx_handle_t handle = New();
  for (const zx_handle_t low : {1u, 2u, 3u}) {
    EXPECT_EQ(zx_handle_close(handle ^ low), ZX_ERR_BAD_HANDLE);
  }
  EXPECT_EQ(zx_handle_close(handle), ZX_OK);
}

TEST_F(HandleCalls, CloseMany) {
  Shows("HANDLE-CLOSE-MANY-2 HANDLE-CLOSE-MANY-3");
  for (const size_t count : {1, 2, 63, 64, 65, 200}) {
    std::vector<zx_handle_t> handles(count);
    for (zx_handle_t& handle : handles) handle = New();
    EXPECT_EQ(zx_handle_close_many(handles.data(), count), ZX_OK);
    for (const zx_handle_t handle : handles) EXPECT_FALSE(IsLive(handle));
    EXPECT_EQ(_zx_handle_close_many(handles.data(), count), ZX_ERR_BAD_HANDLE);
  }
}

TEST_F(HandleCalls, CloseManySkipsInvalid) {
  Shows("HANDLE-7 HANDLE-CLOSE-MANY-2");
  const std::array<zx_handle_t, 4> handles = {ZX_HANDLE_INVALID, New(), ZX_HANDLE_INVALID, New()};
  EXPECT_EQ(zx_handle_close_many(handles.data(), handles.size()), ZX_OK);
  EXPECT_FALSE(IsLive(handles[1]));
  EXPECT_FALSE(IsLive(handles[3]));
  const std::array<zx_handle_t, 100> none{};
  EXPECT_EQ(zx_handle_close_many(none.data(), none.size()), ZX_OK);
}

TEST_F(HandleCalls, CloseManyGoesOnAfterAnUnknownHandle) {
  Shows("HANDLE-CLOSE-MANY-3");
  const zx_handle_t gone = New();
  ASSERT_EQ(zx_handle_close(gone), ZX_OK);
  for (const size_t bad_place : {0, 1, 2}) {
    std::array<zx_handle_t, 3> handles = {New(), New(), New()};
    ASSERT_EQ(zx_handle_close(handles[bad_place]), ZX_OK);
    handles[bad_place] = gone;
    EXPECT_EQ(zx_handle_close_many(handles.data(), handles.size()), ZX_ERR_BAD_HANDLE);
    for (const zx_handle_t handle : handles) EXPECT_FALSE(IsLive(handle));
  }
}

TEST_F(HandleCalls, CloseManyGoesOnAfterARepeatedHandle) {
  Shows("HANDLE-CLOSE-MANY-4");
  const zx_handle_t one = New();
  const zx_handle_t two = New();
  const std::array<zx_handle_t, 3> handles = {one, one, two};
  EXPECT_EQ(zx_handle_close_many(handles.data(), handles.size()), ZX_ERR_BAD_HANDLE);
  EXPECT_FALSE(IsLive(one));
  EXPECT_FALSE(IsLive(two));
}

TEST_F(HandleCalls, CloseManyOfNothing) {
  Shows("HANDLE-CLOSE-MANY-1 PTR-1");
  EXPECT_EQ(zx_handle_close_many(nullptr, 0), ZX_OK);
  EXPECT_EQ(zx_handle_close_many(Untouchable(), 0), ZX_OK);
}

TEST_F(HandleCalls, CloseManyOfAnUnreadableArray) {
  Shows("HANDLE-CLOSE-MANY-5 PTR-2 PTR-8");
  for (zx_handle_t* bad : BadPointers()) {
    EXPECT_EQ(zx_handle_close_many(bad, 1), ZX_ERR_INVALID_ARGS) << bad;
    EXPECT_EQ(zx_handle_close_many(bad, SIZE_MAX), ZX_ERR_INVALID_ARGS) << bad;
  }
  // The whole chunks of 64 in front of the fault have been closed, the last part has not.
  constexpr size_t kReadable = 100;
  zx_handle_t* const handles = HandlesBeforeTheEnd(kReadable);
  for (size_t i = 0; i < kReadable; ++i) handles[i] = New();
  EXPECT_EQ(zx_handle_close_many(handles, kReadable + 1), ZX_ERR_INVALID_ARGS);
  for (size_t i = 0; i < kReadable; ++i) EXPECT_EQ(IsLive(handles[i]), i >= 64) << i;
  EXPECT_EQ(zx_handle_close_many(handles + 64, kReadable - 64), ZX_OK);
}

TEST_F(HandleCalls, Duplicate) {
  Shows("HANDLE-1 HANDLE-DUP-6");
  const auto thing = MakeRef<Thing>();
  const zx_handle_t handle = New(thing);
  zx_handle_t same = 0;
  zx_handle_t less = 0;
  ASSERT_EQ(zx_handle_duplicate(handle, ZX_RIGHT_SAME_RIGHTS, &same), ZX_OK);
  ASSERT_EQ(_zx_handle_duplicate(handle, ZX_RIGHT_READ, &less), ZX_OK);
  EXPECT_EQ(RightsOf(same), kRights);
  EXPECT_EQ(RightsOf(less), ZX_RIGHT_READ);
  EXPECT_EQ(thing->handle_count(), 3u);
  for (const zx_handle_t each : {handle, same, less}) EXPECT_EQ(zx_handle_close(each), ZX_OK);
}

TEST_F(HandleCalls, DuplicateErrors) {
  Shows("CALL-3 HANDLE-DUP-1 HANDLE-DUP-2 HANDLE-DUP-3 RIGHTS-2 RIGHTS-23");
  const auto thing = MakeRef<Thing>();
  const zx_handle_t handle = New(thing);
  const zx_handle_t fixed = New(thing, kRights & ~ZX_RIGHT_DUPLICATE);
  zx_handle_t out = 77;
  EXPECT_EQ(zx_handle_duplicate(ZX_HANDLE_INVALID, ZX_RIGHT_SAME_RIGHTS, &out), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(zx_handle_duplicate(handle ^ 2, ZX_RIGHT_SAME_RIGHTS, &out), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(zx_handle_duplicate(fixed, ZX_RIGHT_SAME_RIGHTS, &out), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(zx_handle_duplicate(fixed, ZX_RIGHT_EXECUTE, &out), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(zx_handle_duplicate(handle, kRights | ZX_RIGHT_EXECUTE, &out), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(zx_handle_duplicate(handle, ZX_RIGHT_SAME_RIGHTS | 1, &out), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(out, 77u);
  // The pointer is looked at last.
  EXPECT_EQ(zx_handle_duplicate(ZX_HANDLE_INVALID, ZX_RIGHT_READ, nullptr), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(zx_handle_duplicate(fixed, ZX_RIGHT_READ, nullptr), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(thing->handle_count(), 2u);
  for (const zx_handle_t each : {handle, fixed}) EXPECT_EQ(zx_handle_close(each), ZX_OK);
}

TEST_F(HandleCalls, DuplicateDropsWhatItCannotDeliver) {
  Shows("HANDLE-DUP-5 PTR-1 PTR-2 PTR-5");
  const auto thing = MakeRef<Thing>();
  const zx_handle_t handle = New(thing);
  for (zx_handle_t* bad : BadPointers()) {
    EXPECT_EQ(zx_handle_duplicate(handle, ZX_RIGHT_SAME_RIGHTS, bad), ZX_ERR_INVALID_ARGS) << bad;
    EXPECT_EQ(thing->handle_count(), 1u);
  }
  mprotect(pages_, kPage, PROT_READ);
  EXPECT_EQ(zx_handle_duplicate(handle, ZX_RIGHT_SAME_RIGHTS, HandlesBeforeTheEnd(1)),
            ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(thing->handle_count(), 1u);
  EXPECT_EQ(zx_handle_close(handle), ZX_OK);
}

TEST_F(HandleCalls, DuplicateOntoItself) {
  Shows("HANDLE-DUP-6");
  zx_handle_t handle = New();
  const zx_handle_t first = handle;
  ASSERT_EQ(zx_handle_duplicate(handle, ZX_RIGHT_READ, &handle), ZX_OK);
  EXPECT_NE(handle, first);
  EXPECT_EQ(zx_handle_close(handle), ZX_OK);
  EXPECT_EQ(zx_handle_close(first), ZX_OK);
}

TEST_F(HandleCalls, Replace) {
  Shows("HANDLE-REPLACE-4 RIGHTS-23");
  const auto thing = MakeRef<Thing>();
  zx_handle_t handle = New(thing, ZX_RIGHT_READ | ZX_RIGHT_WRITE);
  const zx_handle_t first = handle;
  ASSERT_EQ(zx_handle_replace(handle, ZX_RIGHT_READ, &handle), ZX_OK);
  EXPECT_FALSE(IsLive(first));
  EXPECT_EQ(RightsOf(handle), ZX_RIGHT_READ);
  EXPECT_EQ(thing->handle_count(), 1u);
  const zx_handle_t second = handle;
  ASSERT_EQ(_zx_handle_replace(handle, ZX_RIGHT_SAME_RIGHTS, &handle), ZX_OK);
  EXPECT_FALSE(IsLive(second));
  EXPECT_EQ(RightsOf(handle), ZX_RIGHT_READ);
  EXPECT_EQ(zx_handle_close(handle), ZX_OK);
}

TEST_F(HandleCalls, ReplaceErrorsCloseTheHandle) {
  Shows("HANDLE-REPLACE-1 HANDLE-REPLACE-2 HANDLE-REPLACE-3");
  zx_handle_t out = 77;
  EXPECT_EQ(zx_handle_replace(ZX_HANDLE_INVALID, ZX_RIGHT_SAME_RIGHTS, &out), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(zx_handle_replace(ZX_HANDLE_INVALID, ZX_RIGHT_SAME_RIGHTS, nullptr), ZX_ERR_BAD_HANDLE);
  const auto thing = MakeRef<Thing>();
  zx_handle_t handle = New(thing);
  EXPECT_EQ(zx_handle_replace(handle, kRights | ZX_RIGHT_EXECUTE, &out), ZX_ERR_INVALID_ARGS);
  EXPECT_FALSE(IsLive(handle));
  EXPECT_EQ(thing->handle_count(), 0u);
  EXPECT_EQ(out, 77u);
  for (zx_handle_t* bad : BadPointers()) {
    handle = New();
    EXPECT_EQ(zx_handle_replace(handle, ZX_RIGHT_SAME_RIGHTS, bad), ZX_ERR_INVALID_ARGS) << bad;
    EXPECT_FALSE(IsLive(handle));
  }
}

TEST_F(HandleCalls, PutHandleDropsWhatItCannotDeliver) {
  Shows("PTR-5");
  for (zx_handle_t* bad : BadPointers()) {
    const auto thing = MakeRef<Thing>();
    EXPECT_EQ(syscalls::PutHandle(bad, thing, kRights), ZX_ERR_INVALID_ARGS) << bad;
    EXPECT_EQ(thing->handle_count(), 0u);
  }
}

TEST_F(HandleCalls, PutHandlesGivesBothOrNone) {
  Shows("PTR-5");
  zx_handle_t good = 77;
  for (zx_handle_t* bad : BadPointers()) {
    const auto one = MakeRef<Thing>();
    const auto two = MakeRef<Thing>();
    EXPECT_EQ(syscalls::PutHandles(bad, one, kRights, &good, two, kRights), ZX_ERR_INVALID_ARGS);
    EXPECT_EQ(syscalls::PutHandles(&good, one, kRights, bad, two, kRights), ZX_ERR_INVALID_ARGS);
    EXPECT_EQ(syscalls::PutHandles(bad, one, kRights, bad, two, kRights), ZX_ERR_INVALID_ARGS);
    EXPECT_EQ(one->handle_count(), 0u);
    EXPECT_EQ(two->handle_count(), 0u);
  }
  zx_handle_t handles[2] = {};
  ASSERT_EQ(syscalls::PutHandles(&handles[0], MakeRef<Thing>(), ZX_RIGHT_READ, &handles[1],
                                 MakeRef<Thing>(), ZX_RIGHT_WRITE),
            ZX_OK);
  EXPECT_EQ(RightsOf(handles[0]), ZX_RIGHT_READ);
  EXPECT_EQ(RightsOf(handles[1]), ZX_RIGHT_WRITE);
  EXPECT_EQ(zx_handle_close_many(handles, 2), ZX_OK);
}

TEST_F(HandleCalls, AFullTableHasNoMemory) {
  Shows("HANDLE-6 HANDLE-DUP-4 HANDLE-REPLACE-6");
  const auto thing = MakeRef<Thing>();
  thing->AddHandle();
  std::vector<zx_handle_t> handles;
  handles.reserve(HandleTable::kCapacity);
  zx_handle_t handle;
  while (HandleTable::Process().Insert(thing, kRights, &handle) == ZX_OK) {
    handles.push_back(handle);
  }
  EXPECT_EQ(live_before_ + handles.size(), 262144u);
  zx_handle_t out = 77;
  EXPECT_EQ(zx_handle_duplicate(handles[0], ZX_RIGHT_SAME_RIGHTS, &out), ZX_ERR_NO_MEMORY);
  EXPECT_EQ(syscalls::PutHandle(&out, MakeRef<Thing>(), kRights), ZX_ERR_NO_MEMORY);
  EXPECT_EQ(out, 77u);
  // One free slot: the second of two does not fit, and the first is taken back.
  EXPECT_EQ(zx_handle_close(handles.back()), ZX_OK);
  handles.pop_back();
  zx_handle_t out2 = 77;
  EXPECT_EQ(syscalls::PutHandles(&out, MakeRef<Thing>(), kRights, &out2, MakeRef<Thing>(), kRights),
            ZX_ERR_NO_MEMORY);
  EXPECT_EQ(out, 77u);
  EXPECT_EQ(live_before_ + handles.size(), HandleTable::Process().live());
  ASSERT_EQ(zx_handle_duplicate(handles[0], ZX_RIGHT_SAME_RIGHTS, &out), ZX_OK);
  handles.push_back(out);
  // Replacing needs no room.
  ASSERT_EQ(zx_handle_replace(handles[0], ZX_RIGHT_SAME_RIGHTS, &handles[0]), ZX_OK);
  EXPECT_EQ(zx_handle_close_many(handles.data(), handles.size()), ZX_OK);
}

TEST_F(HandleCalls, AForkedChildIsRefused) {
  Shows("HANDLE-CLOSE-1 HANDLE-FORK-1 HANDLE-FORK-2");
  const zx_handle_t handle = New();
  ASSERT_EQ(zx_handle_close_many(nullptr, 0), ZX_OK);  // the library is in use
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    zx_handle_t out = 77;
    if (zx_handle_duplicate(handle, ZX_RIGHT_SAME_RIGHTS, &out) != ZX_ERR_BAD_STATE) _exit(1);
    if (zx_handle_replace(handle, ZX_RIGHT_SAME_RIGHTS, &out) != ZX_ERR_BAD_STATE) _exit(2);
    if (zx_handle_close(handle) != ZX_ERR_BAD_STATE) _exit(3);
    if (zx_handle_close_many(&handle, 1) != ZX_ERR_BAD_STATE) _exit(4);
    if (zx_handle_duplicate(handle ^ 4, ZX_RIGHT_READ, nullptr) != ZX_ERR_BAD_STATE) _exit(5);
    if (out != 77) _exit(6);
    // No handle is named.
    if (zx_handle_close(ZX_HANDLE_INVALID) != ZX_OK) _exit(7);
    if (zx_handle_close_many(nullptr, 0) != ZX_ERR_BAD_STATE) _exit(8);
    _exit(0);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_TRUE(IsLive(handle));
  EXPECT_EQ(zx_handle_close(handle), ZX_OK);
}

}  // namespace
}  // namespace zircon
