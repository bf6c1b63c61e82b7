// <zircon/threads.h>: threads that have their handles from the beginning. Rows: TASK.

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zircon/syscalls.h>
#include <zircon/threads.h>

#include <atomic>
#include <cstring>
#include <string>
#include <thread>

#include "contract.h"
#include "handles_in_tests.h"
#include "sanitizers.h"

namespace zircon::test {
namespace {

std::string Name(zx_handle_t handle) {
  char name[ZX_MAX_NAME_LEN] = {};
  EXPECT_EQ(zx_object_get_property(handle, ZX_PROP_NAME, name, sizeof(name)), ZX_OK);
  return name;
}

// What a thread finds out about itself, and when it may end.
struct Seen {
  zx_handle_t self = ZX_HANDLE_INVALID;
  std::string host_name;
  std::atomic<bool> ready{false};
  std::atomic<bool> may_end{false};
};

int Look(void* argument) {
  Seen& seen = *static_cast<Seen*>(argument);
  seen.self = zx_thread_self();
  char name[16] = {};
  (void)pthread_getname_np(pthread_self(), name, sizeof(name));
  seen.host_name = name;
  seen.ready = true;
  seen.ready.notify_one();
  seen.may_end.wait(false);
  return 42;
}

TEST(ThreadsTest, AThreadWithANameAndAHandle) {
  Shows("TASK-12 TASK-13");
  SKIP_UNDER_THREAD_SANITIZER("it does not know thrd_create()");
  Seen seen;
  thrd_t thread;
  ASSERT_EQ(thrd_create_with_name(&thread, &Look, &seen, "a name of more than fifteen bytes"),
            thrd_success);
  const zx_handle_t handle = thrd_get_zx_handle(thread);
  EXPECT_EQ(Basic(handle).type, ZX_OBJ_TYPE_THREAD);
  EXPECT_EQ(Name(handle), "a name of more than fifteen byt");
  EXPECT_EQ(native_thread_get_zx_handle(thread), handle);
  seen.ready.wait(false);
  EXPECT_EQ(seen.self, handle);
  EXPECT_EQ(seen.host_name, "a name of more ");
  const zx_handle_t copy = WithRights(handle, ZX_RIGHT_WAIT);
  seen.may_end = true;
  seen.may_end.notify_one();
  int result = 0;
  EXPECT_EQ(thrd_join(thread, &result), thrd_success);
  EXPECT_EQ(result, 42);
  EXPECT_EQ(zx_object_wait_one(copy, ZX_THREAD_TERMINATED, ZX_TIME_INFINITE, nullptr), ZX_OK);
  EXPECT_FALSE(IsOpen(handle));
  EXPECT_EQ(zx_handle_close(copy), ZX_OK);
}

TEST(ThreadsTest, AThreadWithoutAName) {
  Shows("TASK-12");
  SKIP_UNDER_THREAD_SANITIZER("it does not know thrd_create()");
  thrd_t thread;
  ASSERT_EQ(thrd_create_with_name(
                &thread, [](void*) { return zx_thread_self() != 0 ? 1 : 0; }, nullptr, nullptr),
            thrd_success);
  int result = 0;
  EXPECT_EQ(thrd_join(thread, &result), thrd_success);
  EXPECT_EQ(result, 1);
}

TEST(ThreadsTest, ThreadsThatOthersMake) {
  Shows("TASK-13");
  SKIP_UNDER_THREAD_SANITIZER("it does not know thrd_create()");
  EXPECT_EQ(thrd_get_zx_handle(thrd_current()), zx_thread_self());
  Seen seen;
  std::atomic<bool> may_ask{false};
  std::thread thread([&] {
    may_ask.wait(false);
    Look(&seen);
  });
  EXPECT_EQ(native_thread_get_zx_handle(thread.native_handle()), ZX_HANDLE_INVALID);
  may_ask = true;
  may_ask.notify_one();
  seen.ready.wait(false);
  EXPECT_EQ(native_thread_get_zx_handle(thread.native_handle()), seen.self);
  seen.may_end = true;
  seen.may_end.notify_one();
  thread.join();
}

TEST(ThreadsTest, StatusesOfResults) {
  Shows("TASK-14");
  EXPECT_EQ(thrd_status_to_zx_status(thrd_success), ZX_OK);
  EXPECT_EQ(thrd_status_to_zx_status(thrd_nomem), ZX_ERR_NO_MEMORY);
  EXPECT_EQ(thrd_status_to_zx_status(thrd_timedout), ZX_ERR_TIMED_OUT);
  EXPECT_EQ(thrd_status_to_zx_status(thrd_busy), ZX_ERR_SHOULD_WAIT);
  EXPECT_EQ(thrd_status_to_zx_status(thrd_error), ZX_ERR_INTERNAL);
}

TEST(ThreadsTest, InAForkedChild) {
  Shows("TASK-12 TASK-13");
  SKIP_UNDER_THREAD_SANITIZER("it does not know thrd_create()");
  const zx_handle_t own = zx_thread_self();
  EXPECT_NE(own, ZX_HANDLE_INVALID);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    thrd_t thread;
    const bool none = thrd_get_zx_handle(thrd_current()) == ZX_HANDLE_INVALID;
    const int result = thrd_create_with_name(
        &thread, [](void*) { return 0; }, nullptr, "child");
    _exit(none && result == thrd_error ? 0 : 1);
  }
  int status = -1;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace zircon::test
