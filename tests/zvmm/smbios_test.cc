// The SMBIOS tables of zvmm, read back as a guest would, and by dmidecode where that is installed.

#include "boot/smbios.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "boot/memory_map.h"
#include "test_file.h"

namespace zvmm {
namespace {

constexpr uint64_t kMiB = 1 << 20;
constexpr uint64_t kEntrySize = 24;

struct Structure {
  std::vector<uint8_t> bytes;  // with the header
  std::vector<std::string> strings;

  template <typename T>
  T Get(size_t at) const {
    T value = {};
    EXPECT_LE(at + sizeof(T), bytes.size());
    std::memcpy(&value, bytes.data() + at, sizeof(T));
    return value;
  }
  // The text that the field has the number of.
  std::string Text(size_t at) const {
    const uint8_t number = Get<uint8_t>(at);
    return number == 0 || number > strings.size() ? "" : strings[number - 1];
  }
};

using Structures = std::multimap<uint8_t, Structure>;

// All of them, in `block` that stands at kSmbios.
Structures Parse(const std::vector<uint8_t>& block) {
  Structures found;
  uint64_t begin = 0;
  uint32_t size = 0;
  std::memcpy(&begin, &block[16], sizeof(begin));
  std::memcpy(&size, &block[12], sizeof(size));
  EXPECT_EQ(begin - kSmbios + size, block.size());
  for (size_t at = begin - kSmbios; at < block.size();) {
    const uint8_t type = block[at];
    Structure structure;
    const size_t length = block.at(at + 1);
    if (length < 4 || at + length + 2 > block.size()) {
      ADD_FAILURE() << "the structure at " << at << " sticks out";
      break;
    }
    structure.bytes.assign(block.begin() + static_cast<ptrdiff_t>(at),
                           block.begin() + static_cast<ptrdiff_t>(at + length));
    at += length;
    if (block[at] == 0) ++at;
    while (block.at(at) != 0) {
      structure.strings.emplace_back(reinterpret_cast<const char*>(&block[at]));
      at += structure.strings.back().size() + 1;
    }
    ++at;
    found.emplace(type, structure);
  }
  return found;
}

TEST(SmbiosTest, TheEntryPointIsWhereGuestsSearchForIt) {
  const std::vector<uint8_t> block = BuildSmbios(kSmbios, MemoryLayout(256 * kMiB), 2);
  EXPECT_EQ(kSmbios % 16, 0u);
  EXPECT_GE(kSmbios, 0xF0000u);
  EXPECT_LE(kSmbios + block.size(), kHighRamStart);
  EXPECT_GE(kSmbios, kAcpiTables + kAcpiTablesCapacity);
  ASSERT_GT(block.size(), kEntrySize);
  EXPECT_EQ(std::memcmp(block.data(), "_SM3_", 5), 0);
  EXPECT_EQ(block[6], kEntrySize);
  uint8_t sum = 0;
  for (size_t i = 0; i < kEntrySize; ++i) sum = static_cast<uint8_t>(sum + block[i]);
  EXPECT_EQ(sum, 0);
}

TEST(SmbiosTest, TellsOfTheMachine) {
  const Structures found = Parse(BuildSmbios(kSmbios, MemoryLayout(256 * kMiB), 3));
  for (const uint8_t type : {0, 1, 4, 16, 17, 127})
    EXPECT_EQ(found.count(type), type == 4 ? 3u : 1u);
  EXPECT_EQ(found.rbegin()->first, 127);
  EXPECT_EQ(found.find(0)->second.Text(4), "zvmm");
  // What kernels end themselves by, through the exit port.
  EXPECT_EQ(found.find(1)->second.Text(4), "QEMU");
  EXPECT_EQ(found.find(1)->second.Text(5), "zvmm");
  EXPECT_EQ(found.find(4)->second.Text(4), "CPU 0");
  EXPECT_EQ(found.find(16)->second.Get<uint64_t>(0xF), 256 * kMiB);
  EXPECT_EQ(found.find(17)->second.Get<uint16_t>(0xC), 256);
}

TEST(SmbiosTest, MuchMemoryHasAFieldOfItsOwn) {
  const Structures found = Parse(BuildSmbios(kSmbios, MemoryLayout(65536 * kMiB), 1));
  EXPECT_EQ(found.find(17)->second.Get<uint16_t>(0xC), 0x7FFF);
  EXPECT_EQ(found.find(17)->second.Get<uint32_t>(0x1C), 65536u);
  EXPECT_EQ(found.find(16)->second.Get<uint64_t>(0xF), 65536 * kMiB);
}

TEST(SmbiosTest, FitsWithAllProcessors) {
  EXPECT_LE(BuildSmbios(kSmbios, MemoryLayout(256 * kMiB), 255).size(), kSmbiosCapacity);
}

TEST(SmbiosTest, DmidecodeReadsIt) {
  // Its dumps are an entry point with the tables behind it: what is built for the address 0.
  const std::vector<uint8_t> block = BuildSmbios(0, MemoryLayout(256 * kMiB), 2);
  const TestFile dump(std::string(block.begin(), block.end()));
  const std::string command =
      "PATH=$PATH:/usr/sbin dmidecode --from-dump " + dump.path() + " 2>&1; echo \"status $?\"";
  std::string said;
  {
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
    ASSERT_NE(pipe, nullptr);
    char piece[512];
    while (fgets(piece, sizeof(piece), pipe.get()) != nullptr) said += piece;
  }
  if (said.find("status 127") != std::string::npos) GTEST_SKIP() << "no dmidecode here";
  for (const char* words :
       {"SMBIOS 3.0.0 present.", "Manufacturer: QEMU", "Product Name: zvmm", "Size: 256 MB",
        "Socket Designation: CPU 1", "Maximum Capacity: 256 MB", "End Of Table", "status 0"}) {
    EXPECT_NE(said.find(words), std::string::npos) << words << "\n" << said;
  }
  for (const char* words : {"OUT OF SPEC", "TRUNCATED", "Wrong", "Invalid", "broken"}) {
    EXPECT_EQ(said.find(words), std::string::npos) << words << "\n" << said;
  }
}

}  // namespace
}  // namespace zvmm
