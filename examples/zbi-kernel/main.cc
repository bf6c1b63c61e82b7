// zbi-kernel: a kernel that boots by Zircon's protocol, says what it was given, and turns the
// machine off.
//
//   zvmm --kernel zbi-kernel.zbi --cmdline "hello" --initrd file.txt
//
//   zbi-kernel: command line: hello
//   zbi-kernel: MEM_CONFIG: 0x0 to 0x9fc00: RAM
//   …
//
// It believes nothing before it has looked: if something is wrong it says so on the serial port, if
// it has one, and writes to the exit port 0xF4.

#include "acpi.h"
#include "boot_data.h"
#include "bytes.h"
#include "serial.h"

namespace {

constexpr uint16_t kExitPort = 0xF4;
constexpr uint8_t kExitFailure = 3;

// How much of the ramdisk is shown.
constexpr size_t kMostText = 64;

[[noreturn]] void Fail(const char* what) {
  PrintText("zbi-kernel: ");
  PrintText(what);
  PrintText("\n");
  Out8(kExitPort, kExitFailure);
  while (true) {
    asm volatile("hlt");
  }
}

void BeginLine(const char* item) {
  PrintText("zbi-kernel: ");
  PrintText(item);
  PrintText(": ");
}

void FindSerialPort(const BootData& data) {
  zbi_uart_t uart = {};
  if (data.Find(ZBI_TYPE_DEBUG_UART).Read(0, uart) && uart.type == ZBI_UART_PC_PORT) {
    UseSerialPort(static_cast<uint16_t>(uart.base));
  }
  uint32_t driver = 0;
  const Bytes config = data.Find(ZBI_TYPE_KERNEL_DRIVER, &driver);
  zbi_dcfg_simple_pio_t port;
  if (driver == ZBI_KERNEL_DRIVER_I8250_PIO_UART && config.Read(0, port)) {
    if (uart.base != port.base) {
      Fail("the two items for the serial port differ");
    }
  } else {
    Fail("there is no KERNEL_DRIVER item for the serial port");
  }
}

void PrintCommandLine(const BootData& data) {
  const Bytes text = data.Find(ZBI_TYPE_CMDLINE);
  if (text.empty() || text.data()[text.size() - 1] != '\0') {
    Fail("there is no command line, or no NUL behind it");
  }
  BeginLine("command line");
  PrintBytes(text.First(text.size() - 1));
  PrintText("\n");
}

const char* KindOfRange(uint32_t type) {
  switch (type) {
    case ZBI_MEM_RANGE_RAM:
      return "RAM";
    case ZBI_MEM_RANGE_PERIPHERAL:
      return "peripheral";
    default:  // Unknown ones are reserved too.
      return "reserved";
  }
}

const char* KindOfEntry(uint32_t type) {
  switch (type) {
    case E820_RAM:
      return "RAM";
    case E820_ACPI:
      return "ACPI";
    case E820_NVS:
      return "NVS";
    case E820_UNUSABLE:
      return "unusable";
    default:
      return "reserved";
  }
}

void PrintRange(const char* item, uint64_t start, uint64_t size, const char* kind) {
  BeginLine(item);
  PrintHex(start);
  PrintText(" to ");
  PrintHex(start + size);
  PrintText(": ");
  PrintText(kind);
  PrintText("\n");
}

void PrintMemory(const BootData& data) {
  const Bytes ranges = data.Find(ZBI_TYPE_MEM_CONFIG);
  zbi_mem_range_t range;
  if (ranges.empty() || ranges.size() % sizeof(range) != 0) {
    Fail("there is no MEM_CONFIG, or a part of one");
  }
  for (size_t at = 0; ranges.Read(at, range); at += sizeof(range)) {
    PrintRange("MEM_CONFIG", range.paddr, range.length, KindOfRange(range.type));
  }
  const Bytes entries = data.Find(ZBI_TYPE_E820_TABLE);
  e820entry_t entry;
  if (entries.empty() || entries.size() % sizeof(entry) != 0) {
    Fail("there is no E820_TABLE, or a part of one");
  }
  for (size_t at = 0; entries.Read(at, entry); at += sizeof(entry)) {
    PrintRange("E820_TABLE", entry.addr, entry.size, KindOfEntry(entry.type));
  }
}

uint64_t PrintAcpi(const BootData& data) {
  uint64_t rsdp = 0;
  if (!data.Find(ZBI_TYPE_ACPI_RSDP).Read(0, rsdp)) {
    Fail("there is no ACPI_RSDP");
  }
  BeginLine("ACPI_RSDP");
  PrintHex(rsdp);
  PrintText(", tables");
  const char* wrong = ListAcpiTables(rsdp, [](Bytes signature) {
    PrintText(" ");
    PrintBytes(signature);
  });
  PrintText("\n");
  if (wrong != nullptr) {
    Fail(wrong);
  }
  return rsdp;
}

void PrintRamdisk(const BootData& data) {
  uint32_t size = 0;
  const Bytes ramdisk = data.Find(ZBI_TYPE_STORAGE_RAMDISK, &size);
  BeginLine("ramdisk");
  if (ramdisk.empty()) {
    PrintText("none\n");
    return;
  }
  PrintDecimal(ramdisk.size());
  PrintText(" bytes: ");
  PrintBytes(ramdisk.First(kMostText));
  PrintText("\n");
  if (size != ramdisk.size()) {
    Fail("the ramdisk's size is not that of its item");
  }
}

}  // namespace

// `data` is what the loader has put into RSI.
extern "C" void KernelMain(uint64_t data_address) {
  const BootData data(data_address);
  if (!data.valid()) {
    Fail("there is no boot data");
  }
  FindSerialPort(data);
  PrintCommandLine(data);
  PrintMemory(data);
  const uint64_t rsdp = PrintAcpi(data);
  PrintRamdisk(data);
  PrintText("zbi-kernel: turning the machine off\n");
  Fail(TurnOff(rsdp));
}
