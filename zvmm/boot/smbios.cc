#include "boot/smbios.h"

#include <zircon-kvm/host.h>

#include <algorithm>
#include <cstring>
#include <initializer_list>
#include <string_view>

#include "absl/strings/str_format.h"
#include "boot/checksum.h"

namespace zvmm {
namespace {

// All structures as SMBIOS 3.0 lays them out: little-endian, without padding.
#pragma pack(push, 1)

struct EntryPoint {
  char anchor[5] = {'_', 'S', 'M', '3', '_'};
  uint8_t checksum = 0;
  uint8_t length = 24;
  uint8_t major = 3;
  uint8_t minor = 0;
  uint8_t revision = 0;
  uint8_t entry_revision = 1;
  uint8_t reserved = 0;
  uint32_t most_size = 0;
  uint64_t structures = 0;
};
static_assert(sizeof(EntryPoint) == 24);

// In all structures a text is the number of a string behind it, from 1; 0 is none.
struct Bios {
  uint8_t vendor;
  uint8_t version;
  uint16_t segment;
  uint8_t date;
  uint8_t rom_size;
  uint64_t characteristics;
  uint8_t extensions[2];
  uint8_t release[2];
  uint8_t controller_release[2];
};
static_assert(sizeof(Bios) + 4 == 0x18);

struct System {
  uint8_t maker;
  uint8_t product;
  uint8_t version;
  uint8_t serial;
  uint8_t uuid[16];
  uint8_t wake_up;
  uint8_t sku;
  uint8_t family;
};
static_assert(sizeof(System) + 4 == 0x1B);

struct Processor {
  uint8_t socket;
  uint8_t type;
  uint8_t family;
  uint8_t maker;
  uint64_t id;
  uint8_t version;
  uint8_t voltage;
  uint16_t clock;
  uint16_t most_speed;
  uint16_t speed;
  uint8_t status;
  uint8_t upgrade;
  uint16_t caches[3];
  uint8_t serial;
  uint8_t asset;
  uint8_t part;
  uint8_t cores;
  uint8_t enabled_cores;
  uint8_t threads;
  uint16_t characteristics;
  uint16_t family2;
  uint16_t cores2;
  uint16_t enabled_cores2;
  uint16_t threads2;
};
static_assert(sizeof(Processor) + 4 == 0x30);

struct MemoryArray {
  uint8_t location;
  uint8_t use;
  uint8_t correction;
  uint32_t most_kib;
  uint16_t error;
  uint16_t devices;
  uint64_t most_bytes;
};
static_assert(sizeof(MemoryArray) + 4 == 0x17);

struct MemoryDevice {
  uint16_t array;
  uint16_t error;
  uint16_t total_width;
  uint16_t data_width;
  uint16_t size_mib;
  uint8_t form;
  uint8_t set;
  uint8_t locator;
  uint8_t bank;
  uint8_t type;
  uint16_t detail;
  uint16_t speed;
  uint8_t maker;
  uint8_t serial;
  uint8_t asset;
  uint8_t part;
  uint8_t attributes;
  uint32_t extended_size_mib;
  uint16_t clock;
  uint16_t voltages[3];
};
static_assert(sizeof(MemoryDevice) + 4 == 0x28);

#pragma pack(pop)

constexpr uint16_t kArrayHandle = 0x1000;
constexpr uint16_t kNoErrorHandle = 0xFFFE;
constexpr uint8_t kOther = 1;
constexpr uint8_t kUnknown = 2;
constexpr uint16_t kUnknownWidth = 0xFFFF;

constexpr uint64_t kCharacteristicsNotSupported = 1 << 3;
constexpr uint8_t kVirtualMachine = 1 << 4;  // the second byte of the extensions
constexpr uint8_t kPowerSwitch = 6;
constexpr uint8_t kCentralProcessor = 3;
constexpr uint8_t kPopulatedAndEnabled = 1 << 6 | 1;
constexpr uint8_t kSystemMemory = 3;
constexpr uint8_t kNoCorrection = 3;
constexpr uint8_t kTypeRam = 7;

constexpr uint64_t kMebibyte = 1 << 20;

class Structures {
 public:
  template <typename T>
  void Add(uint8_t type, uint16_t handle, const T& body,
           std::initializer_list<std::string_view> strings) {
    AddHeader(type, handle, sizeof(body));
    const auto* first = reinterpret_cast<const uint8_t*>(&body);
    bytes_.insert(bytes_.end(), first, first + sizeof(body));
    AddStrings(strings);
  }
  std::vector<uint8_t> Finish() && {
    constexpr uint8_t kEnd = 127;
    AddHeader(kEnd, 0xFEFF, 0);
    AddStrings({});
    return std::move(bytes_);
  }

