// Which tests there are, and which rows of the contract each shows.

#ifndef ZIRCON_TESTS_CONFORMANCE_CATALOG_H_
#define ZIRCON_TESTS_CONFORMANCE_CATALOG_H_

#include <string>
#include <vector>

namespace conformance {

// The generation of the interface that a test is compiled for: suites whose name begins with
// Generation2018 are for the one of 2018 (their files are compiled with ZX_API_2018), all others
// for the current one.
enum class Generation { kCurrent, k2018, kBoth };

struct Choice {
  // Patterns with * and ?, with ':' between them; those behind a '-' leave tests out.
  std::string filter;
  Generation generation = Generation::kBoth;
  // Every `shards`th of those tests, from number `shard` on, which counts from 1.
  size_t shard = 1;
  size_t shards = 1;
};

struct CatalogTest {
  std::string name;  // SUITE.TEST, as GoogleTest has it.
  std::string rows;  // By the source text: known without running it.
};

// In the order of the program. Call it after testing::InitGoogleTest(), which makes the tests with
// parameters.
std::vector<CatalogTest> ListTests(const Choice& choice);

// What the source text says that this test shows; "" if nothing.
std::string RowsOf(const std::string& test);

}  // namespace conformance

#endif  // ZIRCON_TESTS_CONFORMANCE_CATALOG_H_
