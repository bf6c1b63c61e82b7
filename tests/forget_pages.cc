// Before each test the library forgets which pages were good (PTR-3): an earlier one may have
// unmapped what this one maps in the same place, with fewer permissions.

#include <gtest/gtest.h>

#include "base/page_epoch.h"

namespace zircon {
namespace {

class ForgetPages : public testing::EmptyTestEventListener {
  void OnTestStart(const testing::TestInfo& /*test*/) override { base::PagesHaveChanged(); }
};

// GoogleTest owns it.
[[maybe_unused]] const bool kIsListening = [] {
  testing::UnitTest::GetInstance()->listeners().Append(new ForgetPages);
  return true;
}();

}  // namespace
}  // namespace zircon
