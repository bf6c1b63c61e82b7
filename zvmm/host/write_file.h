// Writing a file as a whole.

#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace zvmm {

// Replaces what the file has; a reader finds the old text or the new one. The error names the file.
absl::Status WriteFile(const std::string& path, std::string_view text);

}  // namespace zvmm
