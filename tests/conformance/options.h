// The command line of zircon-conformance, as its user knows it.

#ifndef ZIRCON_TESTS_CONFORMANCE_OPTIONS_H_
#define ZIRCON_TESTS_CONFORMANCE_OPTIONS_H_

#include <optional>
#include <string>

#include "catalog.h"

namespace conformance {

struct Options {
  Choice choice;
  bool list = false;
  bool list_rows = false;
  std::string junit;
  std::string json;
  double limit = 0;  // 0: the program chooses.
  size_t jobs = 1;
  bool quiet = false;
  bool require_kvm = false;
  bool sandbox = false;
  bool kernel_interrupts = false;
  bool self_test = false;
};

// Nothing if the program is to end at once, with *status: after --help, and after mistakes.
std::optional<Options> ParseOptions(int argc, char** argv, int* status);

}  // namespace conformance

#endif  // ZIRCON_TESTS_CONFORMANCE_OPTIONS_H_
