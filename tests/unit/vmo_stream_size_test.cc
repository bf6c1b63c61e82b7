// The stream size of a VMO: zx_vmo_get_stream_size, zx_vmo_set_stream_size, and the property.
// Rows: VMO-STREAM, VMO-SIZE, PROPERTY.

#include <gtest/gtest.h>
#include <zircon/syscalls.h>

#include <algorithm>
#include <vector>

#include "contract.h"
#include "handles_in_tests.h"

extern "C" zx_status_t zx_vmo_set_size_2018(zx_handle_t handle, uint64_t size);

namespace zircon::test {
namespace {

constexpr uint64_t kPage = ZX_PAGE_SIZE;

class VmoStreamSize : public testing::Test {
 protected:
  zx_handle_t Make(uint64_t size, uint32_t options = ZX_VMO_RESIZABLE) {
    zx_handle_t vmo = ZX_HANDLE_INVALID;
    EXPECT_EQ(zx_vmo_create(size, options, &vmo), ZX_OK);
    handles_.push_back(vmo);
    return vmo;
  }
  zx_handle_t Child(zx_handle_t parent, uint32_t options, uint64_t offset, uint64_t size) {
    zx_handle_t child = ZX_HANDLE_INVALID;
    EXPECT_EQ(zx_vmo_create_child(parent, options, offset, size, &child), ZX_OK);
    handles_.push_back(child);
    return child;
  }
  zx_handle_t Without(zx_handle_t vmo, zx_rights_t rights) {
    const zx_handle_t less = WithRights(vmo, Basic(vmo).rights & ~rights);
    handles_.push_back(less);
    return less;
  }
  void TearDown() override { zx_handle_close_many(handles_.data(), handles_.size()); }

  static uint64_t Get(zx_handle_t vmo) {
    uint64_t size = UINT64_MAX;
    EXPECT_EQ(zx_vmo_get_stream_size(vmo, &size), ZX_OK);
    return size;
  }
  static void Fill(zx_handle_t vmo, uint64_t size) {
    const std::vector<uint8_t> ones(size, 0xFF);
    ASSERT_EQ(zx_vmo_write(vmo, ones.data(), 0, size), ZX_OK);
  }
  // Where the zeros begin that go on to the end.
  static uint64_t EndOfOnes(zx_handle_t vmo) {
    uint64_t size = 0;
    EXPECT_EQ(zx_vmo_get_size(vmo, &size), ZX_OK);
    std::vector<uint8_t> bytes(size);
    EXPECT_EQ(zx_vmo_read(vmo, bytes.data(), 0, size), ZX_OK);
    while (size != 0 && bytes[size - 1] == 0) --size;
    EXPECT_TRUE(std::all_of(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(size),
                            [](uint8_t byte) { return byte == 0xFF; }));
    return size;
  }

