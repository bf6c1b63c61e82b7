// The virtqueues of zvmm: what a driver gets, and what a hostile one does not.

#include "virtio/virtqueue.h"

#include <gtest/gtest.h>

#include <functional>
#include <random>
#include <string>

#include "virtio_driver.h"

namespace zvmm {
namespace {

constexpr uint64_t kRings = 0x10000;
constexpr uint64_t kBuffer = 0x20000;

class VirtqueueTest : public testing::Test {
 protected:
  void SetUp() override { driver_.Configure(queue_); }

  // The next request; fails the test if there is none.
  Chain Pop() {
    auto chain = queue_.Pop();
    EXPECT_TRUE(chain.ok()) << chain.status();
    EXPECT_TRUE(chain.ok() && chain->has_value());
    return chain.ok() && *chain ? **std::move(chain) : Chain{};
  }
  std::string Refusal() {
    const auto chain = queue_.Pop();
    return chain.ok() ? "accepted" : std::string(chain.status().message());
  }

  TestMemory memory_;
  TestQueue driver_{memory_, kRings};
  Virtqueue queue_{memory_.view()};
};

TEST_F(VirtqueueTest, NothingWaits) {
  const auto chain = queue_.Pop();
  ASSERT_TRUE(chain.ok());
  EXPECT_FALSE(chain->has_value());
}

TEST_F(VirtqueueTest, AChainIsItsParts) {
  driver_.Add(2, {{kBuffer, 16, false}, {kBuffer + 0x100, 512, true}, {kBuffer + 0x400, 1, true}});
  const Chain chain = Pop();
  EXPECT_EQ(chain.head, 2);
  ASSERT_EQ(chain.readable.size(), 1u);
  EXPECT_EQ(chain.readable[0].data(), memory_.At(kBuffer, 1).data());
  EXPECT_EQ(chain.readable[0].size(), 16u);
  ASSERT_EQ(chain.writable.size(), 2u);
  EXPECT_EQ(chain.writable[1].size(), 1u);
}

TEST_F(VirtqueueTest, UsedEntriesComeInOrder) {
  driver_.Add(0, {{kBuffer, 4, true}});
  driver_.Add(1, {{kBuffer + 4, 4, true}});
  const Chain first = Pop();
  const Chain second = Pop();
  queue_.Push(second, 3);
  EXPECT_EQ(driver_.used_index(), 1);
  EXPECT_EQ(driver_.used_entry(0).id, 1u);
  EXPECT_EQ(driver_.used_entry(0).len, 3u);
  queue_.Push(first, 0);
  EXPECT_EQ(driver_.used_index(), 2);
  EXPECT_EQ(driver_.used_entry(1).id, 0u);
}

TEST_F(VirtqueueTest, IndexesWrapAround) {
  for (unsigned i = 0; i < 70'000; ++i) {
    driver_.Add(static_cast<uint16_t>(i % TestQueue::kSize), {{kBuffer, 4, false}});
    const Chain chain = Pop();
    ASSERT_EQ(chain.head, i % TestQueue::kSize);
    queue_.Push(chain, i);
    ASSERT_EQ(driver_.used_index(), static_cast<uint16_t>(i + 1));
    ASSERT_EQ(driver_.used_entry(i).len, i);
  }
}

TEST_F(VirtqueueTest, AnInterruptIsForWhatWasPushed) {
  EXPECT_FALSE(queue_.TakeInterrupt()) << "nothing was";
  driver_.Add(0, {{kBuffer, 4, true}});
  queue_.Push(Pop(), 0);
  EXPECT_TRUE(queue_.TakeInterrupt());
  EXPECT_FALSE(queue_.TakeInterrupt()) << "once";
  driver_.available_flags() = VRING_AVAIL_F_NO_INTERRUPT;
  driver_.Add(0, {{kBuffer, 4, true}});
  queue_.Push(Pop(), 0);
  EXPECT_FALSE(queue_.TakeInterrupt()) << "not wanted";
}

TEST_F(VirtqueueTest, SettingsAreKeptWhileEnabled) {
  queue_.SetSize(4);
  queue_.SetDescriptors(0);
  queue_.SetAvailable(0);
  queue_.SetUsed(0);
  EXPECT_EQ(queue_.size(), TestQueue::kSize);
  EXPECT_EQ(queue_.descriptors(), driver_.descriptors());
  EXPECT_EQ(queue_.available(), driver_.available());
  EXPECT_EQ(queue_.used(), driver_.used());
  queue_.Reset();
  EXPECT_FALSE(queue_.enabled());
  EXPECT_EQ(queue_.size(), Virtqueue::kMostEntries);
}

TEST_F(VirtqueueTest, SizesAreCheckedPowersOfTwo) {
  Virtqueue queue(memory_.view());
  for (const uint16_t size : {0, 3, 257, 512, 65535}) {
    queue.SetSize(size);
    EXPECT_EQ(queue.size(), Virtqueue::kMostEntries) << size;
  }
  queue.SetSize(1);
  EXPECT_EQ(queue.size(), 1);
}

TEST_F(VirtqueueTest, RingsMustBeAlignedRam) {
  struct Case {
    uint64_t descriptors, available, used;
  };
  constexpr uint64_t kEnd = TestMemory::kSize;
  for (const Case& at : {
           Case{kEnd, 0x1000, 0x2000},
           Case{0, kEnd - 8, 0x2000},
           Case{0, 0x1000, kEnd - 16},
           Case{~uint64_t{0} - 15, 0x1000, 0x2000},
           Case{0, 0x1000, 0xFFFFFFFFFFFFFFF0},
           Case{8, 0x1000, 0x2000},
           Case{0, 0x1001, 0x2000},
           Case{0, 0x1000, 0x2002},
           Case{uint64_t{3} << 30, 0x1000, 0x2000},
       }) {
    Virtqueue queue(memory_.view());
    queue.SetDescriptors(at.descriptors);
    queue.SetAvailable(at.available);
    queue.SetUsed(at.used);
    EXPECT_FALSE(queue.Enable({}).ok())
        << std::hex << at.descriptors << ' ' << at.available << ' ' << at.used;
    EXPECT_FALSE(queue.enabled());
  }
}

TEST_F(VirtqueueTest, MoreRequestsThanFitAreRefused) {
  driver_.available_index() = TestQueue::kSize + 1;
  EXPECT_EQ(Refusal(), "9 requests in a queue of 8");
}

TEST_F(VirtqueueTest, ADescriptorThatDoesNotExistIsRefused) {
  driver_.Offer(TestQueue::kSize);
  EXPECT_EQ(Refusal(), "descriptor 8 of 8");
}

TEST_F(VirtqueueTest, ANextDescriptorThatDoesNotExistIsRefused) {
  driver_.Add(0, {{kBuffer, 4, false}});
  driver_.descriptor(0).flags = VRING_DESC_F_NEXT;
  driver_.descriptor(0).next = 0xFFFF;
  EXPECT_EQ(Refusal(), "descriptor 65535 of 8");
}

TEST_F(VirtqueueTest, ACircleIsRefused) {
  driver_.Add(0, {{kBuffer, 4, false}, {kBuffer, 4, false}});
  driver_.descriptor(1).flags = VRING_DESC_F_NEXT;
  driver_.descriptor(1).next = 0;
  EXPECT_EQ(Refusal(), "a chain that is too long, or has no end");
}

TEST_F(VirtqueueTest, AChainAsLongAsTheQueueIsNoCircle) {
  driver_.Add(0, {{kBuffer, 4, false},
                  {kBuffer, 4, false},
                  {kBuffer, 4, false},
                  {kBuffer, 4, false},
                  {kBuffer, 4, false},
                  {kBuffer, 4, false},
                  {kBuffer, 4, false},
                  {kBuffer, 4, true}});
  const Chain chain = Pop();
  EXPECT_EQ(chain.readable.size() + chain.writable.size(), 8u);
}

TEST_F(VirtqueueTest, BuffersOutsideOfRamAreRefused) {
  struct Case {
    uint64_t address;
    uint32_t size;
  };
  uint16_t head = 0;
  for (const Case& buffer :
       {Case{TestMemory::kSize, 1}, Case{TestMemory::kSize - 1, 2}, Case{~uint64_t{0}, 2},
        Case{0, 0xFFFFFFFF}, Case{uint64_t{3} << 30, 4}, Case{uint64_t{4} << 30, 4}}) {
    Virtqueue queue(memory_.view());
    driver_.available_index() = 0;
    driver_.Configure(queue);
    driver_.Add(head++, {{buffer.address, buffer.size, true}});
    EXPECT_FALSE(queue.Pop().ok()) << std::hex << buffer.address;
  }
}

TEST_F(VirtqueueTest, IndirectDescriptorsAreRefusedUnlessAgreedOn) {
  driver_.Add(0, {{kBuffer, 32, false}});
  driver_.descriptor(0).flags = VRING_DESC_F_INDIRECT;
  EXPECT_EQ(Refusal(), "an indirect descriptor, which was not agreed on");
}

// With tables of their own for chains, and events by index.
class VirtqueueFeaturesTest : public VirtqueueTest {
 protected:
  static constexpr uint64_t kTable = 0x30000;

