// What tests do where memory is asked for, in a program that is linked with unit/failing_new.cc,
// and but for the fake kernel's own:
//
//   MemoryShortage: while it lives every operator new of the calling thread fails.
//   AtAllocation: the one after `before` others of the calling thread does some work first.
//
// Thread safety: the thread that made it.

#pragma once

#include <utility>

#include "absl/functional/function_ref.h"

namespace zircon::fake {

inline thread_local bool t_memory_is_short = false;

class MemoryShortage {
 public:
  MemoryShortage() { t_memory_is_short = true; }
  ~MemoryShortage() { t_memory_is_short = false; }
  MemoryShortage(const MemoryShortage&) = delete;
  MemoryShortage& operator=(const MemoryShortage&) = delete;
};

class AtAllocation;
inline thread_local AtAllocation* t_at_allocation = nullptr;

class AtAllocation {
 public:
  AtAllocation(int before, absl::FunctionRef<void()> work) : left_(before), work_(work) {
    t_at_allocation = this;
  }
  ~AtAllocation() { t_at_allocation = nullptr; }
  AtAllocation(const AtAllocation&) = delete;
  AtAllocation& operator=(const AtAllocation&) = delete;

  // By operator new.
  static void Note() {
    AtAllocation* const hook = t_at_allocation;
    if (hook == nullptr || hook->left_-- != 0) return;
    t_at_allocation = nullptr;
    hook->work_();
  }

 private:
  int left_;
  const absl::FunctionRef<void()> work_;
};

// What is no code of the library's takes memory as ever.
class MemoryIsThere {
 public:
  MemoryIsThere()
      : before_(std::exchange(t_memory_is_short, false)),
        hook_before_(std::exchange(t_at_allocation, nullptr)) {}
  ~MemoryIsThere() {
    t_memory_is_short = before_;
    t_at_allocation = hook_before_;
  }
  MemoryIsThere(const MemoryIsThere&) = delete;
  MemoryIsThere& operator=(const MemoryIsThere&) = delete;

 private:
  const bool before_;
  AtAllocation* const hook_before_;
};

}  // namespace zircon::fake
