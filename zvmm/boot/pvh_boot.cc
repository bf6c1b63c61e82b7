#include "boot/pvh_boot.h"

#include <cassert>
#include <cstring>
#include <span>
#include <vector>

#include "boot/bytes.h"
#include "boot/memory_map.h"
#include "boot/page_tables.h"

// boot/pvh_entry.S.
extern "C" const uint8_t zvmm_pvh_entry[];
extern "C" const uint8_t zvmm_pvh_entry_point[];
extern "C" const uint8_t zvmm_pvh_entry_end[];

namespace zvmm {
namespace {

constexpr uint32_t kMagic = 0x336EC578;
constexpr uint32_t kVersion = 1;  // With a memory map.

struct StartInfo {
  uint32_t magic = kMagic;
  uint32_t version = kVersion;
  uint32_t flags = 0;
  uint32_t modules = 0;
  uint64_t module_list = 0;
  uint64_t command_line = 0;
  uint64_t rsdp = 0;
  uint64_t memory_map = 0;
  uint32_t memory_ranges = 0;
  uint32_t reserved = 0;
};
static_assert(sizeof(StartInfo) == 56);

struct Module {
  uint64_t address = 0;
  uint64_t size = 0;
  uint64_t command_line = 0;
  uint64_t reserved = 0;
};

struct Range {
  uint64_t address = 0;
  uint64_t size = 0;
  uint32_t type = 0;  // As of e820.
  uint32_t reserved = 0;
};

// In place of boot_params, which such a kernel is not given.
constexpr uint64_t kStartInfo = kBootParams;
constexpr uint64_t kModule = kStartInfo + 0x100;
constexpr uint64_t kRanges = kStartInfo + 0x200;
constexpr uint64_t kPvhEntryCode = kStartInfo + 0x1000;
static_assert(kPvhEntryCode == 0x11000, "pvh_entry.S has it too");

void WriteEntryCode(uint32_t entry, const MemoryView& memory) {
  std::vector<uint8_t> code(zvmm_pvh_entry, zvmm_pvh_entry_end);
  std::memcpy(code.data() + (zvmm_pvh_entry_point - zvmm_pvh_entry), &entry, sizeof(entry));
  memory.Put(kPvhEntryCode, code);
}

}  // namespace

CpuEntry LoadPvh(const LinuxBoot& boot, const LinuxPlacement& placement, uint64_t rsdp,
                 const MemoryView& memory) {
  WriteIdentityPageTables(memory);
  LoadLinuxFiles(boot, placement, memory);
  StartInfo info = {.command_line = kCommandLine, .rsdp = rsdp, .memory_map = kRanges};
  if (!boot.initrd.empty()) {
    info.modules = 1;
    info.module_list = kModule;
    memory.Put(kModule, BytesOf(Module{.address = placement.initrd, .size = boot.initrd.size()}));
  }
  for (const MemoryRange& range : MemoryMap(memory.layout())) {
    memory.Put(
        kRanges + info.memory_ranges++ * sizeof(Range),
        BytesOf(Range{.address = range.start, .size = range.size, .type = range.ram ? 1u : 2u}));
  }
  memory.Put(kStartInfo, BytesOf(info));
  WriteEntryCode(boot.image.pvh_entry, memory);
  return {.rip = kPvhEntryCode, .rsi = kStartInfo};
}

}  // namespace zvmm
