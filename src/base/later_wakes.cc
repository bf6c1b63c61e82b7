#include "base/later_wakes.h"

#include "base/futex.h"

namespace zircon::base {

constinit thread_local LaterWakes* LaterWakes::t_outermost = nullptr;

void LaterWakes::Wake(std::atomic<uint32_t>& word) {
  LaterWakes* const later = t_outermost;
  if (later == nullptr || later->count_ == kMost) {
    FutexWakeAll(word);
    return;
  }
  later->words_[later->count_++] = &word;
}

void LaterWakes::WakeAll() {
  for (size_t i = 0; i < count_; ++i) FutexWakeAll(*words_[i]);
}

}  // namespace zircon::base
