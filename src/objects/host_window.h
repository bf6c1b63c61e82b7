// HostWindow: the library's own mapping of a memory file, readable and writable, at an address
// aligned to 2 MiB when it is that long, and not inherited by a forked child.
//
// Ownership: it unmaps itself; the file must stay open until it is made. Thread safety: a value.

#pragma once

#include <zircon/types.h>

#include <cstdint>
#include <utility>

namespace zircon::objects {

class HostWindow {
 public:
  HostWindow() = default;
  HostWindow(HostWindow&& other) noexcept
      : base_(std::exchange(other.base_, nullptr)), length_(std::exchange(other.length_, 0)) {}
  HostWindow& operator=(HostWindow&&) = delete;
  ~HostWindow();

  // Maps the first `length` bytes of the file, whole pages and not 0; they may go beyond its end.
  // ZX_ERR_NO_MEMORY.
  [[nodiscard]] zx_status_t Map(int fd, uint64_t length);

  uint8_t* base() const { return base_; }
  uint64_t length() const { return length_; }

 private:
  uint8_t* base_ = nullptr;
  uint64_t length_ = 0;
};

}  // namespace zircon::objects
