// zvmm's own messages, on standard error.

#pragma once

#include <string_view>

namespace zvmm {

// Writes "zvmm: " and the text as a line, in one piece. The text may have several lines. Any
// thread.
void Say(std::string_view text);

}  // namespace zvmm
