// The parts of a memory file that have pages.
//
//   VisitData(fd, 0, size, [&](uint64_t offset, uint64_t length) { ...; return true; });
//
// Thread safety: a function without state. Pages that come or go meanwhile are found or not.

#pragma once

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>

namespace zircon::objects {

// Calls visit(offset, length) for each, in order, until it answers false. An errno, 0 for none.
template <typename Visit>
int VisitData(int fd, uint64_t begin, uint64_t end, Visit visit) {
  for (uint64_t at = begin; at < end;) {
    const off_t data = lseek(fd, static_cast<off_t>(at), SEEK_DATA);
    if (data < 0) return errno == ENXIO ? 0 : errno;  // ENXIO: nothing but a hole
    if (static_cast<uint64_t>(data) >= end) return 0;
    const off_t hole = lseek(fd, data, SEEK_HOLE);
    if (hole < 0 && errno != ENXIO) return errno;
    if (hole <= data) return 0;  // they have gone meanwhile
    const uint64_t from = static_cast<uint64_t>(data);
    at = std::min(static_cast<uint64_t>(hole), end);
    if (!visit(from, at - from)) return 0;
  }
  return 0;
}

}  // namespace zircon::objects
