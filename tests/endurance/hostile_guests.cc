// hostile_guests: guests that do their worst, on a real KVM, beside one that must notice nothing.
// --help says how it is run, docs/RELIABILITY.md what it shows.

#include <fmt/format.h>
#include <zircon-kvm/host.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <map>
#include <string>
#include <thread>

#include "endurance/attack.h"
#include "endurance/bystander.h"
#include "endurance/fail.h"

namespace endurance {
namespace {

struct Options {
  uint64_t seed = 1;
  uint64_t first = 0;
  uint64_t seconds = 30;
  uint64_t rounds = 0;  // 0: as many as there is time for
};

std::string PacketName(uint32_t type) {
  switch (type) {
    case ZX_PKT_TYPE_GUEST_IO:
      return "I/O packets";
    case ZX_PKT_TYPE_GUEST_MEM:
      return "memory packets";
    default:
      return "VCPU packets";
  }
}

void Print(const std::map<std::string, AttackCounts>& by_kind) {
  for (const auto& [kind, counts] : by_kind) {
    std::string line =
        fmt::format("{:<16} {} VCPUs, {} enters:", kind, counts.vcpus, counts.enters);
    for (const auto& [type, count] : counts.packets)
      line += fmt::format(" {} {},", count, PacketName(type));
    for (const auto& [status, count] : counts.statuses) {
      if (status != ZX_OK) line += fmt::format(" {} {},", count, zx_status_get_string(status));
    }
    line.back() = '\n';
    fputs(line.c_str(), stdout);
  }
}

zircon_kvm_stats_t Stats() {
  zircon_kvm_stats_t stats = {};
  Require(zircon_kvm_get_stats(&stats, sizeof(stats)), "zircon_kvm_get_stats");
  return stats;
}

void ExpectNothingLeft(const zircon_kvm_stats_t& before) {
  const zircon_kvm_stats_t now = Stats();
  if (now.live_handles != before.live_handles || now.vm_fds != before.vm_fds ||
      now.vcpu_fds != before.vcpu_fds || now.memory_slots != before.memory_slots ||
      now.guests != before.guests || now.vcpus != before.vcpus) {
    Fail(fmt::format(
        "left behind: {} handles, {} VMs, {} VCPUs of KVM, {} slots, {} guests, {} VCPUs",
        now.live_handles - before.live_handles, now.vm_fds - before.vm_fds,
        now.vcpu_fds - before.vcpu_fds, now.memory_slots - before.memory_slots,
        now.guests - before.guests, now.vcpus - before.vcpus));
  }
}

// It has gone round since; a guest that stands still has noticed something too.
void ExpectItGoesOn(const Bystander& bystander) {
  constexpr auto kPatience = std::chrono::seconds(120);
  const uint64_t before = bystander.rounds();
  const auto begin = std::chrono::steady_clock::now();
  while (bystander.rounds() == before) {
    if (std::chrono::steady_clock::now() - begin > kPatience) Fail("the bystander stands still");
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

int Run(const Options& options) {
  printf("hostile_guests: seed %lu\n", options.seed);
  fflush(stdout);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(options.seconds);
  std::map<std::string, AttackCounts> by_kind;
  uint64_t round = options.first;
  uint64_t quiet_rounds = 0;
  SetDoing("at the start");
  {
    Bystander bystander(options.seed);
    // So that it has all it ever has.
    ExpectItGoesOn(bystander);
    const zircon_kvm_stats_t before = Stats();
    const auto goes_on = [&] {
      return options.rounds > 0 ? round < options.first + options.rounds
                                : std::chrono::steady_clock::now() < end;
    };
    for (; goes_on(); ++round) {
      const auto kind = static_cast<Kind>(round % static_cast<uint64_t>(Kind::kCount));
      SetDoing(fmt::format("{}; again: --seed {} --first {} --rounds 1", NameOf(kind), options.seed,
                           round));
      {
        Attack attack(options.seed, round, kind);
        by_kind[NameOf(kind)].Add(attack.Run());
      }
      ExpectNothingLeft(before);
      bystander.CheckGuards();
      ExpectItGoesOn(bystander);
    }
    quiet_rounds = bystander.rounds();
  }
  Print(by_kind);
  printf("%lu attacks passed; the guest beside them went round %lu times and noticed nothing\n",
         round - options.first, quiet_rounds);
  return 0;
}

int Main(int argc, char** argv) {
  Options options;
  CLI::App app("Guests that do their worst, beside one that must notice nothing.",
               "hostile_guests");
  app.add_option("--seed", options.seed, "What all choices come from")->capture_default_str();
  app.add_option("--first", options.first, "The first round")->capture_default_str();
  app.add_option("--seconds", options.seconds, "How long; the last round ends later")
      ->capture_default_str();
  app.add_option("--rounds", options.rounds, "How many rounds, instead");
  CLI11_PARSE(app, argc, argv);
  char words[256] = "";
  if (zircon_kvm_check(words, sizeof(words)) != ZX_OK) {
    printf("not run: %s\n", words);
    return 77;
  }
  // Lines about what a guest does come once a VCPU, and there are many.
  zircon_kvm_set_log_level(ZIRCON_KVM_LOG_ERROR);
  return Run(options);
}

}  // namespace
}  // namespace endurance

int main(int argc, char** argv) { return endurance::Main(argc, argv); }
