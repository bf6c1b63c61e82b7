#include "rows.h"

#include "guest_memory.h"

namespace bench {
namespace {

std::string Field(const std::optional<double>& number) {
  char text[32] = "";
  if (number) std::snprintf(text, sizeof(text), "%.6g", *number);
  return text;
}

}  // namespace

RowFile::RowFile(const std::string& path)
    : file_(path.empty() ? nullptr : std::fopen(path.c_str(), "w")) {
  Must(path.empty() || file_ != nullptr, path.c_str());
}

RowFile::~RowFile() {
  if (file_ != nullptr) Must(std::fclose(file_) == 0, "the file of rows");
}

void RowFile::Add(const Row& row) {
  if (file_ == nullptr) return;
  std::fprintf(file_, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", row.key.c_str(), row.figure.c_str(), row.unit,
               Field(row.value).c_str(), Field(row.low).c_str(), Field(row.high).c_str(),
               Field(row.budget).c_str());
}

}  // namespace bench
