#include "faults/sweep.h"

#include <cstdint>

#include "base/log.h"
#include "faults/holdings.h"
#include "faults/log_to_nowhere.h"
#include "faults/plan.h"
#include "faults/witness.h"

namespace zircon::faults {
namespace {

constexpr size_t kMostFaults = 25;
constexpr unsigned kSeconds = 10;

}  // namespace

std::vector<Failure> FailuresOf(const std::vector<CallId>& points) {
  std::vector<Failure> all;
  for (size_t point = 0; point < points.size(); ++point) {
    for (const int error : KindOf(points[point]).all_errnos()) {
      for (const bool for_good : {false, true}) {
        all.push_back({point, points[point], error, for_good});
      }
    }
  }
  return all;
}

std::string WordsOf(const Failure& failure) {
  return "call " + std::to_string(failure.point) + ", " + KindOf(failure.id).name +
         ", fails with " + strerrorname_np(failure.error) +
         (failure.for_good ? " for good" : " once") + ": ";
}

namespace {

// Whether two out-pointers are on one page of the stack decides how often the library probes. The
// stack of a scenario begins at the same place of a page each time, whoever plays it.
[[gnu::noinline]] void PlayAtAPlace(const Scenario& scenario, Run& run) {
  constexpr uintptr_t kPage = 4096;
  const auto here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  volatile char* const below = static_cast<char*>(__builtin_alloca(here % kPage + 16));
  *below = 0;
  scenario.body(run);
}

}  // namespace

void Player::Play(const Failure* failure, const std::string& words) {
  witness.Begin(scenario_.name, failure != nullptr ? failure->point : 0,
                failure != nullptr ? KindOf(failure->id).name : "nothing",
                failure != nullptr ? failure->error : 0, failure != nullptr && failure->for_good,
                kSeconds);
  if (failure == nullptr) {
    plan.Count();
  } else if (failure->for_good) {
    plan.FailOn(failure->point, failure->id, failure->error);
  } else {
    plan.FailOnce(failure->point, failure->id, failure->error);
  }
  Run run(attempt_);
  PlayAtAPlace(scenario_, run);
  reached_ = plan.failed() != 0;
  plan.Off();
  run.End();
  for (const std::string& fault : run.faults()) faults_.push_back(words + fault);
  const fake::FakeKernel& kernel = run.kernel();
  if (kernel.open_descriptors() != 0) faults_.push_back(words + "descriptors of KVM are open");
  if (kernel.mapped_pages() != 0) faults_.push_back(words + "run pages are mapped");
  if (kernel.misuses() != 0) faults_.push_back(words + "a call of KVM was out of place");
  witness.End();
}

namespace {

// What a pass with the failure, and one after it without, have left behind; *reached: whether the
// call that was to fail has been made.
std::string PlayAndCompare(Player* player, const Failure& failure, bool* reached) {
  const std::string words = WordsOf(failure);
  const size_t faults = player->faults().size();
  Holdings before = Holdings::Now();
  player->Play(&failure, words);
  *reached = player->reached();
  // The next guest works. What could not be given back while calls failed may go with it.
  player->Play(nullptr, words + "the pass after it: ");
  const Holdings now = Holdings::Now();
  // A fault's own words are blocks.
  if (player->faults().size() != faults) before.blocks = now.blocks;
  return now.Since(before);
}

bool PlayAndJudge(Player* player, const Failure& failure) {
  bool reached = false;
  // What a thread makes once, on a way that only a failure takes, is left behind once.
  if (PlayAndCompare(player, failure, &reached).empty()) return reached;
  const std::string left = PlayAndCompare(player, failure, &reached);
  if (!left.empty()) player->faults().push_back(WordsOf(failure) + "left behind: " + left);
  return reached;
}

}  // namespace

SweepResult Sweep(const Scenario& scenario) {
  const LogToNowhere quiet;
  Player player(scenario);
  SweepResult result;
  // What the process makes once is made, the log too, and the second pass counts.
  LOG_WARN("{}", scenario.name);
  player.Play(nullptr, "without a fault: ");
  player.Play(nullptr, "without a fault: ");
  const std::vector<CallId> points(plan.points().begin(), plan.points().end());
  if (plan.too_many()) player.faults().push_back("makes more calls than can be counted");
  result.points = points.size();
  for (const Failure& failure : FailuresOf(points)) {
    if (player.faults().size() >= kMostFaults) break;
    bool reached = false;
    for (int attempt = 0; !reached && attempt < kAttempts; ++attempt) {
      player.SetAttempt(attempt);
      reached = PlayAndJudge(&player, failure);
    }
    player.SetAttempt(0);
    if (!reached) player.faults().push_back(WordsOf(failure) + "the pass does not come there");
    ++result.passes;
  }
  result.faults = std::move(player.faults());
  return result;
}

}  // namespace zircon::faults
