// The headers of macros and inline functions: <zircon/compiler.h>, <zircon/assert.h>,
// <zircon/limits.h>, <zircon/listnode.h>. Rows: COMPILER, ASSERT, LIMITS, LIST.

// Before the header: they stay as they are here.
#define countof(array) 77
#define __WEAK 78

#include <gtest/gtest.h>
#include <zircon/assert.h>
#include <zircon/compiler.h>
#include <zircon/limits.h>
#include <zircon/listnode.h>
#include <zircon/syscalls.h>
#include <zircon/thread_annotations.h>

#include <vector>

#include "contract.h"

namespace zircon::test {
namespace {

TEST(CompilerTest, TheProgramsOwnMacrosStay) {
  Shows("COMPILER-1");
  EXPECT_EQ(countof(anything), 77);
  EXPECT_EQ(__WEAK, 78);
}

__BEGIN_CDECLS
__LOCAL int compiler_test_c_function(void) __PURE;
__END_CDECLS
int compiler_test_c_function(void) { return 5; }
extern "C" int compiler_test_c_function(void);  // the same function

TEST(CompilerTest, WhatTheMacrosDo) {
  Shows("COMPILER-2");
  EXPECT_EQ(compiler_test_c_function(), 5);
  EXPECT_EQ(likely(0), 0);
  EXPECT_EQ(likely(4), 1);
  EXPECT_EQ(unlikely(0), 0);
  EXPECT_EQ(unlikely(4), 1);
  struct Record {
    char a;
    int b;
  } __PACKED;
  EXPECT_EQ(sizeof(Record), 5u);
  EXPECT_EQ(__offsetof(Record, b), 1u);
  alignas(1) char aligned __ALIGNED(64);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(&aligned) % 64, 0u);
}

TEST(LimitsTest, Pages) {
  Shows("LIMITS-1");
  EXPECT_EQ(ZX_PAGE_SIZE, zx_system_get_page_size());
  EXPECT_EQ(ZX_PAGE_SIZE, size_t{1} << ZX_PAGE_SHIFT);
  EXPECT_EQ(ZX_PAGE_MASK, 4095u);
  EXPECT_EQ(ZX_MIN_PAGE_SIZE, 4096u);
  EXPECT_EQ(ZX_MAX_PAGE_SIZE, 2u << 20);
}

TEST(AssertTest, WhatHoldsDoesNothing) {
  Shows("ASSERT-2 ASSERT-3");
  int looked = 0;
  ZX_ASSERT(++looked == 1);
  ZX_ASSERT_MSG(++looked == 2, "looked is %d", looked);
  ZX_DEBUG_ASSERT(++looked > 0);
  ZX_DEBUG_ASSERT_MSG(++looked > 0, "words");
  ZX_DEBUG_ASSERT_COND(++looked > 0);
  ZX_DEBUG_ASSERT_MSG_COND(++looked > 0, "words");
  EXPECT_EQ(looked, ZX_DEBUG_ASSERT_IMPLEMENTED ? 6 : 2);
}

TEST(AssertDeathTest, WhatDoesNotHoldEndsTheProgram) {
  Shows("ASSERT-1 ASSERT-2 ASSERT-3");
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const int one = 1;
  EXPECT_EXIT(ZX_PANIC("number %d\n", 7), testing::KilledBySignal(SIGABRT), "^number 7\n");
  EXPECT_EXIT(ZX_ASSERT(one == 2), testing::KilledBySignal(SIGABRT),
              "headers_test.cc:[0-9]+.*one == 2");
  EXPECT_EXIT(ZX_ASSERT_MSG(one == 2, "one is %d", one), testing::KilledBySignal(SIGABRT),
              "one == 2(.|\n)*one is 1");
  if (ZX_DEBUG_ASSERT_IMPLEMENTED) {
    EXPECT_EXIT(ZX_DEBUG_ASSERT(one == 2), testing::KilledBySignal(SIGABRT), "one == 2");
  }
}

struct Element {
  int value = 0;
  list_node_t node = LIST_INITIAL_CLEARED_VALUE;
};

class ListTest : public testing::Test {
 protected:
  ListTest() {
    for (int i = 0; i < 6; ++i) elements_[i].value = i;
  }
  list_node_t* node(int i) { return &elements_[i].node; }
  // From the first to the last, and the same backwards.
  static std::vector<int> Values(list_node_t* list) {
    std::vector<int> values;
    Element* element = nullptr;
    list_for_every_entry(list, element, Element, node) values.push_back(element->value);
    std::vector<int> backwards;
    for (list_node_t* at = list->prev; at != list; at = at->prev) {
      backwards.insert(backwards.begin(), containerof(at, Element, node)->value);
    }
    EXPECT_EQ(backwards, values);
    EXPECT_EQ(list_length(list), values.size());
    EXPECT_EQ(list_is_empty(list), values.empty());
    return values;
  }

