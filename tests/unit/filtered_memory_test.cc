// A caller's pointers where a filter of system calls stands in the way, and memory that the kernel
// does not copy to. Rows: PTR-2, PTR-10.

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <initializer_list>

#include "contract.h"
#include "objects/memory_file.h"
#include "syscalls/user_memory.h"
#include "unit/in_child.h"
#include "unit/strict_pointers.h"

namespace zircon::user {
namespace {

constexpr size_t kPage = 4096;

TEST(FilteredMemory, WithoutProbesPointersAreTakenAsTheyCome) {
  Shows("PTR-10");
  void* const nowhere = mmap(nullptr, kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (const uint32_t error : {EPERM, ENOSYS}) {
    const StrictPointers strict;
    const int result = InChild([&] {
      // The copies, and the probes.
      const std::initializer_list<int> calls = {SYS_process_vm_readv, SYS_process_vm_writev,
                                                SYS_rt_sigprocmask, SYS_futex};
      if (!RefuseSystemCalls(calls, error)) return kNoFilters;
      if (!CanRead(nowhere, 8) || !CanWrite(nowhere, 8)) return 1;
      uint64_t good = 0;
      const uint64_t value = 5;
      if (CopyOut(&good, &value, sizeof(value)) != ZX_OK || good != 5) return 2;
      uint64_t seen = 0;
      if (CopyIn(&seen, &good, sizeof(seen)) != ZX_OK || seen != 5) return 3;
      return 0;
    });
    if (result == kNoFilters) GTEST_SKIP() << "no seccomp filters here";
    EXPECT_EQ(result, 0) << "errno " << error;
  }
  munmap(nowhere, kPage);
}

TEST(FilteredMemory, AFilterThatKillsTheCopiesKills) {
  const StrictPointers strict;
  for (const bool out : {false, true}) {
    const int result = InChild([&] {
      if (!EndAtSystemCalls({SYS_process_vm_readv, SYS_process_vm_writev})) return kNoFilters;
      uint64_t one = 1;
      uint64_t two = 2;
      (void)(out ? CopyOut(&one, &two, sizeof(one)) : CopyIn(&one, &two, sizeof(one)));
      return 0;
    });
    if (result == kNoFilters) GTEST_SKIP() << "no seccomp filters here";
    EXPECT_EQ(result, 1000 + SIGSYS);
  }
}

TEST(FilteredMemory, ResultsCannotBeWrittenToSecretMemory) {
#if defined(SYS_memfd_secret)
  const int fd = static_cast<int>(syscall(SYS_memfd_secret, 0));
#else
  const int fd = static_cast<int>(syscall(447, 0));
#endif
  if (fd < 0) GTEST_SKIP() << "no memfd_secret here";
  ASSERT_EQ(ftruncate(fd, 2 * kPage), 0);
  void* const secret = mmap(nullptr, 2 * kPage, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  ASSERT_NE(secret, MAP_FAILED);
  *static_cast<volatile uint64_t*>(secret) = 1;
  const uint64_t value[kPage / sizeof(uint64_t) + 1] = {5};
  EXPECT_EQ(CopyOut(secret, value, sizeof(value)), ZX_ERR_INVALID_ARGS);
  // What the kernel need not copy can be.
  EXPECT_EQ(CopyOut(secret, value, sizeof(value[0])), ZX_OK);
  EXPECT_EQ(*static_cast<volatile uint64_t*>(secret), 5u);
  const StrictPointers strict;
  EXPECT_EQ(CopyOut(secret, value, sizeof(value[0])), ZX_ERR_INVALID_ARGS);
  munmap(secret, 2 * kPage);
  close(fd);
}

TEST(MemoryFile, WhatEndsSoonerIsOutOfRange) {
  objects::MemoryFile file;
  ASSERT_EQ(objects::MemoryFile::Create(kPage, &file), ZX_OK);
  uint8_t bytes[16] = {};
  EXPECT_EQ(file.Read(bytes, kPage - 8, 8), ZX_OK);
  EXPECT_EQ(file.Read(bytes, kPage - 8, 16), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(file.Read(bytes, kPage, 1), ZX_ERR_OUT_OF_RANGE);
}

// Linux before 6.3 does not know the seal that no file of a VMO is a program.
TEST(FilteredMemory, AVmoIsMadeAlsoWhereTheKernelDoesNotKnowItsSeal) {
  constexpr uint32_t kNoExecSeal = 0x0008;
  const int result = InChild([] {
    if (!RefuseFlags(SYS_memfd_create, 1, kNoExecSeal, EINVAL)) return kNoFilters;
    objects::MemoryFile file;
    return objects::MemoryFile::Create(kPage, &file) == ZX_OK ? 0 : 1;
  });
  if (result == kNoFilters) GTEST_SKIP() << "no seccomp filters here";
  EXPECT_EQ(result, 0);
}

}  // namespace
}  // namespace zircon::user
