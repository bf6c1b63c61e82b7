#include "pci.h"

#include "ports.h"

namespace {

constexpr uint16_t kAddress = 0xCF8;
constexpr uint16_t kData = 0xCFC;

void Select(unsigned slot, unsigned offset) {
  Out32(kAddress, uint32_t{1} << 31 | slot << 11 | (offset & 0xFC));
}

}  // namespace

uint32_t ReadPci(unsigned slot, unsigned offset) {
  Select(slot, offset);
  return In32(kData) >> (offset % 4 * 8);
}

void WritePci(unsigned slot, unsigned offset, uint32_t value) {
  Select(slot, offset);
  Out32(kData, value);
}