  list_node_t list_ = LIST_INITIAL_VALUE(list_);
  Element elements_[6];
};

using Numbers = std::vector<int>;

TEST_F(ListTest, ElementsComeAndGo) {
  Shows("LIST-1");
  EXPECT_TRUE(list_is_empty(&list_));
  EXPECT_FALSE(list_in_list(node(0)));
  list_add_tail(&list_, node(1));
  list_add_head(&list_, node(0));
  list_add_after(node(1), node(3));
  list_add_before(node(3), node(2));
  EXPECT_EQ(Values(&list_), (Numbers{0, 1, 2, 3}));
  EXPECT_TRUE(list_in_list(node(2)));
  list_delete(node(1));
  EXPECT_FALSE(list_in_list(node(1)));
  list_replace_node(node(2), node(4));
  EXPECT_EQ(Values(&list_), (Numbers{0, 4, 3}));
  EXPECT_FALSE(list_in_list(node(2)));
  list_clear_node(node(5));
  EXPECT_FALSE(list_in_list(node(5)));

  list_node_t other;
  list_initialize(&other);
  list_split_after(&list_, node(0), &other);
  EXPECT_EQ(Values(&list_), (Numbers{0}));
  EXPECT_EQ(Values(&other), (Numbers{4, 3}));
  list_split_after(&list_, node(0), &other);  // nothing is behind it
  EXPECT_EQ(Values(&other), Numbers{});
  list_split_after(&list_, &list_, &other);  // all
  EXPECT_EQ(Values(&list_), Numbers{});
  EXPECT_EQ(Values(&other), (Numbers{0}));
  list_add_tail(&list_, node(1));
  list_add_tail(&list_, node(2));
  list_splice_after(&list_, node(0));
  EXPECT_EQ(Values(&list_), Numbers{});
  EXPECT_EQ(Values(&other), (Numbers{0, 1, 2}));
  list_splice_after(&list_, node(0));  // nothing
  EXPECT_EQ(Values(&other), (Numbers{0, 1, 2}));
  list_move(&other, &list_);
  EXPECT_EQ(Values(&list_), (Numbers{0, 1, 2}));
  EXPECT_EQ(Values(&other), Numbers{});
}

TEST_F(ListTest, TheEnds) {
  Shows("LIST-2");
  EXPECT_EQ(list_peek_head(&list_), nullptr);
  EXPECT_EQ(list_peek_tail(&list_), nullptr);
  EXPECT_EQ(list_remove_head(&list_), nullptr);
  EXPECT_EQ(list_remove_tail(&list_), nullptr);
  EXPECT_EQ(list_peek_head_type(&list_, Element, node), nullptr);
  EXPECT_EQ(list_remove_tail_type(&list_, Element, node), nullptr);
  for (int i = 0; i < 4; ++i) list_add_tail(&list_, node(i));
  EXPECT_EQ(list_prev(&list_, node(0)), nullptr);
  EXPECT_EQ(list_next(&list_, node(3)), nullptr);
  EXPECT_EQ(list_next(&list_, node(0)), node(1));
  EXPECT_EQ(list_prev(&list_, node(1)), node(0));
  EXPECT_EQ(list_prev_wrap(&list_, node(0)), node(3));
  EXPECT_EQ(list_next_wrap(&list_, node(3)), node(0));
  EXPECT_EQ(list_prev_type(&list_, node(1), Element, node), &elements_[0]);
  EXPECT_EQ(list_next_type(&list_, node(3), Element, node), nullptr);
  EXPECT_EQ(list_prev_wrap_type(&list_, node(0), Element, node), &elements_[3]);
  EXPECT_EQ(list_next_wrap_type(&list_, node(3), Element, node), &elements_[0]);
  EXPECT_EQ(list_peek_head_type(&list_, Element, node), &elements_[0]);
  EXPECT_EQ(list_peek_tail_type(&list_, Element, node), &elements_[3]);
  EXPECT_EQ(list_remove_head_type(&list_, Element, node), &elements_[0]);
  EXPECT_EQ(list_remove_tail_type(&list_, Element, node), &elements_[3]);
  EXPECT_EQ(list_remove_head(&list_), node(1));
  EXPECT_EQ(list_remove_tail(&list_), node(2));
  EXPECT_TRUE(list_is_empty(&list_));
}

TEST_F(ListTest, Loops) {
  Shows("LIST-3");
  for (int i = 0; i < 5; ++i) list_add_tail(&list_, node(i));
  int count = 0;
  list_node_t* at = nullptr;
  list_for_every(&list_, at)++ count;
  EXPECT_EQ(count, 5);
  list_node_t* next = nullptr;
  list_for_every_safe(&list_, at, next) {
    if (containerof(at, Element, node)->value % 2 == 0) list_delete(at);
  }
  EXPECT_EQ(Values(&list_), (Numbers{1, 3}));
  Element* element = nullptr;
  Element* following = nullptr;
  list_for_every_entry_safe(&list_, element, following, Element, node) list_delete(&element->node);
  EXPECT_TRUE(list_is_empty(&list_));
}

}  // namespace
}  // namespace zircon::test
