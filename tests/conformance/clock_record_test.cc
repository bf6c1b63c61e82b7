// The guest's clock records where the guest puts them and when it stops them. Rows: PVCLOCK.

#include <cstring>

#include "contract.h"
#include "probe.h"
#include "service.h"
#include "verdict.h"

namespace conformance {
namespace {

constexpr uint32_t kWall = 0x4B564D00;
constexpr uint32_t kTime = 0x4B564D01;
constexpr uint64_t kEnabled = 1;
constexpr size_t kTimeSize = 32;
constexpr size_t kWallSize = 12;
constexpr size_t kPage = 4096;

class ClockRecordTest : public KvmTest {
 protected:
  static bool IsAll(const uint8_t* bytes, size_t size, uint8_t value) {
    for (size_t i = 0; i < size; ++i) {
      if (bytes[i] != value) return false;
    }
    return true;
  }
  // Version even, a multiplier, a TSC that is not ahead of the host's.
  static bool IsRecord(const uint8_t* bytes) {
    uint32_t version;
    uint64_t tsc;
    uint32_t multiplier;
    memcpy(&version, bytes, sizeof(version));
    memcpy(&tsc, bytes + 8, sizeof(tsc));
    memcpy(&multiplier, bytes + 24, sizeof(multiplier));
    return version % 2 == 0 && version != 0 && multiplier != 0 && tsc != 0 &&
           tsc <= __builtin_ia32_rdtsc();
  }
};

TEST_F(ClockRecordTest, TheWallClockIsWrittenOnce) {
  Shows("PVCLOCK-1");
  Service guest;
  uint8_t* record = guest.machine().bytes(GUEST_DATA);
  memset(record, 0xFF, 64);
  ASSERT_TRUE(guest.WriteMsr(kWall, GUEST_DATA));
  EXPECT_FALSE(IsAll(record, kWallSize, 0xFF));
  EXPECT_TRUE(IsAll(record + kWallSize, 64 - kWallSize, 0xFF)) << "12 bytes";
  memset(record, 0xFF, 64);
  SleepMs(20);
  guest.Tsc();
  EXPECT_TRUE(IsAll(record, 64, 0xFF));
}

TEST_F(ClockRecordTest, NoLongerKeptWithBit0Clear) {
  Shows("PVCLOCK-3");
  Service guest;
  uint8_t* record = guest.machine().bytes(GUEST_DATA);
  memset(record, 0xFF, 64);
  ASSERT_TRUE(guest.WriteMsr(kTime, GUEST_DATA | kEnabled));
  guest.Tsc();
  EXPECT_TRUE(IsRecord(record));
  EXPECT_TRUE(IsAll(record + kTimeSize, 64 - kTimeSize, 0xFF)) << "32 bytes";
  ASSERT_TRUE(guest.WriteMsr(kTime, GUEST_DATA));
  memset(record, 0xFF, 64);
  for (int i = 0; i < 5; ++i) {
    SleepMs(10);
    guest.Tsc();
  }
  EXPECT_TRUE(IsAll(record, 64, 0xFF));
  // And kept again.
  ASSERT_TRUE(guest.WriteMsr(kTime, GUEST_DATA | kEnabled));
  guest.Tsc();
  EXPECT_FALSE(IsAll(record, kTimeSize, 0xFF));
}

TEST_F(ClockRecordTest, AnyAddressWillDo) {
  Shows("PVCLOCK-8");
  for (const uint64_t address : {GUEST_DATA + 2u, GUEST_DATA + 0x7Eu}) {
    Service guest;
    memset(guest.machine().bytes(GUEST_DATA), 0, 512);
    ASSERT_TRUE(guest.WriteMsr(kTime, address | kEnabled));
    guest.Tsc();
    EXPECT_TRUE(IsRecord(guest.machine().bytes(address))) << address;
    ASSERT_TRUE(guest.WriteMsr(kWall, address + 0x41));
    EXPECT_FALSE(IsAll(guest.machine().bytes(address + 0x41), kWallSize, 0));
  }
}

TEST_F(ClockRecordTest, ARecordThatCrossesAPage) {
  Shows("PVCLOCK-8");
  // mov ecx, 0x4B564D01; mov eax, 0x90FF1; xor edx, edx; wrmsr
  NEEDS(ProbeLongModeCode("a clock over a page", {0xB9, 0x01, 0x4D, 0x56, 0x4B, 0xB8, 0xF1, 0x0F, 9,
                                                  0, 0x31, 0xD2, 0x0F, 0x30}));
  Service guest;
  Handle vmo = CreateVmo(2 * kPage);
  HostMapping window(vmo.get(), 2 * kPage);
  ASSERT_EQ(guest.machine().Map(GUEST_WINDOW, vmo.get(), 2 * kPage), ZX_OK);
  uint8_t* record = window.bytes() + kPage - 16;
  ASSERT_TRUE(guest.WriteMsr(kTime, (GUEST_WINDOW + kPage - 16) | kEnabled)) << "in any case";
  guest.Tsc();
  if (IsRecord(record)) return;
  EXPECT_TRUE(IsAll(record, kTimeSize, 0)) << "in full or not at all";
  KnownDifference("PVCLOCK-8", "a time record that crosses a page is not kept");
}

TEST_F(ClockRecordTest, ItsMemoryIsUnmapped) {
  Shows("PVCLOCK-9");
  Service guest;
  Handle vmo = CreateVmo(kPage);
  HostMapping window(vmo.get(), kPage);
  ASSERT_EQ(guest.machine().Map(GUEST_WINDOW, vmo.get(), kPage), ZX_OK);
  ASSERT_TRUE(guest.WriteMsr(kTime, GUEST_WINDOW | kEnabled));
  guest.Tsc();
  EXPECT_TRUE(IsRecord(window.bytes()));
  ASSERT_EQ(guest.machine().Unmap(GUEST_WINDOW, kPage), ZX_OK);
  memset(window.bytes(), 0xFF, kTimeSize);
  for (int i = 0; i < 5; ++i) {
    SleepMs(5);
    guest.Tsc();
  }
  if (!IsAll(window.bytes(), kTimeSize, 0xFF)) return;
  KnownDifference("PVCLOCK-9", "unmapping the record's memory ends its updates");
}

}  // namespace
}  // namespace conformance
