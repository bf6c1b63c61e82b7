// Witness: when the process dies or hangs in a pass of a sweep, it says on stderr which pass and
// which call that was.
//
// Thread safety: one thread writes; the signal handler reads.

#pragma once

#include <cstddef>

namespace zircon::faults {

class Witness {
 public:
  // A pass begins, and has that many seconds.
  void Begin(const char* scenario, size_t point, const char* failing, int error, bool for_good,
             unsigned seconds);
  void Enter(const char* text) { call_ = text; }
  void End();
  void TellTo(int fd) { fd_ = fd; }

  // Also for the signal handler.
  void Tell(const char* what) const;

 private:
  void Install();
  const char* scenario_ = nullptr;
  const char* failing_ = "nothing";
  const char* call_ = "";
  size_t point_ = 0;
  int fd_ = 2;
  int error_ = 0;
  bool for_good_ = false;
};

extern Witness witness;

}  // namespace zircon::faults
