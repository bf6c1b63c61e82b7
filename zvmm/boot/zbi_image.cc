#include "boot/zbi_image.h"

#include <zircon/boot/image.h>
#include <zlib.h>

#include <cstring>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "boot/bytes.h"
#include "boot/memory_map.h"

namespace zvmm {
namespace {

// An entry above this is an address, and the kernel is made for the address just above.
constexpr uint64_t kMostRelativeEntry = kHighRamStart;

// A type as people write it: its four characters, or a number.
std::string TypeText(uint32_t type) {
  std::string text(sizeof(type), '\0');
  std::memcpy(text.data(), &type, sizeof(type));
  for (const char c : text) {
    if (c < ' ' || c > '~') {
      return absl::StrFormat("%#x", type);
    }
  }
  return text;
}

absl::Status Damaged(size_t offset, const std::string& what) {
  return absl::InvalidArgumentError(
      absl::StrFormat("the boot image is damaged: at offset %d, %s", offset, what));
}

// Checks one header and its payload, which lie in `file` up to `end`.
absl::Status CheckItem(std::span<const uint8_t> file, size_t offset, size_t end) {
  if (end - offset < sizeof(zbi_header_t)) {
    return Damaged(offset, "there is no room for an item's header");
  }
  const auto header = Read<zbi_header_t>(file, offset);
  if (header.magic != ZBI_ITEM_MAGIC) {
    return Damaged(offset, "there is no item");
  }
  if ((header.flags & ZBI_FLAGS_VERSION) == 0) {
    return Damaged(offset, "the item's version is missing");
  }
  const size_t room = end - offset - sizeof(header);
  if (AlignUp(header.length, ZBI_ALIGNMENT) > room) {
    return Damaged(offset, absl::StrFormat("the item %s has %d bytes, and there are %d",
                                           TypeText(header.type), header.length, room));
  }
  if ((header.flags & ZBI_FLAGS_CRC32) == 0) {
    return header.crc32 == ZBI_ITEM_NO_CRC32
               ? absl::OkStatus()
               : Damaged(offset, "the item has a CRC and does not say so");
  }
  const auto payload = file.subspan(offset + sizeof(header), header.length);
  if (crc32(0, payload.data(), static_cast<uInt>(payload.size())) != header.crc32) {
    return Damaged(offset,
                   absl::StrFormat("the CRC of the item %s is wrong", TypeText(header.type)));
  }
  return absl::OkStatus();
}

absl::Status CheckContainer(std::span<const uint8_t> file) {
  const auto header = Read<zbi_header_t>(file, 0);
  if (header.extra != ZBI_CONTAINER_MAGIC || header.magic != ZBI_ITEM_MAGIC ||
      header.flags != ZBI_FLAGS_VERSION || header.crc32 != ZBI_ITEM_NO_CRC32) {
    return Damaged(0, "the container's header is wrong");
  }
  if (header.length % ZBI_ALIGNMENT != 0) {
    return Damaged(0, "the container's length is no multiple of 8");
  }
  if (header.length > file.size() - sizeof(header)) {
    return Damaged(0, absl::StrFormat("the container has %d bytes, and the file is cut off at %d",
                                      header.length, file.size() - sizeof(header)));
  }
  return absl::OkStatus();
}

absl::Status CheckKernel(const ZbiImage& image) {
  const uint64_t start = image.entry > kMostRelativeEntry ? kHighRamStart : 0;
  constexpr uint64_t kCode = 2 * sizeof(zbi_header_t) + sizeof(zbi_kernel_t);
  if (image.entry - start < kCode || image.entry - start >= image.kernel.size()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("the kernel's entry, %#x, is not in the kernel, which has %d bytes",
                        image.entry, image.kernel.size()));
  }
  return absl::OkStatus();
}

}  // namespace

bool IsZbi(std::span<const uint8_t> file) {
  return file.size() >= sizeof(zbi_header_t) &&
         Read<uint32_t>(file, offsetof(zbi_header_t, type)) == ZBI_TYPE_CONTAINER;
}

absl::StatusOr<ZbiImage> ParseZbiImage(std::span<const uint8_t> file) {
  if (!IsZbi(file)) {
    return absl::InvalidArgumentError(
        "not a Zircon boot image: it does not begin with a container");
  }
  if (absl::Status status = CheckContainer(file); !status.ok()) {
    return status;
  }
  // What follows the container, such as the padding of a disk's sector, is not looked at.
  const size_t end = sizeof(zbi_header_t) + Read<zbi_header_t>(file, 0).length;
  const size_t first = sizeof(zbi_header_t);
  for (size_t offset = first; offset < end;) {
    if (absl::Status status = CheckItem(file, offset, end); !status.ok()) {
      return status;
    }
    offset +=
        sizeof(zbi_header_t) + AlignUp(Read<zbi_header_t>(file, offset).length, ZBI_ALIGNMENT);
  }

  if (first == end) {
    return absl::InvalidArgumentError("the boot image has no items");
  }
  const auto header = Read<zbi_header_t>(file, first);
  if (header.type != ZBI_TYPE_KERNEL_X64) {
    return absl::InvalidArgumentError(
        ZBI_IS_KERNEL_BOOTITEM(header.type)
            ? absl::StrFormat("the boot image's kernel, %s, is for another kind of processor",
                              TypeText(header.type))
            : absl::StrFormat("the boot image is not bootable: its first item is %s and no kernel",
                              TypeText(header.type)));
  }
  if (header.length < sizeof(zbi_kernel_t)) {
    return absl::InvalidArgumentError("the boot image's kernel has no header of its own");
  }
  const size_t kernel_end = first + sizeof(header) + header.length;
  const auto kernel = Read<zbi_kernel_t>(file, first + sizeof(header));
  ZbiImage image;
  image.kernel.assign(file.begin(), file.begin() + static_cast<ptrdiff_t>(kernel_end));
  image.entry = kernel.entry;
  image.reserve_size = kernel.reserve_memory_size;
  image.items.assign(file.begin() + static_cast<ptrdiff_t>(AlignUp(kernel_end, ZBI_ALIGNMENT)),
                     file.begin() + static_cast<ptrdiff_t>(end));
  if (absl::Status status = CheckKernel(image); !status.ok()) {
    return status;
  }
  return image;
}

uint64_t EntryOf(const ZbiImage& image, uint64_t address) {
  return image.entry > kMostRelativeEntry ? image.entry : address + image.entry;
}

}  // namespace zvmm
