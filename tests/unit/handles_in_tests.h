// What tests of calls ask about handles.

#pragma once

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <zircon/syscalls.h>

#include <cstdint>
#include <new>

#include "handles/handle_table.h"

namespace zircon::test {

inline constexpr zx_time_t kPast = ZX_TIME_INFINITE_PAST;

// A pointer into memory that nobody has.
template <typename T>
T* Wild() {
  return reinterpret_cast<T*>(16);
}

// Memory that can be read and not written.
class ReadOnlyPage {
 public:
  ReadOnlyPage() : page_(mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) {}
  ~ReadOnlyPage() { munmap(page_, 4096); }
  template <typename T>
  T* as() {
    return static_cast<T*>(page_);
  }

 private:
  void* const page_;
};

inline uint32_t LiveHandles() { return handles::HandleTable::Process().live(); }

inline bool IsOpen(zx_handle_t handle) {
  return zx_object_get_info(handle, ZX_INFO_HANDLE_VALID, nullptr, 0, nullptr, nullptr) == ZX_OK;
}

inline zx_info_handle_basic_t Basic(zx_handle_t handle) {
  zx_info_handle_basic_t info{};
  EXPECT_EQ(zx_object_get_info(handle, ZX_INFO_HANDLE_BASIC, &info, sizeof(info), nullptr, nullptr),
            ZX_OK);
  return info;
}

inline zx_signals_t Signals(zx_handle_t handle) {
  zx_signals_t observed = 0xBAD;
  EXPECT_EQ(zx_object_wait_one(handle, 0, kPast, &observed), ZX_ERR_TIMED_OUT);
  return observed;
}

// A second handle with exactly these rights, whatever the first has.
inline zx_handle_t WithRights(zx_handle_t handle, zx_rights_t rights) {
  handles::HandleRef ref;
  EXPECT_EQ(handles::HandleTable::Process().Lookup(handle, &ref), ZX_OK);
  zx_handle_t other = ZX_HANDLE_INVALID;
  EXPECT_EQ(handles::HandleTable::Process().Insert(ref.share(), rights, &other), ZX_OK);
  return other;
}

inline zx_handle_t NewEvent() {
  zx_handle_t event = ZX_HANDLE_INVALID;
  EXPECT_EQ(zx_event_create(0, &event), ZX_OK);
  return event;
}

// Two ends of something; closed at the end.
struct Ends {
  Ends() = default;
  ~Ends() {
    if (IsOpen(a)) zx_handle_close(a);
    if (IsOpen(b)) zx_handle_close(b);
  }
  Ends(const Ends&) = delete;
  Ends& operator=(const Ends&) = delete;

  zx_handle_t a = ZX_HANDLE_INVALID;
  zx_handle_t b = ZX_HANDLE_INVALID;
};

}  // namespace zircon::test
