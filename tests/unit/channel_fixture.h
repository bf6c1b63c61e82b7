// What the tests of channels have in common.

#pragma once

#include <gtest/gtest.h>
#include <zircon/syscalls.h>

#include <cstdint>
#include <string>
#include <vector>

#include "handles_in_tests.h"

// Bound to the plain name by the headers under ZX_API_2018.
extern "C" zx_status_t zx_object_wait_async_2018(zx_handle_t handle, zx_handle_t port, uint64_t key,
                                                 zx_signals_t signals, uint32_t options);

namespace zircon::test {

class ChannelFixture : public testing::Test {
 protected:
  struct Received {
    std::string bytes;
    std::vector<zx_handle_t> handles;
  };

  void SetUp() override { ASSERT_EQ(zx_channel_create(0, &ends_.a, &ends_.b), ZX_OK); }

  // Into a, unless told.
  static zx_status_t WriteTo(zx_handle_t end, const std::string& bytes,
                             const std::vector<zx_handle_t>& handles = {}) {
    return zx_channel_write(end, 0, bytes.data(), static_cast<uint32_t>(bytes.size()),
                            handles.data(), static_cast<uint32_t>(handles.size()));
  }
  zx_status_t Write(const std::string& bytes, const std::vector<zx_handle_t>& handles = {}) const {
    return WriteTo(ends_.a, bytes, handles);
  }
  // From b, unless told; a message must be there.
  static Received ReadFrom(zx_handle_t end) {
    Received received{std::string(65536, '?'), std::vector<zx_handle_t>(64)};
    uint32_t bytes = 0;
    uint32_t handles = 0;
    EXPECT_EQ(zx_channel_read(end, 0, received.bytes.data(), received.handles.data(), 65536, 64,
                              &bytes, &handles),
              ZX_OK);
    received.bytes.resize(bytes);
    received.handles.resize(handles);
    return received;
  }
  Received Read() const { return ReadFrom(ends_.b); }
  // Without room.
  zx_status_t TryRead() const {
    return zx_channel_read(ends_.b, 0, nullptr, nullptr, 0, 0, nullptr, nullptr);
  }
  static void CloseAll(const std::vector<zx_handle_t>& handles) {
    EXPECT_EQ(zx_handle_close_many(handles.data(), handles.size()), ZX_OK);
  }

  Ends ends_;
};

}  // namespace zircon::test
