// MemoryShortage: while it lives every operator new of the calling thread fails, but for those of
// the fake kernel. It works in a program that is linked with unit/failing_new.cc.
//
// Thread safety: the thread that made it.

#pragma once

namespace zircon::fake {

inline thread_local bool t_memory_is_short = false;

class MemoryShortage {
 public:
  MemoryShortage() { t_memory_is_short = true; }
  ~MemoryShortage() { t_memory_is_short = false; }
  MemoryShortage(const MemoryShortage&) = delete;
  MemoryShortage& operator=(const MemoryShortage&) = delete;
};

// What is no code of the library's takes memory as ever.
class MemoryIsThere {
 public:
  MemoryIsThere() : before_(t_memory_is_short) { t_memory_is_short = false; }
  ~MemoryIsThere() { t_memory_is_short = before_; }
  MemoryIsThere(const MemoryIsThere&) = delete;
  MemoryIsThere& operator=(const MemoryIsThere&) = delete;

 private:
  const bool before_;
};

}  // namespace zircon::fake
