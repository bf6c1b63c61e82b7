// RowFile: what a measurement gave, for bench/report: a line a figure, with tabs between.
//
//   key  figure  unit  value  low  high  budget
//
// low and high are the bounds of the value with 95 % where it is a time, and empty where it is a
// count; budget is empty where there is none.
//
// Thread safety: one thread.

#pragma once

#include <cstdio>
#include <optional>
#include <string>

namespace bench {

struct Row {
  std::string key;
  std::string figure;
  const char* unit = "";
  double value = 0;
  std::optional<double> low, high;
  std::optional<double> budget;  // the most that is allowed
};

class RowFile {
 public:
  // An empty path: nothing is written.
  explicit RowFile(const std::string& path);
  ~RowFile();
  RowFile(const RowFile&) = delete;
  RowFile& operator=(const RowFile&) = delete;

  void Add(const Row& row);

 private:
  FILE* const file_;
};

}  // namespace bench
