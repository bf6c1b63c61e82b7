// zx_status_get_string. Rows: STATUS.

#include <gtest/gtest.h>
#include <zircon/status.h>

#include <cstdint>
#include <set>
#include <string>

#include "contract.h"

namespace {

struct Named {
  zx_status_t value;
  const char* name;
};

// The numbers of the contract, not those of the header.
constexpr Named kNamed[] = {
    {0, "ZX_OK"},
    {-1, "ZX_ERR_INTERNAL"},
    {-2, "ZX_ERR_NOT_SUPPORTED"},
    {-3, "ZX_ERR_NO_RESOURCES"},
    {-4, "ZX_ERR_NO_MEMORY"},
    {-6, "ZX_ERR_INTERNAL_INTR_RETRY"},
    {-10, "ZX_ERR_INVALID_ARGS"},
    {-11, "ZX_ERR_BAD_HANDLE"},
    {-12, "ZX_ERR_WRONG_TYPE"},
    {-13, "ZX_ERR_BAD_SYSCALL"},
    {-14, "ZX_ERR_OUT_OF_RANGE"},
    {-15, "ZX_ERR_BUFFER_TOO_SMALL"},
    {-20, "ZX_ERR_BAD_STATE"},
    {-21, "ZX_ERR_TIMED_OUT"},
    {-22, "ZX_ERR_SHOULD_WAIT"},
    {-23, "ZX_ERR_CANCELED"},
    {-24, "ZX_ERR_PEER_CLOSED"},
    {-25, "ZX_ERR_NOT_FOUND"},
    {-26, "ZX_ERR_ALREADY_EXISTS"},
    {-27, "ZX_ERR_ALREADY_BOUND"},
    {-28, "ZX_ERR_UNAVAILABLE"},
    {-30, "ZX_ERR_ACCESS_DENIED"},
    {-40, "ZX_ERR_IO"},
    {-41, "ZX_ERR_IO_REFUSED"},
    {-42, "ZX_ERR_IO_DATA_INTEGRITY"},
    {-43, "ZX_ERR_IO_DATA_LOSS"},
    {-44, "ZX_ERR_IO_NOT_PRESENT"},
    {-45, "ZX_ERR_IO_OVERRUN"},
    {-46, "ZX_ERR_IO_MISSED_DEADLINE"},
    {-47, "ZX_ERR_IO_INVALID"},
    {-50, "ZX_ERR_BAD_PATH"},
    {-51, "ZX_ERR_NOT_DIR"},
    {-52, "ZX_ERR_NOT_FILE"},
    {-53, "ZX_ERR_FILE_BIG"},
    {-54, "ZX_ERR_NO_SPACE"},
    {-55, "ZX_ERR_NOT_EMPTY"},
    {-60, "ZX_ERR_STOP"},
    {-61, "ZX_ERR_NEXT"},
    {-62, "ZX_ERR_ASYNC"},
    {-70, "ZX_ERR_PROTOCOL_NOT_SUPPORTED"},
    {-71, "ZX_ERR_ADDRESS_UNREACHABLE"},
    {-72, "ZX_ERR_ADDRESS_IN_USE"},
    {-73, "ZX_ERR_NOT_CONNECTED"},
    {-74, "ZX_ERR_CONNECTION_REFUSED"},
    {-75, "ZX_ERR_CONNECTION_RESET"},
    {-76, "ZX_ERR_CONNECTION_ABORTED"},
    {-502, "ZX_ERR_INTERNAL_INTR_KILLED"},
};

TEST(StatusGetString, NamesEveryStatus) {
  Shows("STATUS-1");
  for (const Named& each : kNamed) {
    EXPECT_STREQ(zx_status_get_string(each.value), each.name) << each.value;
    EXPECT_EQ(_zx_status_get_string(each.value), zx_status_get_string(each.value));
  }
}

TEST(StatusGetString, NamesNothingElse) {
  Shows("STATUS-2");
  std::set<zx_status_t> known;
  for (const Named& each : kNamed) known.insert(each.value);
  for (zx_status_t value = -1000; value <= 1000; ++value) {
    if (known.count(value) != 0) continue;
    EXPECT_STREQ(zx_status_get_string(value), "(UNKNOWN)") << value;
  }
  EXPECT_STREQ(zx_status_get_string(INT32_MIN), "(UNKNOWN)");
  EXPECT_STREQ(zx_status_get_string(INT32_MAX), "(UNKNOWN)");
}

}  // namespace
