#include "objects/memory_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>
#include <zircon/errors.h>

#include <algorithm>
#include <cerrno>

#include "absl/cleanup/cleanup.h"
#include "base/descriptor.h"
#include "base/thread_id.h"
#include "objects/host_status.h"
#include "objects/large_page_files.h"
#include "objects/pages.h"
#include "objects/signal_scopes.h"

namespace zircon::objects {
namespace {

// Since Linux 6.3: the file can never be executed as a program. Its mappings still can be
// executable, and hosts that insist on the flag (vm.memfd_noexec=2) allow VMOs with it only.
constexpr unsigned kNoExecSeal = 0x0008;

// Bytes moved by one pread or pwrite; the kernel refuses sizes of 2 GiB and more.
constexpr size_t kLargestTransfer = size_t{1} << 30;

// Whether part of the range is where no file has anything.
bool IsBehindFiles(uint64_t offset, uint64_t length) {
  return length != 0 && (offset >= MemoryFile::kLargest || length > MemoryFile::kLargest - offset);
}

// A descriptor, or −errno.
int CreateDescriptor(uint64_t size) {
  if (size >= kLargePageSize) {
    const int large = CreateLargePageFile();
    if (large >= 0) return large;
  }
  const int fd = base::CreateMemoryFile("zircon-vmo", kNoExecSeal);
  return fd != -EINVAL ? fd : base::CreateMemoryFile("zircon-vmo", 0);
}

// Moves `length` bytes by `transfer(done, wanted)`, which answers as pread and pwrite do. *done:
// how far it came.
template <typename Transfer>
int TransferAll(size_t length, size_t* done, Transfer transfer) {
  while (*done < length) {
    const ssize_t moved = transfer(*done, std::min(length - *done, kLargestTransfer));
    if (moved > 0) {
      *done += static_cast<size_t>(moved);
    } else if (moved == 0) {
      return EOVERFLOW;  // the file ends here by now
    } else if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

}  // namespace

MemoryFile::~MemoryFile() {
  if (fd_ >= 0) close(fd_);
}

zx_status_t MemoryFile::Create(uint64_t size, MemoryFile* out) {
  const int fd = CreateDescriptor(size);
  if (fd < 0) return HostStatus(-fd);
  MemoryFile file;
  file.fd_ = fd;
  const zx_status_t status = size == 0 ? ZX_OK : file.SetSize(size);
  if (status == ZX_OK) std::swap(file.fd_, out->fd_);
  return status;
}

zx_status_t MemoryFile::SetSize(uint64_t size) {
  NoFileSizeSignal no_signal;
  int result = 0;
  do {
    result = ftruncate(fd_, static_cast<off_t>(std::min(size, kLargest)));
  } while (result != 0 && errno == EINTR);
  if (result == 0) return ZX_OK;
  if (errno != EFBIG) return HostStatus(errno);
  // The process's limit: the kernel's own for such files is that of off_t.
  no_signal.MarkSent();
  return ZX_ERR_NO_RESOURCES;
}

zx_status_t MemoryFile::Read(void* to, uint64_t offset, size_t length) const {
  if (IsBehindFiles(offset, length)) return ZX_ERR_NO_MEMORY;
  size_t done = 0;
  return HostStatus(TransferAll(length, &done, [&](size_t at, size_t wanted) {
    return pread(fd_, static_cast<uint8_t*>(to) + at, wanted, static_cast<off_t>(offset + at));
  }));
}

zx_status_t MemoryFile::Write(const void* from, uint64_t offset, size_t length) {
  if (IsBehindFiles(offset, length)) return ZX_ERR_NO_MEMORY;
  const uint8_t* const bytes = static_cast<const uint8_t*>(from);
  size_t done = 0;
  int error = 0;
  {
    NoFileSizeSignal no_signal;
    error = TransferAll(length, &done, [&](size_t at, size_t wanted) {
      return pwrite(fd_, bytes + at, wanted, static_cast<off_t>(offset + at));
    });
    if (error == EFBIG) no_signal.MarkSent();
  }
  if (error != EFBIG) return HostStatus(error);
  return WriteByMapping(bytes + done, offset + done, length - done);
}

zx_status_t MemoryFile::WriteByMapping(const void* from, uint64_t offset, size_t length) {
  const uint64_t begin = offset / kPageSize * kPageSize;
  const size_t whole = RoundUpToPages(offset + length) - begin;
  // What is missing would be found out by a fault, which cannot be told from one of the caller's.
  for (uint64_t at = begin; at < begin + whole; at += kLargestCommit) {
    const zx_status_t status = Commit(at, std::min(kLargestCommit, begin + whole - at));
    if (status != ZX_OK) return status;
  }
  void* const mapped =
      mmap(nullptr, whole, PROT_READ | PROT_WRITE, MAP_SHARED, fd_, static_cast<off_t>(begin));
  if (mapped == MAP_FAILED) return HostStatus(errno);
  const absl::Cleanup unmap = [&] { munmap(mapped, whole); };
  size_t done = 0;
  return HostStatus(TransferAll(length, &done, [&](size_t at, size_t wanted) {
    const iovec to = {static_cast<uint8_t*>(mapped) + (offset - begin) + at, wanted};
    const iovec user = {const_cast<uint8_t*>(static_cast<const uint8_t*>(from)) + at, wanted};
    return process_vm_readv(base::ThreadId(), &to, 1, &user, 1, 0);
  }));
}

zx_status_t MemoryFile::Commit(uint64_t offset, uint64_t length) {
  if (IsBehindFiles(offset, length)) return ZX_ERR_NO_MEMORY;
  const auto allocate = [&] {
    return fallocate(fd_, FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset),
                     static_cast<off_t>(length));
  };
  if (allocate() == 0) return ZX_OK;
  if (errno != EINTR) return HostStatus(errno);
  // The kernel has thrown away what it had done. What it is asked for is little enough to be done
  // while signals wait.
  const NoSignals none;
  int result = 0;
  do {
    result = allocate();
  } while (result != 0 && errno == EINTR);
  return result == 0 ? ZX_OK : HostStatus(errno);
}

zx_status_t MemoryFile::Zero(uint64_t offset, uint64_t length) {
  if (offset >= kLargest) return ZX_OK;  // nothing can be there
  length = std::min(length, kLargest - offset);
  int result = 0;
  do {
    result = fallocate(fd_, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, static_cast<off_t>(offset),
                       static_cast<off_t>(length));
  } while (result != 0 && errno == EINTR);
  return result == 0 ? ZX_OK : HostStatus(errno);
}

}  // namespace zircon::objects
