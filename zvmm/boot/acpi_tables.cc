#include "boot/acpi_tables.h"

#include <cstring>
#include <string_view>

#include "boot/checksum.h"
#include "boot/dsdt.h"
#include "devices/acpi_pm.h"
#include "devices/cmos.h"
#include "devices/hpet.h"
#include "devices/io_apic.h"
#include "devices/pit.h"
#include "pci/host_bridge.h"

namespace zvmm {
namespace {

constexpr uint64_t kLocalApicAddress = 0xFEE00000;
constexpr uint16_t kSciInterrupt = 9;

// All structures as ACPI lays them out: little-endian, without padding.
#pragma pack(push, 1)

struct Rsdp {
  char signature[8];
  uint8_t checksum;  // Of the first 20 bytes.
  char oem_id[6];
  uint8_t revision;
  uint32_t rsdt_address;
  uint32_t length;
  uint64_t xsdt_address;
  uint8_t extended_checksum;  // Of all.
  uint8_t reserved[3];
};
static_assert(sizeof(Rsdp) == 36);

struct Header {
  char signature[4];
  uint32_t length;
  uint8_t revision;
  uint8_t checksum;
  char oem_id[6];
  char oem_table_id[8];
  uint32_t oem_revision;
  char creator_id[4];
  uint32_t creator_revision;
};
static_assert(sizeof(Header) == 36);

// "Generic address structure": where a register is.
struct Address {
  uint8_t space;
  uint8_t bit_width;
  uint8_t bit_offset;
  uint8_t access_size;
  uint64_t address;
};
static_assert(sizeof(Address) == 12);

struct Fadt {
  Header header;
  uint32_t facs;
  uint32_t dsdt;
  uint8_t reserved0;
  uint8_t preferred_profile;
  uint16_t sci_interrupt;
  uint32_t smi_command;
  uint8_t acpi_enable;
  uint8_t acpi_disable;
  uint8_t s4bios_request;
  uint8_t pstate_control;
  uint32_t pm1a_event;
  uint32_t pm1b_event;
  uint32_t pm1a_control;
  uint32_t pm1b_control;
  uint32_t pm2_control;
  uint32_t pm_timer;
  uint32_t gpe0;
  uint32_t gpe1;
  uint8_t pm1_event_length;
  uint8_t pm1_control_length;
  uint8_t pm2_control_length;
  uint8_t pm_timer_length;
  uint8_t gpe0_length;
  uint8_t gpe1_length;
  uint8_t gpe1_base;
  uint8_t cstate_control;
  uint16_t c2_latency;
  uint16_t c3_latency;
  uint16_t flush_size;
  uint16_t flush_stride;
  uint8_t duty_offset;
  uint8_t duty_width;
  uint8_t day_alarm;
  uint8_t month_alarm;
  uint8_t century;
  uint16_t boot_flags;
  uint8_t reserved1;
  uint32_t flags;
  Address reset_register;
  uint8_t reset_value;
  uint16_t arm_boot_flags;
  uint8_t minor_revision;
  uint64_t x_facs;
  uint64_t x_dsdt;
  Address x_pm1a_event;
  Address x_pm1b_event;
  Address x_pm1a_control;
  Address x_pm1b_control;
  Address x_pm2_control;
  Address x_pm_timer;
  Address x_gpe0;
  Address x_gpe1;
  Address sleep_control;
  Address sleep_status;
  uint64_t hypervisor_vendor;
};
static_assert(sizeof(Fadt) == 276);
static_assert(offsetof(Fadt, flags) == 112 && offsetof(Fadt, x_dsdt) == 140);

struct Facs {
  char signature[4];
  uint32_t length;
  uint32_t hardware_signature;
  uint32_t waking_vector;
  uint32_t global_lock;
  uint32_t flags;
  uint64_t x_waking_vector;
  uint8_t version;
  uint8_t reserved[31];
};
static_assert(sizeof(Facs) == 64);

struct Madt {
  Header header;
  uint32_t local_apic_address;
  uint32_t flags;
};

struct MadtLocalApic {
  uint8_t type;
  uint8_t length;
  uint8_t processor_id;
  uint8_t apic_id;
  uint32_t flags;
};
static_assert(sizeof(MadtLocalApic) == 8);

struct MadtIoApic {
  uint8_t type;
  uint8_t length;
  uint8_t id;
  uint8_t reserved;
  uint32_t address;
  uint32_t first_interrupt;
};
static_assert(sizeof(MadtIoApic) == 12);

struct MadtOverride {
  uint8_t type;
  uint8_t length;
  uint8_t bus;
  uint8_t source;
  uint32_t pin;
  uint16_t flags;
};
static_assert(sizeof(MadtOverride) == 10);

struct HpetTable {
  Header header;
  uint32_t id;  // The low half of its capabilities.
  Address base;
  uint8_t number;
  uint16_t shortest_period;
  uint8_t page_protection;
};
static_assert(sizeof(HpetTable) == 56);

#pragma pack(pop)

constexpr uint8_t kSpaceIo = 1;
constexpr uint8_t kFadtRevision = 6;
constexpr uint8_t kDsdtRevision = 2;  // 64-bit integers in AML.

// FADT boot flags: no keyboard controller (bit 1 clear), no VGA.
constexpr uint16_t kLegacyDevices = 1 << 0;
constexpr uint16_t kNoVga = 1 << 2;

// FADT flags.
constexpr uint32_t kWbinvd = 1 << 0;
constexpr uint32_t kC1 = 1 << 2;
constexpr uint32_t kNoFixedPowerButton = 1 << 4;
constexpr uint32_t kNoFixedSleepButton = 1 << 5;
constexpr uint32_t kNoFixedRtcWake = 1 << 6;
constexpr uint32_t kTimer32 = 1 << 8;
constexpr uint32_t kResetRegister = 1 << 10;
// Interrupts name one processor by its id: what the IPI packets of zx_vcpu_enter() can express.
constexpr uint32_t kPhysicalDestinations = 1 << 19;

constexpr uint32_t kMadtPcAt = 1 << 0;  // There is also a pair of 8259s.
constexpr uint8_t kMadtTypeLocalApic = 0;
constexpr uint8_t kMadtTypeIoApic = 1;
constexpr uint8_t kMadtTypeOverride = 2;
constexpr uint32_t kMadtEnabled = 1 << 0;

Header MakeHeader(std::string_view signature, uint8_t revision) {
  Header header = {};
  std::memcpy(header.signature, signature.data(), sizeof(header.signature));
  header.revision = revision;
  std::memcpy(header.oem_id, "ZVMM  ", sizeof(header.oem_id));
  std::memcpy(header.oem_table_id, "ZVMM    ", sizeof(header.oem_table_id));
  header.oem_revision = 1;
  std::memcpy(header.creator_id, "ZVMM", sizeof(header.creator_id));
  header.creator_revision = 1;
  return header;
}

constexpr Address IoAddress(uint16_t port, uint8_t bytes) {
  // Access size: 1, 2, 3 for 1, 2, 4 bytes.
  const uint8_t access_size = bytes == 1 ? 1 : bytes == 2 ? 2 : 3;
  return {kSpaceIo, static_cast<uint8_t>(bytes * 8), 0, access_size, port};
}

// Bytes that grow, at a guest-physical address.
class Block {
 public:
  explicit Block(uint64_t address) : address_(address) {}

