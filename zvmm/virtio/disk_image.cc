#include "virtio/disk_image.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "host/log.h"

namespace zvmm {
namespace {

absl::Status Failed(const std::string& path, const char* what) {
  return absl::ErrnoToStatus(errno, absl::StrCat(path, ": ", what));
}

}  // namespace

absl::StatusOr<std::unique_ptr<DiskImage>> DiskImage::Open(const std::string& path,
                                                           bool read_only) {
  // Not blocking: a FIFO, which is no disk, must not hold zvmm up.
  const int fd = open(path.c_str(), (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    return Failed(path, "open");
  }
  absl::Cleanup closer = [fd] { close(fd); };
  struct stat status;
  if (fstat(fd, &status) != 0) {
    return Failed(path, "stat");
  }
  if (!S_ISREG(status.st_mode) && !S_ISBLK(status.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": neither a file nor a block device"));
  }
  const off_t size = lseek(fd, 0, SEEK_END);
  if (size < static_cast<off_t>(kSectorSize)) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": too small for a disk: it needs ", kSectorSize, " bytes"));
  }
  if (flock(fd, (read_only ? LOCK_SH : LOCK_EX) | LOCK_NB) != 0) {
    return errno == EWOULDBLOCK ? absl::FailedPreconditionError(absl::StrCat(
                                      path, ": another virtual machine is using this disk"))
                                : Failed(path, "lock");
  }
  if (const off_t rest = size % static_cast<off_t>(kSectorSize); rest != 0) {
    Say(absl::StrFormat(
        "warning: %s has %d bytes, and the guest sees %d: a disk has whole sectors of %d bytes",
        path, size, size - rest, kSectorSize));
  }
  std::move(closer).Cancel();
  return std::unique_ptr<DiskImage>(
      new DiskImage(fd, read_only, static_cast<uint64_t>(size) / kSectorSize));
}

DiskImage::~DiskImage() { close(fd_); }

absl::Status DiskImage::Read(uint64_t offset, std::span<uint8_t> to) const {
  while (!to.empty()) {
    const ssize_t count = pread(fd_, to.data(), to.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count <= 0) {
      // 0: the file has become shorter.
      return count < 0 ? absl::ErrnoToStatus(errno, "read") : absl::OutOfRangeError("short file");
    }
    to = to.subspan(static_cast<size_t>(count));
    offset += static_cast<uint64_t>(count);
  }
  return absl::OkStatus();
}

absl::Status DiskImage::Write(uint64_t offset, std::span<const uint8_t> from) const {
  while (!from.empty()) {
    const ssize_t count = pwrite(fd_, from.data(), from.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count <= 0) {
      return absl::ErrnoToStatus(count < 0 ? errno : EIO, "write");
    }
    from = from.subspan(static_cast<size_t>(count));
    offset += static_cast<uint64_t>(count);
  }
  return absl::OkStatus();
}

absl::Status DiskImage::Flush() const {
  return fdatasync(fd_) == 0 ? absl::OkStatus() : absl::ErrnoToStatus(errno, "fdatasync");
}

}  // namespace zvmm
