// ProcessHoldings: what the process has of everything that guests could leave behind. Right while
// no other thread works.

#pragma once

#include <zircon-kvm/host.h>

#include <cstdint>
#include <string>

namespace endurance {

struct ProcessHoldings {
  uint64_t rss = 0;  // bytes, exact; compared by nobody here
  uint64_t descriptors = 0;
  uint64_t threads = 0;
  uint64_t shared_mappings = 0;  // of VMOs, run pages
  zircon_kvm_stats_t stats = {};

  static ProcessHoldings Now();
  // In words, what there is more or less of than `before`, memory left aside; empty for nothing.
  std::string Since(const ProcessHoldings& before) const;
  std::string Text() const;
};

}  // namespace endurance