  // Appends bytes at the next multiple of `alignment`; gives their guest-physical address.
  uint64_t Append(const void* bytes, size_t size, size_t alignment) {
    bytes_.resize((bytes_.size() + alignment - 1) / alignment * alignment);
    const uint64_t address = address_ + bytes_.size();
    const auto* first = static_cast<const uint8_t*>(bytes);
    bytes_.insert(bytes_.end(), first, first + size);
    return address;
  }

  // The same for a table with a header: fills in its length and its checksum.
  uint64_t AppendTable(std::vector<uint8_t> table) {
    const uint32_t length = static_cast<uint32_t>(table.size());
    std::memcpy(table.data() + offsetof(Header, length), &length, sizeof(length));
    table[offsetof(Header, checksum)] = Checksum(table.data(), table.size());
    return Append(table.data(), table.size(), 16);
  }

  std::vector<uint8_t>& bytes() { return bytes_; }

 private:
  const uint64_t address_;
  std::vector<uint8_t> bytes_;
};

template <typename T>
void AppendStruct(std::vector<uint8_t>& table, const T& part) {
  const auto* first = reinterpret_cast<const uint8_t*>(&part);
  table.insert(table.end(), first, first + sizeof(part));
}

template <typename T>
std::vector<uint8_t> TableOf(const T& part) {
  std::vector<uint8_t> bytes;
  AppendStruct(bytes, part);
  return bytes;
}

std::vector<uint8_t> MakeDsdt() {
  std::vector<uint8_t> dsdt = TableOf(MakeHeader("DSDT", kDsdtRevision));
  const aml::Code code = DsdtCode();
  dsdt.insert(dsdt.end(), code.bytes().begin(), code.bytes().end());
  return dsdt;
}

std::vector<uint8_t> MakeMadt(unsigned vcpus) {
  std::vector<uint8_t> madt = TableOf(Madt{.header = MakeHeader("APIC", 4),
                                           .local_apic_address = kLocalApicAddress,
                                           .flags = kMadtPcAt});
  for (unsigned i = 0; i < vcpus; ++i) {
    AppendStruct(madt, MadtLocalApic{.type = kMadtTypeLocalApic,
                                     .length = sizeof(MadtLocalApic),
                                     .processor_id = static_cast<uint8_t>(i),
                                     .apic_id = static_cast<uint8_t>(i),
                                     .flags = kMadtEnabled});
  }
  AppendStruct(madt, MadtIoApic{.type = kMadtTypeIoApic,
                                .length = sizeof(MadtIoApic),
                                .id = 0,
                                .reserved = 0,
                                .address = static_cast<uint32_t>(IoApic::kAddress),
                                .first_interrupt = 0});
  // As on a PC: the 8254, interrupt 0 of the ISA bus, is at another pin.
  AppendStruct(madt, MadtOverride{.type = kMadtTypeOverride,
                                  .length = sizeof(MadtOverride),
                                  .bus = 0,
                                  .source = 0,
                                  .pin = Pit::kPin,
                                  .flags = 0});
  return madt;
}

std::vector<uint8_t> MakeFadt(uint64_t facs, uint64_t dsdt) {
  Fadt fadt = {};
  fadt.header = MakeHeader("FACP", kFadtRevision);
  fadt.facs = static_cast<uint32_t>(facs);
  fadt.dsdt = static_cast<uint32_t>(dsdt);
  fadt.x_dsdt = dsdt;  // x_facs stays 0: only one of the two pointers may be set.
  fadt.sci_interrupt = kSciInterrupt;
  fadt.pm1a_event = AcpiPm::kEventBlock;
  fadt.pm1a_control = AcpiPm::kControlBlock;
  fadt.pm_timer = AcpiPm::kTimer;
  fadt.pm1_event_length = AcpiPm::kEventBlockSize;
  fadt.pm1_control_length = AcpiPm::kControlBlockSize;
  fadt.pm_timer_length = AcpiPm::kTimerSize;
  fadt.x_pm1a_event = IoAddress(AcpiPm::kEventBlock, AcpiPm::kEventBlockSize);
  fadt.x_pm1a_control = IoAddress(AcpiPm::kControlBlock, AcpiPm::kControlBlockSize);
  fadt.x_pm_timer = IoAddress(AcpiPm::kTimer, AcpiPm::kTimerSize);
  fadt.c2_latency = 0xFFFF;  // No C2, no C3.
  fadt.c3_latency = 0xFFFF;
  fadt.century = Cmos::kCentury;
  fadt.boot_flags = kLegacyDevices | kNoVga;
  fadt.flags = kWbinvd | kC1 | kNoFixedPowerButton | kNoFixedSleepButton | kNoFixedRtcWake |
               kTimer32 | kResetRegister | kPhysicalDestinations;
  fadt.reset_register = IoAddress(HostBridge::kResetPort, 1);
  fadt.reset_value = HostBridge::kResetValue;
  return TableOf(fadt);
}

std::vector<uint8_t> MakeHpet() {
  HpetTable hpet = {};
  hpet.header = MakeHeader("HPET", 1);
  hpet.id = static_cast<uint32_t>(Hpet::kCapabilities);
  hpet.base.bit_width = 64;
  hpet.base.address = Hpet::kAddress;
  hpet.shortest_period = 1000;  // ticks, which are 10 us
  return TableOf(hpet);
}

}  // namespace

std::vector<uint8_t> BuildAcpiTables(uint64_t address, unsigned vcpus, bool hpet) {
  Block block(address);
  // The RSDP comes first and points to what follows; it is written last.
  Rsdp rsdp = {};
  block.Append(&rsdp, sizeof(rsdp), 16);

  Facs facs = {};
  std::memcpy(facs.signature, "FACS", sizeof(facs.signature));
  facs.length = sizeof(facs);
  facs.version = 2;
  const uint64_t facs_address = block.Append(&facs, sizeof(facs), 64);
  const uint64_t dsdt_address = block.AppendTable(MakeDsdt());

  // The FADT leads to the others.
  std::vector<uint8_t> xsdt = TableOf(MakeHeader("XSDT", 1));
  AppendStruct(xsdt, block.AppendTable(MakeFadt(facs_address, dsdt_address)));
  AppendStruct(xsdt, block.AppendTable(MakeMadt(vcpus)));
  if (hpet) AppendStruct(xsdt, block.AppendTable(MakeHpet()));
  const uint64_t xsdt_address = block.AppendTable(xsdt);

  std::memcpy(rsdp.signature, "RSD PTR ", sizeof(rsdp.signature));
  std::memcpy(rsdp.oem_id, "ZVMM  ", sizeof(rsdp.oem_id));
  rsdp.revision = 2;
  rsdp.length = sizeof(rsdp);
  rsdp.xsdt_address = xsdt_address;
  const auto* bytes = reinterpret_cast<const uint8_t*>(&rsdp);
  rsdp.checksum = Checksum(bytes, offsetof(Rsdp, length));
  rsdp.extended_checksum = Checksum(bytes, sizeof(rsdp));
  std::memcpy(block.bytes().data(), &rsdp, sizeof(rsdp));
  return std::move(block.bytes());
}

}  // namespace zvmm
