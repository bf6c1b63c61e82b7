// A guest with what the programs of this folder have in common: memory with guards on both sides,
// page tables, descriptor tables, traps of every kind.
//
// Thread safety: none is needed for the handles; the memory is shared with the guest.

#pragma once

#include <lib/zx/guest.h>
#include <lib/zx/port.h>
#include <lib/zx/resource.h>
#include <lib/zx/vmar.h>
#include <lib/zx/vmo.h>

#include <cstdint>
#include <span>

#include "endurance/layout.h"

namespace endurance {

constexpr uint64_t kPage = 0x1000;
constexpr uint64_t kIoKey = 0x10;
constexpr uint64_t kMemKey = 0x11;
constexpr uint64_t kBellKey = 0x12;

// A VMO mapped into the process.
class Window {
 public:
  Window(const zx::vmo& vmo, size_t size);
  ~Window();
  Window(const Window&) = delete;
  Window& operator=(const Window&) = delete;
  uint8_t* bytes() const { return reinterpret_cast<uint8_t*>(address_); }

 private:
  zx_vaddr_t address_ = 0;
  const size_t size_;
};

// Memory of the process with a pattern that nobody but this object knows of.
class Fence {
 public:
  Fence();
  ~Fence();
  Fence(const Fence&) = delete;
  Fence& operator=(const Fence&) = delete;
  // Fails if a byte is another.
  void Check() const;

 private:
  uint8_t* const bytes_;
};

class SeededGuest {
 public:
  SeededGuest();

  const zx::guest& guest() const { return guest_; }
  const zx::vmar& space() const { return space_; }
  const zx::vmo& memory() const { return memory_; }
  const zx::port& bells() const { return bells_; }
  // The port's last handle.
  void CloseBells() { bells_.reset(); }
  uint8_t* ram() const { return window_.bytes() + kGuard; }
  template <typename T>
  volatile T& At(uint64_t gpa) const {
    return *reinterpret_cast<volatile T*>(ram() + gpa);
  }

  // The tables as they are at first: the first GiB is itself, one code segment.
  void WriteTables() const;
  void Write(uint64_t gpa, std::span<const uint8_t> bytes) const;
  // Fails if a guard has been touched, around the memory or in what the guest may only read.
  void CheckGuards() const;

  // Of the VMO, before and behind what the guest has of it.
  static constexpr uint64_t kGuard = 0x10000;

 private:
  const Fence before_;
  zx::guest guest_;
  zx::vmar space_;
  zx::vmo memory_;
  zx::vmo read_only_;
  const Window window_;
  const Window read_only_window_;
  const Fence behind_;
  zx::port bells_;
};

}  // namespace endurance
