// FIFOs. Rows: FIFO.

#include <gtest/gtest.h>
#include <zircon/syscalls.h>

#include <array>
#include <cstdint>
#include <numeric>

#include "contract.h"
#include "handles_in_tests.h"

namespace zircon::test {
namespace {

constexpr size_t kCount = 6;  // no power of two
constexpr size_t kSize = 8;

class FifoTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(zx_fifo_create(kCount, kSize, 0, &ends_.a, &ends_.b), ZX_OK); }

  // Numbers from `first` on, as many of `count` as there was room for.
  size_t Write(uint64_t first, size_t count) {
    std::array<uint64_t, 2 * kCount> data;
    std::iota(data.begin(), data.end(), first);
    size_t actual = 77;
    EXPECT_EQ(zx_fifo_write(ends_.a, kSize, data.data(), count, &actual), ZX_OK);
    return actual;
  }
  // Expects numbers from `first` on.
  size_t Read(uint64_t first, size_t count) {
    std::array<uint64_t, 2 * kCount> data{};
    size_t actual = 77;
    EXPECT_EQ(zx_fifo_read(ends_.b, kSize, data.data(), count, &actual), ZX_OK);
    for (size_t i = 0; i < actual; ++i) EXPECT_EQ(data[i], first + i);
    return actual;
  }

  Ends ends_;
  uint64_t element_ = 0;
};

TEST_F(FifoTest, CreateGivesTwoEnds) {
  Shows("FIFO-1 FIFO-2 FIFO-CREATE-5 RIGHTS-37");
  EXPECT_EQ(Basic(ends_.a).type, ZX_OBJ_TYPE_FIFO);
  EXPECT_EQ(Basic(ends_.a).rights, 0xF00Fu);
  EXPECT_EQ(Basic(ends_.b).rights, 0xF00Fu);
  EXPECT_EQ(Basic(ends_.a).related_koid, Basic(ends_.b).koid);
  EXPECT_EQ(Signals(ends_.a), ZX_FIFO_WRITABLE);
  EXPECT_EQ(Signals(ends_.b), ZX_FIFO_WRITABLE);
}

