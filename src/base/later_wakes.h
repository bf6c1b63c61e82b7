// LaterWakes: the sleepers that this thread wakes while it holds a lock are woken when it has
// dropped it. Who is woken sooner finds the lock held, and sleeps once more: two system calls for
// nothing, on each side one.
//
//   {
//     LaterWakes later;
//     ShortLockScope scope(lock_);
//     ... LaterWakes::Wake(word); ...   // also in what is called
//   }                                   // woken here
//
// A wake is of a word's address. What the word belongs to may have gone by then: the sleeper sees
// the word, which is written at once, and need not wait for the wake. Should another futex be
// there, that is a wake which its sleepers must expect.
//
// Thread safety: as a local variable; of nested ones the outermost wakes.

#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace zircon::base {

class LaterWakes {
 public:
  LaterWakes() noexcept : outer_(t_outermost) {
    if (outer_ == nullptr) t_outermost = this;
  }
  ~LaterWakes() {
    if (outer_ != nullptr) return;
    t_outermost = nullptr;
    if (count_ != 0) [[unlikely]]
      WakeAll();
  }
  LaterWakes(const LaterWakes&) = delete;
  LaterWakes& operator=(const LaterWakes&) = delete;

  // Wakes who sleeps on the word: now where none of these is there, or has room.
  static void Wake(std::atomic<uint32_t>& word);

 private:
  static constexpr size_t kMost = 7;

  void WakeAll();

  // Of the initial-exec model: an access is one instruction, in the shared library too.
  static constinit thread_local LaterWakes* t_outermost __attribute__((tls_model("initial-exec")));

  LaterWakes* const outer_;
  size_t count_ = 0;
  std::array<std::atomic<uint32_t>*, kMost> words_;
};

}  // namespace zircon::base
