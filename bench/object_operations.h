// ObjectOperation: a call or two on an object other than a guest, made ready to be repeated. The
// same for zircon_steps, which counts what they execute, and zircon_bench --objects, which times
// them.

#pragma once

#include <functional>
#include <span>

namespace bench {

struct ObjectOperation {
  const char* name;
  const char* key;
  // The function owns what it works on.
  std::function<std::function<void()>()> make;
};

std::span<const ObjectOperation> ObjectOperations();
// By its key.
const ObjectOperation& ObjectOperationOf(const char* key);

}  // namespace bench
