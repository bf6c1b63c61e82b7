// The owner of a file descriptor.

#pragma once

#include <unistd.h>

#include <utility>

namespace zvmm {

// Closes it in the end. Movable; a value of -1 is none. Not thread-safe.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() {
    if (fd_ >= 0) {
      // Whatever it says, the descriptor is gone.
      static_cast<void>(close(fd_));
    }
  }

  int get() const { return fd_; }
  bool is_valid() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

}  // namespace zvmm
