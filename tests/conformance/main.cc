// zircon-conformance: the library's calls with guests on a real KVM. Without KVM every test is
// skipped.

#include <cstring>

#include "harness.h"
#include "helper_modes.h"

namespace {

// The watchdog over each test as a whole: what hangs need not be an entry.
class WatchEachTest : public testing::EmptyTestEventListener {
  void OnTestStart(const testing::TestInfo&) override {
    constexpr int kFactor = 4;
    watch_ = std::make_unique<conformance::Watch>("the test", ZX_HANDLE_INVALID, kFactor);
  }
  void OnTestEnd(const testing::TestInfo&) override { watch_.reset(); }

  std::unique_ptr<conformance::Watch> watch_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc == 3 && strcmp(argv[1], "--helper") == 0) return conformance::RunHelper(argv[2]);
  testing::InitGoogleTest(&argc, argv);
  testing::UnitTest::GetInstance()->listeners().Append(new WatchEachTest);
  return RUN_ALL_TESTS();
}
