#include "boot_data.h"

namespace {

bool HeaderIsRight(const zbi_header_t& header) {
  return header.magic == ZBI_ITEM_MAGIC && (header.flags & ZBI_FLAGS_VERSION) != 0 &&
         ((header.flags & ZBI_FLAGS_CRC32) != 0 || header.crc32 == ZBI_ITEM_NO_CRC32);
}

}  // namespace

BootData::BootData(uint64_t address) {
  if (address == 0 || address % ZBI_ALIGNMENT != 0) {
    return;
  }
  const auto& header = *reinterpret_cast<const zbi_header_t*>(address);
  if (!HeaderIsRight(header) || header.type != ZBI_TYPE_CONTAINER ||
      header.extra != ZBI_CONTAINER_MAGIC) {
    return;
  }
  items_ = Bytes(address + sizeof(header), header.length);
  valid_ = Check();
}

bool BootData::Check() const {
  for (size_t offset = 0; offset < items_.size();) {
    zbi_header_t header;
    if (!items_.Read(offset, header) || !HeaderIsRight(header) ||
        header.length > items_.size() - offset - sizeof(header)) {
      return false;
    }
    offset += sizeof(header) + ZBI_ALIGN(size_t{header.length});
  }
  return true;
}

Bytes BootData::Find(uint32_t type, uint32_t* extra) const {
  zbi_header_t header;
  for (size_t offset = 0; items_.Read(offset, header);
       offset += sizeof(header) + ZBI_ALIGN(size_t{header.length})) {
    if (header.type == type) {
      if (extra != nullptr) {
        *extra = header.extra;
      }
      return items_.From(offset + sizeof(header)).First(header.length);
    }
  }
  return {};
}
