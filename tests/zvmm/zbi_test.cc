// How zvmm checks, places and loads a Zircon boot image.
// Shows: ZBI-3

#include <gtest/gtest.h>
#include <zircon/boot/image.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "boot/memory_map.h"
#include "boot/page_tables.h"
#include "boot/zbi_boot.h"
#include "boot/zbi_image.h"

namespace zvmm {
namespace {

constexpr uint64_t kMiB = 1 << 20;
constexpr uint64_t kRsdp = 0xE0000;
constexpr size_t kHeader = sizeof(zbi_header_t);
constexpr size_t kKernelItem = kHeader;
constexpr size_t kKernelPayload = 2 * kHeader;
constexpr uint32_t kKernelLength = 100;  // Not a multiple of 8.

using File = std::vector<uint8_t>;

zbi_header_t Header(uint32_t type, uint32_t length) {
  return {.type = type,
          .length = length,
          .extra = 0,
          .flags = ZBI_FLAGS_VERSION,
          .reserved0 = 0,
          .reserved1 = 0,
          .magic = ZBI_ITEM_MAGIC,
          .crc32 = ZBI_ITEM_NO_CRC32};
}

template <typename T>
T& At(File& file, size_t offset) {
  return *reinterpret_cast<T*>(file.data() + offset);
}
zbi_header_t& HeaderAt(File& file, size_t offset) { return At<zbi_header_t>(file, offset); }

// Appends an item and counts it. Gives its offset.
size_t Append(File& file, uint32_t type, std::string_view payload) {
  const size_t offset = file.size();
  const zbi_header_t header = Header(type, static_cast<uint32_t>(payload.size()));
  const auto* bytes = reinterpret_cast<const uint8_t*>(&header);
  file.insert(file.end(), bytes, bytes + kHeader);
  file.insert(file.end(), payload.begin(), payload.end());
  file.resize((file.size() + 7) / 8 * 8);
  HeaderAt(file, 0).length = static_cast<uint32_t>(file.size() - kHeader);
  return offset;
}

File Container() {
  const zbi_header_t header = ZBI_CONTAINER_HEADER(0);
  const auto* bytes = reinterpret_cast<const uint8_t*>(&header);
  return {bytes, bytes + kHeader};
}

// A kernel, a ramdisk and some text.
File MakeImage(uint64_t entry = 0x80, uint64_t reserve = 0x5000) {
  File file = Container();
  Append(file, ZBI_TYPE_KERNEL_X64, std::string(kKernelLength, 'k'));
  At<zbi_kernel_t>(file, kKernelPayload) = {.entry = entry, .reserve_memory_size = reserve};
  Append(file, ZBI_TYPE_STORAGE_BOOTFS, "files");
  Append(file, ZBI_TYPE_CMDLINE, std::string_view("of the image\0", 13));
  return file;
}

std::string Refusal(const File& file) {
  const auto image = ParseZbiImage(file);
  return image.ok() ? "accepted" : std::string(image.status().message());
}

TEST(ZbiImageTest, TheContainerInitializerIsAWholeHeader) {
  const zbi_header_t header = ZBI_CONTAINER_HEADER(40);
  EXPECT_EQ(header.type, 0x544F4F42u);
  EXPECT_EQ(header.length, 40u);
  EXPECT_EQ(header.extra, 0x868CF7E6u);
  EXPECT_EQ(header.flags, 0x10000u);
  EXPECT_EQ(header.reserved0 | header.reserved1, 0u);
  EXPECT_EQ(header.magic, 0xB5781729u);
  EXPECT_EQ(header.crc32, 0x4A87E8D6u);
}

TEST(ZbiImageTest, AnImageIsTakenApart) {
  const File file = MakeImage();
  EXPECT_TRUE(IsZbi(file));
  const auto image = ParseZbiImage(file);
  ASSERT_TRUE(image.ok()) << image.status();
  EXPECT_EQ(image->kernel, File(file.begin(), file.begin() + kKernelPayload + kKernelLength));
  EXPECT_EQ(image->reserve_size, 0x5000u);
  constexpr size_t kItems = (kKernelPayload + kKernelLength + 7) / 8 * 8;
  EXPECT_EQ(image->items, File(file.begin() + kItems, file.end()));
  EXPECT_EQ(EntryOf(*image, 0x100000), 0x100080u);
}

TEST(ZbiImageTest, AnEntryAboveOneMebibyteIsAnAddress) {
  const auto image = ParseZbiImage(MakeImage(0x100060));
  ASSERT_TRUE(image.ok()) << image.status();
  EXPECT_EQ(EntryOf(*image, 0x100000), 0x100060u);
}

TEST(ZbiImageTest, AKernelAlone) {
  File file = Container();
  Append(file, ZBI_TYPE_KERNEL_X64, std::string(kKernelLength, 'k'));
  At<zbi_kernel_t>(file, kKernelPayload) = {.entry = 0x60, .reserve_memory_size = 0};
  const auto image = ParseZbiImage(file);
  ASSERT_TRUE(image.ok()) << image.status();
  EXPECT_TRUE(image->items.empty());
}

TEST(ZbiImageTest, WhatFollowsTheContainerIsPassedOver) {
  File file = MakeImage();
  file.resize(file.size() + 1000, 0xFF);
  EXPECT_EQ(Refusal(file), "accepted");
}

TEST(ZbiImageTest, ACrcIsChecked) {
  File file = MakeImage();
  const size_t item = Append(file, ZBI_TYPE_CRASHLOG, "123456789");
  HeaderAt(file, item).flags |= ZBI_FLAGS_CRC32;
  HeaderAt(file, item).crc32 = 0xCBF43926;  // The check value of this CRC, for these digits.
  EXPECT_EQ(Refusal(file), "accepted");
  file[item + kHeader] = '0';
  EXPECT_NE(Refusal(file).find("the CRC of the item BOOM is wrong"), std::string::npos);
}

TEST(ZbiImageTest, OtherFilesAreNone) {
  EXPECT_FALSE(IsZbi({}));
  EXPECT_FALSE(IsZbi(File(kHeader, 0)));
  EXPECT_FALSE(IsZbi(File{'B', 'O', 'O', 'T'}));
  EXPECT_NE(Refusal(File(1000, 'x')), "accepted");
}

TEST(ZbiImageTest, DamageIsNamed) {
  struct Case {
    std::function<void(File&)> damage;
    const char* words;
  };
  const Case cases[] = {
      {[](File& file) { file.resize(file.size() - 1); }, "the file is cut off"},
      {[](File& file) { file.resize(kHeader); }, "the file is cut off"},
      {[](File& file) { HeaderAt(file, 0).extra = 0; }, "the container's header is wrong"},
      {[](File& file) { HeaderAt(file, 0).magic = 0; }, "the container's header is wrong"},
      {[](File& file) { HeaderAt(file, 0).flags = 0; }, "the container's header is wrong"},
      {[](File& file) { HeaderAt(file, 0).crc32 = 0; }, "the container's header is wrong"},
      {[](File& file) { HeaderAt(file, 0).length -= 4; }, "no multiple of 8"},
      {[](File& file) { HeaderAt(file, 0).length = 0xFFFFFFF8; }, "the file is cut off"},
      {[](File& file) { HeaderAt(file, 0).length = 0; }, "has no items"},
      {[](File& file) { HeaderAt(file, 0).length = 8; }, "no room for an item's header"},
      {[](File& file) { HeaderAt(file, 0).length -= 8; }, "has 13 bytes, and there are 8"},
      {[](File& file) { HeaderAt(file, kKernelItem).length = 0xFFFFFFFF; }, "the item KRNL has"},
      {[](File& file) { HeaderAt(file, kKernelItem).length = 0; }, "there is no item"},
      {[](File& file) { HeaderAt(file, kKernelItem).magic ^= 1; }, "there is no item"},
      {[](File& file) { HeaderAt(file, kKernelItem).flags = 0; }, "version is missing"},
      {[](File& file) { HeaderAt(file, kKernelItem).crc32 = 1; }, "a CRC and does not say so"},
      {[](File& file) { HeaderAt(file, kKernelItem).type = ZBI_TYPE_KERNEL_ARM64; },
       "the boot image's kernel, KRN8, is for another kind of processor"},
      {[](File& file) { HeaderAt(file, kKernelItem).type = ZBI_TYPE_DISCARD; },
       "its first item is SKIP and no kernel"},
      {[](File& file) { HeaderAt(file, kKernelItem).type = 1; }, "its first item is 0x1"},
      {[](File& file) {
         file = Container();
         Append(file, ZBI_TYPE_KERNEL_X64, "too short");
       },
       "has no header of its own"},
  };
  for (const Case& damaged : cases) {
    File file = MakeImage();
    damaged.damage(file);
    EXPECT_NE(Refusal(file).find(damaged.words), std::string::npos)
        << damaged.words << ": " << Refusal(file);
  }
}

TEST(ZbiImageTest, TheEntryIsInTheKernel) {
  constexpr uint64_t kSize = kKernelPayload + kKernelLength;
  constexpr uint64_t kFirst = kKernelPayload + sizeof(zbi_kernel_t);
  for (const uint64_t entry : {kFirst, kSize - 1, 0x100000 + kFirst, 0x100000 + kSize - 1}) {
    EXPECT_EQ(Refusal(MakeImage(entry)), "accepted") << std::hex << entry;
  }
  for (const uint64_t entry : {uint64_t{0}, kFirst - 1, kSize, uint64_t{0x100000}, 0x100000 + kSize,
                               uint64_t{0x100001}, uint64_t{1} << 40, ~uint64_t{0}}) {
    EXPECT_NE(Refusal(MakeImage(entry)).find("is not in the kernel"), std::string::npos)
        << std::hex << entry;
  }
}

// ---- Placement ----

ZbiBoot MakeBoot(uint64_t reserve = 0x5000, size_t ramdisk = 0) {
  return {.image = *ParseZbiImage(MakeImage(0x80, reserve)),
          .ramdisk = File(ramdisk, 'r'),
          .command_line = "of the user"};
}

TEST(PlaceZbiTest, TheUsualPlaces) {
  const auto placement = PlaceZbi(MakeBoot(), MemoryLayout(256 * kMiB));
  ASSERT_TRUE(placement.ok()) << placement.status();
  EXPECT_EQ(placement->kernel, 0x100000u);
  EXPECT_EQ(placement->data, 0x4000000u);
}

TEST(PlaceZbiTest, LittleMemory) {
  const auto placement = PlaceZbi(MakeBoot(), MemoryLayout(16 * kMiB));
  ASSERT_TRUE(placement.ok()) << placement.status();
  EXPECT_EQ(placement->data, 0x106000u) << "the first page behind the kernel and its reserve";
}

TEST(PlaceZbiTest, AKernelThatReachesFar) {
  const auto placement = PlaceZbi(MakeBoot(100 * kMiB), MemoryLayout(256 * kMiB));
  ASSERT_TRUE(placement.ok()) << placement.status();
  EXPECT_GE(placement->data, 101 * kMiB + kKernelPayload + kKernelLength);
  EXPECT_EQ(placement->data % 4096, 0u);
}

TEST(PlaceZbiTest, WhatDoesNotFitIsRefused) {
  for (const uint64_t reserve : {16 * kMiB, uint64_t{1} << 40, ~uint64_t{0}, ~uint64_t{0} - kMiB}) {
    EXPECT_FALSE(PlaceZbi(MakeBoot(reserve), MemoryLayout(16 * kMiB)).ok()) << std::hex << reserve;
  }
  const auto placement = PlaceZbi(MakeBoot(0, 12 * kMiB), MemoryLayout(16 * kMiB));
  ASSERT_FALSE(placement.ok());
  EXPECT_NE(placement.status().message().find("at least 18 MiB are needed (--memory)"),
            std::string::npos)
      << placement.status();
  EXPECT_TRUE(PlaceZbi(MakeBoot(0, 12 * kMiB), MemoryLayout(18 * kMiB)).ok());
}

TEST(PlaceZbiTest, TheDataIsInTheLowMemory) {
  // Of 4 GiB, one lies above the hole for devices.
  EXPECT_FALSE(PlaceZbi(MakeBoot(3072 * kMiB - 2 * kMiB), MemoryLayout(4096 * kMiB)).ok());
}

// ---- Data ----

class ZbiDataTest : public testing::Test {
 protected:
  // All items of the data, after checking what holds for each.
  void Make(const ZbiBoot& boot, const MemoryLayout& layout) {
    data_ = MakeZbiData(boot, kRsdp, layout);
    ASSERT_EQ(HeaderAt(data_, 0).type, ZBI_TYPE_CONTAINER);
    ASSERT_EQ(HeaderAt(data_, 0).extra, ZBI_CONTAINER_MAGIC);
    ASSERT_EQ(HeaderAt(data_, 0).length, data_.size() - kHeader);
    for (size_t at = kHeader; at < data_.size();) {
      const zbi_header_t header = HeaderAt(data_, at);
      ASSERT_EQ(header.magic, ZBI_ITEM_MAGIC);
      ASSERT_EQ(header.flags, ZBI_FLAGS_VERSION);
      ASSERT_EQ(header.crc32, ZBI_ITEM_NO_CRC32);
      items_.push_back({header, std::string(data_.begin() + static_cast<ptrdiff_t>(at + kHeader),
                                            data_.begin() + static_cast<ptrdiff_t>(
                                                                at + kHeader + header.length))});
      at += kHeader + (header.length + 7) / 8 * 8;
    }
  }
  struct Item {
    zbi_header_t header;
    std::string payload;
  };
  const Item& Last(uint32_t type) {
    for (auto item = items_.rbegin(); item != items_.rend(); ++item) {
      if (item->header.type == type) {
        return *item;
      }
    }
    ADD_FAILURE() << std::hex << type;
    static const Item kNone = {};
    return kNone;
  }
  template <typename T>
  std::vector<T> Array(uint32_t type) {
    const std::string& payload = Last(type).payload;
    EXPECT_EQ(payload.size() % sizeof(T), 0u);
    std::vector<T> values(payload.size() / sizeof(T));
    std::memcpy(values.data(), payload.data(), payload.size());
    return values;
  }

