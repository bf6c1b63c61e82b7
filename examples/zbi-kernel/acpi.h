// The ACPI tables, as far as it takes to list them and to turn the machine off.

#pragma once

#include <cstdint>

#include "bytes.h"

// Calls `visit` with the four characters of each table's signature. Gives what is wrong, or
// nullptr.
const char* ListAcpiTables(uint64_t rsdp, void (*visit)(Bytes signature));

// Turns the machine off. If it comes back, what it gives is why.
const char* TurnOff(uint64_t rsdp);
