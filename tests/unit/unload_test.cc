// The shared library in a program that closes it again. Rows: HOST-33.

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <zircon/syscalls.h>

#include "contract.h"

namespace {

template <typename Function>
Function* Find(void* library, const char* name, Function* /*of that type*/) {
  return reinterpret_cast<Function*>(dlsym(library, name));
}

// A thread of it may be running, a handler of it be installed, a thread of the program still have
// to end in it.
int UseAfterClosing() {
  void* const library = dlopen(ZIRCON_SHARED_LIBRARY, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return 1;
  auto* const create = Find(library, "zx_timer_create", &zx_timer_create);
  auto* const set = Find(library, "zx_timer_set", &zx_timer_set);
  auto* const wait = Find(library, "zx_object_wait_one", &zx_object_wait_one);
  auto* const after = Find(library, "zx_deadline_after", &zx_deadline_after);
  zx_handle_t timer = ZX_HANDLE_INVALID;
  if (create(0, ZX_CLOCK_MONOTONIC, &timer) != ZX_OK) return 2;
  if (set(timer, after(1'000'000), 0) != ZX_OK) return 3;
  if (dlclose(library) != 0) return 4;
  if (dlopen(ZIRCON_SHARED_LIBRARY, RTLD_NOW | RTLD_NOLOAD) == nullptr) return 5;
  return wait(timer, ZX_TIMER_SIGNALED, ZX_TIME_INFINITE, nullptr) == ZX_OK ? 0 : 6;
}

TEST(Unload, TheLibraryStays) {
  Shows("HOST-33");
  EXPECT_EXIT(_exit(UseAfterClosing()), testing::ExitedWithCode(0), "");
}

}  // namespace
