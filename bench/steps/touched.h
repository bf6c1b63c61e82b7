// Touched: the tally of one trace: instructions of the library by function, the pages that they lie
// in, read and write, and the system calls, whoever makes them for it.
// Thread safety: one thread.

#pragma once

#include <sys/user.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "steps/library_image.h"

namespace bench {

class Touched {
 public:
  explicit Touched(const LibraryImage& library) : library_(library) {}

  // One instruction, about to be executed. Of what is not the library's own only system calls
  // count.
  void Step(const user_regs_struct& regs, const uint8_t* code);

  size_t instructions() const { return instructions_; }
  size_t code_pages() const { return code_.size(); }
  size_t data_pages() const { return data_.size(); }
  size_t system_calls() const { return system_calls_; }
  // Each function with its instructions, each page of data with what touches it first.
  void PrintFunctions() const;

 private:
  const LibraryImage& library_;
  size_t instructions_ = 0;
  size_t system_calls_ = 0;
  std::map<std::string, size_t> functions_;
  std::set<uint64_t> code_;
  std::map<uint64_t, std::string> data_;
};

}  // namespace bench