  void SetUp() override { driver_.Configure(queue_, {.indirect = true, .event_index = true}); }

  vring_desc& Entry(unsigned index) {
    return memory_.Get<vring_desc>(kTable + index * sizeof(vring_desc));
  }
  // Offers a table of so many entries, a chain of one byte each.
  void AddTable(unsigned entries) {
    for (unsigned i = 0; i < entries; ++i) {
      Entry(i) = {.addr = kBuffer + i,
                  .len = 1,
                  .flags = static_cast<uint16_t>(i + 1 < entries ? VRING_DESC_F_NEXT : 0),
                  .next = static_cast<uint16_t>(i + 1)};
    }
    driver_.descriptor(3) = {.addr = kTable,
                             .len = static_cast<uint32_t>(entries * sizeof(vring_desc)),
                             .flags = VRING_DESC_F_INDIRECT,
                             .next = 0};
    driver_.Offer(3);
  }
};

TEST_F(VirtqueueFeaturesTest, ATableHoldsAChain) {
  AddTable(3);
  Entry(2).flags = VRING_DESC_F_WRITE;
  const Chain chain = Pop();
  EXPECT_EQ(chain.head, 3);
  EXPECT_EQ(chain.readable.size(), 2u);
  EXPECT_EQ(chain.writable.size(), 1u);
}

TEST_F(VirtqueueFeaturesTest, AChainMayBeLongerThanTheQueue) {
  AddTable(1000);
  EXPECT_EQ(Pop().readable.size(), 1000u);
}

TEST_F(VirtqueueFeaturesTest, DescriptorsMayComeBeforeATable) {
  AddTable(2);
  driver_.descriptor(5) = {.addr = kBuffer, .len = 8, .flags = VRING_DESC_F_NEXT, .next = 3};
  driver_.available_entry(0) = 5;
  EXPECT_EQ(Pop().readable.size(), 3u);
}

TEST_F(VirtqueueFeaturesTest, BadTablesAreRefused) {
  constexpr char kCircle[] = "a chain that is too long, or has no end";
  constexpr char kNotAgreed[] = "an indirect descriptor, which was not agreed on";
  struct Case {
    const char* refusal;
    std::function<void()> spoil;
  };
  const Case cases[] = {
      {kCircle,
       [this] {
         Entry(1) = {kBuffer, 1, VRING_DESC_F_NEXT, 0};
       }},
      {kNotAgreed, [this] { Entry(0).flags = VRING_DESC_F_INDIRECT; }},
      {"descriptor 2 of 2", [this] { Entry(0).next = 2; }},
      {"an indirect table of 32 bytes",
       [this] { driver_.descriptor(3).flags |= VRING_DESC_F_NEXT; }},
      {"an indirect table of 33 bytes", [this] { driver_.descriptor(3).len = 33; }},
      {"an indirect table of 0 bytes", [this] { driver_.descriptor(3).len = 0; }},
      {"a buffer of 32 bytes at 0xffff8", [this] { driver_.descriptor(3).addr = 0xFFFF8; }},
  };
  for (const Case& c : cases) {
    AddTable(2);
    c.spoil();
    EXPECT_EQ(Refusal(), c.refusal);
    queue_.Reset();
    driver_.available_index() = 0;
    driver_.Configure(queue_, {.indirect = true, .event_index = true});
  }
  AddTable(Virtqueue::kMostParts + 1);
  EXPECT_EQ(Refusal(), kCircle);
}

TEST_F(VirtqueueFeaturesTest, AnEmptyQueueAsksForTheNextNotification) {
  driver_.Add(0, {{kBuffer, 1, false}});
  driver_.Add(1, {{kBuffer, 1, false}});
  Pop();
  EXPECT_EQ(driver_.available_event(), 0) << "there is more to do";
  Pop();
  const auto none = queue_.Pop();
  ASSERT_TRUE(none.ok() && !none->has_value());
  EXPECT_EQ(driver_.available_event(), 2);
}

TEST_F(VirtqueueFeaturesTest, AnInterruptIsForTheEventThatTheDriverNames) {
  const auto push = [this](unsigned count) {
    for (unsigned i = 0; i < count; ++i) {
      driver_.Add(0, {{kBuffer, 1, true}});
      queue_.Push(Pop(), 1);
    }
  };
  driver_.used_event() = 2;
  push(2);
  EXPECT_FALSE(queue_.TakeInterrupt()) << "0 and 1";
  push(3);
  EXPECT_TRUE(queue_.TakeInterrupt()) << "2, 3 and 4";
  push(1);
  EXPECT_FALSE(queue_.TakeInterrupt()) << "the event is over";
  driver_.used_event() = 6;
  push(1);
  EXPECT_TRUE(queue_.TakeInterrupt());
  EXPECT_FALSE(queue_.TakeInterrupt()) << "once";
  driver_.available_flags() = VRING_AVAIL_F_NO_INTERRUPT;
  driver_.used_event() = 7;
  push(1);
  EXPECT_TRUE(queue_.TakeInterrupt()) << "the flag means nothing then";
}

TEST_F(VirtqueueTest, PartsToReadComeFirst) {
  driver_.Add(0, {{kBuffer, 4, true}, {kBuffer, 4, false}});
  EXPECT_EQ(Refusal(), "a part to read behind one to write");
}

TEST_F(VirtqueueTest, ByteStreamGoesOverTheJoints) {
  driver_.Add(0, {{kBuffer, 3, false}, {kBuffer + 0x10, 0, false}, {kBuffer + 0x20, 4, false}});
  memory_.Put(kBuffer, "abc");
  memory_.Put(kBuffer + 0x20, "defg");
  const Chain chain = Pop();
  ByteStream stream(chain.readable);
  EXPECT_EQ(stream.left(), 7u);
  char text[5] = {};
  ASSERT_TRUE(stream.Read(text, 4));
  EXPECT_STREQ(text, "abcd");
  EXPECT_EQ(stream.left(), 3u);
  EXPECT_EQ(stream.Next(2).size(), 2u);
  EXPECT_FALSE(stream.Read(text, 2));
  EXPECT_TRUE(stream.Next(1).empty());
}

// Whatever is in the rings, every part of every chain is RAM, and looking through it ends.
TEST_F(VirtqueueTest, RandomRingsAreSurvived) {
  std::mt19937_64 random(20261127);
  unsigned accepted = 0;
  for (unsigned round = 0; round < 20'000; ++round) {
    for (unsigned i = 0; i < TestQueue::kSize; ++i) {
      vring_desc& entry = driver_.descriptor(i);
      entry.addr = random() % 4 == 0 ? random() : random() % TestMemory::kSize;
      entry.len = random() % 4 == 0 ? static_cast<uint32_t>(random()) : random() % 0x1000;
      entry.flags = static_cast<uint16_t>(random() % 8 == 0 ? random() : random() & 7);
      entry.next = static_cast<uint16_t>(random() % (TestQueue::kSize + 1));
      driver_.available_entry(i) = static_cast<uint16_t>(random() % (TestQueue::kSize + 1));
    }
    Virtqueue queue(memory_.view());
    driver_.Configure(queue, {.indirect = random() % 2 == 0, .event_index = random() % 2 == 0});
    driver_.available_index() = static_cast<uint16_t>(random() % (TestQueue::kSize + 2));
    while (true) {
      const auto chain = queue.Pop();
      if (!chain.ok() || !*chain) {
        break;
      }
      for (const auto* parts : {&(*chain)->readable, &(*chain)->writable}) {
        for (const std::span<uint8_t> part : *parts) {
          if (!part.empty()) {
            ASSERT_GE(part.data(), memory_.At(0, 1).data());
            ASSERT_LE(part.data() + part.size(), memory_.At(0, 1).data() + TestMemory::kSize);
          }
        }
      }
      ++accepted;
      queue.Push(**chain, 0);
    }
  }
  EXPECT_GT(accepted, 1000u) << "else this shows nothing";
}

}  // namespace
}  // namespace zvmm
