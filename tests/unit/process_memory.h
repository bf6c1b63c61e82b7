// What there is at an address of this process, found out without a signal.
//
// Thread safety: one thread.

#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zircon/types.h>

#include <cstdint>
#include <cstring>

#include "page.h"

namespace zircon::objects {

inline volatile uint8_t* At(zx_vaddr_t address) {
  return reinterpret_cast<volatile uint8_t*>(address);
}

// What the kernel lets a program do at an address, found out without a signal.
inline bool IsMapped(zx_vaddr_t address) {
  unsigned char resident;
  return mincore(reinterpret_cast<void*>(address), kPage, &resident) == 0;
}

// Whether the page is in this process's page tables.
inline bool IsPresent(zx_vaddr_t address) {
  const int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
  EXPECT_GE(fd, 0);
  uint64_t entry = 0;
  EXPECT_EQ(pread(fd, &entry, sizeof(entry), static_cast<off_t>(address / kPage * 8)), 8);
  close(fd);
  return entry >> 63 != 0;
}

class Pipe {
 public:
  Pipe() { EXPECT_EQ(pipe(fds_), 0); }
  ~Pipe() {
    close(fds_[0]);
    close(fds_[1]);
  }
  bool CanRead(zx_vaddr_t address) {
    if (write(fds_[1], reinterpret_cast<void*>(address), 1) != 1) return false;
    char byte;
    return read(fds_[0], &byte, 1) == 1;
  }
  bool CanWrite(zx_vaddr_t address) {
    const char value = 1;
    EXPECT_EQ(write(fds_[1], &value, 1), 1);
    if (read(fds_[0], reinterpret_cast<void*>(address), 1) == 1) return true;
    char byte;
    EXPECT_EQ(read(fds_[0], &byte, 1), 1);
    return false;
  }

 private:
  int fds_[2];
};

// Memory of the program's own in the middle of a range.
class HostPage {
 public:
  explicit HostPage(zx_vaddr_t address) {
    page_ = mmap(reinterpret_cast<void*>(address), kPage, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    EXPECT_EQ(reinterpret_cast<zx_vaddr_t>(page_), address);
    std::memset(page_, 0xCC, kPage);
  }
  ~HostPage() { munmap(page_, kPage); }
  void ExpectUntouched() const {
    for (uint64_t i = 0; i < kPage; ++i) ASSERT_EQ(static_cast<uint8_t*>(page_)[i], 0xCC);
  }

 private:
  void* page_;
};

}  // namespace zircon::objects
