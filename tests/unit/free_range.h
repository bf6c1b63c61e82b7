// Addresses that nobody uses and the kernel gives to nobody who does not ask for them: far below
// where it places what programs, C library and sanitizers map.

#pragma once

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

inline uintptr_t FreeRange(size_t size) {
  // Inside what the address and thread sanitizers call the program's memory.
  static std::atomic<uintptr_t> next{0x7E90'0000'0000};
  constexpr uintptr_t kApart = uintptr_t{1} << 30;
  const uintptr_t wanted = next.fetch_add(kApart);
  void* const found = mmap(reinterpret_cast<void*>(wanted), size, PROT_NONE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(found), wanted);
  munmap(found, size);
  return wanted;
}
