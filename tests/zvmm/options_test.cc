// zvmm's command line and its configuration file.

#include "options.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "test_file.h"

namespace zvmm {
namespace {

struct Parsed {
  Options options;
  std::optional<int> exit_status;
  std::string output;
  std::string errors;
};

Parsed Parse(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "zvmm");
  std::vector<char*> argv;
  for (std::string& argument : arguments) {
    argv.push_back(argument.data());
  }
  Parsed parsed;
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  parsed.options = ParseOptions(static_cast<int>(argv.size()), argv.data(), parsed.exit_status);
  parsed.output = testing::internal::GetCapturedStdout();
  parsed.errors = testing::internal::GetCapturedStderr();
  return parsed;
}

TEST(OptionsTest, DevicesMayComeSeveralTimes) {
  const Parsed parsed = Parse({"--kernel", "k", "--disk", "a", "-d", "b", "--net", "tap=tap0",
                               "--net=unix=/tmp/a,b.sock,mac=52:54:00:12:34:56", "--serial", "pty",
                               "-s", "file=/tmp/x"});
  ASSERT_FALSE(parsed.exit_status) << parsed.errors;
  EXPECT_EQ(parsed.options.disks, (std::vector<std::string>{"a", "b"}));
  ASSERT_EQ(parsed.options.networks.size(), 2u);
  EXPECT_EQ(parsed.options.networks[0].name, "tap0");
  EXPECT_EQ(parsed.options.networks[1].kind, NetOptions::Kind::kUnix);
  EXPECT_EQ(parsed.options.networks[1].name, "/tmp/a,b.sock");
  EXPECT_EQ(parsed.options.networks[1].mac, (MacAddress{0x52, 0x54, 0, 0x12, 0x34, 0x56}));
  ASSERT_EQ(parsed.options.serials.size(), 2u);
  EXPECT_EQ(parsed.options.serials[1].path, "/tmp/x");
}

TEST(OptionsTest, WhoseTheInterruptsAre) {
  EXPECT_EQ(Parse({"--kernel", "k"}).options.interrupts, InterruptKind::kLibrary);
  EXPECT_EQ(Parse({"--kernel", "k", "--interrupts", "library"}).options.interrupts,
            InterruptKind::kLibrary);
  EXPECT_EQ(Parse({"--kernel", "k", "--interrupts=kernel"}).options.interrupts,
            InterruptKind::kKernel);
  EXPECT_EQ(Parse({"--kernel", "k", "--interrupts", "mine"}).exit_status, kExitNotRun);
}

TEST(OptionsTest, TheConfigurationFileHasThemWithoutDashes) {
  const TestFile file(
      "# A guest.\n"
      "kernel = \"/boot/vm linuz\"\n"
      "memory = 64\n"
      "disk = [\"a=1\", \"b,2\"]\n"
      "read-only-disks = true\n"
      "net = \"unix=/tmp/s\"\n"
      "cmdline = \"console=hvc0 quiet\"\n"
      "exit-port = 0x501\n");
  const Parsed parsed = Parse({"--config", file.path(), "--memory", "128"});
  ASSERT_FALSE(parsed.exit_status) << parsed.errors;
  EXPECT_EQ(parsed.options.kernel, "/boot/vm linuz");
  EXPECT_EQ(parsed.options.memory_mib, 128u) << "the command line comes first";
  EXPECT_EQ(parsed.options.disks, (std::vector<std::string>{"a=1", "b,2"}));
  EXPECT_TRUE(parsed.options.read_only_disks);
  ASSERT_EQ(parsed.options.networks.size(), 1u);
  EXPECT_EQ(parsed.options.networks[0].name, "/tmp/s");
  EXPECT_EQ(parsed.options.command_line, "console=hvc0 quiet");
  EXPECT_EQ(parsed.options.exit_port, 0x501);
}

TEST(OptionsTest, WhatIsWrongIsSaid) {
  const TestFile file("kernel = \"k\"\nmemroy = 64\n");
  struct Case {
    std::vector<std::string> arguments;
    std::string words;
  };
  const Case cases[] = {
      {{}, "--kernel"},
      {{"--kernel", "k", "--memory", "1"}, "--memory"},
      {{"--kernel", "k", "--cpus", "0"}, "--cpus"},
      {{"--kernel", "k", "--frobnicate"}, "--frobnicate"},
      {{"--kernel", "k", "--net", "tap="}, "'tap=' is no network"},
      {{"--kernel", "k", "--net", "tap=t,mac=1"}, "'1' is no address"},
      {{"--kernel", "k", "--net", "tap=t,mac=01:00:00:00:00:00"}, "the address of a group"},
      {{"--kernel", "k", "--serial", "tcp"}, "'tcp' is no place for a serial port"},
      {{"--config", file.path()}, "'memroy', which is no option"},
      {{"--config", "/nowhere/at/all"}, "/nowhere/at/all"},
  };
  for (const Case& c : cases) {
    const Parsed parsed = Parse(c.arguments);
    EXPECT_EQ(parsed.exit_status, kExitNotRun) << c.words;
    EXPECT_NE((parsed.output + parsed.errors).find(c.words), std::string::npos)
        << parsed.output << parsed.errors;
  }
}

TEST(OptionsTest, HelpAndVersion) {
  const Parsed help = Parse({"--help"});
  EXPECT_EQ(help.exit_status, 0);
  for (const char* const words : {"Guest:", "Devices:", "Its end:", "--net", "Exit status:"}) {
    EXPECT_NE(help.output.find(words), std::string::npos) << words;
  }
  const Parsed version = Parse({"--version"});
  EXPECT_EQ(version.exit_status, 0);
  EXPECT_EQ(version.output.substr(0, 5), "zvmm ");
}

TEST(NetOptionsTest, AnAddressOfItsOwn) {
  const auto first = ParseNetOptions("tap=tap0");
  const auto again = ParseNetOptions("tap=tap0");
  const auto other = ParseNetOptions("tap=tap1");
  ASSERT_TRUE(first.ok() && again.ok() && other.ok());
  EXPECT_EQ(first->mac, again->mac);
  EXPECT_NE(first->mac, other->mac);
  EXPECT_EQ(first->mac[0] & 3, 2) << "locally administered, of one card";
}

}  // namespace
}  // namespace zvmm
