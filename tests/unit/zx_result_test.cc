// <lib/zx/result.h>. Rows: ZX-RESULT.

#include <gtest/gtest.h>
#include <lib/zx/event.h>
#include <lib/zx/result.h>

#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "contract.h"
#include "handles_in_tests.h"

namespace zircon::test {
namespace {

zx::result<zx::event> MakeEvent(uint32_t options) {
  zx::event event;
  if (const zx_status_t status = zx::event::create(options, &event); status != ZX_OK) {
    return zx::error(status);
  }
  return zx::ok(std::move(event));
}

zx::result<> UseEvent(uint32_t options) {
  zx::result event = MakeEvent(options);
  if (event.is_error()) return event.take_error();
  return zx::make_result(event->signal(0, ZX_EVENT_SIGNALED));
}

TEST(ZxResultTest, MadeOfSuccessAndError) {
  Shows("ZX-RESULT-1 ZX-RESULT-2");
  EXPECT_TRUE(UseEvent(0).is_ok());
  const zx::result<> refused = UseEvent(1);
  EXPECT_TRUE(refused.is_error());
  EXPECT_EQ(refused.status_value(), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(refused.error_value(), ZX_ERR_INVALID_ARGS);
  EXPECT_STREQ(refused.status_string(), "ZX_ERR_INVALID_ARGS");
  EXPECT_STREQ(UseEvent(0).status_string(), "ZX_OK");

  // Of a value that can be moved only, and of another type.
  const uint32_t live = LiveHandles();
  {
    zx::result<zx::event> event = MakeEvent(0);
    zx::result<zx::event> moved = std::move(event);
    EXPECT_TRUE(moved->is_valid());
    const zx_handle_t value = moved->get();
    zx::event taken = std::move(moved).value();
    EXPECT_EQ(taken, value);
    zx::result<zx::event> again = zx::ok(std::move(taken));
    zx::result<zx::event> last = std::move(again).take_value();
    EXPECT_EQ((*last).get(), value);
  }
  EXPECT_EQ(LiveHandles(), live);
  const zx::result<const char*> text = zx::ok("words");
  const zx::result<std::string> string = text;
  EXPECT_EQ(*string, "words");
  EXPECT_EQ(string->size(), 5u);
  EXPECT_TRUE(zx::result<>(string).is_ok());
  EXPECT_EQ(zx::result<>(MakeEvent(1)).status_value(), ZX_ERR_INVALID_ARGS);
  static_assert(!std::is_constructible_v<zx::result<int>, zx::result<std::string>>);
}

TEST(ZxResultTest, Values) {
  Shows("ZX-RESULT-2");
  zx::result<int> number = zx::ok(3);
  EXPECT_EQ(*number, 3);
  *number = 4;
  number.value() += 1;
  EXPECT_EQ(number.value(), 5);
  EXPECT_EQ(number.value_or(9), 5);
  EXPECT_EQ(number.status_value(), ZX_OK);
  zx::result<int> none = zx::error(ZX_ERR_NOT_FOUND);
  EXPECT_EQ(none.value_or(9), 9);
  EXPECT_EQ(std::move(none).take_error().status_value(), ZX_ERR_NOT_FOUND);
  number.swap(none);
  EXPECT_TRUE(number.is_error());
  EXPECT_EQ(*none, 5);
  // Through the arrow of what has one.
  zx::result<std::unique_ptr<std::string>> owner = zx::ok(std::make_unique<std::string>("four"));
  EXPECT_EQ(owner->size(), 4u);
  std::string five = "fives";
  const zx::result<std::string*> pointer = zx::ok(&five);
  EXPECT_EQ(pointer->size(), 5u);
  zx::result<> first = zx::ok();
  zx::result<> second = zx::error(ZX_ERR_IO);
  first.swap(second);
  EXPECT_TRUE(first.is_error() && second.is_ok());
}

TEST(ZxResultDeathTest, WhatIsNotThereEndsTheProgram) {
  Shows("ZX-RESULT-3");
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const zx::result<int> error = zx::error(ZX_ERR_IO);
  const zx::result<int> number = zx::ok(1);
  EXPECT_DEATH((void)error.value(), "is_ok");
  EXPECT_DEATH((void)number.error_value(), "is_error");
  EXPECT_DEATH((void)zx::error(ZX_OK), "ZX_OK is no error");
}

TEST(ZxResultTest, Comparisons) {
  Shows("ZX-RESULT-4");
  const zx::result<int> three = zx::ok(3);
  const zx::result<int> four = zx::ok(4);
  const zx::result<int> io = zx::error(ZX_ERR_IO);
  EXPECT_TRUE(three == three && three != four && three == 3 && three != 4 && three != io);
  EXPECT_TRUE(three == zx::ok() && io != zx::ok());
  EXPECT_TRUE(three == zx::ok(3) && three != zx::ok(4) && io != zx::ok(3));
  EXPECT_TRUE(io == zx::error(ZX_ERR_IO) && io != zx::error(ZX_ERR_STOP) && io != 3);
  EXPECT_TRUE(three != zx::error(ZX_ERR_IO));
  EXPECT_TRUE(io == zx::result<>(zx::error(ZX_ERR_IO)) && three == zx::result<>(zx::ok()));
  EXPECT_TRUE(zx::make_result(ZX_OK) == zx::ok());
  EXPECT_TRUE(zx::make_result(ZX_OK, 3) == 3);
  EXPECT_TRUE(zx::make_result(ZX_ERR_IO, 3) == zx::error(ZX_ERR_IO));
}

}  // namespace
}  // namespace zircon::test
