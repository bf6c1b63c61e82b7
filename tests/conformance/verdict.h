// What a test here may say besides "passed" and "failed".
//
//   NEEDS(ProbeRealMode());   This KVM cannot do what the test is about: the test ends, "not
//   testable here".
//
//   // The host does as docs/DIFFERENCES.md says of that row; the lines before have checked that.
//   The
//   // test goes on, and is a "known difference" unless something fails.
//   KnownDifference("PVCLOCK-2", "system_time counts from the guest's creation");
//
// A plain GTEST_SKIP() is a failure to the runner: what is not tested has a probe that says why.

#ifndef ZIRCON_TESTS_CONFORMANCE_VERDICT_H_
#define ZIRCON_TESTS_CONFORMANCE_VERDICT_H_

#include <gtest/gtest.h>

#include <string>

namespace conformance {

// Properties of a test, by these names in its results too.
inline constexpr char kRowsProperty[] = "contract";  // What Shows() records.
inline constexpr char kDifferenceProperty[] = "known_difference";
inline constexpr char kNotTestableProperty[] = "not_testable_here";

// `rows`: ids of docs/DIFFERENCES.md, with blanks between them. Of several calls all rows are kept.
void KnownDifference(const std::string& rows, const std::string& what);

// Records the words of a probe, and gives them back. For NEEDS.
std::string NotTestableHere(const std::string& missing);

// Ends the test, or its SetUp(), unless the probe's words are empty.
#define NEEDS(probe)                                                    \
  if (const std::string missing_here = (probe); missing_here.empty()) { \
  } else                                                                \
    GTEST_SKIP() << ::conformance::NotTestableHere(missing_here)

}  // namespace conformance

#endif  // ZIRCON_TESTS_CONFORMANCE_VERDICT_H_
