// How many, and what is left behind: for the tests of limits.

#pragma once

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <zircon-kvm/host.h>
#include <zircon/syscalls.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace zircon::limits {

inline bool IsFull() {
  const char* const wish = std::getenv("ZIRCON_LIMITS");
  return wish != nullptr && std::strcmp(wish, "full") == 0;
}

// The whole number, or what CI takes of it.
inline uint64_t Many(uint64_t whole, uint64_t shorter) { return IsFull() ? whole : shorter; }

// One of the process's limits, lower while it lives.
class Lowered {
 public:
  Lowered(__rlimit_resource_t which, rlim_t value) : which_(which) {
    getrlimit(which_, &before_);
    rlimit lower = before_;
    lower.rlim_cur = value;
    works_ = setrlimit(which_, &lower) == 0;
  }
  ~Lowered() { Restore(); }
  Lowered(const Lowered&) = delete;
  Lowered& operator=(const Lowered&) = delete;

  bool works() const { return works_; }
  void Restore() { setrlimit(which_, &before_); }

 private:
  const __rlimit_resource_t which_;
  rlimit before_ = {};
  bool works_ = false;
};

// Handles that are closed in the end, all at once.
class Handles {
 public:
  Handles() = default;
  ~Handles() { CloseAll(); }
  Handles(const Handles&) = delete;
  Handles& operator=(const Handles&) = delete;

  void Keep(zx_handle_t handle) { handles_.push_back(handle); }
  void CloseAll() {
    EXPECT_EQ(zx_handle_close_many(handles_.data(), handles_.size()), ZX_OK);
    handles_.clear();
  }
  size_t size() const { return handles_.size(); }
  zx_handle_t back() const { return handles_.back(); }
  zx_handle_t at(size_t index) const { return handles_[index]; }

 private:
  std::vector<zx_handle_t> handles_;
};

inline zircon_kvm_stats_t Stats() {
  zircon_kvm_stats_t stats = {};
  EXPECT_EQ(zircon_kvm_get_stats(&stats, sizeof(stats)), ZX_OK);
  return stats;
}

}  // namespace zircon::limits
