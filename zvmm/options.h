// The command line of zvmm, and the file that may stand for a part of it.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "debug/gdb_options.h"
#include "devices/exit_port.h"
#include "exit_status.h"
#include "host/serial_options.h"
#include "net/net_options.h"

namespace zvmm {

// A console of the guest's.
enum class ConsoleKind { kSerial, kVirtio };

// Whose the guest's local APICs are: the library's, which are Zircon's, or those of the host's
// kernel.
enum class InterruptKind { kLibrary, kKernel };

// What the user asks for, checked as far as that is possible without opening files. A value.
struct Options {
  std::string kernel;
  std::string initrd;  // Empty if there is none.
  std::string command_line = "console=ttyS0";
  uint64_t memory_mib = 512;
  unsigned cpus = 1;
  InterruptKind interrupts = InterruptKind::kLibrary;
  std::vector<std::string> disks;
  bool read_only_disks = false;
  std::vector<NetOptions> networks;
  std::vector<SerialOptions> serials;  // Besides the first port.
  ConsoleKind console = ConsoleKind::kSerial;
  uint16_t exit_port = ExitPort::kDefaultPort;
  int reset_status = kExitReset;
  bool hpet = false;
  bool sandbox = false;
  std::string trace_file;  // Empty if there is none.
  std::optional<GdbOptions> gdb;
  bool statistics = false;
  std::string statistics_file;  // Empty if there is none.
};

// Parses. If zvmm shall not go on (--help, or an error, both of which are printed), gives the
// status to exit with in `exit_status`.
Options ParseOptions(int argc, char** argv, std::optional<int>& exit_status);

}  // namespace zvmm
