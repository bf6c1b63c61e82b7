// A caller's pointers: bad ones are found, good ones are not touched by the question. Rows: PTR.

#include "syscalls/user_memory.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "asleep.h"
#include "contract.h"
#include "sanitizers.h"
#include "syscalls/pointer_checks.h"
#include "unit/free_range.h"
#include "unit/in_child.h"
#include "unit/strict_pointers.h"

namespace zircon::user {
namespace {

constexpr size_t kPage = 65536;  // a whole number of pages on every host

// Memory from mmap, with an inaccessible neighbour behind it.
class Pages {
 public:
  explicit Pages(int protection, size_t size = kPage) : size_(size) {
    // Addresses come back; what was there before is not the question here.
    base::PagesHaveChanged();
    // Where nobody else maps anything into the holes that tests make.
    base_ = static_cast<char*>(mmap(reinterpret_cast<void*>(FreeRange(size + kPage)), size + kPage,
                                    PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
                                    -1, 0));
    if (base_ == MAP_FAILED) std::abort();
    Protect(protection);
  }
  ~Pages() { munmap(base_, size_ + kPage); }
  void Protect(int protection) { mprotect(base_, size_, protection); }
  // Puts `size` bytes of a file there instead.
  void MapFile(int fd, int protection, int flags) {
    if (mmap(base_, size_, protection, flags | MAP_FIXED, fd, 0) == MAP_FAILED) std::abort();
  }
  char* base() const { return base_; }
  char* end() const { return base_ + size_; }

 private:
  char* base_ = nullptr;
  size_t size_;
};

// An unnamed file of `size` bytes.
class File {
 public:
  explicit File(size_t size) : fd_(memfd_create("user_memory_test", MFD_CLOEXEC)) {
    if (fd_ < 0 || ftruncate(fd_, static_cast<off_t>(size)) != 0) std::abort();
  }
  ~File() { close(fd_); }
  int fd() const { return fd_; }

