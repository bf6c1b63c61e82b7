#include "boot/page_tables.h"

#include <cstring>

#include "boot/memory_map.h"

namespace zvmm {
namespace {

constexpr uint64_t kPresent = 1 << 0;
constexpr uint64_t kWritable = 1 << 1;
constexpr uint64_t kLargePage = 1 << 7;  // In a page directory: a page of 2 MiB.
constexpr uint64_t kLargePageSize = uint64_t{2} << 20;

constexpr unsigned kEntries = 512;
constexpr unsigned kDirectories = 4;  // One for each GiB.

constexpr uint64_t kPointerTable = kPageTables + kPageSize;
constexpr uint64_t kFirstDirectory = kPointerTable + kPageSize;

static_assert(kFirstDirectory + kDirectories * kPageSize == kPageTables + kIdentityPageTablesSize);
static_assert(kIdentityPageTablesSize <= kBootParams);

void WriteEntry(const MemoryView& memory, uint64_t table, unsigned index, uint64_t entry) {
  std::memcpy(memory.Range(table + index * sizeof(entry), sizeof(entry)).data(), &entry,
              sizeof(entry));
}

}  // namespace

void WriteIdentityPageTables(const MemoryView& memory) {
  WriteEntry(memory, kPageTables, 0, kPointerTable | kPresent | kWritable);
  for (unsigned gib = 0; gib < kDirectories; ++gib) {
    const uint64_t directory = kFirstDirectory + gib * kPageSize;
    WriteEntry(memory, kPointerTable, gib, directory | kPresent | kWritable);
    for (unsigned i = 0; i < kEntries; ++i) {
      // 2-MiB pages, not 1-GiB ones: every 64-bit processor has them.
      const uint64_t address = (uint64_t{gib} * kEntries + i) * kLargePageSize;
      WriteEntry(memory, directory, i, address | kPresent | kWritable | kLargePage);
    }
  }
}

}  // namespace zvmm
