// What --stats prints.

#include "statistics.h"

#include <gtest/gtest.h>

#include <string>

namespace zvmm {
namespace {

Statistics Sample() {
  Statistics statistics;
  statistics.seconds = 2;
  VcpuCounts vcpu;
  vcpu.ports = 3;
  vcpu.memory = 4;
  vcpu.kicks = 1;
  vcpu.inside = 1'500'000'000;
  vcpu.outside = 250'000'000;
  statistics.Add(vcpu);
  AccessCounts counts;
  counts.reads = 3;
  counts.writes = 5;
  statistics.Add("serial port", counts);
  statistics.Add("a \"disk\"\n", counts);
  statistics.Add("serial port", counts);
  const AccessCounts none;
  statistics.Add("never used", none);
  statistics.host_exits[ZIRCON_KVM_EXIT_HLT] = 8;
  return statistics;
}

TEST(StatisticsTest, ATableForPeople) {
  const std::string text = StatisticsText(Sample());
  EXPECT_NE(text.find("statistics of 2.000 s"), std::string::npos) << text;
  EXPECT_NE(text.find("serial port                           6           10          8.0"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("hlt                                   8                       4.0"),
            std::string::npos)
      << text;
  EXPECT_EQ(text.find("never used"), std::string::npos);
}

TEST(StatisticsTest, JsonForMachines) {
  EXPECT_EQ(StatisticsJson(Sample()), R"({
  "seconds": 2.000000,
  "vcpus": [
    {"id": 0, "exits": {"io": 3, "memory": 4, "interrupt": 0, "startup": 0, "kick": 1}, "inside_seconds": 1.500000, "outside_seconds": 0.250000}
  ],
  "devices": [
    {"name": "serial port", "reads": 6, "writes": 10, "per_second": 8.0},
    {"name": "a \"disk\"\u000a", "reads": 3, "writes": 5, "per_second": 4.0}
  ],
  "host_exits": {
    "io": 0,
    "mmio": 0,
    "hlt": 8,
    "rdmsr": 0,
    "wrmsr": 0,
    "irq_window": 0,
    "intr": 0,
    "shutdown": 0,
    "fail_entry": 0,
    "internal_error": 0,
    "other": 0
  }
}
)");
}

}  // namespace
}  // namespace zvmm
