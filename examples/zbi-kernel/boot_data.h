// The boot image that the loader has made for the kernel: finding items in it.

#pragma once

#include <zircon/boot/image.h>

#include "bytes.h"

// Refers to memory. A value.
class BootData {
 public:
  // What RSI says. Ask for valid() first: nothing else may be believed without it.
  explicit BootData(uint64_t address);

  // Are the container's header, and those of all items, as they must be?
  bool valid() const { return valid_; }

  // The payload of the first item of a type; empty if there is none. `extra` is its header's.
  Bytes Find(uint32_t type, uint32_t* extra = nullptr) const;

 private:
  bool Check() const;

  Bytes items_;
  bool valid_ = false;
};
