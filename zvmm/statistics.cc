#include "statistics.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "json_text.h"

namespace zvmm {
namespace {

// By ZIRCON_KVM_EXIT_*.
constexpr std::string_view kHostExits[] = {"io",         "mmio",           "hlt",  "rdmsr",
                                           "wrmsr",      "irq_window",     "intr", "shutdown",
                                           "fail_entry", "internal_error", "other"};
static_assert(std::size(kHostExits) == ZIRCON_KVM_EXIT_COUNT);

double Rate(uint64_t count, double seconds) {
  return seconds > 0 ? static_cast<double>(count) / seconds : 0;
}

double Seconds(const std::atomic<uint64_t>& nanoseconds) {
  return static_cast<double>(nanoseconds.load(std::memory_order_relaxed)) / 1e9;
}

uint64_t Load(const std::atomic<uint64_t>& counter) {
  return counter.load(std::memory_order_relaxed);
}

}  // namespace

void Statistics::Add(const VcpuCounts& counts) {
  vcpus.push_back({.ports = Load(counts.ports),
                   .memory = Load(counts.memory),
                   .interrupts = Load(counts.interrupts),
                   .startups = Load(counts.startups),
                   .kicks = Load(counts.kicks),
                   .inside = Seconds(counts.inside),
                   .outside = Seconds(counts.outside)});
}

void Statistics::Add(std::string_view name, const AccessCounts& counts) {
  const uint64_t reads = Load(counts.reads);
  const uint64_t writes = Load(counts.writes);
  if (reads == 0 && writes == 0) {
    return;
  }
  const auto device = std::find_if(devices.begin(), devices.end(),
                                   [name](const Device& d) { return d.name == name; });
  if (device != devices.end()) {
    device->reads += reads;
    device->writes += writes;
  } else {
    devices.push_back({.name = std::string(name), .reads = reads, .writes = writes});
  }
}

void Statistics::AddHostExits() {
  zircon_kvm_stats_t stats = {};
  if (zircon_kvm_get_stats(&stats, sizeof(stats)) == ZX_OK) {
    std::copy_n(stats.exits, host_exits.size(), host_exits.begin());
  }
}

std::string StatisticsText(const Statistics& statistics) {
  const double seconds = statistics.seconds;
  std::string text = absl::StrFormat("statistics of %.3f s\n", seconds);
  absl::StrAppendFormat(&text, "  %-10s %10s %10s %10s %8s %8s %10s %10s\n", "processor", "ports",
                        "memory", "interrupts", "startups", "kicks", "inside s", "outside s");
  for (size_t id = 0; id < statistics.vcpus.size(); ++id) {
    const Statistics::Vcpu& vcpu = statistics.vcpus[id];
    absl::StrAppendFormat(&text, "  %-10d %10d %10d %10d %8d %8d %10.3f %10.3f\n", id, vcpu.ports,
                          vcpu.memory, vcpu.interrupts, vcpu.startups, vcpu.kicks, vcpu.inside,
                          vcpu.outside);
  }
  absl::StrAppendFormat(&text, "  %-26s %12s %12s %12s\n", "device", "reads", "writes",
                        "per second");
  for (const Statistics::Device& device : statistics.devices) {
    absl::StrAppendFormat(&text, "  %-26s %12d %12d %12.1f\n", device.name, device.reads,
                          device.writes, Rate(device.reads + device.writes, seconds));
  }
  absl::StrAppendFormat(&text, "  %-26s %12s %25s\n", "exit of the host's KVM", "", "per second");
  for (size_t kind = 0; kind < statistics.host_exits.size(); ++kind) {
    if (const uint64_t count = statistics.host_exits[kind]; count != 0) {
      absl::StrAppendFormat(&text, "  %-26s %12d %25.1f\n", std::string(kHostExits[kind]), count,
                            Rate(count, seconds));
    }
  }
  return text;
}

std::string StatisticsJson(const Statistics& statistics) {
  const double seconds = statistics.seconds;
  std::string text = absl::StrFormat("{\n  \"seconds\": %.6f,\n  \"vcpus\": [", seconds);
  const char* separator = "\n";
  for (size_t id = 0; id < statistics.vcpus.size(); ++id) {
    const Statistics::Vcpu& vcpu = statistics.vcpus[id];
    absl::StrAppendFormat(&text,
                          "%s    {\"id\": %d, \"exits\": {\"io\": %d, \"memory\": %d, "
                          "\"interrupt\": %d, \"startup\": %d, \"kick\": %d}, "
                          "\"inside_seconds\": %.6f, \"outside_seconds\": %.6f}",
                          separator, id, vcpu.ports, vcpu.memory, vcpu.interrupts, vcpu.startups,
                          vcpu.kicks, vcpu.inside, vcpu.outside);
    separator = ",\n";
  }
  absl::StrAppend(&text, "\n  ],\n  \"devices\": [");
  separator = "\n";
  for (const Statistics::Device& device : statistics.devices) {
    absl::StrAppendFormat(
        &text, "%s    {\"name\": %s, \"reads\": %d, \"writes\": %d, \"per_second\": %.1f}",
        separator, JsonQuoted(device.name), device.reads, device.writes,
        Rate(device.reads + device.writes, seconds));
    separator = ",\n";
  }
  absl::StrAppend(&text, "\n  ],\n  \"host_exits\": {");
  separator = "\n";
  for (size_t kind = 0; kind < statistics.host_exits.size(); ++kind) {
    absl::StrAppendFormat(&text, "%s    \"%s\": %d", separator, std::string(kHostExits[kind]),
                          statistics.host_exits[kind]);
    separator = ",\n";
  }
  absl::StrAppend(&text, "\n  }\n}\n");
  return text;
}

}  // namespace zvmm
