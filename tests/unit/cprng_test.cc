// Random numbers where a filter of system calls stands in the way. Rows: SYSTEM-10.

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <zircon-kvm/host.h>
#include <zircon/syscalls.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>

#include "contract.h"
#include "unit/in_child.h"

namespace zircon {
namespace {

// Whether something was drawn.
bool Draw() {
  uint8_t bytes[64] = {};
  zx_cprng_draw(bytes, sizeof(bytes));
  return std::any_of(bytes, bytes + sizeof(bytes), [](uint8_t byte) { return byte != 0; });
}

TEST(Cprng, AsksTheDeviceWhereTheCallIsForbidden) {
  Shows("SYSTEM-4");
  for (const uint32_t error : {EPERM, ENOSYS, EINVAL}) {
    const int result = InChild([error] {
      if (!RefuseSystemCalls({SYS_getrandom}, error)) return kNoFilters;
      return Draw() ? 0 : 1;
    });
    if (result == kNoFilters) GTEST_SKIP() << "no seccomp filters here";
    EXPECT_EQ(result, 0) << "errno " << error;
  }
}

TEST(Cprng, GivesNothingWhereTheHostGivesNothing) {
  Shows("SYSTEM-10");
  const int result = InChild([] {
    zircon_kvm_set_log_level(ZIRCON_KVM_LOG_OFF);
    if (!RefuseSystemCalls({SYS_getrandom}, EPERM)) return kNoFilters;
    const rlimit none = {0, 0};
    setrlimit(RLIMIT_NOFILE, &none);
    return Draw() ? 1 : 0;
  });
  if (result == kNoFilters) GTEST_SKIP() << "no seccomp filters here";
  EXPECT_EQ(result, 0);
}

}  // namespace
}  // namespace zircon
