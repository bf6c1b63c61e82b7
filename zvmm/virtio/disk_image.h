// The file behind a virtual disk.

#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace zvmm {

// Owns the open file, and a lock on it: one writer, or any number of readers. Thread-safe.
class DiskImage {
 public:
  static constexpr uint64_t kSectorSize = 512;

  // A regular file or a block device of at least one sector. What its size has beyond whole sectors
  // is out of reach.
  static absl::StatusOr<std::unique_ptr<DiskImage>> Open(const std::string& path, bool read_only);
  ~DiskImage();
  DiskImage(const DiskImage&) = delete;
  DiskImage& operator=(const DiskImage&) = delete;

  bool read_only() const { return read_only_; }
  uint64_t sectors() const { return sectors_; }

  // All of the bytes or an error; offsets are the caller's to check.
  absl::Status Read(uint64_t offset, std::span<uint8_t> to) const;
  absl::Status Write(uint64_t offset, std::span<const uint8_t> from) const;
  // Puts what was written on stable storage.
  absl::Status Flush() const;

 private:
  DiskImage(int fd, bool read_only, uint64_t sectors)
      : fd_(fd), read_only_(read_only), sectors_(sectors) {}

  const int fd_;
  const bool read_only_;
  const uint64_t sectors_;
};

}  // namespace zvmm
