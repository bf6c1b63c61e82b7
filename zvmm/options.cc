#include "options.h"

#include <zircon-kvm/host.h>

#include <CLI/CLI.hpp>
#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "exit_status.h"
#include "host/log.h"
#include "pci/pci_layout.h"
#include "vcpus.h"

namespace zvmm {
namespace {

constexpr char kDescription[] =
    "zvmm: boots a Linux or Zircon kernel in a virtual machine, with the Zircon hypervisor calls "
    "on KVM.\n"
    "The guest's first serial port (ttyS0) is standard input and output; its virtio console "
    "(hvc0)\n"
    "writes there too.\n";

constexpr char kFooter[] = R"(
Example: boot a distribution's kernel with a small initramfs

  zvmm --kernel /boot/vmlinuz --initrd initramfs.cpio.gz --memory 512 \
       --cmdline "console=ttyS0 panic=-1"

The same from a file, whose lines are the options without their dashes:

  zvmm --config guest.toml           kernel = "/boot/vmlinuz"
                                     disk = ["root.img", "data.img"]

A network without privileges, by passt (which prints the socket's path):

  passt --one-off; zvmm ... --net unix=/tmp/passt_1.socket

A Zircon kernel finds its command line, memory, ACPI tables, serial port and RAM disk in the items
of its boot image.

In a terminal, Ctrl-A x ends zvmm, Ctrl-A z stops it as Ctrl-Z does other programs, and Ctrl-A Ctrl-A
sends a Ctrl-A to the guest. When the guest has ended, zvmm writes what is left of its output, however
slow the reader is; a signal ends that.

Exit status:
  0      the guest turned the machine off
  1      nothing was run: bad option, bad file, no KVM
  2      the guest crashed (triple fault) or did what cannot be emulated; or its output could not be
         written
  3      the guest's kernel has panicked, and has said so to the pvpanic device
  4      the guest reset the machine (see --reset-status); so does a Linux kernel with panic=-1 that
         has panicked
  N      the guest wrote the byte N to the exit port (see --exit-port)
  128+S  ended by signal S; 130 also for Ctrl-A x
)";

constexpr uint64_t kLeastMemoryMib = 16;
constexpr uint64_t kMostMemoryMib = 1024 * 1024;

// An option that may be given several times, one value each, parsed by `parse`.
template <typename T, typename Parse>
CLI::Option* AddEach(CLI::App& app, const char* name, std::vector<T>& values, const char* words,
                     Parse parse) {
  return app
      .add_option_function<std::vector<std::string>>(
          name,
          [name, &values, parse](const std::vector<std::string>& texts) {
            values.clear();
            for (const std::string& text : texts) {
              auto value = parse(text);
              if (!value.ok()) {
                throw CLI::ValidationError(name, std::string(value.status().message()));
              }
              values.push_back(*std::move(value));
            }
          },
          words)
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

void AddGuestOptions(CLI::App& app, Options& options) {
  constexpr char kGroup[] = "Guest";
  app.add_option(
         "-k,--kernel", options.kernel,
         "Linux kernel (bzImage, or ELF such as vmlinux) or Zircon boot image (ZBI), for x86-64")
      ->required()
      ->type_name("FILE")
      ->group(kGroup);
  app.add_option("-i,--initrd", options.initrd,
                 "Initial RAM disk: an initramfs for Linux, anything for Zircon")
      ->type_name("FILE")
      ->group(kGroup);
  app.add_option("-a,--cmdline", options.command_line, "Command line of the kernel")
      ->type_name("TEXT")
      ->capture_default_str()
      ->group(kGroup);
  app.add_option("-m,--memory", options.memory_mib, "Memory of the guest, in MiB")
      ->type_name("MIB")
      ->check(CLI::Range(kLeastMemoryMib, kMostMemoryMib).description(""))
      ->capture_default_str()
      ->group(kGroup);
  app.add_option("-c,--cpus", options.cpus, "Number of processors")
      ->type_name("N")
      ->check(CLI::Range(1u, Vcpus::kMost).description(""))
      ->capture_default_str()
      ->group(kGroup);
  app.add_option(
         "--interrupts", options.interrupts,
         "Whose the processors' local APICs are: of the library (as Zircon has them), or of "
         "the host's kernel (kernel), with which interrupts among several processors cost "
         "less")
      ->type_name("WHOSE")
      ->transform(CLI::CheckedTransformer(
                      std::map<std::string, InterruptKind>{{"library", InterruptKind::kLibrary},
                                                           {"kernel", InterruptKind::kKernel}})
                      .description(""))
      ->default_str("library")
      ->group(kGroup);
}

void AddDeviceOptions(CLI::App& app, Options& options) {
  constexpr char kGroup[] = "Devices";
  app.add_option("-d,--disk", options.disks,
                 "File or block device to be a virtio disk of the guest (vda; again for vdb, ...)")
      ->type_name("FILE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->group(kGroup);
  app.add_flag("--read-only-disks", options.read_only_disks, "The guest may only read its disks")
      ->group(kGroup);
  AddEach(app, "-n,--net", options.networks,
          "Virtio network card, connected to a TAP interface (tap=NAME) or to passt's socket "
          "(unix=PATH); ,mac=ADDRESS behind it is the card's address (again for another card)",
          ParseNetOptions)
      ->type_name("NETWORK")
      ->group(kGroup);
  AddEach(app, "-s,--serial", options.serials,
          "Where one more serial port leads, ttyS1 and on: null, file=PATH, unix=SOCKET, or pty "
          "(up to three)",
          ParseSerialOptions)
      ->type_name("WHERE")
      ->group(kGroup);
  app.add_option("--console", options.console,
                 "Which console standard input goes to: serial (ttyS0) or virtio (hvc0)")
      ->type_name("NAME")
      ->transform(CLI::CheckedTransformer(
                      std::map<std::string, ConsoleKind>{{"serial", ConsoleKind::kSerial},
                                                         {"virtio", ConsoleKind::kVirtio}})
                      .description(""))
      ->default_str("serial")
      ->group(kGroup);
  app.add_flag("--hpet", options.hpet,
               "A high precision event timer, for kernels that have no better clock; others are "
               "slower with it")
      ->group(kGroup);
}

void AddEndOptions(CLI::App& app, Options& options) {
  constexpr char kGroup[] = "Its end";
  app.add_option("--exit-port", options.exit_port,
                 "I/O port; a byte that the guest writes there ends zvmm with that status")
      ->type_name("PORT")
      ->default_str("0xF4")
      ->group(kGroup);
  app.add_option("--reset-status", options.reset_status, "Exit status when the guest resets")
      ->type_name("N")
      ->check(CLI::Range(0, 255).description(""))
      ->capture_default_str()
      ->group(kGroup);
}

void AddStatisticsOptions(CLI::App& app, Options& options) {
  constexpr char kGroup[] = "Looking into it";
  app.add_flag("--stats", options.statistics,
               "Counts exits by kind and device, and time; prints them to standard error at the "
               "end, and on SIGUSR1")
      ->group(kGroup);
  app.add_option("--stats-json", options.statistics_file,
                 "Writes the same to a file, as JSON, at the same times")
      ->type_name("FILE")
      ->group(kGroup);
  app.add_option("--trace", options.trace_file,
                 "Writes to a file when each processor was in the guest and what ended that, for "
                 "ui.perfetto.dev: some 200 bytes an exit")
      ->type_name("FILE")
      ->group(kGroup);
  app.add_option_function<std::string>(
         "--gdb",
         [&options](const std::string& text) {
           auto gdb = ParseGdbOptions(text);
           if (!gdb.ok()) {
             throw CLI::ValidationError("--gdb", std::string(gdb.status().message()));
           }
           options.gdb = *std::move(gdb);
         },
         "Lets gdb debug the guest, by tcp=PORT of this machine's own address or unix=SOCKET; the "
         "guest waits for it, unless ,nowait is behind that")
      ->type_name("WHERE")
      ->group(kGroup);
}

// The library's words are about "INI".
std::string ConfigurationError(const CLI::ConfigError& error) {
  constexpr std::string_view kUnknown = "INI was not able to parse ";
  const std::string_view words = error.what();
  return words.starts_with(kUnknown) ? absl::StrCat("the configuration file has '",
                                                    std::string(words.substr(kUnknown.size())),
                                                    "', which is no option; zvmm --help lists them")
                                     : absl::StrCat("the configuration file: ", std::string(words));
}

}  // namespace

Options ParseOptions(int argc, char** argv, std::optional<int>& exit_status) {
  Options options;
  CLI::App app(kDescription, "zvmm");
  app.footer(kFooter);
  AddGuestOptions(app, options);
  AddDeviceOptions(app, options);
  AddEndOptions(app, options);
  AddStatisticsOptions(app, options);
  constexpr char kGroup[] = "This program";
  app.set_config("--config", "", "Reads options from a file (TOML); those given here come first")
      ->type_name("FILE")
      ->group(kGroup);
  app.add_flag("--sandbox", options.sandbox,
               "Gives up every system call that a running guest does not need, before its first "
               "instruction (seccomp); one made all the same ends zvmm with SIGSYS")
      ->group(kGroup);
  app.allow_config_extras(CLI::config_extras_mode::error);
  app.set_version_flag("--version", std::string("zvmm ") + zircon_kvm_version(),
                       "Prints the version")
      ->group(kGroup);
  app.set_help_flag("-h,--help", "Prints this")->group(kGroup);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ConfigError& error) {
    Say(ConfigurationError(error));
    exit_status = kExitNotRun;
  } catch (const CLI::ParseError& error) {
    exit_status = app.exit(error) == 0 ? kExitPowerOff : kExitNotRun;
  }
  return options;
}

}  // namespace zvmm
