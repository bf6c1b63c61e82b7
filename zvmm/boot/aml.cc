#include "boot/aml.h"

#include <cassert>
#include <initializer_list>
#include <utility>

namespace zvmm::aml {
namespace {

// Opcodes and prefixes.
constexpr uint8_t kZero = 0x00;
constexpr uint8_t kOne = 0x01;
constexpr uint8_t kNameOp = 0x08;
constexpr uint8_t kByte = 0x0A;
constexpr uint8_t kWord = 0x0B;
constexpr uint8_t kDword = 0x0C;
constexpr uint8_t kStringPrefix = 0x0D;
constexpr uint8_t kScopeOp = 0x10;
constexpr uint8_t kBufferOp = 0x11;
constexpr uint8_t kPackageOp = 0x12;
constexpr uint8_t kExtended = 0x5B;
constexpr uint8_t kDeviceOp = 0x82;

// Resource descriptors.
constexpr uint8_t kIoPort = 0x47;
constexpr uint8_t kEndTag = 0x79;
constexpr uint8_t kDwordAddress = 0x87;
constexpr uint8_t kWordAddress = 0x88;
constexpr uint8_t kMemoryRange = 0;
constexpr uint8_t kBusRange = 2;
// Produced for what is behind the bridge; both ends are fixed; decoded by addition.
constexpr uint8_t kFixedWindow = 0x0C;
constexpr uint8_t kWritable = 0x01;
constexpr uint8_t kDecode16 = 0x01;

Code Bytes(std::initializer_list<uint8_t> bytes) { return Code(std::vector<uint8_t>(bytes)); }

Code Little(uint64_t value, unsigned size) {
  std::vector<uint8_t> bytes;
  for (unsigned i = 0; i < size; ++i) {
    bytes.push_back(static_cast<uint8_t>(value >> (8 * i)));
  }
  return Code(std::move(bytes));
}

Code NameString(std::string_view name) {
  assert(name.size() == 4 || (name.size() == 5 && name[0] == '\\'));
  return Code(std::vector<uint8_t>(name.begin(), name.end()));
}

// The length of a package, which counts itself: one byte up to 63, else the low four bits in the
// first byte and the rest in those behind.
Code Sized(const Code& body) {
  size_t length = body.bytes().size() + 1;
  if (length < 0x40) {
    return Bytes({static_cast<uint8_t>(length)}) + body;
  }
  unsigned more = 1;
  for (++length; length >> (4 + 8 * more) != 0; ++length) {
    ++more;
  }
  assert(more <= 3);
  return Bytes({static_cast<uint8_t>(more << 6 | (length & 0x0F))}) + Little(length >> 4, more) +
         body;
}

}  // namespace

Code Name(std::string_view name, const Code& value) {
  return Bytes({kNameOp}) + NameString(name) + value;
}

Code Scope(std::string_view name, const Code& body) {
  return Bytes({kScopeOp}) + Sized(NameString(name) + body);
}

Code Device(std::string_view name, const Code& body) {
  return Bytes({kExtended, kDeviceOp}) + Sized(NameString(name) + body);
}

Code Integer(uint32_t value) {
  if (value <= 1) {
    return Bytes({value == 0 ? kZero : kOne});
  }
  if (value <= UINT8_MAX) {
    return Bytes({kByte}) + Little(value, 1);
  }
  if (value <= UINT16_MAX) {
    return Bytes({kWord}) + Little(value, 2);
  }
  return Bytes({kDword}) + Little(value, 4);
}

Code String(std::string_view text) {
  return Bytes({kStringPrefix}) + Code(std::vector<uint8_t>(text.begin(), text.end())) + Bytes({0});
}

Code EisaId(std::string_view id) {
  assert(id.size() == 7);
  // Three letters of five bits, then four hexadecimal digits; the most significant byte first.
  uint32_t number = 0;
  for (const char letter : id.substr(0, 3)) {
    number = number << 5 | static_cast<uint32_t>(letter - 'A' + 1);
  }
  for (const char digit : id.substr(3)) {
    number = number << 4 | static_cast<uint32_t>(digit <= '9' ? digit - '0' : digit - 'A' + 10);
  }
  return Bytes({kDword}) + Little(__builtin_bswap32(number), 4);
}

Code Package(const std::vector<Code>& elements) {
  assert(elements.size() <= UINT8_MAX);
  Code body = Bytes({static_cast<uint8_t>(elements.size())});
  for (const Code& element : elements) {
    body += element;
  }
  return Bytes({kPackageOp}) + Sized(body);
}

Code ResourceTemplate(const Code& descriptors) {
  // A checksum of 0 is not looked at.
  const Code all = descriptors + Bytes({kEndTag, 0});
  return Bytes({kBufferOp}) + Sized(Integer(static_cast<uint32_t>(all.bytes().size())) + all);
}

Code BusNumbers(uint16_t first, uint16_t last) {
  const Code body = Bytes({kBusRange, kFixedWindow, 0}) + Little(0, 2) + Little(first, 2) +
                    Little(last, 2) + Little(0, 2) + Little(last - first + 1u, 2);
  return Bytes({kWordAddress}) + Little(body.bytes().size(), 2) + body;
}

Code IoPortRange(uint16_t first, uint8_t count) {
  return Bytes({kIoPort, kDecode16}) + Little(first, 2) + Little(first, 2) + Bytes({1, count});
}

Code MemoryWindow(uint32_t first, uint32_t size) {
  const Code body = Bytes({kMemoryRange, kFixedWindow, kWritable}) + Little(0, 4) +
                    Little(first, 4) + Little(first + size - 1, 4) + Little(0, 4) + Little(size, 4);
  return Bytes({kDwordAddress}) + Little(body.bytes().size(), 2) + body;
}

}  // namespace zvmm::aml
