// What zircon_steps looks at: operations that are repeated in a child of its own, and the most that
// each may execute and touch.

#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace bench {

struct Operation {
  std::string name;
  std::string key;
  std::function<std::function<void()>()> make;
  std::optional<size_t> code_pages, data_pages, system_calls;
};

// Exits of a guest; they need a KVM.
std::vector<Operation> VcpuOperations();
// Calls on other objects, on one thread.
std::vector<Operation> CallOperations();

}  // namespace bench
