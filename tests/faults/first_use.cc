#include "faults/first_use.h"

#include <sys/wait.h>
#include <unistd.h>
#include <zircon/syscalls.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>

#include "faults/holdings.h"
#include "faults/judge.h"
#include "faults/log_to_nowhere.h"

namespace zircon::faults {
namespace {

constexpr size_t kMostFaults = 25;

// What `body` writes into the descriptor, in a child; with words about its end if that is none.
std::string InChild(const std::function<void(int)>& body) {
  int ends[2];
  if (pipe(ends) != 0) return "no pipe\n";
  const pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    body(ends[1]);
    _exit(0);
  }
  close(ends[1]);
  std::string text;
  char part[4096];
  for (ssize_t size; (size = read(ends[0], part, sizeof(part))) > 0;) {
    text.append(part, static_cast<size_t>(size));
  }
  close(ends[0]);
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child) return text + "no child\n";
  if (WIFSIGNALED(status)) text += "ended by signal " + std::to_string(WTERMSIG(status)) + "\n";
  return text;
}

void Write(int fd, const void* bytes, size_t size) {
  if (write(fd, bytes, size) != static_cast<ssize_t>(size)) std::abort();
}

std::vector<CallId> PointsOf(const Scenario& scenario) {
  const std::string bytes = InChild([&](int fd) {
    Player player(scenario);
    player.Play(nullptr, "");
    Write(fd, plan.points().data(), plan.points().size_bytes());
  });
  std::vector<CallId> points;
  for (const char byte : bytes) points.push_back(static_cast<CallId>(byte));
  return points;
}

constexpr char kNotReached[] = "the pass does not come there";

// A line for each fault.
std::string PlayFirst(const Scenario& scenario, const Failure& failure, int attempt) {
  return InChild([&](int fd) {
    const LogToNowhere quiet;
    judging_first_use = true;
    const std::string words = WordsOf(failure);
    Player player(scenario);
    player.SetAttempt(attempt);
    player.Play(&failure, words);
    if (!player.reached()) player.faults().push_back(words + kNotReached);
    // What could not be made once is made now, and from then on nothing is left behind.
    player.Play(nullptr, words + "the second use: ");
    const size_t faults = player.faults().size();
    (void)Holdings::Now();  // asking makes something once, too
    const Holdings before = Holdings::Now();
    player.Play(nullptr, words + "the third use: ");
    const std::string left = Holdings::Now().Since(before);
    if (player.faults().size() == faults && !left.empty()) {
      player.faults().push_back(words + "left behind by the third use: " + left);
    }
    for (std::string fault : player.faults()) {
      fault += '\n';
      Write(fd, fault.data(), fault.size());
    }
  });
}

}  // namespace

namespace {

zx_status_t CreateAnEvent() {
  const Window in_the_library;
  zx_handle_t event = ZX_HANDLE_INVALID;
  return zx_event_create(0, &event);
}

// Which of the first call's own calls asks for the page that a fork wipes.
size_t PointOfWiping() {
  const std::string calls = InChild([](int fd) {
    plan.Count();
    (void)CreateAnEvent();
    plan.Off();
    Write(fd, plan.points().data(), plan.points().size_bytes());
  });
  return calls.find(static_cast<char>(kHost_madvise));
}

}  // namespace

std::string ForkAfterShortage() {
  const size_t point = PointOfWiping();
  if (point == std::string::npos) return "the first call makes no madvise";
  return InChild([&](int fd) {
    const auto expect = [fd](const char* what, zx_status_t status, zx_status_t wanted) {
      if (status == wanted) return;
      const std::string words = std::string(what) + ": " + std::to_string(status) + "\n";
      Write(fd, words.data(), words.size());
    };
    plan.FailOnce(point, kHost_madvise, ENOMEM);
    expect("without memory", CreateAnEvent(), ZX_ERR_NO_MEMORY);
    plan.Off();
    expect("the next call", CreateAnEvent(), ZX_OK);
    const pid_t child = fork();
    if (child == 0) {
      expect("in a forked child", CreateAnEvent(), ZX_ERR_BAD_STATE);
      _exit(0);
    }
    waitpid(child, nullptr, 0);
  });
}

zx_status_t FirstCallWithoutWiping() {
  const size_t point = PointOfWiping();
  const std::string status = InChild([&](int fd) {
    const LogToNowhere quiet;
    plan.FailOnce(point, kHost_madvise, EINVAL);
    const std::string words = std::to_string(CreateAnEvent());
    plan.Off();
    Write(fd, words.data(), words.size());
  });
  return std::atoi(status.c_str());
}

bool LibraryHasBeenUsed() {
  // HANDLE-FORK-1.
  return !InChild([](int fd) {
            zx_handle_t event = ZX_HANDLE_INVALID;
            if (zx_event_create(0, &event) == ZX_ERR_BAD_STATE) Write(fd, "used", 4);
          }).empty();
}

SweepResult SweepFirstUse(const Scenario& scenario) {
  SweepResult result;
  const std::vector<CallId> points = PointsOf(scenario);
  result.points = points.size();
  for (const Failure& failure : FailuresOf(points)) {
    if (result.faults.size() >= kMostFaults) break;
    if (KindOf(failure.id).origin == Origin::kKvm) continue;
    std::string said;
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      said = PlayFirst(scenario, failure, attempt);
      if (said.find(kNotReached) == std::string::npos) break;
    }
    if (!said.empty()) result.faults.push_back(said);
    ++result.passes;
  }
  return result;
}

}  // namespace zircon::faults
