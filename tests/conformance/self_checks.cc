#include "self_checks.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <functional>

#include "harness.h"
#include "verdict.h"

namespace conformance {
namespace {

class SelfTest : public testing::Test {
 public:
  explicit SelfTest(void (*body)()) : body_(body) {}
  void TestBody() override { body_(); }

 private:
  void (*body_)();
};

void Pass() { testing::Test::RecordProperty(kRowsProperty, "ROW-1 ROW-2"); }

// The output has what a table's line and a file format could stumble over.
void Fail() {
  printf("passed             Fake.Line\n<&\"]]> \x01\xFF\n");
  EXPECT_EQ(1, 2) << "a wrong <number>";
}

void Throw() { Require(ZX_ERR_NO_MEMORY, "a step of the harness"); }

void Crash() { raise(SIGSEGV); }

void Exit() { exit(0); }

void Differ() { KnownDifference("FAULT-8", "it differs"); }

void DifferAndFail() {
  KnownDifference("FAULT-8", "it differs");
  ADD_FAILURE() << "in another way too";
}

void NotTestable() { NEEDS("probe self-test: it is not there"); }

void SkipWithoutAProbe() { GTEST_SKIP() << "no reason"; }

void Hang() {
  for (;;) pause();
}

// Not even the watchdog thread runs.
void Stop() { raise(SIGSTOP); }

// Its output stays open.
void LeaveAProcess() {
  if (fork() == 0) {
    for (;;) pause();
  }
}

// A process under a debugger that does not look after it stays when it is killed, as one does that
// is stuck in the kernel. The debugger goes after a while.
void CannotBeKilled() {
  prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
  const pid_t victim = getpid();
  if (fork() == 0) {
    setsid();
    const long error = ptrace(PTRACE_SEIZE, victim, nullptr, nullptr);
    if (error == 0) sleep(30);
    _exit(0);
  }
  raise(SIGSTOP);
}

}  // namespace

void RegisterSelfTests() {
  const struct {
    const char* name;
    void (*body)();
  } tests[] = {
      {"Passes", Pass},
      {"Fails", Fail},
      {"Throws", Throw},
      {"Crashes", Crash},
      {"Exits", Exit},
      {"Differs", Differ},
      {"DiffersAndFails", DifferAndFail},
      {"IsNotTestable", NotTestable},
      {"SkipsWithoutAProbe", SkipWithoutAProbe},
      {"Hangs", Hang},
      {"Stops", Stop},
      {"LeavesAProcess", LeaveAProcess},
      {"CannotBeKilled", CannotBeKilled},
      {"PassesAtTheEnd", Pass},
  };
  for (const auto& test : tests) {
    void (*const body)() = test.body;
    testing::RegisterTest("SelfTest", test.name, nullptr, nullptr, __FILE__, __LINE__,
                          [body]() -> testing::Test* { return new SelfTest(body); });
  }
  testing::RegisterTest("Generation2018SelfTest", "Passes", nullptr, nullptr, __FILE__, __LINE__,
                        []() -> testing::Test* { return new SelfTest(Pass); });
}

}  // namespace conformance
