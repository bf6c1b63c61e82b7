// One conversation with gdb: what each packet of its remote protocol means. VCPU n is gdb's thread
// n + 1.
//
// https://sourceware.org/gdb/current/onlinedocs/gdb.html/Packets.html

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "debug/debug_target.h"

namespace zvmm {

// Refers to the target. Not thread-safe.
class GdbSession {
 public:
  // What the connection does after a packet.
  enum class Next : uint8_t {
    kAnswer,  // Sends the answer.
    kRun,     // Waits until the machine stops, and sends that.
    kDetach,  // Sends the answer; it was the last.
    kKill,    // Nothing more.
  };
  struct Answer {
    Next next = Next::kAnswer;
    std::string data{};
  };

  explicit GdbSession(DebugTarget& target) : target_(target) {}

  // Of any bytes: what makes no sense is answered with an error, what is not known with nothing.
  Answer Handle(std::string_view packet);

  // The news that the machine has stopped.
  std::string NewsOf(const DebugStop& stop);

  // Whether frames are acknowledged, from the next on.
  bool acknowledges() const { return acknowledges_; }

 private:
  std::string Query(std::string_view packet);
  std::string Transfer(std::string_view packet) const;
  std::string ThreadList();
  std::string SelectThread(std::string_view packet);
  std::string IsAlive(std::string_view packet);
  std::string ReadAll();
  std::string WriteAll(std::string_view digits);
  std::string ReadOne(std::string_view packet);
  std::string WriteOne(std::string_view packet);
  std::string ReadMemory(std::string_view packet);
  std::string WriteMemory(std::string_view packet, bool binary);
  std::string ChangeBreakpoint(std::string_view packet, bool insert);
  Answer GoOn(std::string_view packet);
  Answer GoOnEach(std::string_view actions);

  bool Exists(unsigned vcpu);
  // A thread as the protocol writes it: -1 and 0 are any.
  struct Thread {
    bool any = false;
    unsigned vcpu = 0;
  };
  std::optional<Thread> ParseThread(std::string_view text);

  DebugTarget& target_;
  unsigned current_ = 0;  // VCPU of registers and memory
  bool acknowledges_ = true;
  DebugStop last_{};
};

}  // namespace zvmm
