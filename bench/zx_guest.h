// ZxGuest: a guest of one of the benchmarks' programs, by the library's calls, as a VMM makes one.
//
// Ownership: closes everything when it goes. Thread safety: the thread that made it enters it.

#pragma once

#include <zircon/syscalls.h>

#include "guest_memory.h"

namespace bench {

// Memory with a program in it, mapped here too; for one guest or several.
class ZxMemory {
 public:
  explicit ZxMemory(Program program);
  ~ZxMemory();
  ZxMemory(const ZxMemory&) = delete;
  ZxMemory& operator=(const ZxMemory&) = delete;

  zx_handle_t vmo() const { return vmo_; }
  const std::byte* here() const { return here_; }

 private:
  zx_handle_t vmo_ = ZX_HANDLE_INVALID;
  const std::byte* here_ = nullptr;
};

class ZxGuest {
 public:
  // Creates the guest with its memory, its traps (the port, the page, the bell) and its VCPU.
  explicit ZxGuest(const ZxMemory& memory);
  ~ZxGuest();
  ZxGuest(const ZxGuest&) = delete;
  ZxGuest& operator=(const ZxGuest&) = delete;

  zx_handle_t vcpu() const { return vcpu_; }
  // Where bells come.
  zx_handle_t port() const { return port_; }

 private:
  zx_handle_t guest_ = ZX_HANDLE_INVALID;
  zx_handle_t space_ = ZX_HANDLE_INVALID;
  zx_handle_t port_ = ZX_HANDLE_INVALID;
  zx_handle_t vcpu_ = ZX_HANDLE_INVALID;
};

}  // namespace bench
