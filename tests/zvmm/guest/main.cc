// A guest that does what its command line says, so that a script can try what zvmm makes of it:
//
//   lines=100           that many numbered lines on the serial port
//   flood=1000          that many numbered lines on the virtio console, which takes them quickly
//   config32=1,0x10     reads PCI configuration, of a slot at an offset, and prints what it got
//   in8=0x505           reads an I/O port (in8, in16, in32), and prints what it got
//   out8=0xCF9,6        writes to one (out8, out16, out32)
//   read32=0xE0000000   reads memory (read8 to read64), and prints what it got
//   write8=0x0,1        writes to it (write8 to write64)
//   crash               an exception without a handler, so a triple fault
//   halt                halts for ever
//
// The words are done in their order; behind the last one the guest halts. Memory up to 4 GiB is
// where it is.

#include <zircon/boot/image.h>

#include "boot_data.h"
#include "bytes.h"
#include "pci.h"
#include "ports.h"
#include "serial.h"
#include "virtio_console.h"

namespace {

[[noreturn]] void Halt() {
  while (true) {
    asm volatile("cli; hlt");
  }
}

template <typename T>
T Load(uint64_t address) {
  return *reinterpret_cast<volatile T*>(address);
}
template <typename T>
void Store(uint64_t address, uint64_t value) {
  *reinterpret_cast<volatile T*>(address) = static_cast<T>(value);
}

// One word of the command line: a name, and up to two numbers.
struct Word {
  Bytes text;
  Bytes name;
  uint64_t first = 0;
  uint64_t second = 0;

  template <size_t size>
  bool Is(const char (&what)[size]) const {
    return name.size() == size - 1 && name.StartsWith(what);
  }
};

// A number as C writes it, decimal or hexadecimal; goes behind it.
uint64_t ParseNumber(Bytes& text) {
  uint64_t base = 10;
  if (text.StartsWith("0x") || text.StartsWith("0X")) {
    base = 16;
    text = text.From(2);
  }
  uint64_t value = 0;
  for (; !text.empty(); text = text.From(1)) {
    const uint8_t c = text.data()[0];
    uint64_t digit = base;
    if (c >= '0' && c <= '9') {
      digit = c - '0';
    } else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') {
      digit = (c | 0x20) - 'a' + 10u;
    }
    if (digit >= base) {
      break;
    }
    value = value * base + digit;
  }
  return value;
}

Word ParseWord(Bytes text) {
  Word word = {.text = text, .name = text};
  for (size_t i = 0; i < text.size(); ++i) {
    if (text.data()[i] != '=') {
      continue;
    }
    word.name = text.First(i);
    Bytes numbers = text.From(i + 1);
    word.first = ParseNumber(numbers);
    if (numbers.StartsWith(",")) {
      numbers = numbers.From(1);
      word.second = ParseNumber(numbers);
    }
    break;
  }
  return word;
}

// "line 0000042 ----…\r\n".
class Line {
 public:
  static constexpr size_t kSize = 64;

  explicit Line(uint64_t number) {
    constexpr size_t kLastDigit = 11;
    for (size_t i = 0; i < kSize; ++i) {
      text_[i] = '-';
    }
    __builtin_memcpy(text_, "line 0000000 ", kLastDigit + 2);
    for (size_t i = kLastDigit; number > 0; number /= 10) {
      text_[i--] = static_cast<char>('0' + number % 10);
    }
    text_[kSize - 2] = '\r';
    text_[kSize - 1] = '\n';
    text_[kSize] = '\0';
  }

  const char* text() const { return text_; }

 private:
  char text_[kSize + 1];
};

void PrintLines(uint64_t count) {
  for (uint64_t i = 1; i <= count; ++i) {
    PrintBytes({reinterpret_cast<uint64_t>(Line(i).text()), Line::kSize - 2});
    PrintText("\n");
  }
}

void Flood(uint64_t count) {
  if (!FindVirtioConsole()) {
    PrintText("there is no virtio console\n");
    return;
  }
  constexpr uint64_t kAtOnce = 64;
  static char text[kAtOnce * Line::kSize];
  for (uint64_t done = 0; done < count;) {
    size_t size = 0;
    for (; size < sizeof(text) && done < count; size += Line::kSize) {
      __builtin_memcpy(text + size, Line(++done).text(), Line::kSize);
    }
    SendToVirtioConsole({reinterpret_cast<uint64_t>(text), size});
  }
}

[[noreturn]] void Crash() {
  const struct [[gnu::packed]] {
    uint16_t limit;
    uint64_t base;
  } none = {0, 0};
  asm volatile("lidt %0; ud2" : : "m"(none));
  Halt();
}

void PrintResult(const Word& word, uint64_t value) {
  PrintBytes(word.text);
  PrintText(": ");
  PrintHex(value);
  PrintText("\n");
}

bool DoAccess(const Word& word) {
  const auto port = static_cast<uint16_t>(word.first);
  if (word.Is("in8")) {
    PrintResult(word, In8(port));
  } else if (word.Is("in16")) {
    PrintResult(word, In16(port));
  } else if (word.Is("in32")) {
    PrintResult(word, In32(port));
  } else if (word.Is("out8")) {
    Out8(port, static_cast<uint8_t>(word.second));
  } else if (word.Is("out16")) {
    Out16(port, static_cast<uint16_t>(word.second));
  } else if (word.Is("out32")) {
    Out32(port, static_cast<uint32_t>(word.second));
  } else if (word.Is("read8")) {
    PrintResult(word, Load<uint8_t>(word.first));
  } else if (word.Is("read16")) {
    PrintResult(word, Load<uint16_t>(word.first));
  } else if (word.Is("read32")) {
    PrintResult(word, Load<uint32_t>(word.first));
  } else if (word.Is("read64")) {
    PrintResult(word, Load<uint64_t>(word.first));
  } else if (word.Is("write8")) {
    Store<uint8_t>(word.first, word.second);
  } else if (word.Is("write16")) {
    Store<uint16_t>(word.first, word.second);
  } else if (word.Is("write32")) {
    Store<uint32_t>(word.first, word.second);
  } else if (word.Is("write64")) {
    Store<uint64_t>(word.first, word.second);
  } else {
    return false;
  }
  return true;
}

void Do(const Word& word) {
  if (word.Is("lines")) {
    PrintLines(word.first);
  } else if (word.Is("flood")) {
    Flood(word.first);
  } else if (word.Is("config32")) {
    PrintResult(word,
                ReadPci(static_cast<unsigned>(word.first), static_cast<unsigned>(word.second)));
  } else if (word.Is("crash")) {
    Crash();
  } else if (word.Is("halt")) {
    Halt();
  } else if (!DoAccess(word)) {
    PrintText("what is ");
    PrintBytes(word.text);
    PrintText("?\n");
    Halt();
  }
}

}  // namespace

extern "C" void KernelMain(uint64_t data_address) {
  const BootData data(data_address);
  zbi_uart_t uart = {};
  if (data.Find(ZBI_TYPE_DEBUG_UART).Read(0, uart)) {
    UseSerialPort(static_cast<uint16_t>(uart.base));
  }
  Bytes text = data.Find(ZBI_TYPE_CMDLINE);
  while (!text.empty() && text.data()[0] != '\0') {
    size_t length = 0;
    while (length < text.size() && text.data()[length] != ' ' && text.data()[length] != '\0') {
      ++length;
    }
    if (length > 0) {
      Do(ParseWord(text.First(length)));
    }
    // A blank is left behind too.
    text = text.From(length < text.size() && text.data()[length] == ' ' ? length + 1 : length);
  }
  Halt();
}
