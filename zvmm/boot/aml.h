// ACPI machine language, as far as zvmm's tables need it: each function gives the bytes of one
// term.
//
//   aml::Device("PCI0", aml::Name("_HID", aml::EisaId("PNP0A03")) + …)

#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace zvmm::aml {

// Bytes, with + to put terms one behind the other. A value.
class Code {
 public:
  Code() = default;
  explicit Code(std::vector<uint8_t> bytes) : bytes_(std::move(bytes)) {}

  const std::vector<uint8_t>& bytes() const { return bytes_; }

  Code& operator+=(const Code& more) {
    bytes_.insert(bytes_.end(), more.bytes_.begin(), more.bytes_.end());
    return *this;
  }
  friend Code operator+(Code first, const Code& second) { return first += second; }

 private:
  std::vector<uint8_t> bytes_;
};

// Names are four characters, after a '\' for the root.
Code Name(std::string_view name, const Code& value);
Code Scope(std::string_view name, const Code& body);
Code Device(std::string_view name, const Code& body);

Code Integer(uint32_t value);
Code String(std::string_view text);
// An id of seven characters, such as "PNP0A03", as the number that stands for it.
Code EisaId(std::string_view id);
Code Package(const std::vector<Code>& elements);

// Resources of a device, for _CRS: descriptors, and the buffer around them.
Code ResourceTemplate(const Code& descriptors);
Code BusNumbers(uint16_t first, uint16_t last);
Code IoPortRange(uint16_t first, uint8_t count);
Code MemoryWindow(uint32_t first, uint32_t size);

}  // namespace zvmm::aml