 private:
  void AddHeader(uint8_t type, uint16_t handle, size_t body) {
    bytes_.insert(bytes_.end(), {type, static_cast<uint8_t>(body + 4), static_cast<uint8_t>(handle),
                                 static_cast<uint8_t>(handle >> 8)});
  }
  // Each with its NUL, and one more; at least two.
  void AddStrings(std::initializer_list<std::string_view> strings) {
    for (const std::string_view string : strings) {
      bytes_.insert(bytes_.end(), string.begin(), string.end());
      bytes_.push_back(0);
    }
    if (strings.size() == 0) bytes_.push_back(0);
    bytes_.push_back(0);
  }

  std::vector<uint8_t> bytes_;
};

void AddProcessors(Structures& structures, unsigned vcpus) {
  for (unsigned i = 0; i < vcpus; ++i) {
    Processor processor = {};
    processor.socket = 1;
    processor.type = kCentralProcessor;
    processor.family = kOther;
    processor.maker = 2;
    processor.status = kPopulatedAndEnabled;
    processor.upgrade = kOther;
    for (uint16_t& cache : processor.caches) cache = 0xFFFF;  // none is told of
    processor.cores = processor.enabled_cores = processor.threads = 1;
    processor.cores2 = processor.enabled_cores2 = processor.threads2 = 1;
    processor.characteristics = kUnknown;
    structures.Add(4, static_cast<uint16_t>(0x400 + i), processor,
                   {absl::StrFormat("CPU %d", i), "zvmm"});
  }
}

void AddMemory(Structures& structures, uint64_t size) {
  MemoryArray array = {};
  array.location = kOther;
  array.use = kSystemMemory;
  array.correction = kNoCorrection;
  array.most_kib = 0x80000000;  // it is in the 64-bit field
  array.error = kNoErrorHandle;
  array.devices = 1;
  array.most_bytes = size;
  structures.Add(16, kArrayHandle, array, {});

  constexpr uint16_t kInTheExtendedField = 0x7FFF;
  MemoryDevice device = {};
  device.array = kArrayHandle;
  device.error = kNoErrorHandle;
  device.total_width = device.data_width = kUnknownWidth;
  const uint64_t mebibytes = size / kMebibyte;
  device.size_mib = static_cast<uint16_t>(std::min<uint64_t>(mebibytes, kInTheExtendedField));
  if (device.size_mib == kInTheExtendedField) {
    device.extended_size_mib = static_cast<uint32_t>(mebibytes);
  }
  device.form = kOther;
  device.locator = 1;
  device.type = kTypeRam;
  device.detail = 1 << 1;  // other
  structures.Add(17, 0x1100, device, {"DIMM 0"});
}

}  // namespace

std::vector<uint8_t> BuildSmbios(uint64_t address, const MemoryLayout& layout, unsigned vcpus) {
  Structures structures;
  Bios bios = {};
  bios.vendor = 1;
  bios.version = 2;
  bios.date = 3;
  bios.segment = 0xE000;
  bios.rom_size = 1;  // 64 KiB pieces, from 1
  bios.characteristics = kCharacteristicsNotSupported;
  bios.extensions[1] = kVirtualMachine;
  bios.controller_release[0] = bios.controller_release[1] = 0xFF;  // there is none
  structures.Add(0, 0, bios, {"zvmm", zircon_kvm_version(), "01/01/2026"});

  System system = {};
  system.maker = 1;
  system.product = 2;
  system.version = 3;
  system.wake_up = kPowerSwitch;
  structures.Add(1, 0x100, system, {"QEMU", "zvmm", zircon_kvm_version()});

  AddProcessors(structures, vcpus);
  AddMemory(structures, layout.low + layout.high);

  const std::vector<uint8_t> tables = std::move(structures).Finish();
  EntryPoint entry;
  constexpr uint64_t kTables = 32;  // behind the entry point
  entry.most_size = static_cast<uint32_t>(tables.size());
  entry.structures = address + kTables;
  entry.checksum = Checksum(reinterpret_cast<const uint8_t*>(&entry), sizeof(entry));
  std::vector<uint8_t> block(kTables + tables.size());
  std::memcpy(block.data(), &entry, sizeof(entry));
  std::copy(tables.begin(), tables.end(), block.begin() + kTables);
  return block;
}

}  // namespace zvmm
