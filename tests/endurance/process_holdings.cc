#include "endurance/process_holdings.h"

#include <dirent.h>
#include <fmt/format.h>

#include <fstream>

#include "endurance/fail.h"

namespace endurance {
namespace {

uint64_t Entries(const char* folder) {
  DIR* const open = opendir(folder);
  if (open == nullptr) Fail(std::string("no ") + folder);
  uint64_t count = 0;
  while (const dirent* entry = readdir(open)) count += entry->d_name[0] != '.' ? 1 : 0;
  closedir(open);
  return count;
}

uint64_t SharedMappings() {
  std::ifstream maps("/proc/self/maps");
  uint64_t count = 0;
  for (std::string line; std::getline(maps, line);) {
    const size_t permissions = line.find(' ') + 1;
    count += line.compare(permissions + 3, 1, "s") == 0 ? 1 : 0;
  }
  return count;
}

// From the page tables: statm and status are sums of counters that each thread keeps for itself for
// a while, up to 252 KiB a thread.
uint64_t Rss() {
  std::ifstream rollup("/proc/self/smaps_rollup");
  for (std::string line; std::getline(rollup, line);) {
    if (line.starts_with("Rss:")) return std::stoull(line.substr(line.find(':') + 1)) * 1024;
  }
  Fail("no Rss in smaps_rollup");
}

void Compare(const char* what, uint64_t before, uint64_t now, std::string* words) {
  if (now == before) return;
  *words += fmt::format("{:+} {}; ", static_cast<int64_t>(now - before), what);
}

}  // namespace

ProcessHoldings ProcessHoldings::Now() {
  ProcessHoldings now;
  now.descriptors = Entries("/proc/self/fd");
  now.threads = Entries("/proc/self/task");
  now.shared_mappings = SharedMappings();
  now.rss = Rss();
  Require(zircon_kvm_get_stats(&now.stats, sizeof(now.stats)), "zircon_kvm_get_stats");
  return now;
}

std::string ProcessHoldings::Since(const ProcessHoldings& before) const {
  std::string words;
  Compare("descriptors", before.descriptors, descriptors, &words);
  Compare("threads", before.threads, threads, &words);
  Compare("shared mappings", before.shared_mappings, shared_mappings, &words);
  Compare("handles", before.stats.live_handles, stats.live_handles, &words);
  Compare("machines of KVM", before.stats.vm_fds, stats.vm_fds, &words);
  Compare("VCPUs of KVM", before.stats.vcpu_fds, stats.vcpu_fds, &words);
  Compare("memory slots", before.stats.memory_slots, stats.memory_slots, &words);
  Compare("guests", before.stats.guests, stats.guests, &words);
  Compare("VCPUs", before.stats.vcpus, stats.vcpus, &words);
  return words;
}

std::string ProcessHoldings::Text() const {
  return fmt::format("rss {} KiB, {} descriptors, {} threads, {} shared mappings, {} handles",
                     rss / 1024, descriptors, threads, shared_mappings, stats.live_handles);
}

}  // namespace endurance
