#include "boot/linux_boot.h"

#include <algorithm>
#include <cstring>
#include <span>

#include "absl/strings/str_format.h"
#include "boot/memory_map.h"
#include "boot/page_tables.h"

namespace zvmm {
namespace {

constexpr uint8_t kUnknownLoader = 0xFF;
constexpr uint16_t kNormalVideoMode = 0xFFFF;

enum E820Type : uint32_t { kRam = 1, kReserved = 2 };

absl::Status TooSmall(uint64_t needed) {
  constexpr uint64_t kMebibyte = 1 << 20;
  return absl::InvalidArgumentError(
      absl::StrFormat("the kernel and its initrd do not fit into the guest's memory: at least %d "
                      "MiB are needed (--memory)",
                      AlignUp(needed, kMebibyte) / kMebibyte));
}

}  // namespace

absl::StatusOr<LinuxPlacement> PlaceLinux(const LinuxBoot& boot, const MemoryLayout& layout) {
  const setup_header& header = boot.image.header;
  const uint64_t longest = std::min<uint64_t>(header.cmdline_size, kCommandLineCapacity - 1);
  if (boot.command_line.size() > longest) {
    return absl::InvalidArgumentError(
        absl::StrFormat("the command line has %d characters; this kernel takes %d",
                        boot.command_line.size(), longest));
  }

  // Where the kernel wants to be. One that can be moved moves itself up to there when it is loaded
  // below, onto what lies there.
  LinuxPlacement placement;
  placement.kernel = header.pref_address;
  if (header.relocatable_kernel) {
    const uint64_t alignment = std::max<uint64_t>(header.kernel_alignment, 1);
    placement.kernel = std::max(placement.kernel, AlignUp(kHighRamStart, alignment));
  }
  if (placement.kernel < kHighRamStart) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "the kernel wants to be at %#x, below 1 MiB, and cannot be moved", placement.kernel));
  }
  const uint64_t needed = AlignUp(placement.kernel + header.init_size, kPageSize) +
                          AlignUp(boot.initrd.size(), kPageSize);
  if (needed > layout.low) return TooSmall(needed);

  if (!boot.initrd.empty()) {
    const uint64_t end = std::min<uint64_t>(uint64_t{header.initrd_addr_max} + 1, layout.low);
    const uint64_t kernel_end = placement.kernel + header.init_size;
    if (boot.initrd.size() > end || AlignDown(end - boot.initrd.size(), kPageSize) < kernel_end) {
      return absl::InvalidArgumentError(
          absl::StrFormat("the initrd does not fit below %#x, where this kernel wants it", end));
    }
    placement.initrd = AlignDown(end - boot.initrd.size(), kPageSize);
  }
  return placement;
}

boot_params MakeBootParams(const LinuxBoot& boot, const LinuxPlacement& placement, uint64_t rsdp,
                           const MemoryLayout& layout) {
  boot_params params = {};
  params.hdr = boot.image.header;
  params.hdr.type_of_loader = kUnknownLoader;
  params.hdr.vid_mode = kNormalVideoMode;
  params.hdr.code32_start = static_cast<uint32_t>(placement.kernel);
  params.hdr.cmd_line_ptr = static_cast<uint32_t>(kCommandLine);
  params.hdr.ramdisk_image = static_cast<uint32_t>(placement.initrd);
  params.hdr.ramdisk_size = static_cast<uint32_t>(boot.initrd.size());
  params.acpi_rsdp_addr = rsdp;
  for (const MemoryRange& range : MemoryMap(layout)) {
    params.e820_table[params.e820_entries++] = {
        .addr = range.start, .size = range.size, .type = range.ram ? kRam : kReserved};
  }
  return params;
}

void LoadLinuxFiles(const LinuxBoot& boot, const LinuxPlacement& placement,
                    const MemoryView& memory) {
  // With its NUL.
  memory.Put(kCommandLine, {reinterpret_cast<const uint8_t*>(boot.command_line.c_str()),
                            boot.command_line.size() + 1});
  memory.Put(placement.kernel, boot.image.kernel);
  memory.Put(placement.initrd, boot.initrd);
}

CpuEntry LoadLinux(const LinuxBoot& boot, const LinuxPlacement& placement, uint64_t rsdp,
                   const MemoryView& memory) {
  WriteIdentityPageTables(memory);
  const boot_params params = MakeBootParams(boot, placement, rsdp, memory.layout());
  memory.Put(kBootParams, {reinterpret_cast<const uint8_t*>(&params), sizeof(params)});
  LoadLinuxFiles(boot, placement, memory);
  return {.rip = placement.kernel + boot.image.entry, .rsi = kBootParams};
}

}  // namespace zvmm
