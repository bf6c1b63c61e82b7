#include "faults/sweep.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <map>

#include "base/log.h"
#include "faults/holdings.h"
#include "faults/plan.h"
#include "faults/witness.h"

namespace zircon::faults {
namespace {

constexpr size_t kMostFaults = 25;
constexpr unsigned kSeconds = 10;

struct Failure {
  size_t point = 0;
  CallId id = kCallIds;
  int error = 0;
  bool for_good = false;
};

// Which failures are played: with `full` all, else each kind of call and errno at a few places.
std::vector<Failure> Choose(const std::vector<CallId>& points, bool full) {
  constexpr size_t kPlaces = 6;
  std::map<CallId, std::vector<size_t>> places;
  for (size_t point = 0; point < points.size(); ++point) places[points[point]].push_back(point);
  std::vector<Failure> chosen;
  for (const auto& [id, where] : places) {
    // A different few for each errno, the first and the last among them.
    size_t shift = 0;
    for (const int error : KindOf(id).all_errnos()) {
      const size_t step = full || where.size() <= kPlaces ? 1 : where.size() / kPlaces;
      for (size_t i = 0; i < where.size(); ++i) {
        const bool end = i == 0 || i + 1 == where.size();
        if (!end && i % step != shift % step) continue;
        chosen.push_back({where[i], id, error, false});
        chosen.push_back({where[i], id, error, true});
      }
      ++shift;
    }
  }
  return chosen;
}

std::string Words(const Failure& failure) {
  return "call " + std::to_string(failure.point) + ", " + KindOf(failure.id).name +
         ", fails with " + strerrorname_np(failure.error) +
         (failure.for_good ? " for good" : " once") + ": ";
}

// The library's log goes nowhere while it lives; written it is.
class LogToNowhere {
 public:
  LogToNowhere() : stderr_(dup(STDERR_FILENO)) {
    const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    dup2(nowhere, STDERR_FILENO);
    close(nowhere);
    witness.TellTo(stderr_);
  }
  ~LogToNowhere() {
    witness.TellTo(STDERR_FILENO);
    dup2(stderr_, STDERR_FILENO);
    close(stderr_);
  }
  LogToNowhere(const LogToNowhere&) = delete;
  LogToNowhere& operator=(const LogToNowhere&) = delete;

 private:
  const int stderr_;
};

class Sweeper {
 public:
  explicit Sweeper(const Scenario& scenario) : scenario_(scenario) {}

  SweepResult Do() {
    const LogToNowhere quiet;
    // What the process makes once is made, the log too, and the second pass counts.
    LOG_WARN("{}", scenario_.name);
    PlayClean();
    PlayClean();
    const std::vector<CallId> points(plan.points().begin(), plan.points().end());
    if (plan.too_many()) Fault("makes more calls than can be counted");
    result_.points = points.size();
    const char* const wish = std::getenv("ZIRCON_FAULTS");
    for (const Failure& failure :
         Choose(points, wish != nullptr && std::strcmp(wish, "full") == 0)) {
      if (result_.faults.size() >= kMostFaults) break;
      // Where time is waited for a call may be made or not.
      constexpr int kAttempts = 10;
      int attempt = 0;
      while (!Play(failure) && attempt < kAttempts) ++attempt;
      if (attempt == kAttempts) Fault(Words(failure) + "the pass does not come there");
    }
    return std::move(result_);
  }

 private:
  void PlayClean() {
    witness.Begin(scenario_.name, 0, "nothing", 0, false, kSeconds);
    plan.Count();
    PlayBody("without a fault: ");
    witness.End();
  }

  // Whether the call that was to fail has been made.
  bool Play(const Failure& failure) {
    const std::string words = Words(failure);
    const size_t faults = result_.faults.size();
    Holdings before = Holdings::Now();
    witness.Begin(scenario_.name, failure.point, KindOf(failure.id).name, failure.error,
                  failure.for_good, kSeconds);
    if (failure.for_good) {
      plan.FailOn(failure.point, failure.id, failure.error);
    } else {
      plan.FailOnce(failure.point, failure.id, failure.error);
    }
    PlayBody(words);
    const bool reached = plan.failed() != 0;
    ++result_.passes;
    // The next guest works. What could not be given back while calls failed may go with it.
    PlayBody(words + "the pass after it: ");
    const Holdings now = Holdings::Now();
    // A fault's own words are blocks.
    if (result_.faults.size() != faults) before.blocks = now.blocks;
    const std::string left = now.Since(before);
    if (!left.empty()) Fault(words + "left behind: " + left);
    witness.End();
    return reached;
  }

  void PlayBody(const std::string& words) {
    Run run;
    scenario_.body(run);
    plan.Off();
    run.End();
    for (const std::string& fault : run.faults()) Fault(words + fault);
    const fake::FakeKernel& kernel = run.kernel();
    if (kernel.open_descriptors() != 0) Fault(words + "descriptors of KVM are open");
    if (kernel.mapped_pages() != 0) Fault(words + "run pages are mapped");
    if (kernel.misuses() != 0) Fault(words + "a call of KVM was out of place");
  }

  void Fault(const std::string& words) { result_.faults.push_back(words); }

  const Scenario& scenario_;
  SweepResult result_;
};

}  // namespace

SweepResult Sweep(const Scenario& scenario) { return Sweeper(scenario).Do(); }

}  // namespace zircon::faults
