// How zvmm checks, places and loads a Linux kernel.

#include "boot/linux_boot.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <string>
#include <vector>

#include "boot/linux_image.h"
#include "boot/memory_map.h"
#include "boot/page_tables.h"
#include "boot/whole_file.h"
#include "mmio/page_walk.h"

namespace zvmm {
namespace {

constexpr uint64_t kMiB = 1 << 20;
constexpr size_t kSetupSectors = 3;
constexpr size_t kKernelOffset = (kSetupSectors + 1) * 512;
constexpr size_t kKernelSize = 8192;

void Put16(std::vector<uint8_t>& file, size_t at, uint16_t value) {
  std::memcpy(file.data() + at, &value, sizeof(value));
}
void Put32(std::vector<uint8_t>& file, size_t at, uint32_t value) {
  std::memcpy(file.data() + at, &value, sizeof(value));
}
void Put64(std::vector<uint8_t>& file, size_t at, uint64_t value) {
  std::memcpy(file.data() + at, &value, sizeof(value));
}

// The smallest file that is a bzImage, by the offsets of the boot protocol.
std::vector<uint8_t> MakeImage() {
  std::vector<uint8_t> file(kKernelOffset + kKernelSize);
  file[0x1F1] = kSetupSectors;
  Put32(file, 0x1F4, kKernelSize / 16);
  Put16(file, 0x1FE, 0xAA55);
  Put32(file, 0x202, 0x53726448);
  Put16(file, 0x206, 0x020F);
  file[0x211] = 0x01;
  Put32(file, 0x22C, 0x7FFFFFFF);
  Put32(file, 0x230, 2 * kMiB);
  file[0x234] = 1;
  Put16(file, 0x236, 0x0001);
  Put32(file, 0x238, 2047);
  Put64(file, 0x258, 16 * kMiB);
  Put32(file, 0x260, 8 * kMiB);
  for (size_t i = 0; i < kKernelSize; ++i) {
    file[kKernelOffset + i] = static_cast<uint8_t>(i * 7);
  }
  return file;
}

LinuxBoot MakeBoot(size_t initrd_size = 0) {
  return {.image = *ParseLinuxImage(MakeImage()),
          .initrd = std::vector<uint8_t>(initrd_size, 0xAB),
          .command_line = "console=ttyS0"};
}

TEST(LinuxImageTest, AcceptsAnImage) {
  const auto image = ParseLinuxImage(MakeImage());
  ASSERT_TRUE(image.ok()) << image.status();
  EXPECT_EQ(image->kernel.size(), kKernelSize);
  EXPECT_EQ(image->kernel[3], 21);
  EXPECT_EQ(uint16_t{image->header.version}, 0x020F);
}

TEST(LinuxImageTest, NoSetupSectorsMeansFour) {
  std::vector<uint8_t> file = MakeImage();
  file[0x1F1] = 0;
  file.resize(5 * 512 + kKernelSize);
  const auto image = ParseLinuxImage(file);
  ASSERT_TRUE(image.ok()) << image.status();
  EXPECT_EQ(image->kernel.size(), kKernelSize);
}

TEST(LinuxImageTest, RefusesWhatIsNoImage) {
  const auto refused = [](const std::vector<uint8_t>& file, const char* why) {
    const auto image = ParseLinuxImage(file);
    EXPECT_FALSE(image.ok());
    EXPECT_NE(image.status().ToString().find(why), std::string::npos) << image.status();
  };
  refused({}, "too short");
  refused(std::vector<uint8_t>(100'000), "nor a Zircon boot image");

  std::vector<uint8_t> file = MakeImage();
  Put32(file, 0x202, 0);
  refused(file, "nor a Zircon boot image");

  file = MakeImage();
  Put16(file, 0x206, 0x020B);
  refused(file, "boot protocol 2.11");

  file = MakeImage();
  file[0x211] = 0;
  refused(file, "zImage");

  file = MakeImage();
  Put16(file, 0x236, 0);
  refused(file, "64-bit entry");

  for (const size_t size : {kKernelOffset - 100, kKernelOffset, kKernelOffset + kKernelSize - 16}) {
    file = MakeImage();
    file.resize(size);
    refused(file, "cut off");
  }

  file = MakeImage();
  Put32(file, 0x260, 100);
  refused(file, "damaged");
}

TEST(LinuxImageTest, AnyTruncationOfTheHeaderIsRefused) {
  const std::vector<uint8_t> file = MakeImage();
  for (size_t size = 0; size < 0x300; ++size) {
    EXPECT_FALSE(ParseLinuxImage(std::span(file).first(size)).ok());
  }
}

TEST(InitrdTest, KnowsTheFormsOfAnInitramfs) {
  const auto check = [](std::string_view text) {
    return CheckInitrd({reinterpret_cast<const uint8_t*>(text.data()), text.size()}).ok();
  };
  EXPECT_TRUE(check("070701..."));
  EXPECT_TRUE(check("\x1f\x8b\x08..."));
  EXPECT_TRUE(check(std::string_view("\xfd\x37zXZ\0...", 9)));
  EXPECT_TRUE(check("\x28\xb5\x2f\xfd..."));
  EXPECT_FALSE(check(""));
  EXPECT_FALSE(check("0707"));
  EXPECT_FALSE(check("#!/bin/sh\n"));
  EXPECT_FALSE(check(std::string(1000, '\0')));
}

TEST(ReadWholeFileTest, SaysWhatIsWrongWithAFile) {
  EXPECT_EQ(ReadWholeFile("/nowhere/kernel").status().message(),
            "/nowhere/kernel: No such file or directory");
  EXPECT_EQ(ReadWholeFile("/").status().message(), "/: not a regular file");
  EXPECT_EQ(ReadWholeFile("/dev/zero").status().message(), "/dev/zero: not a regular file");
}

TEST(PlaceLinuxTest, KernelGoesWhereItWantsAndInitrdToTheTop) {
  const auto placement = PlaceLinux(MakeBoot(5000), MemoryLayout(64 * kMiB));
  ASSERT_TRUE(placement.ok()) << placement.status();
  EXPECT_EQ(placement->kernel, 16 * kMiB);
  EXPECT_EQ(placement->initrd, 64 * kMiB - 8192);
}

TEST(PlaceLinuxTest, InitrdStaysBelowTheKernelsLimitAndTheHole) {
  LinuxBoot boot = MakeBoot(4096);
  auto placement = PlaceLinux(boot, MemoryLayout(uint64_t{8} << 30));
  ASSERT_TRUE(placement.ok());
  EXPECT_EQ(placement->initrd, 0x80000000u - 4096);
  boot.image.header.initrd_addr_max = 0xFFFFFFFF;
  placement = PlaceLinux(boot, MemoryLayout(uint64_t{8} << 30));
  ASSERT_TRUE(placement.ok());
  EXPECT_EQ(placement->initrd, 0xC0000000u - 4096);
  boot.image.header.initrd_addr_max = 20 * kMiB;
  EXPECT_FALSE(PlaceLinux(boot, MemoryLayout(64 * kMiB)).ok()) << "the kernel is there";
}

// Loaded lower it would move itself up to there, over its initrd or beyond the memory.
TEST(PlaceLinuxTest, ARelocatableKernelIsNotLoadedBelowWhereItWantsToBe) {
  LinuxBoot boot = MakeBoot();
  for (const uint8_t relocatable : {1, 0}) {
    boot.image.header.relocatable_kernel = relocatable;
    EXPECT_EQ(PlaceLinux(boot, MemoryLayout(16 * kMiB)).status().message(),
              "the kernel and its initrd do not fit into the guest's memory: at least 24 MiB are "
              "needed (--memory)");
  }
}

TEST(PlaceLinuxTest, NoKernelGoesBelowTheFirstMebibyte) {
  LinuxBoot boot = MakeBoot();
  boot.image.header.pref_address = 0x10000;
  const auto placement = PlaceLinux(boot, MemoryLayout(64 * kMiB));
  ASSERT_TRUE(placement.ok()) << placement.status();
  EXPECT_EQ(placement->kernel, 2 * kMiB) << "the lowest multiple of its alignment above 1 MiB";
  boot.image.header.relocatable_kernel = 0;
  EXPECT_EQ(PlaceLinux(boot, MemoryLayout(64 * kMiB)).status().message(),
            "the kernel wants to be at 0x10000, below 1 MiB, and cannot be moved");
}

TEST(PlaceLinuxTest, TooLittleMemoryIsAnErrorThatSaysHowMuchIsNeeded) {
  const auto placement = PlaceLinux(MakeBoot(20 * kMiB), MemoryLayout(43 * kMiB));
  EXPECT_EQ(placement.status().message(),
            "the kernel and its initrd do not fit into the guest's memory: at least 44 MiB are "
            "needed (--memory)");
  EXPECT_TRUE(PlaceLinux(MakeBoot(20 * kMiB), MemoryLayout(44 * kMiB)).ok());
}

TEST(PlaceLinuxTest, TheCommandLineHasALimit) {
  LinuxBoot boot = MakeBoot();
  boot.command_line = std::string(2047, 'x');
  EXPECT_TRUE(PlaceLinux(boot, MemoryLayout(64 * kMiB)).ok());
  boot.command_line += 'x';
  EXPECT_FALSE(PlaceLinux(boot, MemoryLayout(64 * kMiB)).ok());
}

TEST(BootParamsTest, FieldsAtTheirOffsets) {
  const LinuxBoot boot = MakeBoot(5000);
  const boot_params params = MakeBootParams(boot, {.kernel = 16 * kMiB, .initrd = 32 * kMiB},
                                            0xE0000, MemoryLayout(uint64_t{5} << 30));
  const auto* bytes = reinterpret_cast<const uint8_t*>(&params);
  const auto get = [bytes](size_t at, auto value) {
    std::memcpy(&value, bytes + at, sizeof(value));
    return value;
  };
  ASSERT_EQ(sizeof(params), 4096u);
  EXPECT_EQ(get(0x070, uint64_t{}), 0xE0000u) << "RSDP";
  EXPECT_EQ(bytes[0x1EF], 0) << "sentinel";
  EXPECT_EQ(get(0x1FA, uint16_t{}), 0xFFFF) << "video mode";
  EXPECT_EQ(get(0x202, uint32_t{}), 0x53726448u) << "header of the file";
  EXPECT_EQ(bytes[0x210], 0xFF) << "loader";
  EXPECT_EQ(bytes[0x211], 0x01) << "load flags";
  EXPECT_EQ(get(0x218, uint32_t{}), 32 * kMiB) << "initrd";
  EXPECT_EQ(get(0x21C, uint32_t{}), 5000u);
  EXPECT_EQ(get(0x228, uint32_t{}), kCommandLine);
  EXPECT_EQ(get(0x250, uint64_t{}), 0u) << "no setup data";
  struct Entry {
    uint64_t start;
    uint64_t size;
    uint32_t type;
  };
  const Entry expected[] = {
      {0, 0x9FC00, 1},
      {0x9FC00, 0x400, 2},
      {0xE0000, 0x20000, 2},
      {kMiB, 0xC0000000 - kMiB, 1},
      {uint64_t{4} << 30, uint64_t{2} << 30, 1},
  };
  ASSERT_EQ(bytes[0x1E8], std::size(expected));
  for (size_t i = 0; i < std::size(expected); ++i) {
    const size_t at = 0x2D0 + 20 * i;
    EXPECT_EQ(get(at, uint64_t{}), expected[i].start);
    EXPECT_EQ(get(at + 8, uint64_t{}), expected[i].size);
    EXPECT_EQ(get(at + 16, uint32_t{}), expected[i].type);
  }
}

TEST(BootParamsTest, NoHighMemoryNoHighEntry) {
  const boot_params params =
      MakeBootParams(MakeBoot(), {.kernel = 16 * kMiB}, 0xE0000, MemoryLayout(64 * kMiB));
  EXPECT_EQ(params.e820_entries, 4);
}

TEST(LoadLinuxTest, EverythingIsWhereItShallBe) {
  std::vector<uint8_t> ram(32 * kMiB);
  const MemoryView memory(ram.data(), ram.size());
  const LinuxBoot boot = MakeBoot(5000);
  const auto placement = PlaceLinux(boot, memory.layout());
  ASSERT_TRUE(placement.ok());
  const CpuEntry entry = LoadLinux(boot, *placement, 0xE0000, memory);
  EXPECT_EQ(entry.rip, 16 * kMiB + 0x200);
  EXPECT_EQ(entry.rsi, kBootParams);
  EXPECT_STREQ(reinterpret_cast<const char*>(ram.data() + kCommandLine), "console=ttyS0");
  EXPECT_EQ(std::memcmp(ram.data() + 16 * kMiB, boot.image.kernel.data(), kKernelSize), 0);
  EXPECT_EQ(ram[placement->initrd + 4999], 0xAB);
  EXPECT_EQ(ram[kBootParams + 0x1FE], 0x55);
}

TEST(PageTablesTest, MapTheFirst4GiBToThemselves) {
  std::vector<uint8_t> ram(kMiB);
  const MemoryView memory(ram.data(), ram.size());
  WriteIdentityPageTables(memory);
  for (const uint64_t address :
       {uint64_t{0}, uint64_t{0x1234567}, uint64_t{0x3FFFFFFF}, uint64_t{0x40000000},
        uint64_t{0xFEC00010}, uint64_t{0xFFFFFFFF}}) {
    EXPECT_EQ(TranslateLinear(memory, 0, address, PagingLevels::kFour), address);
  }
  EXPECT_EQ(TranslateLinear(memory, 0, uint64_t{1} << 32, PagingLevels::kFour), std::nullopt);
  for (size_t i = kIdentityPageTablesSize; i < ram.size(); ++i) {
    ASSERT_EQ(ram[i], 0) << "nothing beyond the tables is written";
  }
}

}  // namespace
}  // namespace zvmm
