// Name: what a program calls an object, for people who look at it: at most 31 bytes and a NUL.
//
// Thread safety: any thread; a name is read and written as a whole.

#pragma once

#include <zircon/types.h>

#include <cstddef>
#include <cstring>

#include "base/short_lock.h"

namespace zircon::base {

class Name {
 public:
  Name() = default;
  Name(const char* bytes, size_t size) { Set(bytes, size); }

  // Takes the bytes up to the first NUL, and no more than 31 of them.
  void Set(const char* bytes, size_t size) {
    char fresh[ZX_MAX_NAME_LEN] = {};
    const size_t most = size < sizeof(fresh) - 1 ? size : sizeof(fresh) - 1;
    for (size_t i = 0; i < most && bytes[i] != '\0'; ++i) fresh[i] = bytes[i];
    ShortLockScope scope(lock_);
    std::memcpy(bytes_, fresh, sizeof(bytes_));
  }
  // All 32 bytes, zeros behind the name.
  void Get(char (&bytes)[ZX_MAX_NAME_LEN]) const {
    ShortLockScope scope(lock_);
    std::memcpy(bytes, bytes_, sizeof(bytes_));
  }

 private:
  mutable ShortLock lock_;
  char bytes_[ZX_MAX_NAME_LEN] ABSL_GUARDED_BY(lock_) = {};
};

}  // namespace zircon::base
