// MemoryFile: a file without a name whose pages are memory. All that is done to the file of a VMO
// goes through here, or through mappings of it, so that two things hold for each of them:
//
//  - No signal comes of it. A write or a size beyond the process's limit for files (RLIMIT_FSIZE),
//    which may be lowered at any time, is SIGXFSZ for a process that does not mind it.
//  - It ends, whatever signals the program gets: the kernel begins an allocation anew after each.
//
// Ownership: closes the file when it goes. Thread safety: the kernel's own; any thread.

#pragma once

#include <zircon/types.h>

#include <cstddef>
#include <cstdint>
#include <utility>

namespace zircon::objects {

class MemoryFile {
 public:
  // What a call of Commit() takes at most, and the unit to cut larger ranges at.
  static constexpr uint64_t kLargestCommit = uint64_t{2} << 20;

  // The largest size of a file. The kernel would take one nearly twice as large: so mappings from
  // here on are possible, and behind the end of every file.
  static constexpr uint64_t kLargest = uint64_t{1} << 62;

  MemoryFile() = default;
  MemoryFile(MemoryFile&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  MemoryFile& operator=(MemoryFile&&) = delete;
  ~MemoryFile();

  // Of `size` bytes, or kLargest; of large pages, where the host gives them, if it is as large as
  // one. ZX_ERR_NO_RESOURCES (no file descriptor left, the limit for files), ZX_ERR_NO_MEMORY.
  [[nodiscard]] static zx_status_t Create(uint64_t size, MemoryFile* out);

  int fd() const { return fd_; }

  // Errors as Create().
  [[nodiscard]] zx_status_t SetSize(uint64_t size);
  // Ranges inside the file. ZX_ERR_OUT_OF_RANGE when it ends sooner, ZX_ERR_INVALID_ARGS when the
  // other memory faults, ZX_ERR_NO_MEMORY: of those behind kLargest, but for Zero(), always.
  [[nodiscard]] zx_status_t Read(void* to, uint64_t offset, size_t length) const;
  [[nodiscard]] zx_status_t Write(const void* from, uint64_t offset, size_t length);
  // Makes the pages of the range, kLargestCommit bytes at most, exist.
  [[nodiscard]] zx_status_t Commit(uint64_t offset, uint64_t length);
  // Makes every byte of the range zero; pages that lie in it as a whole exist no longer.
  [[nodiscard]] zx_status_t Zero(uint64_t offset, uint64_t length);

 private:
  // The rest of a write that the limit for files does not permit: it does not bind mappings.
  [[nodiscard]] zx_status_t WriteByMapping(const void* from, uint64_t offset, size_t length);

  int fd_ = -1;
};

}  // namespace zircon::objects
