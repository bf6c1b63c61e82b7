#include "boot/boot_image.h"

#include <span>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "boot/elf_image.h"
#include "boot/linux_boot.h"
#include "boot/linux_image.h"
#include "boot/pvh_boot.h"
#include "boot/whole_file.h"
#include "boot/zbi_boot.h"
#include "boot/zbi_image.h"

namespace zvmm {
namespace {

// Puts the name of a file in front of what is wrong with it.
absl::Status Annotate(const std::string& path, const absl::Status& status) {
  return {status.code(), absl::StrCat(path, ": ", std::string(status.message()))};
}

absl::StatusOr<BootLoader> OpenLinux(const BootFiles& files, std::span<const uint8_t> kernel,
                                     std::vector<uint8_t> initrd, const MemoryLayout& layout) {
  auto image = IsElf(kernel) ? ParseElfImage(kernel) : ParseLinuxImage(kernel);
  if (!image.ok()) {
    return Annotate(files.kernel, image.status());
  }
  if (!files.initrd.empty()) {
    if (absl::Status status = CheckInitrd(initrd); !status.ok()) {
      return Annotate(files.initrd, status);
    }
  }
  LinuxBoot boot = {
      .image = *std::move(image), .initrd = std::move(initrd), .command_line = files.command_line};
  const auto placement = PlaceLinux(boot, layout);
  if (!placement.ok()) {
    return placement.status();
  }
  return [boot = std::move(boot), placement = *placement](uint64_t rsdp, const MemoryView& memory) {
    return boot.image.pvh_entry != 0 ? LoadPvh(boot, placement, rsdp, memory)
                                     : LoadLinux(boot, placement, rsdp, memory);
  };
}

absl::StatusOr<BootLoader> OpenZbi(const BootFiles& files, std::span<const uint8_t> kernel,
                                   std::vector<uint8_t> ramdisk, const MemoryLayout& layout) {
  auto image = ParseZbiImage(kernel);
  if (!image.ok()) {
    return Annotate(files.kernel, image.status());
  }
  // A ramdisk is whatever the guest's programs make of it.
  ZbiBoot boot = {.image = *std::move(image),
                  .ramdisk = std::move(ramdisk),
                  .command_line = files.command_line};
  const auto placement = PlaceZbi(boot, layout);
  if (!placement.ok()) {
    return placement.status();
  }
  return [boot = std::move(boot), placement = *placement](uint64_t rsdp, const MemoryView& memory) {
    return LoadZbi(boot, placement, rsdp, memory);
  };
}

}  // namespace

absl::StatusOr<BootLoader> OpenBootImage(const BootFiles& files, const MemoryLayout& layout) {
  const auto kernel = ReadWholeFile(files.kernel);
  if (!kernel.ok()) {
    return kernel.status();
  }
  std::vector<uint8_t> initrd;
  if (!files.initrd.empty()) {
    auto contents = ReadWholeFile(files.initrd);
    if (!contents.ok()) {
      return contents.status();
    }
    initrd = *std::move(contents);
  }
  return IsZbi(*kernel) ? OpenZbi(files, *kernel, std::move(initrd), layout)
                        : OpenLinux(files, *kernel, std::move(initrd), layout);
}

}  // namespace zvmm
