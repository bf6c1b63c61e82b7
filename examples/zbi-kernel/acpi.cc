#include "acpi.h"

#include "serial.h"

namespace {

// Offsets in the root pointer.
constexpr size_t kRootSize = 36;
constexpr size_t kRootXsdt = 24;

// Offsets in every table, and sizes.
constexpr size_t kTableLength = 4;
constexpr size_t kHeaderSize = 36;

// Offsets in the FADT.
constexpr size_t kFadtPm1aControl = 64;
constexpr size_t kFadtDsdt = 140;

// The PM1 control register.
constexpr unsigned kSleepTypeShift = 10;
constexpr uint16_t kSleepEnable = 1 << 13;

// A whole table, or nothing if its length or its sum is wrong.
Bytes Table(uint64_t address) {
  uint32_t length = 0;
  if (address == 0 || !Bytes(address, kHeaderSize).Read(kTableLength, length) ||
      length < kHeaderSize) {
    return {};
  }
  const Bytes table(address, length);
  return table.Sum() == 0 ? table : Bytes();
}

Bytes RootTable(uint64_t rsdp) {
  const Bytes root(rsdp, kRootSize);
  uint64_t xsdt = 0;
  if (rsdp == 0 || !root.StartsWith("RSD PTR ") || root.Sum() != 0 || !root.Read(kRootXsdt, xsdt)) {
    return {};
  }
  const Bytes table = Table(xsdt);
  return table.StartsWith("XSDT") ? table : Bytes();
}

Bytes FindFadt(Bytes xsdt) {
  uint64_t address = 0;
  for (size_t offset = kHeaderSize; xsdt.Read(offset, address); offset += sizeof(address)) {
    const Bytes table = Table(address);
    if (table.StartsWith("FACP")) {
      return table;
    }
  }
  return {};
}

// The first number of the package that \_S5 names. A small number may stand alone, or behind a
// prefix.
bool FindSleepType(Bytes aml, uint8_t& type) {
  constexpr uint8_t kPackage = 0x12;
  constexpr uint8_t kBytePrefix = 0x0A;
  for (size_t i = 0; i < aml.size(); ++i) {
    const Bytes at = aml.From(i);
    uint8_t opcode = 0;
    if (!at.StartsWith("_S5_") || !at.Read(4, opcode) || opcode != kPackage) {
      continue;
    }
    constexpr size_t kFirstElement = 7;  // Behind name, opcode, length, count.
    uint8_t first = 0;
    if (!at.Read(kFirstElement, first)) {
      return false;
    }
    if (first != kBytePrefix) {
      type = first;
      return true;
    }
    return at.Read(kFirstElement + 1, type);
  }
  return false;
}

}  // namespace

const char* ListAcpiTables(uint64_t rsdp, void (*visit)(Bytes signature)) {
  const Bytes xsdt = RootTable(rsdp);
  if (xsdt.empty()) {
    return "there is no root pointer, or no XSDT";
  }
  uint64_t address = 0;
  for (size_t offset = kHeaderSize; xsdt.Read(offset, address); offset += sizeof(address)) {
    const Bytes table = Table(address);
    if (table.empty()) {
      return "a table's length or sum is wrong";
    }
    visit(table.First(4));
  }
  return nullptr;
}

const char* TurnOff(uint64_t rsdp) {
  const Bytes fadt = FindFadt(RootTable(rsdp));
  uint32_t control = 0;
  uint64_t dsdt = 0;
  if (!fadt.Read(kFadtPm1aControl, control) || !fadt.Read(kFadtDsdt, dsdt)) {
    return "there is no FADT";
  }
  uint8_t sleep_type = 0;
  if (!FindSleepType(Table(dsdt).From(kHeaderSize), sleep_type)) {
    return "the DSDT does not name the off state";
  }
  Out16(static_cast<uint16_t>(control),
        static_cast<uint16_t>(sleep_type << kSleepTypeShift | kSleepEnable));
  return "the machine is still on";
}
