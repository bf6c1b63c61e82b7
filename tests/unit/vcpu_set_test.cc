// VcpuSet: a guest's VCPUs are all held still while its slots or traps change.

#include "guest/vcpu_set.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "contract.h"

namespace zircon::guest {
namespace {

// Writes down what is done to it.
class Recorder final : public Parkable {
 public:
  Recorder(std::string name, std::vector<std::string>* log) : name_(std::move(name)), log_(log) {}
  void RequestPark() override { log_->push_back("ask " + name_); }
  void AwaitParked() override { log_->push_back("await " + name_); }
  void Unpark() override { log_->push_back("let go " + name_); }
  void Hold(bool held) override { log_->push_back((held ? "hold " : "free ") + name_); }
  void AnnounceStartup() override { log_->push_back("startup for " + name_); }

 private:
  const std::string name_;
  std::vector<std::string>* const log_;
};

using Log = std::vector<std::string>;

TEST(VcpuSet, AllAreAskedBeforeOneIsWaitedForAndLetGoAtTheEnd) {
  Shows("GPAS-8 GPAS-9 GPAS-12 TRAP-17");
  Log log;
  Recorder first("first", &log);
  Recorder second("second", &log);
  VcpuSet set;
  set.Add(&first);
  set.Add(&second);
  {
    ParkedScope parked(set);
    EXPECT_EQ(log, (Log{"ask first", "ask second", "await first", "await second"}));
    log.clear();
  }
  EXPECT_EQ(log, (Log{"let go first", "let go second"}));
  set.Remove(&first);
  set.Remove(&second);
}

TEST(VcpuSet, AreHeldUntilFurtherNoticeWhoComesLaterToo) {
  Shows("GPAS-19");
  Log log;
  Recorder first("first", &log);
  Recorder second("second", &log);
  VcpuSet set;
  set.Add(&first);
  const auto hold = [&](bool held) {
    ParkedScope parked(set);
    log.clear();
    parked.Hold(held);
    return log;
  };
  EXPECT_EQ(hold(false), Log());
  EXPECT_EQ(hold(true), Log({"hold first"}));
  EXPECT_EQ(hold(true), Log());
  log.clear();
  set.Add(&second);
  EXPECT_EQ(log, Log({"hold second"}));
  set.Remove(&first);
  EXPECT_EQ(hold(false), Log({"free second"}));
  log.clear();
  set.Add(&first);
  EXPECT_EQ(log, Log());
  set.Remove(&first);
  set.Remove(&second);
}

TEST(VcpuSet, OneThatHasGoneIsLeftAlone) {
  Shows("LIFE-1");
  Log log;
  Recorder gone("gone", &log);
  Recorder there("there", &log);
  VcpuSet set;
  set.Add(&gone);
  set.Add(&there);
  set.Remove(&gone);
  { ParkedScope parked(set); }
  EXPECT_EQ(log, (Log{"ask there", "await there", "let go there"}));
  set.Remove(&there);
}

}  // namespace
}  // namespace zircon::guest
