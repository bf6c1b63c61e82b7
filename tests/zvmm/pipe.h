// A pipe for tests.

#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>
#include <string_view>

namespace zvmm {

// Both ends, each closed in the end or before.
class Pipe {
 public:
  Pipe() { EXPECT_EQ(pipe2(fds_, O_CLOEXEC), 0); }
  ~Pipe() {
    CloseReader();
    CloseWriter();
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  int reader() const { return fds_[0]; }
  int writer() const { return fds_[1]; }
  void CloseReader() { CloseEnd(fds_[0]); }
  void CloseWriter() { CloseEnd(fds_[1]); }

  // Reads so many bytes, or up to the end.
  std::string Read(size_t size) const {
    std::string text;
    char buffer[4096];
    while (text.size() < size) {
      const ssize_t count = read(fds_[0], buffer, std::min(sizeof(buffer), size - text.size()));
      if (count <= 0) {
        break;
      }
      text.append(buffer, static_cast<size_t>(count));
    }
    return text;
  }
  void Write(std::string_view text) const {
    EXPECT_EQ(write(fds_[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }

 private:
  static void CloseEnd(int& fd) {
    if (fd >= 0) {
      close(fd);
      fd = -1;
    }
  }

  int fds_[2] = {-1, -1};
};

}  // namespace zvmm
