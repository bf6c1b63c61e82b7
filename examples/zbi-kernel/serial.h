// Text to a 16550 serial port, waiting for it; and I/O ports.

#pragma once

#include <cstdint>

#include "bytes.h"

inline void Out8(uint16_t port, uint8_t value) {
  asm volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}
inline void Out16(uint16_t port, uint16_t value) {
  asm volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}
inline uint8_t In8(uint16_t port) {
  uint8_t value;
  asm volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
  return value;
}

// Where Print() goes from now on. Before, it goes nowhere.
void UseSerialPort(uint16_t base);

void PrintText(const char* text);
// Bytes as text; those that are none as '?'.
void PrintBytes(Bytes text);
void PrintDecimal(uint64_t value);
void PrintHex(uint64_t value);