 private:
  int fd_;
};

// One question, asked in every way there is.
void ExpectReadable(const void* address, size_t size, bool expected) {
  EXPECT_EQ(CanRead(address, size), expected) << address << " + " << size;
  EXPECT_EQ(CanReadCached(address, size), expected) << address << " + " << size;
  EXPECT_EQ(CanReadCached(address, size), expected) << "again, " << address << " + " << size;
  if (size <= 2 * kPage) {
    std::vector<char> buffer(size + 1);
    EXPECT_EQ(CopyIn(buffer.data(), address, size), expected ? ZX_OK : ZX_ERR_INVALID_ARGS)
        << address << " + " << size;
  }
}

void ExpectWritable(void* address, size_t size, bool expected) {
  EXPECT_EQ(CanWrite(address, size), expected) << address << " + " << size;
  EXPECT_EQ(CanWriteCached(address, size), expected) << address << " + " << size;
  EXPECT_EQ(CanWriteCached(address, size), expected) << "again, " << address << " + " << size;
  if (size <= 2 * kPage) {
    const std::vector<char> buffer(size + 1, 'x');
    EXPECT_EQ(CopyOut(address, buffer.data(), size), expected ? ZX_OK : ZX_ERR_INVALID_ARGS)
        << address << " + " << size;
  }
}

void ExpectBad(void* address, size_t size) {
  ExpectReadable(address, size, false);
  ExpectWritable(address, size, false);
}

TEST(UserMemory, SizeZeroIsAlwaysGood) {
  Shows("PTR-1");
  ExpectReadable(nullptr, 0, true);
  ExpectWritable(nullptr, 0, true);
  ExpectReadable(reinterpret_cast<void*>(UINTPTR_MAX), 0, true);
  ExpectWritable(reinterpret_cast<void*>(UINTPTR_MAX), 0, true);
}

TEST(UserMemory, AddressesNobodyHas) {
  Shows("PTR-1 PTR-2");
  for (const uintptr_t address : {
           uintptr_t{0},
           uintptr_t{1},
           uintptr_t{8},
           uintptr_t{4095},
           uintptr_t{0x0000'8000'0000'0000},  // not canonical on x86, nobody's on arm64
           uintptr_t{0x0000'7FFF'FFFF'FFF8},  // the last of the user half: never mapped
           uintptr_t{0x1234'5678'9ABC'DEF0},  // not canonical
           uintptr_t{0xFFFF'8000'0000'0000},  // the kernel's
           uintptr_t{0xFFFF'FFFF'8100'0000},  // its text
           UINTPTR_MAX - 4095,
           UINTPTR_MAX - 7,
           UINTPTR_MAX,
       }) {
    for (const size_t size : {size_t{1}, size_t{4}, size_t{8}, size_t{48}, size_t{4096}}) {
      ExpectBad(reinterpret_cast<void*>(address), size);
    }
  }
}

TEST(UserMemory, RangesThatWrap) {
  Shows("PTR-2");
  Pages pages(PROT_READ | PROT_WRITE);
  ExpectBad(pages.base(), SIZE_MAX);
  ExpectBad(pages.base(), UINTPTR_MAX - reinterpret_cast<uintptr_t>(pages.base()) + 2);
  ExpectBad(pages.base(), size_t{1} << 63);
  ExpectBad(pages.base(), (size_t{1} << 63) - 1);
  ExpectBad(pages.base(), size_t{1} << 47);
}

TEST(UserMemory, OrdinaryMemory) {
  int on_stack = 7;
  ExpectReadable(&on_stack, sizeof(on_stack), true);
  static const int kConstant = 7;
  ExpectReadable(&kConstant, sizeof(kConstant), true);
  Pages pages(PROT_READ | PROT_WRITE);
  ExpectReadable(pages.base(), kPage, true);
  ExpectWritable(pages.base(), kPage, true);
  for (size_t offset = 0; offset < 16; ++offset) {
    ExpectWritable(pages.base() + 4096 - 8 + offset, 8, true);
    ExpectReadable(pages.end() - 1 - offset, 1 + offset, true);
    ExpectWritable(pages.end() - 1 - offset, 1 + offset, true);
  }
}

TEST(UserMemory, TheEndOfAMapping) {
  Shows("PTR-2");
  Pages pages(PROT_READ | PROT_WRITE);
  for (const size_t inside : {1, 3, 4, 7, 8, 47}) {
    ExpectBad(pages.end() - inside, inside + 1);
    ExpectBad(pages.end() - inside, kPage);
  }
  ExpectBad(pages.base(), kPage + 1);
  ExpectBad(pages.end(), 1);
}

TEST(UserMemory, AHoleInTheMiddle) {
  Shows("PTR-2");
  Pages pages(PROT_READ | PROT_WRITE, 3 * kPage);
  munmap(pages.base() + kPage, kPage);
  ExpectBad(pages.base(), 3 * kPage);
  ExpectBad(pages.base() + kPage - 1, 2);
  ExpectBad(pages.base() + 2 * kPage - 1, 2);
  ExpectWritable(pages.base() + 2 * kPage, kPage, true);
}

TEST(UserMemory, NoAccess) {
  Shows("PTR-2");
  Pages pages(PROT_NONE);
  ExpectBad(pages.base(), 1);
  ExpectBad(pages.base() + 100, 48);
}

TEST(UserMemory, ReadOnly) {
  Shows("PTR-2");
  Pages pages(PROT_READ | PROT_WRITE);
  pages.base()[5] = 'a';
  pages.Protect(PROT_READ);
  ExpectReadable(pages.base(), kPage, true);
  ExpectWritable(pages.base(), 1, false);
  ExpectWritable(pages.base() + 4, 48, false);
  static const char kText[] = "in a read-only segment of the program";
  ExpectWritable(const_cast<char*>(kText), 1, false);
  EXPECT_EQ(pages.base()[5], 'a');
}

TEST(UserMemory, Files) {
  Shows("PTR-2");
  File file(kPage);
  Pages pages(PROT_NONE, 2 * kPage);
  for (const int flags : {MAP_SHARED, MAP_PRIVATE}) {
    base::PagesHaveChanged();
    pages.MapFile(file.fd(), PROT_READ, flags);
    ExpectReadable(pages.base(), kPage, true);
    ExpectWritable(pages.base(), 8, false);
    // Behind the end of the file an access is a SIGBUS.
    ExpectBad(pages.base() + kPage, 8);
    ExpectBad(pages.base() + kPage - 4, 8);
    pages.MapFile(file.fd(), PROT_READ | PROT_WRITE, flags);
    ExpectReadable(pages.base(), kPage, true);
    ExpectWritable(pages.base(), kPage, true);
    ExpectBad(pages.base() + kPage, 8);
    ExpectBad(pages.base() + kPage - 4, 8);
  }
}

TEST(UserMemory, AProbeChangesNothing) {
  Pages pages(PROT_READ | PROT_WRITE);
  for (size_t i = 0; i < kPage; ++i) pages.base()[i] = static_cast<char>(i * 7 + (i >> 8));
  const std::vector<char> before(pages.base(), pages.end());
  for (size_t offset = 0; offset < 64; ++offset) {
    ASSERT_TRUE(CanWrite(pages.base() + offset, kPage - offset));
    ASSERT_TRUE(CanRead(pages.base() + offset, kPage - offset));
  }
  EXPECT_EQ(std::memcmp(pages.base(), before.data(), kPage), 0);
}

TEST(UserMemory, ErrnoIsTheCallers) {
  Shows("PTR-9");
  Pages pages(PROT_READ);
  char byte = 0;
  errno = ERANGE;
  EXPECT_FALSE(CanWrite(pages.base(), 1));
  EXPECT_TRUE(CanRead(pages.base(), 1));
  EXPECT_EQ(CopyOut(pages.base(), &byte, 1), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(CopyIn(&byte, nullptr, 1), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(CopyIn(&byte, pages.base(), 1), ZX_OK);
  EXPECT_EQ(errno, ERANGE);
}

TEST(UserMemory, CopiesWhatIsThere) {
  Pages pages(PROT_READ | PROT_WRITE);
  std::string sent(10000, ' ');
  for (size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<char>(i % 251);
  ASSERT_EQ(CopyOut(pages.base() + 4093, sent.data(), sent.size()), ZX_OK);
  EXPECT_EQ(std::memcmp(pages.base() + 4093, sent.data(), sent.size()), 0);
  EXPECT_EQ(pages.base()[4092], 0);
  EXPECT_EQ(pages.base()[4093 + sent.size()], 0);
  std::string got(sent.size(), ' ');
  ASSERT_EQ(CopyIn(got.data(), pages.base() + 4093, got.size()), ZX_OK);
  EXPECT_EQ(got, sent);
}

TEST(UserMemory, PutWritesOneValue) {
  uint32_t words[] = {1, 2, 3};
  EXPECT_EQ(Put(&words[1], 0xABCDEF01u), ZX_OK);
  EXPECT_EQ(words[0], 1u);
  EXPECT_EQ(words[1], 0xABCDEF01u);
  EXPECT_EQ(words[2], 3u);
  EXPECT_EQ(Put(static_cast<uint32_t*>(nullptr), 1u), ZX_ERR_INVALID_ARGS);
}

// The listed difference.
TEST(UserMemory, PagesThatWereFoundGoodStayRemembered) {
  Shows("PTR-3");
  Pages pages(PROT_READ | PROT_WRITE, 5 * kPage);
  char* const first = pages.base() + 100;
  char* const second = first + kPage;
  char* const third = second + kPage;
  char* const read = third + kPage;
  char* const never = read + kPage;
  uint64_t value = 0;
  ASSERT_TRUE(CanWriteCached(first, 48));
  ASSERT_EQ(CopyOut(second, &value, sizeof(value)), ZX_OK);
  ASSERT_EQ(Put(reinterpret_cast<uint64_t*>(third), value), ZX_OK);
  ASSERT_EQ(CopyIn(&value, read, sizeof(value)), ZX_OK);
  pages.Protect(PROT_NONE);
  const auto look = [&] {
    // More than a thread's own two; what may be written may be read, and not the other way round.
    for (char* const page : {first, second, third}) {
      EXPECT_TRUE(CanWriteCached(page, 48));
      EXPECT_TRUE(CanReadCached(page, 48));
    }
    EXPECT_TRUE(CanReadCached(read, 48));
    EXPECT_FALSE(CanWriteCached(read, 48));
    EXPECT_FALSE(CanReadCached(never, 48));
    // Page by page.
    EXPECT_FALSE(CanWriteCached(pages.base() + 4095, 2));
  };
  look();
  std::thread(look).join();
  // The direct question asks the kernel, and so does one for much.
  EXPECT_FALSE(CanWrite(first, 48));
  const std::vector<char> much(4097);
  EXPECT_EQ(CopyOut(pages.base(), much.data(), much.size()), ZX_ERR_INVALID_ARGS);
  // Until the library has changed pages.
  base::PagesHaveChanged();
  for (char* const page : {first, second, third, read}) ExpectBad(page, 48);
}

TEST(UserMemory, WhatStraddlesTwoPagesIsRememberedToo) {
  Pages pages(PROT_READ | PROT_WRITE);
  char* const straddling = pages.base() + 4096 - 10;
  ASSERT_TRUE(CanWriteCached(straddling, 48));
  ASSERT_TRUE(CanReadCached(straddling, 48));
  pages.Protect(PROT_NONE);
  EXPECT_TRUE(CanWriteCached(straddling, 48));
  EXPECT_TRUE(CanReadCached(straddling, 48));
  EXPECT_FALSE(CanWriteCached(straddling, 4096 + 11)) << "three pages";
  EXPECT_FALSE(CanWriteCached(pages.base() + 8192 - 10, 48)) << "half known";
}

TEST(UserMemory, StrictChecksRememberNothing) {
  Shows("PTR-3 PTR-12");
  Pages pages(PROT_READ | PROT_WRITE);
  uint64_t value = 0;
  ASSERT_EQ(CopyOut(pages.base(), &value, sizeof(value)), ZX_OK);
  ASSERT_TRUE(CanWriteCached(pages.base() + 4096, 8));
  const StrictPointers strict;
  ASSERT_TRUE(CanWriteCached(pages.base(), 8));
  ASSERT_TRUE(CanReadCached(pages.base(), 8));
  ASSERT_EQ(CopyOut(pages.base(), &value, sizeof(value)), ZX_OK);
  pages.Protect(PROT_NONE);
  ExpectBad(pages.base(), 8);
  ExpectBad(pages.base() + 4096, 8);
  EXPECT_EQ(Put(reinterpret_cast<uint64_t*>(pages.base()), value), ZX_ERR_INVALID_ARGS);
}

TEST(UserMemory, OtherChecksThanThereAreAreRefused) {
  Shows("PTR-13");
  EXPECT_EQ(zircon_kvm_set_pointer_checks(-1), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(zircon_kvm_set_pointer_checks(2), ZX_ERR_INVALID_ARGS);
  EXPECT_TRUE(PagesAreRemembered());
  const StrictPointers strict;
  EXPECT_EQ(zircon_kvm_set_pointer_checks(2), ZX_ERR_INVALID_ARGS);
  EXPECT_FALSE(PagesAreRemembered());
}

// In fresh processes: the variable is read once.
TEST(PointerChecksDeathTest, TheEnvironmentChooses) {
  Shows("PTR-12");
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const struct {
    const char* text;
    bool strict;
  } kRows[] = {{"strict", true}, {"STRICT", false}, {"", false}, {"remembered", false}};
  for (const auto& row : kRows) {
    // In the child too: it comes here on its own way.
    setenv("ZIRCON_KVM_POINTERS", row.text, 1);
    EXPECT_EXIT(
        {
          const bool first = PagesAreRemembered() != row.strict;
          setenv("ZIRCON_KVM_POINTERS", "strict", 1);
          const bool again = PagesAreRemembered() != row.strict;
          RememberPages(row.strict);
          std::exit(first && again && PagesAreRemembered() == row.strict ? 0 : 1);
        },
        testing::ExitedWithCode(0), "")
        << row.text;
  }
  unsetenv("ZIRCON_KVM_POINTERS");
}

// Contract: never a signal, also when another thread takes the memory away meanwhile: where the
// kernel copies.
TEST(UserMemory, CopyingSurvivesPagesThatComeAndGo) {
  Shows("PTR-3 PTR-12");
  Pages pages(PROT_READ | PROT_WRITE);
  for (const size_t size : {size_t{8}, size_t{5000}}) {
    std::optional<StrictPointers> strict;
    if (size <= 4096) strict.emplace();
    std::atomic<bool> stop{false};
    std::thread toggler([&] {
      while (!stop.load()) {
        pages.Protect(PROT_NONE);
        pages.Protect(PROT_READ | PROT_WRITE);
      }
    });
    std::vector<char> value(size);
    int good = 0;
    int bad = 0;
    for (int i = 0; i < 1'000'000 && (i < 5000 || good < 100 || bad < 100); ++i) {
      for (const zx_status_t status :
           {CopyOut(pages.base(), value.data(), size), CopyIn(value.data(), pages.base(), size)}) {
        ASSERT_TRUE(status == ZX_OK || status == ZX_ERR_INVALID_ARGS) << status;
        ++(status == ZX_OK ? good : bad);
      }
    }
    stop = true;
    toggler.join();
    EXPECT_GT(good, 0);
    EXPECT_GT(bad, 0);
  }
}

TEST(UserMemory, WorksWhereTheKernelMayNotCopy) {
  Shows("PTR-2");
  Pages writable(PROT_READ | PROT_WRITE);
  Pages read_only(PROT_READ);
  const StrictPointers strict;
  for (const uint32_t error : {EPERM, ENOSYS, EACCES, ENOMEM}) {
    const int result = InChild([&] {
      if (!RefuseSystemCalls({SYS_process_vm_readv, SYS_process_vm_writev}, error)) {
        return kNoFilters;
      }
      for (int round = 0; round < 2; ++round) {
        uint32_t value = 0x1234567;
        if (CopyOut(writable.base() + 4094, &value, sizeof(value)) != ZX_OK) return 1;
        value = 0;
        if (CopyIn(&value, writable.base() + 4094, sizeof(value)) != ZX_OK) return 2;
        if (value != 0x1234567) return 3;
        if (CopyOut(read_only.base(), &value, sizeof(value)) != ZX_ERR_INVALID_ARGS) return 4;
        if (CopyIn(&value, read_only.end() - 2, sizeof(value)) != ZX_ERR_INVALID_ARGS) return 5;
        if (CopyOut(nullptr, &value, sizeof(value)) != ZX_ERR_INVALID_ARGS) return 6;
      }
      return 0;
    });
    if (result == kNoFilters) GTEST_SKIP() << "no seccomp filters here";
    EXPECT_EQ(result, 0) << "errno " << error;
  }
}

// The process's id is the first thread's, which may be gone.
TEST(UserMemory, WorksWhenTheFirstThreadHasEnded) {
  Shows("PTR-2");
  SKIP_UNDER_THREAD_SANITIZER("it starts no thread after a fork");
  Pages pages(PROT_READ | PROT_WRITE);
  const StrictPointers strict;
  EXPECT_EQ(InChild([&]() -> int {
              std::thread([&, first = ThisThread()] {
                if (!AwaitState(first, 'Z')) _exit(3);
                uint32_t value = 5;
                const zx_status_t status = CopyOut(pages.base(), &value, sizeof(value));
                _exit(status == ZX_OK && pages.base()[0] == 5 ? 0 : 1);
              }).detach();
              syscall(SYS_exit, 0);
              return 2;
            }),
            0);
}

}  // namespace
}  // namespace zircon::user
