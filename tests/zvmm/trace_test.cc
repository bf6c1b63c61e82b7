// What --trace writes.

#include "trace.h"

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <sstream>
#include <string>

namespace zvmm {
namespace {

std::string Text(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

TEST(TraceTest, SlicesOfEachVcpu) {
  const std::string path = testing::TempDir() + "zvmm-trace-test.json";
  auto trace = Trace::Open(path);
  ASSERT_TRUE(trace.ok());
  const auto at = [&trace](int microseconds) {
    return (*trace)->begin() + std::chrono::microseconds(microseconds);
  };
  {
    TraceTrack track(**trace, 0);
    // Before the first exit there is nothing that could have been done about it.
    track.Outside(at(1));
    track.InGuest(at(1), at(5), "out", "a \"serial\" port");
    track.Outside(at(7));
    track.InGuest(at(7), at(20), "kick", "");
  }
  { const TraceTrack track(**trace, 1); }
  ASSERT_TRUE((*trace)->Close().ok());
  EXPECT_EQ(Text(path), R"({"displayTimeUnit": "ns", "traceEvents": [
{"ph": "M", "pid": 1, "name": "process_name", "args": {"name": "zvmm"}},
{"ph": "M", "pid": 1, "tid": 1, "name": "thread_name", "args": {"name": "VCPU 0"}},
{"ph": "X", "pid": 1, "tid": 1, "name": "guest", "cat": "guest", "ts": 1.000, "dur": 4.000, "args": {"exit": "out"}},
{"ph": "X", "pid": 1, "tid": 1, "name": "out", "cat": "vmm", "ts": 5.000, "dur": 2.000, "args": {"device": "a \"serial\" port"}},
{"ph": "X", "pid": 1, "tid": 1, "name": "guest", "cat": "guest", "ts": 7.000, "dur": 13.000, "args": {"exit": "kick"}},
{"ph": "M", "pid": 1, "tid": 2, "name": "thread_name", "args": {"name": "VCPU 1"}}
]}
)");
  std::remove(path.c_str());
}

TEST(TraceTest, AFullDiskIsSaidOnce) {
  auto trace = Trace::Open("/dev/full");
  ASSERT_TRUE(trace.ok());
  EXPECT_FALSE((*trace)->Close().ok());
}

TEST(TraceTest, AFileThatCannotBe) { EXPECT_FALSE(Trace::Open("/no such folder/file").ok()); }

}  // namespace
}  // namespace zvmm