 private:
  std::vector<zx_handle_t> handles_;
};

TEST_F(VmoStreamSize, ChecksInOrder) {
  Shows("VMO-STREAM-1 VMO-STREAM-2 VMO-STREAM-3");
  const zx_handle_t vmo = Make(5000);
  const zx_handle_t event = NewEvent();
  EXPECT_EQ(zx_vmo_get_stream_size(ZX_HANDLE_INVALID, nullptr), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(zx_vmo_get_stream_size(event, nullptr), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(zx_vmo_get_stream_size(vmo, nullptr), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(zx_vmo_get_stream_size(vmo, Wild<uint64_t>()), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Get(WithRights(vmo, ZX_RIGHT_NONE)), 5000u);
  EXPECT_EQ(zx_vmo_set_stream_size(ZX_HANDLE_INVALID, UINT64_MAX), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(zx_vmo_set_stream_size(event, UINT64_MAX), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(zx_vmo_set_stream_size(Without(vmo, ZX_RIGHT_WRITE), UINT64_MAX), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(zx_vmo_set_stream_size(vmo, 2 * kPage + 1), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(zx_vmo_set_stream_size(vmo, UINT64_MAX), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(Get(vmo), 5000u);
  EXPECT_EQ(zx_vmo_set_stream_size(vmo, 2 * kPage), ZX_OK);
  EXPECT_EQ(zx_handle_close(event), ZX_OK);
}

TEST_F(VmoStreamSize, WhatIsBehindItIsZero) {
  Shows("VMO-STREAM-4 VMO-STREAM-6");
  const zx_handle_t vmo = Make(3 * kPage, 0);
  Fill(vmo, 3 * kPage);
  EXPECT_EQ(zx_vmo_set_stream_size(vmo, kPage + 5), ZX_OK);
  EXPECT_EQ(Get(vmo), kPage + 5);
  EXPECT_EQ(EndOfOnes(vmo), kPage + 5);
  // Writes go beyond it, and a larger one shows them.
  Fill(vmo, 2 * kPage);
  EXPECT_EQ(Get(vmo), kPage + 5);
  EXPECT_EQ(zx_vmo_set_stream_size(vmo, 2 * kPage + 9), ZX_OK);
  EXPECT_EQ(EndOfOnes(vmo), 2 * kPage);
  EXPECT_EQ(zx_vmo_set_stream_size(vmo, 0), ZX_OK);
  EXPECT_EQ(EndOfOnes(vmo), 0u);
}

TEST_F(VmoStreamSize, GoesWithTheSize) {
  Shows("VMO-SIZE-7 VMO-STREAM-5");
  const zx_handle_t vmo = Make(1);
  EXPECT_EQ(Get(vmo), 1u);
  EXPECT_EQ(zx_vmo_set_size(vmo, 3 * kPage), ZX_OK);
  EXPECT_EQ(Get(vmo), 3 * kPage);
  Fill(vmo, 3 * kPage);
  EXPECT_EQ(zx_vmo_set_size(vmo, kPage + 7), ZX_OK);
  EXPECT_EQ(Get(vmo), kPage + 7);
  EXPECT_EQ(EndOfOnes(vmo), kPage + 7);
  EXPECT_EQ(zx_vmo_set_size(vmo, UINT64_MAX), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(Get(vmo), kPage + 7);
  // In 2018 the last page stayed as it was.
  Fill(vmo, 2 * kPage);
  EXPECT_EQ(zx_vmo_set_size_2018(vmo, kPage + 7), ZX_OK);
  EXPECT_EQ(EndOfOnes(vmo), 2 * kPage);
}

TEST_F(VmoStreamSize, OfChildren) {
  Shows("VMO-STREAM-4 VMO-STREAM-5");
  const zx_handle_t vmo = Make(4 * kPage, 0);
  Fill(vmo, 4 * kPage);
  const zx_handle_t snapshot = Child(vmo, ZX_VMO_CHILD_SNAPSHOT, 0, kPage + 1);
  EXPECT_EQ(Get(snapshot), kPage + 1);
  const zx_handle_t slice = Child(vmo, ZX_VMO_CHILD_SLICE, kPage, 2 * kPage);
  EXPECT_EQ(Get(slice), 2 * kPage);
  const zx_handle_t reference = Child(vmo, ZX_VMO_CHILD_REFERENCE, 0, 0);
  EXPECT_EQ(Get(reference), 4 * kPage);
  EXPECT_EQ(zx_vmo_set_stream_size(reference, 4 * kPage - 3), ZX_OK);
  EXPECT_EQ(Get(vmo), 4 * kPage - 3);
  EXPECT_EQ(Get(slice), 2 * kPage);
  // A slice reaches its own part only.
  EXPECT_EQ(zx_vmo_set_stream_size(slice, 10), ZX_OK);
  std::vector<uint8_t> bytes(4 * kPage);
  ASSERT_EQ(zx_vmo_read(vmo, bytes.data(), 0, bytes.size()), ZX_OK);
  EXPECT_EQ(bytes[kPage + 9], 0xFF);
  EXPECT_EQ(bytes[kPage + 10], 0);
  EXPECT_EQ(bytes[3 * kPage - 1], 0);
  EXPECT_EQ(bytes[3 * kPage], 0xFF);
}

TEST_F(VmoStreamSize, TheProperty) {
  Shows("PROPERTY-3 PROPERTY-13 PROPERTY-14");
  const zx_handle_t vmo = Make(5000);
  constexpr uint32_t kProperty = ZX_PROP_VMO_CONTENT_SIZE;
  uint64_t size = 0;
  EXPECT_EQ(zx_object_get_property(vmo, kProperty, &size, sizeof(size)), ZX_OK);
  EXPECT_EQ(size, 5000u);
  size = 17;
  EXPECT_EQ(zx_object_set_property(vmo, kProperty, &size, sizeof(size)), ZX_OK);
  EXPECT_EQ(Get(vmo), 17u);
  size = 2 * kPage + 1;
  EXPECT_EQ(zx_object_set_property(vmo, kProperty, &size, sizeof(size)), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(zx_object_get_property(vmo, kProperty, &size, 7), ZX_ERR_BUFFER_TOO_SMALL);
  EXPECT_EQ(zx_object_set_property(vmo, kProperty, &size, 7), ZX_ERR_BUFFER_TOO_SMALL);
  EXPECT_EQ(zx_object_get_property(zx_process_self(), kProperty, &size, 8), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(zx_object_set_property(zx_process_self(), kProperty, &size, 8), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(zx_object_get_property(vmo, kProperty, Wild<uint64_t>(), 8), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(zx_object_set_property(vmo, kProperty, Wild<uint64_t>(), 8), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(zx_object_get_property(Without(vmo, ZX_RIGHT_GET_PROPERTY), kProperty, &size, 8),
            ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(zx_object_set_property(Without(vmo, ZX_RIGHT_SET_PROPERTY), kProperty, &size, 8),
            ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Get(vmo), 17u);
}

}  // namespace
}  // namespace zircon::test
