// While one lives each pointer is asked for anew (zircon_kvm_set_pointer_checks).

#pragma once

#include <gtest/gtest.h>
#include <zircon-kvm/host.h>

namespace zircon {

class StrictPointers {
 public:
  StrictPointers() { Set(ZIRCON_KVM_POINTERS_STRICT); }
  ~StrictPointers() { Set(ZIRCON_KVM_POINTERS_REMEMBERED); }
  StrictPointers(const StrictPointers&) = delete;
  StrictPointers& operator=(const StrictPointers&) = delete;

 private:
  static void Set(int checks) { EXPECT_EQ(zircon_kvm_set_pointer_checks(checks), ZX_OK); }
};

}  // namespace zircon
