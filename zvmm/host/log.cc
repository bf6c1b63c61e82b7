#include "host/log.h"

#include <stdio.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "host/terminal.h"

namespace zvmm {

void Say(std::string_view text) {
  std::string line = absl::StrCat("zvmm: ", std::string(text), "\n");
  if (Terminal::IsRaw()) {
    // Such a terminal does not go back to the first column by itself.
    line = absl::StrReplaceAll(line, {{"\n", "\r\n"}});
  }
  // Nobody can be told that a message is lost.
  static_cast<void>(fwrite(line.data(), 1, line.size(), stderr));
}

}  // namespace zvmm
