// Kernels as ELF files.

#include "boot/elf_image.h"

#include <elf.h>
#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "boot/linux_boot.h"
#include "boot/pvh_boot.h"

namespace zvmm {
namespace {

constexpr uint64_t kMiB = 1 << 20;
constexpr size_t kData = 0x1000;  // Where the segments' bytes begin in the file.

// A kernel at 16 MiB: code, and at 18 MiB data of which most is zeros.
struct ElfFile {
  Elf64_Ehdr header = {};
  Elf64_Phdr segments[3] = {};
  std::vector<uint8_t> bytes = std::vector<uint8_t>(0x3000);

  ElfFile() {
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_type = ET_EXEC;
    header.e_machine = EM_X86_64;
    header.e_entry = 16 * kMiB + 0x40;
    header.e_phoff = sizeof(header);
    header.e_phentsize = sizeof(Elf64_Phdr);
    header.e_phnum = 3;
    segments[0] = {.p_type = PT_LOAD,
                   .p_flags = PF_R | PF_X,
                   .p_offset = kData,
                   .p_vaddr = 0xFFFFFFFF81000000,
                   .p_paddr = 16 * kMiB,
                   .p_filesz = 0x1000,
                   .p_memsz = 0x1000,
                   .p_align = 0x1000};
    segments[1] = {.p_type = PT_NOTE,
                   .p_flags = PF_R,
                   .p_offset = kData,
                   .p_vaddr = 0,
                   .p_paddr = 0,
                   .p_filesz = 0x10,
                   .p_memsz = 0x10,
                   .p_align = 4};
    segments[2] = {.p_type = PT_LOAD,
                   .p_flags = PF_R | PF_W,
                   .p_offset = kData + 0x1000,
                   .p_vaddr = 0xFFFFFFFF81200000,
                   .p_paddr = 18 * kMiB,
                   .p_filesz = 0x1000,
                   .p_memsz = 3 * kMiB,
                   .p_align = 0x1000};
    for (size_t i = kData; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(i * 7);
  }
  std::vector<uint8_t> File() const {
    std::vector<uint8_t> file = bytes;
    std::memcpy(file.data(), &header, sizeof(header));
    std::memcpy(file.data() + sizeof(header), segments, sizeof(segments));
    return file;
  }
};

TEST(ElfImageTest, SegmentsGoToTheirPhysicalAddresses) {
  const auto image = ParseElfImage(ElfFile().File());
  ASSERT_TRUE(image.ok()) << image.status();
  EXPECT_EQ(image->entry, 0x40u);
  EXPECT_EQ(uint64_t{image->header.pref_address}, 16 * kMiB);
  EXPECT_EQ(uint32_t{image->header.init_size}, 5 * kMiB);
  ASSERT_EQ(image->kernel.size(), 2 * kMiB + 0x1000);
  EXPECT_EQ(image->kernel[3], static_cast<uint8_t>((kData + 3) * 7));
  EXPECT_EQ(image->kernel[0x1000], 0) << "between the segments";
  EXPECT_EQ(image->kernel[2 * kMiB + 3], static_cast<uint8_t>((kData + 0x1003) * 7));
}

TEST(ElfImageTest, IsPlacedWhereItIsLinkedAndNowhereElse) {
  LinuxBoot boot = {
      .image = *ParseElfImage(ElfFile().File()), .initrd = {}, .command_line = "text"};
  const auto placement = PlaceLinux(boot, MemoryLayout(64 * kMiB));
  ASSERT_TRUE(placement.ok()) << placement.status();
  EXPECT_EQ(placement->kernel, 16 * kMiB);
  EXPECT_FALSE(PlaceLinux(boot, MemoryLayout(20 * kMiB)).ok()) << "its zeros do not fit";
  const boot_params params = MakeBootParams(boot, *placement, 0, MemoryLayout(64 * kMiB));
  EXPECT_EQ(uint32_t{params.hdr.header}, 0x53726448u);
  EXPECT_NE(uint32_t{params.hdr.cmd_line_ptr}, 0u);
}

// The notes of a file: one that is not meant, and the PVH entry's.
void PutNotes(ElfFile& file, uint32_t entry) {
  const uint32_t notes[] = {4, 6, 1,  0x00554E47, 0x1234, 0x5678,  // GNU's
                            4, 8, 18, 0x006E6558, entry,  0};      // Xen's
  std::memcpy(file.bytes.data() + kData, notes, sizeof(notes));
  file.segments[1].p_filesz = sizeof(notes);
}

TEST(ElfImageTest, ANoteNamesThePvhEntry) {
  ElfFile file;
  PutNotes(file, 16 * kMiB + 0x850);
  const auto image = ParseElfImage(file.File());
  ASSERT_TRUE(image.ok()) << image.status();
  EXPECT_EQ(image->pvh_entry, 16 * kMiB + 0x850);
  PutNotes(file, 2 * kMiB);
  EXPECT_FALSE(ParseElfImage(file.File()).ok()) << "where nothing is loaded";
  PutNotes(file, 16 * kMiB + 0x850);
  file.segments[1].p_filesz -= 8;
  const auto cut = ParseElfImage(file.File());
  ASSERT_TRUE(cut.ok()) << cut.status();
  EXPECT_EQ(cut->pvh_entry, 0u) << "a note that is not all there";
}

TEST(PvhBootTest, TheStartInfoLeadsToAllOfIt) {
  ElfFile file;
  PutNotes(file, 16 * kMiB + 0x850);
  const LinuxBoot boot = {.image = *ParseElfImage(file.File()),
                          .initrd = std::vector<uint8_t>(5000, 0xAB),
                          .command_line = "console=ttyS0"};
  std::vector<uint8_t> ram(64 * kMiB);
  const MemoryView memory(ram.data(), ram.size());
  const auto placement = PlaceLinux(boot, memory.layout());
  ASSERT_TRUE(placement.ok()) << placement.status();
  const CpuEntry entry = LoadPvh(boot, *placement, 0xE0000, memory);
  const auto word = [&ram](uint64_t address) {
    uint32_t value = 0;
    std::memcpy(&value, ram.data() + address, sizeof(value));
    return value;
  };
  const uint64_t info = entry.rsi;
  EXPECT_EQ(word(info), 0x336EC578u);
  EXPECT_EQ(word(info + 4), 1u);
  ASSERT_EQ(word(info + 12), 1u) << "a module, the initrd";
  EXPECT_EQ(word(word(info + 16)), placement->initrd);
  EXPECT_EQ(word(word(info + 16) + 8), 5000u);
  EXPECT_STREQ(reinterpret_cast<char*>(ram.data() + word(info + 24)), "console=ttyS0");
  EXPECT_EQ(word(info + 32), 0xE0000u);
  const uint32_t ranges = word(info + 48);
  ASSERT_GT(ranges, 1u);
  const uint64_t last = word(info + 40) + (ranges - 1) * uint64_t{24};
  EXPECT_EQ(word(last) + word(last + 8), ram.size()) << "the memory's end";
  EXPECT_EQ(word(last + 16), 1u);
  // The code at the entry is the guest's to execute; it knows where the kernel's is.
  bool known = false;
  for (uint64_t at = entry.rip; at < entry.rip + 0x100; at += 4) {
    known = known || word(at) == 16 * kMiB + 0x850;
  }
  EXPECT_TRUE(known);
}

TEST(ElfImageTest, WhatIsNoKernelIsRefused) {
  const struct {
    const char* words;
    std::function<void(ElfFile&)> change;
  } kMistakes[] = {
      {"another machine", [](ElfFile& f) { f.header.e_machine = EM_AARCH64; }},
      {"another machine", [](ElfFile& f) { f.header.e_ident[EI_CLASS] = ELFCLASS32; }},
      {"another machine", [](ElfFile& f) { f.header.e_ident[EI_DATA] = ELFDATA2MSB; }},
      {"fixed addresses", [](ElfFile& f) { f.header.e_type = ET_DYN; }},
      {"damaged", [](ElfFile& f) { f.header.e_phentsize = 32; }},
      {"damaged", [](ElfFile& f) { f.header.e_phoff = ~uint64_t{0}; }},
      {"damaged", [](ElfFile& f) { f.header.e_phnum = 0xFFFF; }},
      {"nothing to load", [](ElfFile& f) { f.header.e_phnum = 0; }},
      {"cut off", [](ElfFile& f) { f.segments[2].p_offset = ~uint64_t{0} - 0xFFF; }},
      {"cut off", [](ElfFile& f) { f.segments[2].p_filesz = 0x1001; }},
      {"cut off", [](ElfFile& f) { f.segments[0].p_memsz = 1; }},
      {"between 1 MiB", [](ElfFile& f) { f.segments[0].p_paddr = kMiB - 1; }},
      {"between 1 MiB", [](ElfFile& f) { f.segments[2].p_paddr = ~uint64_t{0} - 0xFFF; }},
      {"between 1 MiB", [](ElfFile& f) { f.segments[2].p_memsz = ~uint64_t{0}; }},
      {"between 1 MiB", [](ElfFile& f) { f.segments[2].p_memsz = 3072 * kMiB; }},
      {"entry point", [](ElfFile& f) { f.header.e_entry = 0xFFFFFFFF81000040; }},
      {"entry point", [](ElfFile& f) { f.header.e_entry = 16 * kMiB - 1; }},
  };
  for (const auto& mistake : kMistakes) {
    ElfFile file;
    mistake.change(file);
    const auto image = ParseElfImage(file.File());
    ASSERT_FALSE(image.ok()) << mistake.words;
    EXPECT_NE(std::string(image.status().message()).find(mistake.words), std::string::npos)
        << image.status();
  }
}

TEST(ElfImageTest, AFileThatEndsTooSoon) {
  const std::vector<uint8_t> whole = ElfFile().File();
  for (const size_t size :
       {size_t{4}, sizeof(Elf64_Ehdr) - 1, sizeof(Elf64_Ehdr), whole.size() - 1}) {
    const std::vector<uint8_t> file(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size));
    EXPECT_TRUE(IsElf(file));
    EXPECT_FALSE(ParseElfImage(file).ok()) << size;
  }
  EXPECT_FALSE(IsElf({}));
}

}  // namespace
}  // namespace zvmm
