#include "serial.h"

namespace {

// Offsets of the registers.
constexpr uint16_t kTransmitter = 0;
constexpr uint16_t kLineStatus = 5;
constexpr uint8_t kTransmitterEmpty = 1 << 5;

uint16_t serial_port = 0;

void PrintCharacter(uint8_t character) {
  if (serial_port == 0) {
    return;
  }
  while ((In8(serial_port + kLineStatus) & kTransmitterEmpty) == 0) {
  }
  Out8(serial_port + kTransmitter, character);
}

void PrintNumber(uint64_t value, unsigned base) {
  uint8_t digits[20];
  unsigned count = 0;
  do {
    const auto digit = static_cast<uint8_t>(value % base);
    digits[count++] = static_cast<uint8_t>(digit < 10 ? '0' + digit : 'a' + digit - 10);
    value /= base;
  } while (value != 0);
  while (count > 0) {
    PrintCharacter(digits[--count]);
  }
}

}  // namespace

void UseSerialPort(uint16_t base) { serial_port = base; }

void PrintText(const char* text) {
  for (; *text != '\0'; ++text) {
    if (*text == '\n') {
      PrintCharacter('\r');
    }
    PrintCharacter(static_cast<uint8_t>(*text));
  }
}

void PrintBytes(Bytes text) {
  for (size_t i = 0; i < text.size(); ++i) {
    const uint8_t character = text.data()[i];
    PrintCharacter(character >= ' ' && character <= '~' ? character : '?');
  }
}

void PrintDecimal(uint64_t value) { PrintNumber(value, 10); }

void PrintHex(uint64_t value) {
  PrintText("0x");
  PrintNumber(value, 16);
}
