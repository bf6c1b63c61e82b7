#include "objects/large_page_files.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zircon/errors.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "absl/cleanup/cleanup.h"
#include "base/descriptor.h"
#include "base/format.h"
#include "base/log.h"
#include "base/mutex.h"
#include "objects/host_window.h"
#include "objects/pages.h"
#include "objects/signal_scopes.h"

// clone() by its other name in the C libraries, which their headers lack. The thread sanitizer of a
// program takes clone() over, takes the child for one with a memory of its own, and ends.
extern "C" int __clone(int (*run)(void*), void* stack, int flags, void* argument, ...);

namespace zircon::objects {
namespace {

// The interface of Linux 5.2 for new mounts; the C library's headers may be older.
enum : long { kFsOpen = 430, kFsConfig = 431, kFsMount = 432 };
enum : unsigned { kCloseOnExec = 1, kSetString = 1, kCreate = 6, kNoSuid = 2, kNoDev = 4 };

// A program that filters system calls may want this not even tried.
constexpr char kSwitch[] = "ZIRCON_KVM_LARGE_PAGES";

// A tmpfs without limits, mounted nowhere: its descriptor or −errno. Large pages come where a
// mapping that asks for them is touched ("advise"), and not where a program stores a few bytes into
// a vast file.
int MakeFileSystem() {
  const int context = static_cast<int>(syscall(kFsOpen, "tmpfs", kCloseOnExec));
  if (context < 0) return -errno;
  const absl::Cleanup close_context = [context] { close(context); };
  constexpr struct {
    const char* key;
    const char* value;
  } kOptions[] = {{"huge", "advise"}, {"size", "0"}, {"nr_inodes", "0"}, {"mode", "0700"}};
  for (const auto& [key, value] : kOptions) {
    if (syscall(kFsConfig, context, kSetString, key, value, 0) != 0) return -errno;
  }
  if (syscall(kFsConfig, context, kCreate, nullptr, nullptr, 0) != 0) return -errno;
  const int mount = static_cast<int>(syscall(kFsMount, context, kCloseOnExec, kNoSuid | kNoDev));
  return mount >= 0 ? mount : -errno;
}

// 0 or an errno.
int WriteTo(const char* path, const char* text) {
  const int fd = base::OpenFile(path, O_WRONLY);
  if (fd < 0) return -fd;
  const absl::Cleanup close_file = [fd] { close(fd); };
  return write(fd, text, std::strlen(text)) < 0 ? errno : 0;
}

// What the child has in hand. It shares this process's memory and descriptors, and the thread that
// made it stands still meanwhile.
struct Errand {
  uid_t user;
  gid_t group;
  int result;
};

// In the child: the user and the group stay who they are, so that files can be theirs.
int DoErrand(void* argument) {
  Errand& errand = *static_cast<Errand*>(argument);
  char line[64];
  int error = WriteTo("/proc/self/setgroups", "deny");
  if (error == 0) {
    std::snprintf(line, sizeof(line), "%u %u 1", errand.user, errand.user);
    error = WriteTo("/proc/self/uid_map", line);
  }
  if (error == 0) {
    std::snprintf(line, sizeof(line), "%u %u 1", errand.group, errand.group);
    error = WriteTo("/proc/self/gid_map", line);
  }
  errand.result = error == 0 ? MakeFileSystem() : -error;
  return 0;
}

int MakeFileSystemInChild() {
  constexpr size_t kStackSize = size_t{256} << 10;
  void* const stack = mmap(nullptr, kStackSize, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (stack == MAP_FAILED) return -errno;
  const absl::Cleanup unmap = [=] { munmap(stack, kStackSize); };
  // No handler of the program's may run in the child, whose memory is this process's.
  const NoSignals none;
  Errand errand = {geteuid(), getegid(), -ECHILD};
  // The end of a child that sends no signal is nobody's but who asks for just that.
  constexpr int kFlags = CLONE_VM | CLONE_VFORK | CLONE_FILES | CLONE_NEWUSER | CLONE_NEWNS;
  const pid_t child = __clone(DoErrand, static_cast<char*>(stack) + kStackSize, kFlags, &errand);
  if (child < 0) return -errno;
  while (waitpid(child, nullptr, __WCLONE) < 0 && errno == EINTR) {
  }
  return errand.result;
}

int MakeAnyFileSystem() {
  const char* const wanted = getenv(kSwitch);
  if (wanted != nullptr && std::strcmp(wanted, "off") == 0) return -ECANCELED;
  return base::AboveStreams([] {
    const int mount = MakeFileSystem();
    // Who is root here needs no child.
    return mount == -EPERM ? MakeFileSystemInChild() : mount;
  });
}

// Whether it says nothing of what will be.
bool IsPassing(int error) {
  return error == EMFILE || error == ENFILE || error == ENOMEM || error == EAGAIN ||
         error == EINTR || error == ECHILD;
}

// Of this process, for good: a descriptor, −errno, or not asked yet.
constexpr int kUnknown = INT32_MIN;
std::atomic<int> file_system{kUnknown};
base::Mutex making_mutex;

int FileSystem() {
  // acquire: found made.
  int known = file_system.load(std::memory_order_acquire);
  if (known != kUnknown) return known;
  base::MutexLock lock(making_mutex);
  known = file_system.load(std::memory_order_relaxed);  // under the lock
  if (known != kUnknown) return known;
  known = MakeAnyFileSystem();
  if (known < 0) {
    LOG_INFO("large VMOs get large pages only where the host gives them to all: errno {}", -known);
    if (IsPassing(-known)) return known;
  }
  file_system.store(known, std::memory_order_release);
  return known;
}

// Whether a first page of such a file is a large one. The file is this call's.
bool GivesLargePage(int fd) {
  const absl::Cleanup close_file = [fd] { close(fd); };
  {
    NoFileSizeSignal no_signal;
    if (ftruncate(fd, kLargePageSize) != 0) {
      if (errno == EFBIG) no_signal.MarkSent();
      return false;
    }
  }
  HostWindow window;
  if (window.Map(fd, kLargePageSize) != ZX_OK) return false;
  // A touch by the kernel, which takes a lack of memory for an error and not for a fault.
  if (getrandom(window.base(), 1, 0) != 1) return false;
  struct stat file;
  return fstat(fd, &file) == 0 && static_cast<uint64_t>(file.st_blocks) * 512 >= kLargePageSize;
}

}  // namespace

int CreateLargePageFile() {
  const int folder = FileSystem();
  return folder < 0 ? folder : base::CreateFileIn(folder);
}

bool HostGivesLargePages(std::string* why) {
  const int folder = MakeAnyFileSystem();
  int file = folder < 0 ? folder : base::CreateFileIn(folder);
  if (folder >= 0) close(folder);
  const int error = file < 0 ? -file : 0;
  // As MemoryFile does.
  if (file < 0) file = base::CreateMemoryFile("zircon-vmo", 0);
  if (file >= 0 && GivesLargePage(file)) return true;
  constexpr char kSetting[] = "/sys/kernel/mm/transparent_hugepage/shmem_enabled";
  if (error == ECANCELED) {
    *why = base::Format("{} is off, and {} does not give them to all.", kSwitch, kSetting);
  } else if (error != 0) {
    *why = base::Format(
        "This process may make no file system of its own in a user namespace ({}), and {} does not "
        "give them to all. Permit one (kernel.unprivileged_userns_clone=1, "
        "user.max_user_namespaces, a container's seccomp or AppArmor profile), or write 'advise' "
        "to the other.",
        std::strerror(error), kSetting);
  } else {
    *why = base::Format("{} is 'deny', or no 2 MiB of memory are free in one piece.", kSetting);
  }
  return false;
}

}  // namespace zircon::objects
