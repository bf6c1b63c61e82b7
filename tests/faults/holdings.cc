#include "faults/holdings.h"

#include <dirent.h>
#include <zircon-kvm/host.h>

#include <cinttypes>
#include <cstdio>
#include <cstring>

#include "faults/plan.h"
#include "faults/refused_unmaps.h"
#include "sanitizers.h"

namespace zircon::faults {
namespace {

uint64_t CountEntries(const char* folder) {
  DIR* const open = opendir(folder);
  if (open == nullptr) return 0;
  uint64_t count = 0;
  while (const dirent* entry = readdir(open)) count += entry->d_name[0] != '.' ? 1 : 0;
  closedir(open);
  return count;
}

template <typename Visit>
void EachLine(const char* path, Visit visit) {
  FILE* const file = std::fopen(path, "re");
  if (file == nullptr) return;
  char line[512];
  while (std::fgets(line, sizeof(line), file) != nullptr) visit(line);
  std::fclose(file);
}

int64_t MappedBytes() {
  int64_t sum = 0;
  EachLine("/proc/self/maps", [&](const char* line) {
    uint64_t from = 0;
    uint64_t to = 0;
    char permissions[5] = "";
    if (std::sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s", &from, &to, permissions) != 3) return;
    // The library's shared memory, and little else.
    const bool shared = permissions[3] == 's';
    // Without a name: a reservation.
    const bool reserved =
        std::strcmp(permissions, "---p") == 0 && std::strchr(line, '/') == nullptr;
    if (shared || reserved) sum += static_cast<int64_t>(to - from);
  });
  return sum;
}

uint64_t HostTimers() {
  uint64_t count = 0;
  EachLine("/proc/self/timers",
           [&](const char* line) { count += std::strncmp(line, "ID:", 3) == 0 ? 1 : 0; });
  return count;
}

template <typename Number>
void Compare(const char* what, Number before, Number now, std::string* words) {
  if (now == before) return;
  *words +=
      std::to_string(static_cast<int64_t>(now) - static_cast<int64_t>(before)) + " " + what + "; ";
}

}  // namespace

Holdings Holdings::Now() {
  const Outside outside;
  Holdings now;
  now.blocks = LiveBlocks();
  now.descriptors = CountEntries("/proc/self/fd");
  now.threads = CountEntries("/proc/self/task");
  zircon_kvm_stats_t stats = {};
  if (zircon_kvm_get_stats(&stats, sizeof(stats)) == ZX_OK) {
    now.handles = stats.live_handles;
    now.vm_descriptors = stats.vm_fds;
    now.vcpu_descriptors = stats.vcpu_fds;
    now.slots = stats.memory_slots;
    now.guests = stats.guests;
    now.vcpus = stats.vcpus;
  }
  now.host_timers = HostTimers();
  now.mapped_bytes = MappedBytes() - static_cast<int64_t>(refused_unmaps.bytes());
  return now;
}

std::string Holdings::Since(const Holdings& before) const {
  std::string words;
  Compare("descriptors", before.descriptors, descriptors, &words);
  Compare("threads", before.threads, threads, &words);
  Compare("handles", before.handles, handles, &words);
  Compare("machines of KVM", before.vm_descriptors, vm_descriptors, &words);
  Compare("VCPUs of KVM", before.vcpu_descriptors, vcpu_descriptors, &words);
  Compare("memory slots", before.slots, slots, &words);
  Compare("guests", before.guests, guests, &words);
  Compare("VCPUs", before.vcpus, vcpus, &words);
  Compare("timers of the host", before.host_timers, host_timers, &words);
#if !defined(TESTS_SANITIZED)
  // A sanitizer takes and gives back addresses of its own.
  Compare("bytes of addresses", before.mapped_bytes, mapped_bytes, &words);
#endif
  Compare("blocks of memory", before.blocks, blocks, &words);
  return words;
}

}  // namespace zircon::faults
