#include "boot/zbi_boot.h"

#include <zircon/boot/image.h>

#include <cstring>
#include <span>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "boot/memory_map.h"
#include "boot/page_tables.h"
#include "devices/uart.h"

namespace zvmm {
namespace {

// Where VMMs put the data, if the kernel does not reach so far and there is so much RAM.
constexpr uint64_t kUsualData = 0x4000000;

// A kernel takes its first memory from behind the data: what must be free there at least.
constexpr uint64_t kFreeBehindData = uint64_t{4} << 20;

// More than a container can be.
constexpr uint64_t kMostData = uint64_t{1} << 32;

// A boot image that grows.
class ZbiWriter {
 public:
  ZbiWriter() {
    const zbi_header_t container = ZBI_CONTAINER_HEADER(0);
    AppendBytes(&container, sizeof(container));
  }

  // Items with their headers and paddings.
  void AppendItems(std::span<const uint8_t> items) { AppendBytes(items.data(), items.size()); }

  void Append(uint32_t type, std::span<const uint8_t> payload, uint32_t extra = 0) {
    const zbi_header_t header = {.type = type,
                                 .length = static_cast<uint32_t>(payload.size()),
                                 .extra = extra,
                                 .flags = ZBI_FLAGS_VERSION,
                                 .reserved0 = 0,
                                 .reserved1 = 0,
                                 .magic = ZBI_ITEM_MAGIC,
                                 .crc32 = ZBI_ITEM_NO_CRC32};
    AppendBytes(&header, sizeof(header));
    AppendBytes(payload.data(), payload.size());
    bytes_.resize(AlignUp(bytes_.size(), ZBI_ALIGNMENT));
  }

  template <typename T>
  void AppendValue(uint32_t type, const T& value, uint32_t extra = 0) {
    Append(type, {reinterpret_cast<const uint8_t*>(&value), sizeof(value)}, extra);
  }

  template <typename T>
  void AppendArray(uint32_t type, const std::vector<T>& values) {
    Append(type,
           {reinterpret_cast<const uint8_t*>(values.data()), values.size() * sizeof(values[0])});
  }

  std::vector<uint8_t> Finish() && {
    const auto length = static_cast<uint32_t>(bytes_.size() - sizeof(zbi_header_t));
    std::memcpy(bytes_.data() + offsetof(zbi_header_t, length), &length, sizeof(length));
    return std::move(bytes_);
  }

 private:
  void AppendBytes(const void* from, size_t size) {
    const auto* first = static_cast<const uint8_t*>(from);
    bytes_.insert(bytes_.end(), first, first + size);
  }

  std::vector<uint8_t> bytes_;
};

void AppendMemory(ZbiWriter& writer, const MemoryLayout& layout) {
  std::vector<zbi_mem_range_t> ranges;
  std::vector<e820entry_t> entries;
  for (const MemoryRange& range : MemoryMap(layout)) {
    ranges.push_back({.paddr = range.start,
                      .length = range.size,
                      .type = range.ram ? ZBI_MEM_RANGE_RAM : ZBI_MEM_RANGE_RESERVED,
                      .reserved = 0});
    entries.push_back(
        {.addr = range.start, .size = range.size, .type = range.ram ? E820_RAM : E820_RESERVED});
  }
  writer.AppendArray(ZBI_TYPE_MEM_CONFIG, ranges);
  writer.AppendArray(ZBI_TYPE_E820_TABLE, entries);
}

void AppendSerialPort(ZbiWriter& writer) {
  writer.AppendValue(
      ZBI_TYPE_DEBUG_UART,
      zbi_uart_t{.base = Uart::kCom1, .type = ZBI_UART_PC_PORT, .irq = Uart::kCom1Pin});
  writer.AppendValue(
      ZBI_TYPE_KERNEL_DRIVER,
      zbi_dcfg_simple_pio_t{.base = Uart::kCom1, .reserved = 0, .irq = Uart::kCom1Pin},
      ZBI_KERNEL_DRIVER_I8250_PIO_UART);
}

// An upper bound for what MakeZbiData() gives.
uint64_t MostDataSize(const ZbiBoot& boot) {
  constexpr uint64_t kSmallItems = 4096;
  return boot.image.items.size() + boot.command_line.size() + boot.ramdisk.size() + kSmallItems;
}

}  // namespace

absl::StatusOr<ZbiPlacement> PlaceZbi(const ZbiBoot& boot, const MemoryLayout& layout) {
  constexpr uint64_t kKernel = kHighRamStart;
  const uint64_t image_end = kKernel + boot.image.kernel.size();
  const uint64_t data_size = MostDataSize(boot);
  if (data_size >= kMostData) {
    return absl::InvalidArgumentError("the boot image and the ramdisk are more than 4 GiB");
  }
  // The kernel says how much it reserves: anything at all.
  if (boot.image.reserve_size > layout.low || image_end + boot.image.reserve_size > layout.low) {
    return absl::InvalidArgumentError(
        absl::StrFormat("the kernel wants %d bytes behind it, and the guest's memory ends before "
                        "(--memory)",
                        boot.image.reserve_size));
  }
  const uint64_t reserve_end = AlignUp(image_end + boot.image.reserve_size, kPageSize);
  for (const uint64_t data : {kUsualData, reserve_end}) {
    if (data >= reserve_end && data + data_size + kFreeBehindData <= layout.low) {
      return ZbiPlacement{.kernel = kKernel, .data = data};
    }
  }
  constexpr uint64_t kMebibyte = 1 << 20;
  return absl::InvalidArgumentError(
      absl::StrFormat("the boot image and its ramdisk do not fit into the guest's memory: at least "
                      "%d MiB are needed (--memory)",
                      AlignUp(reserve_end + data_size + kFreeBehindData, kMebibyte) / kMebibyte));
}

std::vector<uint8_t> MakeZbiData(const ZbiBoot& boot, uint64_t rsdp, const MemoryLayout& layout) {
  ZbiWriter writer;
  writer.AppendItems(boot.image.items);
  // With its NUL: a kernel of 2018 overwrites the last byte with one.
  writer.Append(ZBI_TYPE_CMDLINE, {reinterpret_cast<const uint8_t*>(boot.command_line.c_str()),
                                   boot.command_line.size() + 1});
  AppendMemory(writer, layout);
  writer.AppendValue(ZBI_TYPE_ACPI_RSDP, rsdp);
  writer.AppendValue(ZBI_TYPE_SMBIOS, kSmbios);
  AppendSerialPort(writer);
  if (!boot.ramdisk.empty()) {
    writer.Append(ZBI_TYPE_STORAGE_RAMDISK, boot.ramdisk,
                  static_cast<uint32_t>(boot.ramdisk.size()));
  }
  return std::move(writer).Finish();
}

CpuEntry LoadZbi(const ZbiBoot& boot, const ZbiPlacement& placement, uint64_t rsdp,
                 const MemoryView& memory) {
  WriteIdentityPageTables(memory);
  memory.Put(placement.kernel, boot.image.kernel);
  memory.Put(placement.data, MakeZbiData(boot, rsdp, memory.layout()));
  return {.rip = EntryOf(boot.image, placement.kernel), .rsi = placement.data};
}

}  // namespace zvmm
