#include "base/descriptor.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace zircon::base {
namespace {

constexpr int kFirst = STDERR_FILENO + 1;

// What gets a low number is made anew while that one is still there to keep the place, and not
// moved: somebody may have written to it already.
template <typename Make>
int MakeDescriptor(Make make) {
  int low[kFirst];
  int num_low = 0;
  int fd;
  while ((fd = make()) >= 0 && fd < kFirst) low[num_low++] = fd;
  const int result = fd >= 0 ? fd : -errno;
  while (num_low != 0) close(low[--num_low]);
  return result;
}

bool AllLowInUse() {
  for (int fd = 0; fd < kFirst; ++fd) {
    if (fcntl(fd, F_GETFD) < 0) return false;
  }
  return true;
}

}  // namespace

int OpenFile(const char* path, int flags) {
  return MakeDescriptor([=] { return open(path, flags | O_CLOEXEC); });
}

int CreateMemoryFile(const char* name, unsigned flags) {
  return MakeDescriptor([=] { return memfd_create(name, flags | MFD_CLOEXEC); });
}

int MakeDescriptorOnce(int parent, absl::FunctionRef<int()> make) {
  if (AllLowInUse()) return make();
  const int place = fcntl(parent, F_DUPFD_CLOEXEC, kFirst);
  if (place < 0) return -errno;
  const int fd = make();
  if (fd < 0 || fd >= kFirst) {
    close(place);
    return fd;
  }
  // Cannot fail: both are open, and nobody else knows them.
  dup3(fd, place, O_CLOEXEC);
  close(fd);
  return place;
}

int CreateFileIn(int folder) {
  return MakeDescriptor(
      [=] { return openat(folder, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, S_IRUSR | S_IWUSR); });
}

int AboveStreams(absl::FunctionRef<int()> make) {
  int result = 0;
  // What fills the low numbers stays until the other is made.
  const int above = MakeDescriptor([&] {
    const int fd = memfd_create("zircon-streams", MFD_CLOEXEC);
    if (fd >= kFirst) result = make();
    return fd;
  });
  if (above < 0) return above;
  close(above);
  return result;
}

}  // namespace zircon::base
