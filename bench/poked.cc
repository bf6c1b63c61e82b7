#include "poked.h"

#include <sched.h>
#include <unistd.h>

namespace bench {
namespace {

int Signal() {
  static const int number = [] {
    struct sigaction action = {};
    action.sa_handler = [](int) {};
    Must(sigaction(SIGRTMIN, &action, nullptr) == 0, "sigaction");
    return SIGRTMIN;
  }();
  return number;
}

}  // namespace

Poked::Poked() : owner_(gettid()) {}

double Poked::Run(int count) {
  // Not in the constructor: the derived class is not there yet.
  if (!thread_.joinable()) thread_ = std::thread([this] { PokeOnRequest(); });
  double total = 0;
  for (int i = 0; i < count; ++i) {
    requests_.fetch_add(1);
    requests_.notify_one();
    Wait();
    total += static_cast<double>(Now() - poked_at_.load());
  }
  return total;
}

void Poked::PokeOnRequest() {
  for (uint64_t done = 0;; ++done) {
    requests_.wait(done);
    if (stop_.load()) return;
    // Yields, so that it also works on a machine of one processor.
    const uint64_t before = CounterOf(memory());
    while (CounterOf(memory()) == before) sched_yield();
    poked_at_.store(Now());
    Poke();
  }
}

void Poked::Stop() {
  if (!thread_.joinable()) return;
  stop_.store(true);
  requests_.fetch_add(1);
  requests_.notify_one();
  thread_.join();
}

void Poked::SignalOwner() const { tgkill(getpid(), owner_, Signal()); }

}  // namespace bench
