// The ACPI tables: RSDP, XSDT, FADT, MADT, DSDT and FACS, made for the devices of zvmm.
//
// HPET too, if there is one. The hardware they describe is the full, not the reduced one: PM1a
// event and control blocks, a PM timer, an SCI, a reset register; one I/O APIC, and one local APIC
// for each VCPU. dsdt.h has the AML.

#pragma once

#include <cstdint>
#include <vector>

namespace zvmm {

// Gives the tables as one block of bytes to be put at `address`, a multiple of 64 below 4 GiB. The
// block begins with the RSDP.
std::vector<uint8_t> BuildAcpiTables(uint64_t address, unsigned vcpus, bool hpet);

}  // namespace zvmm
