#include "endurance/fail.h"

#include <cstdio>
#include <cstdlib>
#include <mutex>

namespace endurance {
namespace {

std::mutex mutex;
std::string doing;

}  // namespace

void SetDoing(std::string words) {
  const std::lock_guard lock(mutex);
  doing = std::move(words);
}

void Fail(const std::string& what) {
  // Never given back: the first failure is the one that is told.
  mutex.lock();
  std::printf("FAILED: %s (%s)\n", what.c_str(), doing.c_str());
  std::fflush(stdout);
  std::_Exit(1);
}

}  // namespace endurance
