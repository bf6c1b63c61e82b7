// Poked: an operation of two threads: one runs a guest that counts, the other waits until it sees
// the count move, so that the VCPU is surely in the guest, and pokes it. The time is from just
// before the poke until the first thread has what it waits for.
//
// Ownership: has the second thread, which derived classes stop in their destructors, before what it
// uses goes. Thread safety: Run() on the thread that made it.

#pragma once

#include <signal.h>
#include <sys/types.h>

#include <atomic>
#include <thread>

#include "side.h"

namespace bench {

class Poked : public Side {
 public:
  Poked();
  double Run(int count) override;

 protected:
  // The memory that the guest counts in.
  virtual const std::byte* memory() const = 0;
  // Runs the guest until the poke has had its effect. The first thread.
  virtual void Wait() = 0;
  virtual void Poke() = 0;

  void Stop();
  // tgkill() with a signal that does nothing but end KVM_RUN.
  void SignalOwner() const;

 private:
  void PokeOnRequest();

  const pid_t owner_;
  std::atomic<uint64_t> requests_{0};
  std::atomic<int64_t> poked_at_{0};
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace bench
