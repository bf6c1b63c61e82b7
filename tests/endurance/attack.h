// Attack: one guest that does its worst for a while, with threads of the host that trouble it, and
// what must hold meanwhile and afterwards.
//
//   Attack attack(seed, round, Kind::kBells);
//   const AttackCounts counts = attack.Run();
//
// Fails (fail.h) when zx_vcpu_enter() gives a status that has no row, when a VCPU cannot be kicked,
// and when a guard around the guest's memory is touched.

#pragma once

#include <lib/zx/vcpu.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "endurance/seeded.h"
#include "endurance/seeded_guest.h"

namespace endurance {

enum class Kind {
  kInstructions,  // random instruction streams
  kTables,        // page tables, descriptor tables, stacks in traps and where nothing is
  kRewriting,     // instructions at a trap, rewritten by another VCPU and by the host
  kBells,         // storms of bells: a port that nobody reads, that is full, that is closed
  kInterrupts,    // storms of IPIs, NMIs and interrupts
  kTimers,        // storms of timer re-arms
  kTripleFaults,
  kChangingMemory,  // mappings that come and go under the running guest
  kCount
};

const char* NameOf(Kind kind);

struct AttackCounts {
  uint64_t enters = 0;
  uint64_t vcpus = 0;
  std::map<zx_status_t, uint64_t> statuses;
  std::map<uint32_t, uint64_t> packets;  // by type
  void Add(const AttackCounts& other);
};

class Attack {
 public:
  Attack(uint64_t seed, uint64_t round, Kind kind);
  Attack(const Attack&) = delete;
  Attack& operator=(const Attack&) = delete;

  AttackCounts Run();

 private:
  static constexpr size_t kVcpus = 2;

  // A VCPU as others see it. Handles are used under the lock, so that none is another's by then.
  struct Place {
    std::mutex mutex;
    zx_handle_t vcpu = ZX_HANDLE_INVALID;
    std::atomic<uint64_t> enters{0};
  };

  void WriteCode(Seeded& random, size_t index) const;
  void RunVcpu(size_t index, AttackCounts* counts);
  // One VCPU from its creation to its end.
  void LiveOnce(Seeded& random, size_t index, uint64_t* budget, AttackCounts* counts);
  void Answer(Seeded& random, const zx::vcpu& vcpu, const zx_port_packet_t& packet);
  void Kick();     // a thread of the host
  void Trouble();  // another
  void TroubleOnce(Seeded& random);
  void ChangeMemory(Seeded& random);

  const uint64_t seed_;
  const uint64_t round_;
  const Kind kind_;
  SeededGuest guest_;
  std::array<Place, kVcpus> places_;
  std::atomic<size_t> running_{kVcpus};
};

}  // namespace endurance
