#include "objects/host_gap.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <memory>

#include "base/descriptor.h"

namespace zircon::objects {
namespace {

// The last place of that kind in the gap [begin, end), if there is one.
bool LastIn(uint64_t begin, uint64_t end, uint64_t length, uint64_t alignment, uint64_t* address) {
  if (end < length) return false;
  const uint64_t candidate = (end - length) / alignment * alignment;
  if (candidate < begin) return false;
  *address = candidate;
  return true;
}

}  // namespace

bool FindHostGap(uint64_t begin, uint64_t end, uint64_t length, uint64_t alignment,
                 uint64_t* address) {
  const int fd = base::OpenFile("/proc/self/maps", O_RDONLY);
  if (fd < 0) return false;
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> maps(fdopen(fd, "r"), &std::fclose);
  if (maps == nullptr) {
    close(fd);
    return false;
  }
  bool found = false;
  uint64_t gap = begin;
  uint64_t from = 0;
  uint64_t to = 0;
  // "start-end permissions offset device inode name", by address.
  while (gap < end && std::fscanf(maps.get(), "%" SCNx64 "-%" SCNx64 "%*[^\n]", &from, &to) == 2) {
    found |= LastIn(gap, std::min(from, end), length, alignment, address);
    gap = std::max(gap, to);
  }
  return LastIn(gap, end, length, alignment, address) || found;
}

}  // namespace zircon::objects
