// The tree of objects with their own links, against a sorted vector.

#include "objects/linked_tree.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <random>
#include <vector>

namespace zircon::objects {
namespace {

struct Item;

struct ByNumber {
  using Summary = uint32_t;  // bits
  static bool Before(const Item& a, const Item& b);
  static uint32_t Of(const Item& item);
  static uint32_t Join(uint32_t a, uint32_t b) { return a | b; }
};

struct Item : InTree<Item, ByNumber> {
  Item(int the_number, uint32_t the_bits) : number(the_number), bits(the_bits) {}
  const int number;
  const uint32_t bits;
};

bool ByNumber::Before(const Item& a, const Item& b) { return a.number < b.number; }
uint32_t ByNumber::Of(const Item& item) { return item.bits; }

class LinkedTrees : public testing::Test {
 protected:
  using Tree = LinkedTree<Item, ByNumber>;

  void Compare() {
    size_t at = 0;
    for (const Item* item = tree_.First(); item != nullptr; item = Tree::Next(item), ++at) {
      ASSERT_LT(at, model_.size());
      ASSERT_EQ(item, model_[at]);
    }
    ASSERT_EQ(at, model_.size());
    ASSERT_EQ(tree_.empty(), model_.empty());
  }
  void CompareThose(uint32_t bits) {
    const auto has = [bits](uint32_t summary) { return (summary & bits) != 0; };
    std::vector<Item*> found;
    for (Item* item = tree_.FirstThat(has); item != nullptr; item = Tree::NextThat(item, has)) {
      found.push_back(item);
    }
    std::vector<Item*> expected;
    std::copy_if(model_.begin(), model_.end(), std::back_inserter(expected),
                 [&](const Item* item) { return has(item->bits); });
    ASSERT_EQ(found, expected) << bits;
  }
  void CompareFrom(int number) {
    const auto before = [number](const Item& item) { return item.number < number; };
    const auto it = std::find_if(model_.begin(), model_.end(),
                                 [&](const Item* item) { return !before(*item); });
    ASSERT_EQ(tree_.FirstNotBefore(before), it == model_.end() ? nullptr : *it) << number;
  }

  Tree tree_;
  std::vector<Item*> model_;
  std::vector<std::unique_ptr<Item>> items_;
};

TEST_F(LinkedTrees, DoAsASortedVector) {
  std::mt19937 random(1);
  for (int step = 0; step < 20'000; ++step) {
    // Grows and shrinks in turns.
    if (random() % 100 < (step / 1000 % 2 == 0 ? 60u : 40u)) {
      const int number = static_cast<int>(random() % 200);
      Item* const item =
          items_.emplace_back(std::make_unique<Item>(number, uint32_t{1} << random() % 8)).get();
      if (model_.empty() || (random() % 8 == 0 && number <= model_.front()->number)) {
        tree_.PushFront(item);
        model_.insert(model_.begin(), item);
      } else {
        tree_.Insert(item);
        model_.insert(
            std::upper_bound(model_.begin(), model_.end(), item,
                             [](const Item* a, const Item* b) { return ByNumber::Before(*a, *b); }),
            item);
      }
    } else if (!model_.empty()) {
      const auto it = model_.begin() + random() % model_.size();
      tree_.Remove(*it);
      model_.erase(it);
    }
    if (step % 16 != 0) continue;
    ASSERT_NO_FATAL_FAILURE(Compare());
    ASSERT_NO_FATAL_FAILURE(CompareThose(random() % 256));
    ASSERT_NO_FATAL_FAILURE(CompareFrom(static_cast<int>(random() % 210)));
  }
}

TEST_F(LinkedTrees, WhatIsTakenOutMayBePutIn) {
  Item item(1, 1);
  for (int i = 0; i < 3; ++i) {
    tree_.Insert(&item);
    EXPECT_EQ(tree_.First(), &item);
    tree_.Remove(&item);
    EXPECT_TRUE(tree_.empty());
  }
}

// What comes in order, too.
TEST_F(LinkedTrees, FindAmongManyTakesFewSteps) {
  constexpr int kMany = 100'000;
  for (int i = 0; i < kMany; ++i) {
    tree_.Insert(items_.emplace_back(std::make_unique<Item>(i, 0)).get());
  }
  for (int wanted = 0; wanted < kMany; wanted += 997) {
    int steps = 0;
    const Item* const found = tree_.FirstNotBefore([&](const Item& item) {
      ++steps;
      return item.number < wanted;
    });
    ASSERT_EQ(found->number, wanted);
    EXPECT_LE(steps, 80);
  }
}

}  // namespace
}  // namespace zircon::objects
