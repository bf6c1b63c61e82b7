// Puts the terminal into raw mode, in which each key goes to the guest as it is, and takes care
// that it never stays so: it is restored by the destructor, by exit(), and by the signals with
// which a program dies.

#pragma once

namespace zvmm {

// At most one at a time. Create and destroy it on the main thread; the restoring is
// async-signal-safe.
class RawTerminal {
 public:
  // Does nothing if `fd` is not a terminal.
  explicit RawTerminal(int fd);
  ~RawTerminal();
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;

  // Is it a terminal, in raw mode now?
  bool active() const { return active_; }

 private:
  bool active_ = false;
};

}  // namespace zvmm
