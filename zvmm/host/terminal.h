// The terminal that standard input may be: in raw mode each key goes to the guest as it is.
//
// It is left as it was found, whatever ends zvmm: by the destructor, by exit(), and before a signal
// that stops or kills the process. And it is another program's while zvmm is in the background: the
// mode is changed only in the foreground.

#pragma once

#include <mutex>

namespace zvmm {

// At most one that is a terminal. Made and destroyed on the main thread; the rest is for any
// thread.
class Terminal {
 public:
  // Does nothing, for ever, if `fd` is not a terminal. Takes the signals that end a process, but
  // for those that are ignored and one real-time signal, which the library needs.
  explicit Terminal(int fd);
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  bool is_terminal() const { return is_terminal_; }
  // Is a terminal in raw mode now?
  static bool IsRaw();

  // Raw mode, if zvmm is in the foreground of the terminal. Tells whether input may be read: it is
  // ours, or no terminal.
  bool Enter();
  // The mode of before, and no other until Resume(): the process is about to be stopped.
  void Suspend();
  // Enter() does something again, and is done.
  void Resume();
  // The mode of before, for good. Input may be read no more.
  void Close();

 private:
  bool EnterLocked();
  void MakeRaw();

  const int fd_;
  const bool is_terminal_;
  std::mutex mutex_;
  bool suspended_ = false;
  bool closed_ = false;
};

}  // namespace zvmm
