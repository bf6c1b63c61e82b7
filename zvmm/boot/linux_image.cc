#include "boot/linux_image.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string_view>

#include "absl/strings/str_format.h"

namespace zvmm {
namespace {

constexpr size_t kHeaderOffset = offsetof(boot_params, hdr);
constexpr size_t kSectorSize = 512;
constexpr uint16_t kBootFlag = 0xAA55;
constexpr uint32_t kHeaderMagic = 0x53726448;  // "HdrS"
// The first version whose header says whether there is a 64-bit entry.
constexpr uint16_t kOldestVersion = 0x020C;
constexpr size_t kParagraph = 16;  // Unit of setup_header.syssize.

// What a cpio archive begins with, plain, and as gzip, bzip2, lzma, xz, lzo, lz4 and zstd.
constexpr std::string_view kInitrdMagics[] = {
    "070701",
    "070702",
    "\x1f\x8b",
    "BZh",
    std::string_view("\x5d\x00\x00", 3),
    std::string_view("\xfd\x37\x7a\x58\x5a\x00", 6),
    std::string_view("\x89\x4c\x5a\x4f\x00", 5),
    "\x02\x21\x4c\x18",
    "\x28\xb5\x2f\xfd",
};

}  // namespace

absl::StatusOr<LinuxImage> ParseLinuxImage(std::span<const uint8_t> file) {
  LinuxImage image = {};
  if (file.size() < kHeaderOffset + sizeof(image.header)) {
    return absl::InvalidArgumentError("not a Linux kernel image (bzImage): the file is too short");
  }
  std::memcpy(&image.header, file.data() + kHeaderOffset, sizeof(image.header));
  const setup_header& header = image.header;
  if (header.boot_flag != kBootFlag || header.header != kHeaderMagic) {
    return absl::InvalidArgumentError(
        "not a Linux kernel image (bzImage or ELF) nor a Zircon boot image: it has no header of "
        "these");
  }
  if (header.version < kOldestVersion) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "the kernel speaks boot protocol %d.%02d; 2.12 or later (Linux 3.8) is needed",
        header.version >> 8, header.version & 0xFF));
  }
  if ((header.loadflags & LOADED_HIGH) == 0) {
    return absl::InvalidArgumentError("a zImage; a bzImage is needed");
  }
  if ((header.xloadflags & XLF_KERNEL_64) == 0) {
    return absl::InvalidArgumentError("the kernel has no 64-bit entry: is it for x86-64?");
  }
  const size_t setup_sectors = header.setup_sects == 0 ? 4 : header.setup_sects;
  const size_t kernel_offset = (setup_sectors + 1) * kSectorSize;
  const size_t kernel_size = file.size() > kernel_offset ? file.size() - kernel_offset : 0;
  // The header counts paragraphs, and kernels differ in how they round.
  if (kernel_size == 0 || kernel_size + kParagraph <= size_t{header.syssize} * kParagraph) {
    return absl::InvalidArgumentError(
        absl::StrFormat("the kernel image is cut off: %d bytes, and its header tells of %d",
                        file.size(), kernel_offset + size_t{header.syssize} * kParagraph));
  }
  if (header.init_size < kernel_size) {
    return absl::InvalidArgumentError(
        absl::StrFormat("the kernel image is damaged: it has %d bytes and says it needs %d",
                        kernel_size, uint32_t{header.init_size}));
  }
  const auto kernel = file.subspan(kernel_offset);
  image.kernel.assign(kernel.begin(), kernel.end());
  return image;
}

absl::Status CheckInitrd(std::span<const uint8_t> file) {
  if (file.empty()) {
    return absl::InvalidArgumentError("the file is empty");
  }
  const std::string_view text(reinterpret_cast<const char*>(file.data()), file.size());
  const bool known =
      std::any_of(std::begin(kInitrdMagics), std::end(kInitrdMagics),
                  [text](std::string_view magic) { return text.starts_with(magic); });
  if (!known) {
    return absl::InvalidArgumentError(
        "not an initramfs: neither a cpio archive (newc) nor one compressed with gzip, bzip2, "
        "lzma, "
        "xz, lzo, lz4 or zstd");
  }
  return absl::OkStatus();
}

}  // namespace zvmm