TEST_F(FifoTest, CreateChecksInOrder) {
  Shows("FIFO-CREATE-1 FIFO-CREATE-2 FIFO-CREATE-4 PTR-5");
  zx_handle_t out = 7;
  const uint32_t live = LiveHandles();
  EXPECT_EQ(zx_fifo_create(0, 0, 1, &out, &out), ZX_ERR_INVALID_ARGS);
  struct Shape {
    size_t count;
    size_t size;
  };
  for (const Shape shape : {Shape{0, 1},
                            {1, 0},
                            {4097, 1},
                            {1, 4097},
                            {2, 2049},
                            {64, 65},
                            {SIZE_MAX, 1},
                            {1, SIZE_MAX},
                            {4096, size_t{1} << 52},
                            {size_t{1} << 32, size_t{1} << 32}}) {
    EXPECT_EQ(zx_fifo_create(shape.count, shape.size, 0, nullptr, nullptr), ZX_ERR_OUT_OF_RANGE);
  }
  EXPECT_EQ(zx_fifo_create(1, 1, 0, nullptr, &out), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(zx_fifo_create(1, 1, 0, &out, Wild<zx_handle_t>()), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(LiveHandles(), live);
  for (const Shape shape : {Shape{1, 1}, {4096, 1}, {1, 4096}, {3, 1365}, {64, 64}}) {
    Ends ends;
    EXPECT_EQ(zx_fifo_create(shape.count, shape.size, 0, &ends.a, &ends.b), ZX_OK);
  }
}

TEST_F(FifoTest, ElementsComeOutInOrderRoundAndRound) {
  Shows("FIFO-1 FIFO-WRITE-6 FIFO-READ-5");
  uint64_t written = 0;
  uint64_t read = 0;
  for (size_t round = 0; round < 100; ++round) {
    written += Write(written, 1 + round % kCount);
    read += Read(read, 1 + (round * 3) % kCount);
    EXPECT_LE(written - read, kCount);
  }
  EXPECT_GT(read, 100u);
}

TEST_F(FifoTest, AsManyAsThereIsRoomFor) {
  Shows("FIFO-2 FIFO-WRITE-4 FIFO-WRITE-6 FIFO-READ-3 FIFO-READ-5 FIFO-4");
  EXPECT_EQ(zx_fifo_read(ends_.b, kSize, &element_, 1, nullptr), ZX_ERR_SHOULD_WAIT);
  EXPECT_EQ(Write(10, 4), 4u);
  EXPECT_EQ(Signals(ends_.b), ZX_FIFO_READABLE | ZX_FIFO_WRITABLE);
  EXPECT_EQ(Signals(ends_.a), ZX_FIFO_WRITABLE);
  EXPECT_EQ(Write(14, 4), 2u);
  EXPECT_EQ(Signals(ends_.a), 0u);
  size_t actual = 77;
  EXPECT_EQ(zx_fifo_write(ends_.a, kSize, &element_, 1, &actual), ZX_ERR_SHOULD_WAIT);
  EXPECT_EQ(actual, 77u);
  EXPECT_EQ(Read(10, 1), 1u);
  EXPECT_EQ(Signals(ends_.a), ZX_FIFO_WRITABLE);
  EXPECT_EQ(Read(11, 12), 5u);
  EXPECT_EQ(Signals(ends_.b), ZX_FIFO_WRITABLE);
  EXPECT_EQ(zx_fifo_write(ends_.a, kSize, &element_, 1, nullptr), ZX_OK);
  EXPECT_EQ(zx_fifo_read(ends_.b, kSize, &element_, 1, nullptr), ZX_OK);
}

TEST_F(FifoTest, EachDirectionHasItsOwnRing) {
  Shows("FIFO-1");
  EXPECT_EQ(Write(1, kCount), kCount);
  element_ = 99;
  EXPECT_EQ(zx_fifo_write(ends_.b, kSize, &element_, 1, nullptr), ZX_OK);
  element_ = 0;
  EXPECT_EQ(zx_fifo_read(ends_.a, kSize, &element_, 1, nullptr), ZX_OK);
  EXPECT_EQ(element_, 99u);
}

TEST_F(FifoTest, ThePeerIsClosed) {
  Shows("FIFO-3 FIFO-WRITE-2 FIFO-READ-2 FIFO-READ-3");
  EXPECT_EQ(Write(1, 2), 2u);
  zx_handle_close(ends_.a);
  EXPECT_EQ(Signals(ends_.b), ZX_FIFO_READABLE | ZX_FIFO_PEER_CLOSED);
  EXPECT_EQ(zx_fifo_write(ends_.b, 1, &element_, 0, nullptr), ZX_ERR_PEER_CLOSED);
  EXPECT_EQ(Read(1, 2), 2u);
  EXPECT_EQ(Signals(ends_.b), ZX_FIFO_PEER_CLOSED);
  EXPECT_EQ(zx_fifo_read(ends_.b, kSize, &element_, 1, nullptr), ZX_ERR_PEER_CLOSED);
  EXPECT_EQ(zx_fifo_read(ends_.b, kSize, &element_, 0, nullptr), ZX_ERR_OUT_OF_RANGE);
}

TEST_F(FifoTest, ChecksInOrder) {
  Shows("FIFO-WRITE-1 FIFO-WRITE-3 FIFO-READ-1 FIFO-READ-2 RIGHTS-41");
  const zx_handle_t event = NewEvent();
  const zx_handle_t no_write = WithRights(ends_.a, 0xF00F & ~ZX_RIGHT_WRITE);
  const zx_handle_t no_read = WithRights(ends_.b, 0xF00F & ~ZX_RIGHT_READ);
  EXPECT_EQ(zx_fifo_write(0, 0, nullptr, 0, nullptr), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(zx_fifo_write(event, 0, nullptr, 0, nullptr), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(zx_fifo_write(no_write, 0, nullptr, 0, nullptr), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(zx_fifo_read(0, 0, nullptr, 0, nullptr), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(zx_fifo_read(event, 0, nullptr, 0, nullptr), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(zx_fifo_read(no_read, 0, nullptr, 0, nullptr), ZX_ERR_ACCESS_DENIED);
  for (const size_t size : {size_t{0}, size_t{1}, kSize - 1, kSize + 1}) {
    EXPECT_EQ(zx_fifo_write(ends_.a, size, nullptr, 1, nullptr), ZX_ERR_OUT_OF_RANGE);
    EXPECT_EQ(zx_fifo_read(ends_.b, size, nullptr, 1, nullptr), ZX_ERR_OUT_OF_RANGE);
  }
  EXPECT_EQ(zx_fifo_write(ends_.a, kSize, &element_, 0, nullptr), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(zx_fifo_read(ends_.b, kSize, &element_, 0, nullptr), ZX_ERR_OUT_OF_RANGE);
  const zx_handle_t write_alone = WithRights(ends_.a, ZX_RIGHT_WRITE);
  const zx_handle_t read_alone = WithRights(ends_.b, ZX_RIGHT_READ);
  EXPECT_EQ(zx_fifo_write(write_alone, kSize, &element_, 1, nullptr), ZX_OK);
  EXPECT_EQ(zx_fifo_read(read_alone, kSize, &element_, 1, nullptr), ZX_OK);
  for (const zx_handle_t handle : {event, no_write, no_read, write_alone, read_alone}) {
    zx_handle_close(handle);
  }
}

TEST_F(FifoTest, WildPointers) {
  Shows("FIFO-WRITE-5 FIFO-READ-4");
  EXPECT_EQ(zx_fifo_write(ends_.a, kSize, Wild<char>(), 1, nullptr), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(zx_fifo_write(ends_.a, kSize, nullptr, 1, nullptr), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Signals(ends_.b), ZX_FIFO_WRITABLE);
  EXPECT_EQ(Write(5, 2), 2u);
  ReadOnlyPage page;
  EXPECT_EQ(zx_fifo_read(ends_.b, kSize, page.as<void>(), 1, nullptr), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(zx_fifo_read(ends_.b, kSize, nullptr, 1, nullptr), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Read(5, 1), 1u);
  EXPECT_EQ(zx_fifo_read(ends_.b, kSize, &element_, 1, Wild<size_t>()), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Signals(ends_.b), ZX_FIFO_WRITABLE);  // it was taken
  EXPECT_EQ(zx_fifo_write(ends_.a, kSize, &element_, 1, Wild<size_t>()), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Signals(ends_.b), ZX_FIFO_READABLE | ZX_FIFO_WRITABLE);
}

}  // namespace
}  // namespace zircon::test