  File data_;
  std::vector<Item> items_;
};

TEST_F(ZbiDataTest, TheImagesItemsComeFirst) {
  Make(MakeBoot(), MemoryLayout(64 * kMiB));
  ASSERT_GE(items_.size(), 3u);
  EXPECT_EQ(items_[0].header.type, ZBI_TYPE_STORAGE_BOOTFS);
  EXPECT_EQ(items_[0].payload, "files");
  EXPECT_EQ(items_[1].payload, std::string("of the image\0", 13));
  EXPECT_EQ(Last(ZBI_TYPE_CMDLINE).payload, std::string("of the user\0", 12));
}

TEST_F(ZbiDataTest, BothGenerationsLearnOfTheMemory) {
  Make(MakeBoot(), MemoryLayout(5120 * kMiB));
  const auto ranges = Array<zbi_mem_range_t>(ZBI_TYPE_MEM_CONFIG);
  const auto entries = Array<e820entry_t>(ZBI_TYPE_E820_TABLE);
  ASSERT_EQ(ranges.size(), 5u);
  ASSERT_EQ(entries.size(), 5u);
  uint64_t ram = 0;
  for (size_t i = 0; i < ranges.size(); ++i) {
    EXPECT_EQ(ranges[i].paddr, uint64_t{entries[i].addr});
    EXPECT_EQ(ranges[i].length, uint64_t{entries[i].size});
    EXPECT_EQ(ranges[i].type,
              entries[i].type == E820_RAM ? ZBI_MEM_RANGE_RAM : ZBI_MEM_RANGE_RESERVED);
    ram += ranges[i].type == ZBI_MEM_RANGE_RAM ? ranges[i].length : 0;
  }
  EXPECT_EQ(ranges[3].paddr + ranges[3].length, uint64_t{3} << 30) << "the hole for devices";
  EXPECT_EQ(ranges[4].paddr, uint64_t{4} << 30);
  EXPECT_EQ(ram, 5120 * kMiB - (0x100000 - 0x9FC00));
}

TEST_F(ZbiDataTest, AcpiAndTheSerialPort) {
  Make(MakeBoot(), MemoryLayout(64 * kMiB));
  EXPECT_EQ(Array<uint64_t>(ZBI_TYPE_ACPI_RSDP), std::vector<uint64_t>{kRsdp});
  EXPECT_EQ(Array<uint64_t>(ZBI_TYPE_SMBIOS), std::vector<uint64_t>{kSmbios});
  const auto uart = Array<zbi_uart_t>(ZBI_TYPE_DEBUG_UART).at(0);
  EXPECT_EQ(uart.base, 0x3F8u);
  EXPECT_EQ(uart.type, ZBI_UART_PC_PORT);
  EXPECT_EQ(uart.irq, 4u);
  EXPECT_EQ(Last(ZBI_TYPE_KERNEL_DRIVER).header.extra, ZBI_KERNEL_DRIVER_I8250_PIO_UART);
  const auto port = Array<zbi_dcfg_simple_pio_t>(ZBI_TYPE_KERNEL_DRIVER).at(0);
  EXPECT_EQ(port.base, 0x3F8);
  EXPECT_EQ(port.irq, 4u);
}

TEST_F(ZbiDataTest, TheRamdiskIsAnItem) {
  Make(MakeBoot(0, 1001), MemoryLayout(64 * kMiB));
  EXPECT_EQ(Last(ZBI_TYPE_STORAGE_RAMDISK).payload, std::string(1001, 'r'));
  EXPECT_EQ(Last(ZBI_TYPE_STORAGE_RAMDISK).header.extra, 1001u);
}

// Looks behind LoadZbi: all RAM is as it was, but for page tables, kernel and data.
class LoadedRam {
 public:
  LoadedRam() : ram_(kSize / 8, kWord) {}

