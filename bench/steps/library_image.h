// LibraryImage: where a shared library lies in this process, and its functions by address.
// Thread safety: immutable.

#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace bench {

class LibraryImage {
 public:
  // The loaded library whose file name begins with `name`; ends the program if there is none.
  explicit LibraryImage(const std::string& name);

  bool Contains(uint64_t address) const { return address - begin_ < end_ - begin_; }
  // The function at `address`, or "?".
  const std::string& FunctionAt(uint64_t address) const;

 private:
  void ReadSymbols(const std::string& path, uint64_t load_address);

  uint64_t begin_ = 0;
  uint64_t end_ = 0;
  std::map<uint64_t, std::string> functions_;
};

}  // namespace bench