  MemoryView memory() { return {reinterpret_cast<uint8_t*>(ram_.data()), kSize}; }

  // Takes back what LoadZbi may write.
  void TakeBack(const ZbiBoot& boot, const ZbiPlacement& placement) {
    const std::pair<uint64_t, uint64_t> allowed[] = {
        {0, kIdentityPageTablesSize},
        {placement.kernel, boot.image.kernel.size()},
        {placement.data, MakeZbiData(boot, kRsdp, memory().layout()).size()},
    };
    for (const auto& [start, size] : allowed) {
      const auto range = memory().Range(start, size);
      std::fill(range.begin(), range.end(), kByte);
    }
  }
  // The first quadword that has changed and was not taken back, or kSize.
  uint64_t FirstStray() const {
    const auto stray =
        std::find_if(ram_.begin(), ram_.end(), [](uint64_t w) { return w != kWord; });
    return static_cast<uint64_t>(stray - ram_.begin()) * 8;
  }

  static constexpr uint64_t kSize = 16 * kMiB;

 private:
  static constexpr uint8_t kByte = 0xEE;
  static constexpr uint64_t kWord = 0xEEEEEEEEEEEEEEEE;

  std::vector<uint64_t> ram_;
};

TEST(LoadZbiTest, WritesKernelAndData) {
  LoadedRam ram;
  const MemoryView memory = ram.memory();
  const ZbiBoot boot = MakeBoot(0x5000, 500);
  const auto placement = PlaceZbi(boot, memory.layout());
  ASSERT_TRUE(placement.ok());
  const CpuEntry entry = LoadZbi(boot, *placement, kRsdp, memory);
  EXPECT_EQ(entry.rip, 0x100080u);
  EXPECT_EQ(entry.rsi, placement->data);
  const auto kernel = memory.Range(0x100000, boot.image.kernel.size());
  EXPECT_EQ(File(kernel.begin(), kernel.end()), boot.image.kernel);
  const File data = MakeZbiData(boot, kRsdp, memory.layout());
  const auto written = memory.Range(placement->data, data.size());
  EXPECT_EQ(File(written.begin(), written.end()), data);
  ram.TakeBack(boot, *placement);
  EXPECT_EQ(ram.FirstStray(), LoadedRam::kSize);
}

// Files with damage anywhere: none crashes zvmm, and each that is accepted can be loaded whole.
TEST(ZbiImageTest, RandomDamageIsSurvived) {
  LoadedRam ram;
  const MemoryView memory = ram.memory();
  std::mt19937 random(20261127);
  const File whole = MakeImage();
  unsigned accepted = 0;
  for (unsigned round = 0; round < 20'000; ++round) {
    File file = whole;
    for (unsigned i = random() % 4; i > 0; --i) {
      // Numbers at the edges more often than others.
      const uint32_t values[] = {
          0, 1, 7, 8, 0x7FFFFFFF, 0xFFFFFFF8, 0xFFFFFFFF, static_cast<uint32_t>(random())};
      At<uint32_t>(file, random() % (file.size() / 4) * 4) = values[random() % std::size(values)];
    }
    file.resize(random() % 8 == 0 ? random() % (file.size() + 1) : file.size());
    auto image = ParseZbiImage(file);
    if (!image.ok()) {
      continue;
    }
    ++accepted;
    ASSERT_LE(image->kernel.size() + image->items.size(), file.size());
    const ZbiBoot boot = {.image = *std::move(image), .ramdisk = {}, .command_line = ""};
    if (const auto placement = PlaceZbi(boot, memory.layout()); placement.ok()) {
      LoadZbi(boot, *placement, kRsdp, memory);
      ram.TakeBack(boot, *placement);
    }
  }
  EXPECT_EQ(ram.FirstStray(), LoadedRam::kSize) << "something was written outside";
  EXPECT_GT(accepted, 1000u) << "else this shows nothing";
}

}  // namespace
}  // namespace zvmm
